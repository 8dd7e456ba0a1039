"""Experiments page by page, for tables of any size: what there is stays the same from the first page to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from storage import schema
from storage.experiments import read_experiments
from storage.records import Experiment
from storage.store import Store

PAGE_ROWS = 1_000

# First and last number, both included; ascending, and with gaps between them.
Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Scope:
    """Which experiments a table has: a project's, or a run's; of these all, or those in `ranges`."""

    project_id: int
    run_id: int | None = None
    ranges: Ranges | None = None


@dataclass(frozen=True)
class Found:
    """What a table will have: its rows, the names in them in the order in which they turn up, and whether any note."""

    count: int
    hyperparameters: Sequence[str]
    metrics: Sequence[str]
    has_notes: bool


@contextmanager
def snapshot(store: Store) -> Iterator[Connection]:
    """A transaction that only reads, in which every statement sees the same."""
    engine = store.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


def count_rows(connection: Connection, scope: Scope) -> int:
    """How many experiments there are."""
    where, values = _condition(scope)
    return int(connection.execute(text(f"SELECT count(*) FROM experiment WHERE {where}"), values).scalar_one())


def find_columns(connection: Connection, scope: Scope) -> Found:
    """What the table's head needs to know of all its rows."""
    where, values = _condition(scope)
    # In the order of first appearance: by experiment, and in one as it has them.
    hyperparameters = connection.scalars(
        text(
            f"""SELECT key FROM experiment, json_object_keys(settings) WITH ORDINALITY AS held(key, place)
            WHERE {where} GROUP BY key ORDER BY min(ARRAY[number, place])"""
        ),
        values,
    )
    metrics = connection.scalars(
        text(
            f"""SELECT metric.name FROM experiment JOIN metric_summary ON experiment_id = experiment.id
                JOIN metric ON metric.id = metric_id
            WHERE {where} GROUP BY metric.id ORDER BY min(ARRAY[experiment.number, metric.id])"""
        ),
        values,
    )
    has_notes = connection.execute(
        text(
            f"""SELECT EXISTS (SELECT FROM note JOIN experiment ON experiment.id = experiment_id
            WHERE deleted_at IS NULL AND {where})"""
        ),
        values,
    )
    return Found(
        count_rows(connection, scope), hyperparameters.all(), metrics.all(), has_notes=bool(has_notes.scalar_one())
    )


def read_pages(connection: Connection, scope: Scope, rows: int = PAGE_ROWS) -> Iterator[list[Experiment]]:
    """The experiments by number, so many at a time: memory holds one page."""
    where, values = _condition(scope)
    last = -1
    while True:
        statement = f"SELECT id FROM experiment WHERE {where} AND number > :last ORDER BY number LIMIT {rows}"
        ids = connection.scalars(text(statement), {**values, "last": last}).all()
        if not ids:
            return
        found = read_experiments(connection, schema.experiment.c.id.in_(ids))
        yield found
        last = found[-1].number


def _condition(scope: Scope) -> tuple[str, dict[str, Any]]:
    where = "experiment.project_id = :project"
    values: dict[str, Any] = {"project": scope.project_id, "run": scope.run_id}
    if scope.run_id is not None:
        where += " AND experiment.run_id = :run"
    if scope.ranges is None:
        return where, values
    # PostgreSQL looks a number up among ranges as in an index; numbers one by one could be a billion.
    written = "{" + ",".join(f"[{first},{last}]" for first, last in scope.ranges) + "}"
    return f"{where} AND experiment.number <@ CAST(:ranges AS int4multirange)", {**values, "ranges": written}
