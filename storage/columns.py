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

from storage.records import Settings
from storage.schema import EXPERIMENT_STATES

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class MetricColumn:
    """The last values of one metric and how many there were, for those rows that have any."""

    name: str
    rows: Rows
    last: Numbers
    counts: Numbers


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
    source: int | None


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

_SUMMARIES = """SELECT metric.name, string_agg(int8send(experiment_id), ''), string_agg(float8send("last"), ''),
        string_agg(float8send(CAST("count" AS double precision)), '')
    FROM metric_summary JOIN metric ON metric.id = metric_id
    WHERE {among} GROUP BY metric.id ORDER BY metric.id"""

_REMARKS = """SELECT own.id, own.state, own.priority, own.repeat, own.request, own.reason, own.exit_code,
        source.number AS source
    FROM (SELECT * FROM experiment WHERE {condition}) AS own
        LEFT JOIN experiment AS source ON source.id = own.reused_from
    WHERE own.state IN ('failed', 'stopped') OR own.repeat <> 0 OR own.reused_from IS NOT NULL
        OR (own.state = 'queued' AND own.priority <> 0) OR (own.state = 'running' AND own.request = 'stop')
    ORDER BY own.number"""

# Up to here the summaries are looked up one by one; beyond, reading all of the experiments' stretch is faster.
MOST_LOOKED_UP = 2000


def read_columns(connection: Connection, condition: str, values: Mapping[str, Any]) -> ExperimentColumns:
    """The experiments that meet a condition in SQL, inside a transaction of the caller whose snapshot does not move."""
    found = connection.execute(text(_OWN.format(condition=condition)), {**values, "states": list(STATES)}).one()
    numbers = {name: _unpacked(getattr(found, name), is_whole=name in _WHOLE) for name in _SENT}
    ids = numbers.pop("id").astype(np.int64)
    return ExperimentColumns(
        numbers=numbers["number"].astype(np.int64),
        # PostgreSQL counts from one.
        states=numbers["state"].astype(np.int64) - 1,
        epoch=numbers["epoch"],
        epochs=numbers["epochs"],
        duration_s=numbers["duration_s"],
        settings=json.loads(found.settings) if found.settings else [],
        metrics=_metrics(connection, ids) if len(ids) else [],
        remarks=_remarks(connection, condition, values, ids) if len(ids) else [],
    )


def _unpacked(sent: Any, *, is_whole: bool) -> NDArray[Any]:
    """Numbers in the byte order of the network."""
    return np.frombuffer(sent or b"", dtype=">i8" if is_whole else ">f8").astype(np.int64 if is_whole else np.float64)


def _metrics(connection: Connection, ids: Rows) -> list[MetricColumn]:
    order = np.argsort(ids, kind="stable")
    ends = {"low": int(ids[order[0]]), "high": int(ids[order[-1]])}
    among = "experiment_id = ANY(:ids)" if len(ids) <= MOST_LOOKED_UP else "experiment_id BETWEEN :low AND :high"
    values = {"ids": ids.tolist()} if len(ids) <= MOST_LOOKED_UP else ends
    columns = []
    for name, owners, last, counts in connection.execute(text(_SUMMARIES.format(among=among)), values):
        owner = _unpacked(owners, is_whole=True)
        places = np.minimum(np.searchsorted(ids, owner, sorter=order), len(ids) - 1)
        rows = order[places]
        # The stretch may hold experiments that nobody asked for.
        own = ids[rows] == owner
        if own.any():
            kept = (_unpacked(sent, is_whole=False)[own] for sent in (last, counts))
            columns.append(MetricColumn(name, rows[own], *kept))
    return columns


def _remarks(connection: Connection, condition: str, values: Mapping[str, Any], ids: Rows) -> list[Remark]:
    found = connection.execute(text(_REMARKS.format(condition=condition)), values).all()
    # Mostly there are none or few.
    rows = {id_: row for row, id_ in enumerate(ids.tolist())} if found else {}
    return [Remark(rows[row.id], *row[1:]) for row in found]
