"""Experiments as columns: arrays straight from SQL, without a record per experiment.

Numbers leave PostgreSQL as bytes (`float8send`), because turning 100,000 of them into text and back, and into objects
on the way, takes longer than everything else together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from analysis.reductions import LAST, Reductions
from storage.flag_columns import NO_FLAGS, FlagColumn, read_flags
from storage.records import Settings
from storage.reductions import FROM_CHUNKS, Numbers, Reduced, Rows, reduce_chunks, unpacked, unpacked_whole
from storage.schema import EXPERIMENT_STATES
from storage.store import Store


@dataclass(frozen=True)
class MetricColumn:
    """One metric, reduced to a number, and how many values there were, for those rows that have any.

    has_epochs: whether any of them names epochs, where the reduction asks for one.
    """

    name: str
    rows: Rows
    values: Numbers
    counts: Numbers
    has_epochs: bool | None = None


@dataclass(frozen=True)
class Remark:
    """What only some experiments have to say of themselves; `source` is the number of the one that it reuses."""

    row: int
    state: str
    priority: int
    repeat: int
    request: str | None
    reason: str | None
    exit_code: int | None
    # The same for all that failed alike.
    failure: str | None
    source: int | None


@dataclass(frozen=True)
class MetricColumns:
    """Metrics of experiments by number, and nothing else of them."""

    numbers: Rows
    metrics: Sequence[MetricColumn]

    @property
    def count(self) -> int:
        """How many experiments there are."""
        return len(self.numbers)


@dataclass(frozen=True)
class ExperimentColumns:
    """Experiments by number, one array or list per column. Missing numbers are NaN; states are places in STATES."""

    numbers: Rows
    states: Rows
    epoch: Numbers
    epochs: Numbers
    duration_s: Numbers
    settings: Sequence[Settings]
    metrics: Sequence[MetricColumn]
    remarks: Sequence[Remark]
    flags: FlagColumn = NO_FLAGS

    @property
    def count(self) -> int:
        """How many experiments there are."""
        return len(self.numbers)


STATES = tuple(EXPERIMENT_STATES)

_SENT = {
    "id": "int8send(id)",
    "number": "int8send(number)",
    "state": "int8send(array_position(CAST(:states AS text[]), state))",
    "epoch": "float8send(coalesce(epoch, 'NaN'))",
    "epochs": "float8send(coalesce(epochs, 'NaN'))",
    "duration_s": "float8send(coalesce(duration_s, 'NaN'))",
}
_WHOLE = frozenset({"id", "number", "state"})

# Aggregates read what a sorted subquery gives in its order.
_OWN = f"""SELECT {", ".join(f"string_agg({sent}, '') AS {name}" for name, sent in _SENT.items())},
    '[' || string_agg(CAST(settings AS text), ',') || ']' AS settings
    FROM (SELECT * FROM experiment WHERE {{condition}} ORDER BY number) AS own"""

_SUMMARIES = """SELECT metric.id, metric.name, string_agg(int8send(experiment_id), ''),
        string_agg(float8send({value}), ''), string_agg(float8send(CAST("count" AS double precision)), '')
    FROM metric_summary JOIN metric ON metric.id = metric_id
    WHERE {among} GROUP BY metric.id ORDER BY metric.id"""

# Extremes are those of finite values; where there is none, the last value says why.
_EXTREME = """CASE WHEN metric.name = ANY(:smallest) THEN coalesce(minimum, "last")
    WHEN metric.name = ANY(:largest) THEN coalesce(maximum, "last") ELSE "last" END"""

_REMARKS = """SELECT own.id, own.state, own.priority, own.repeat, own.request, own.reason, own.exit_code,
        CASE WHEN own.state = 'failed' THEN coalesce(own.failure, own.reason, 'no reason is known') END AS failure,
        source.number AS source
    FROM (SELECT * FROM experiment WHERE {condition}) AS own
        LEFT JOIN experiment AS source ON source.id = own.reused_from
    WHERE own.state IN ('failed', 'stopped') OR own.repeat <> 0 OR own.reused_from IS NOT NULL
        OR (own.state = 'queued' AND own.priority <> 0) OR (own.state = 'running' AND own.request = 'stop')
    ORDER BY own.number"""

_NUMBERS = """SELECT string_agg(int8send(id), '' ORDER BY number), string_agg(int8send(number), '' ORDER BY number)
    FROM experiment WHERE run_id = :run"""

# Up to here the summaries are looked up one by one; beyond, reading all of the experiments' stretch is faster.
MOST_LOOKED_UP = 2000


def read_columns(
    connection: Connection, condition: str, values: Mapping[str, Any], reductions: Reductions
) -> ExperimentColumns:
    """The experiments that meet a condition in SQL, inside a transaction of the caller whose snapshot does not move."""
    found = connection.execute(text(_OWN.format(condition=condition)), {**values, "states": list(STATES)}).one()
    numbers: dict[str, Any] = {
        name: (unpacked_whole if name in _WHOLE else unpacked)(getattr(found, name)) for name in _SENT
    }
    ids = numbers.pop("id")
    return ExperimentColumns(
        numbers=numbers["number"],
        # PostgreSQL counts from one.
        states=numbers["state"] - 1,
        epoch=numbers["epoch"],
        epochs=numbers["epochs"],
        duration_s=numbers["duration_s"],
        settings=json.loads(found.settings) if found.settings else [],
        metrics=_metrics(connection, ids, reductions) if len(ids) else [],
        remarks=_remarks(connection, condition, values, ids) if len(ids) else [],
        flags=read_flags(connection, condition, values, ids) if len(ids) else NO_FLAGS,
    )


def fetch_metrics(store: Store, run_id: int, reductions: Reductions) -> MetricColumns:
    """The metrics that `reductions` names, of all experiments of a run."""
    with store.begin() as connection:
        ids, numbers = connection.execute(text(_NUMBERS), {"run": run_id}).one()
        among = unpacked_whole(ids)
        found = _metrics(connection, among, reductions, list(reductions)) if len(among) else []
    return MetricColumns(unpacked_whole(numbers), found)


def fetch_reduced(store: Store, ids: Sequence[int], reductions: Reductions) -> dict[str, dict[int, float]]:
    """The metrics that `reductions` names, of some experiments of a project: what each has, by its id."""
    if not (ids and reductions):
        return {}
    owners = np.array(ids, dtype=np.int64)
    with store.begin() as connection:
        found = _metrics(connection, owners, reductions, list(reductions))
    return {
        column.name: dict(zip(owners[column.rows].tolist(), column.values.tolist(), strict=True)) for column in found
    }


def _metrics(
    connection: Connection, ids: Rows, reductions: Reductions, names: Sequence[str] | None = None
) -> list[MetricColumn]:
    """The metrics of these experiments: all, or those of these names."""
    order = np.argsort(ids, kind="stable")
    ends = {"low": int(ids[order[0]]), "high": int(ids[order[-1]])}
    among = "experiment_id = ANY(:ids)" if len(ids) <= MOST_LOOKED_UP else "experiment_id BETWEEN :low AND :high"
    values: dict[str, Any] = {"ids": ids.tolist()} if len(ids) <= MOST_LOOKED_UP else ends
    by = {word: [name for name, each in reductions.items() if each.by == word] for word in ("smallest", "largest")}
    statement = _SUMMARIES.format(
        value=_EXTREME if any(by.values()) else '"last"',
        among=among if names is None else f"{among} AND metric.name = ANY(:names)",
    )
    columns = []
    found = connection.execute(text(statement), {**values, **by, "names": names}).all()
    for metric_id, name, owners, numbers, counts in found:
        rows, is_own = _places(ids, order, unpacked_whole(owners))
        # The stretch may hold experiments that nobody asked for.
        if not is_own.any():
            continue
        column = MetricColumn(name, rows[is_own], unpacked(numbers)[is_own], unpacked(counts)[is_own])
        reduction = reductions.get(name, LAST)
        if reduction.by in FROM_CHUNKS:
            reduced = reduce_chunks(connection, metric_id, reduction, among, values)
            column = _replaced(column, len(ids), *_places(ids, order, reduced.owners), reduced)
        columns.append(column)
    return columns


def _places(ids: Rows, order: Rows, owners: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """The rows of these experiments, and whether they are among those asked for."""
    rows = order[np.minimum(np.searchsorted(ids, owners, sorter=order), len(ids) - 1)]
    return rows, ids[rows] == owners


def _replaced(column: MetricColumn, size: int, rows: Rows, is_own: NDArray[np.bool_], reduced: Reduced) -> MetricColumn:
    """A column with other values: only those rows stay that have one."""
    counts = np.zeros(size)
    counts[column.rows] = column.counts
    own = rows[is_own]
    return MetricColumn(column.name, own, reduced.values[is_own], counts[own], reduced.has_epochs)


def _remarks(connection: Connection, condition: str, values: Mapping[str, Any], ids: Rows) -> list[Remark]:
    found = connection.execute(text(_REMARKS.format(condition=condition)), values).all()
    # Mostly there are none or few.
    rows = {id_: row for row, id_ in enumerate(ids.tolist())} if found else {}
    return [Remark(rows[row.id], *row[1:]) for row in found]
