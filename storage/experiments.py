"""Experiments as people read them: settings, state, metric summaries, curves, views and logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from storage import schema
from storage.records import Curve, Experiment, MetricSummary
from storage.store import Store

_OWN = [schema.experiment.c[name] for name in Experiment.__dataclass_fields__ if name not in {"run_number", "metrics"}]

# Whose curves, views and log are shown: its own, or those of the experiment that it reuses.
_SOURCE = func.coalesce(schema.experiment.c.reused_from, schema.experiment.c.id)


@dataclass(frozen=True)
class ViewEntry:
    """A view that a script attached, without its payload."""

    id: int
    name: str
    kind: str
    epoch: float | None


def _select_experiments() -> Any:
    return select(*_OWN, schema.run.c.number.label("run_number")).join(
        schema.run, schema.run.c.id == schema.experiment.c.run_id
    )


def _summaries(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, MetricSummary]]:
    # One row per metric: arrays arrive in half the time of as many rows.
    statement = text(
        """SELECT metric.name, array_agg(experiment_id), array_agg("count"), array_agg("last"), array_agg(minimum),
            array_agg(maximum)
        FROM metric_summary JOIN metric ON metric.id = metric_id
        WHERE experiment_id = ANY(:ids) GROUP BY metric.id ORDER BY metric.id"""
    )
    found: dict[int, dict[str, MetricSummary]] = {}
    for name, *columns in connection.execute(statement, {"ids": list(ids)}):
        for experiment_id, *summary in zip(*columns, strict=True):
            found.setdefault(experiment_id, {})[name] = MetricSummary(*summary)
    return found


def read_experiments(connection: Connection, condition: Any) -> list[Experiment]:
    """The experiments that meet a condition on `schema.experiment`, by number, inside a transaction of the caller."""
    rows: Sequence[Row[Any]] = connection.execute(
        _select_experiments().where(condition).order_by(schema.experiment.c.number)
    ).all()
    metrics = _summaries(connection, [row.id for row in rows]) if rows else {}
    return [Experiment(**row._mapping, metrics=metrics.get(row.id, {})) for row in rows]


def fetch_experiments(
    store: Store, project_id: int, *, run_id: int | None = None, most: int | None = None
) -> list[Experiment]:
    """A project's experiments, or those of one run, by number; the first `most` of them."""
    table = schema.experiment.c
    condition = table.project_id == project_id if run_id is None else table.run_id == run_id
    if most is not None:
        condition = table.id.in_(select(table.id).where(condition).order_by(table.number).limit(most))
    with store.begin() as connection:
        return read_experiments(connection, condition)


def find_experiment(store: Store, project_id: int, number: int) -> Experiment | None:
    """Look an experiment up by its number in its project."""
    table = schema.experiment.c
    with store.begin() as connection:
        found = read_experiments(connection, (table.project_id == project_id) & (table.number == number))
    return found[0] if found else None


def fetch_curves(store: Store, experiment_id: int) -> list[Curve]:
    """Every metric's values in the experiment's newest attempt, in arrival order."""
    statement = text(
        """SELECT metric.name, chunk."values", chunk.epochs, chunk.batches, chunk.times
        FROM metric_chunk chunk JOIN metric ON metric.id = chunk.metric_id
            JOIN experiment ON chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
                AND experiment.attempt = chunk.attempt
        WHERE experiment.id = :experiment_id ORDER BY metric.id, chunk.first_seq"""
    )
    collected: dict[str, tuple[list[Any], list[Any], list[Any], list[Any]]] = {}
    with store.begin() as connection:
        for row in connection.execute(statement, {"experiment_id": experiment_id}):
            lists = collected.setdefault(row[0], ([], [], [], []))
            for whole, part in zip(lists, row[1:], strict=True):
                whole.extend(part if part is not None else [None] * len(row[1]))
    return [Curve(name, *lists) for name, lists in collected.items()]


def fetch_views(store: Store, experiment_id: int) -> list[ViewEntry]:
    """The views of the experiment's newest attempt: for each name, every epoch in order of arrival."""
    view, experiment = schema.view.c, schema.experiment.c
    statement = (
        select(view.id, view.name, view.kind, view.epoch)
        .join(schema.experiment, (view.experiment_id == _SOURCE) & (experiment.attempt == view.attempt))
        .where(experiment.id == experiment_id)
        .order_by(view.id)
    )
    with store.begin() as connection:
        return [ViewEntry(**row._mapping) for row in connection.execute(statement)]


def fetch_view_payload(store: Store, experiment_id: int, view_id: int) -> bytes | None:
    """A view's JSON as the script wrote it, UTF-8; None where that experiment has no such view."""
    view = schema.view.c
    statement = (
        select(view.payload)
        .join(schema.experiment, view.experiment_id == _SOURCE)
        .where(view.id == view_id, schema.experiment.c.id == experiment_id)
    )
    with store.begin() as connection:
        payload = connection.scalar(statement)
    return None if payload is None else bytes(payload)


def fetch_view_payloads(store: Store, experiment_id: int, most_bytes: int) -> list[tuple[ViewEntry, bytes | None]]:
    """The views of the experiment's newest attempt with their payloads; of the older ones beyond `most_bytes`, None."""
    statement = text(
        """SELECT id, name, kind, epoch, CASE WHEN size <= :most THEN payload END FROM (
            SELECT view.*, sum(length(payload)) OVER (ORDER BY view.id DESC) AS size
            FROM view JOIN experiment ON view.experiment_id = coalesce(experiment.reused_from, experiment.id)
                AND view.attempt = experiment.attempt
            WHERE experiment.id = :experiment) AS sized ORDER BY id"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"experiment": experiment_id, "most": most_bytes})
        return [(ViewEntry(*entry), payload and bytes(payload)) for *entry, payload in rows]


def fetch_version(store: Store, run_id: int) -> str:
    """Another text as soon as anything of a run's experiments is another."""
    # A sum, because the largest one does not move when an older transaction commits after it.
    statement = text("SELECT sum(CAST(CAST(change AS text) AS numeric)) FROM experiment WHERE run_id = :run")
    with store.read() as connection:
        return str(connection.scalar(statement, {"run": run_id}))


def fetch_log(store: Store, experiment_id: int) -> tuple[str, str]:
    """The last lines of stdout and of stderr."""
    log = schema.experiment_log.c
    statement = (
        select(log.stdout_tail, log.stderr_tail)
        .join(schema.experiment, log.experiment_id == _SOURCE)
        .where(schema.experiment.c.id == experiment_id)
    )
    with store.begin() as connection:
        row = connection.execute(statement).one_or_none()
    return (row.stdout_tail, row.stderr_tail) if row else ("", "")
