"""What changed since a cursor: the one poll of every page.

Sequence numbers become visible out of order when transactions overlap, so the cursor is a whole snapshot: which
transactions the reader could see (`pg_current_snapshot()`). Every row carries the transaction that changed it last; it
is news exactly when that transaction was not visible in the cursor. So nothing is missed and nothing comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from analysis.reductions import Reductions
from storage.columns import ExperimentColumns, read_columns
from storage.experiments import read_experiments
from storage.records import Experiment
from storage.store import Store

Found = TypeVar("Found")


@dataclass(frozen=True)
class Changes:
    """The experiments that changed, whole, and the cursor to ask with next; `run_changed` is about runs' own rows."""

    cursor: str
    experiments: Sequence[Experiment]
    run_changed: bool


@dataclass(frozen=True)
class ColumnChanges:
    """The same with the experiments as columns; None where none changed."""

    cursor: str
    experiments: ExperimentColumns | None
    run_changed: bool


# As PostgreSQL writes a snapshot: oldest open transaction, first one not yet begun, and the open ones in between.
_CURSOR = re.compile(r"([0-9]{1,20}):[0-9]{1,20}:[0-9,]{0,8000}", re.ASCII)
_NOTHING_SEEN = "1:1:"
NOTHING_REDUCED: Reductions = {}
# Which rows changed after a cursor; its parameters are those of `read_cursor`.
IS_NEWS = """{table}.change >= CAST(CAST(:oldest AS text) AS xid8)
    AND NOT pg_visible_in_snapshot({table}.change, CAST(CAST(:cursor AS text) AS pg_snapshot))"""
_EXISTS = f"EXISTS (SELECT FROM {{table}} WHERE project_id = :project AND {IS_NEWS})"


def changes_since(store: Store, project_id: int, cursor: str, *, run_id: int | None = None) -> Changes:
    """Read what became visible after `cursor` ('' for everything), of one run or of the whole project.

    Raises ValueError where the cursor is none of ours.
    """
    reached, experiments, run_changed = _since(store, project_id, cursor, run_id, _read_records)
    return Changes(reached, experiments or (), run_changed)


def columns_since(
    store: Store, project_id: int, cursor: str, *, run_id: int | None = None, reductions: Reductions = NOTHING_REDUCED
) -> ColumnChanges:
    """The same as columns, for those who want very many experiments at once, with metrics reduced as they say."""

    def read(connection: Connection, condition: str, values: Mapping[str, Any]) -> ExperimentColumns:
        return read_columns(connection, condition, values, reductions)

    reached, experiments, run_changed = _since(store, project_id, cursor, run_id, read)
    return ColumnChanges(reached, experiments if experiments and experiments.count else None, run_changed)


def _read_records(connection: Connection, condition: str, values: Mapping[str, Any]) -> Sequence[Experiment]:
    return read_experiments(connection, text(condition).bindparams(**values))


def _since(
    store: Store,
    project_id: int,
    cursor: str,
    run_id: int | None,
    read: Callable[[Connection, str, Mapping[str, Any]], Found],
) -> tuple[str, Found | None, bool]:
    since = read_cursor(cursor)
    values = {"project": project_id, **since}
    if cursor:
        # Mostly nothing did, and that must cost next to nothing. One run is no narrower: its index knows no changes.
        seen, is_news = _look(store, [_EXISTS.format(table=table) for table in ("experiment", "run")], values)
        if not is_news:
            return seen, None, False
    scope, wanted = "experiment.project_id = :project", {"project": project_id}
    if run_id is not None:
        scope, wanted = f"{scope} AND experiment.run_id = :run", {**wanted, "run": run_id}
    if cursor:
        scope, wanted = f"{scope} AND {IS_NEWS.format(table='experiment')}", {**wanted, **since}
    with store.begin() as connection:
        # One snapshot for the cursor and for the rows, or a commit in between would be skipped.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        reached = str(connection.scalar(text("SELECT CAST(pg_current_snapshot() AS text)")))
        found = read(connection, scope, wanted)
        run_changed = connection.scalar(text(f"SELECT {_EXISTS.format(table='run')}"), values)
    return reached, found, bool(run_changed)


def has_news(store: Store, cursor: str, *, slug: str | None = None, numbers: Sequence[int] = ()) -> tuple[str, bool]:
    """Whether anything changed after `cursor`, and the cursor to ask with next: what an idle page costs.

    slug: only in that project, else in all. numbers: only these experiments of it, and no run's own row.
    Raises ValueError where the cursor is none of ours.
    """
    since = read_cursor(cursor)
    scope = "" if slug is None else "project_id = (SELECT id FROM project WHERE slug = :slug) AND"
    among = "number = ANY(:numbers) AND" if numbers else ""
    parts = [f"EXISTS (SELECT FROM experiment WHERE {scope} {among} {IS_NEWS.format(table='experiment')})"]
    if not numbers:
        parts.append(f"EXISTS (SELECT FROM run WHERE {scope} {IS_NEWS.format(table='run')})")
        parts.append(f"EXISTS (SELECT FROM project WHERE {IS_NEWS.format(table='project')})")
    return _look(store, parts, {"slug": slug, "numbers": list(numbers), **since})


def read_cursor(cursor: str) -> dict[str, Any]:
    """What IS_NEWS compares with; '' has seen nothing. Raises ValueError where the cursor is none of ours."""
    match = _CURSOR.fullmatch(cursor or _NOTHING_SEEN)
    if match is None:
        raise ValueError(f"{cursor[:40]!r} is no cursor.")
    return {"oldest": match[1], "cursor": match[0]}


def _look(store: Store, conditions: Sequence[str], values: Mapping[str, Any]) -> tuple[str, bool]:
    # One statement has one snapshot, so that no commit falls between the cursor and the answer.
    statement = text(f"SELECT CAST(pg_current_snapshot() AS text), {' OR '.join(conditions)}")
    with store.read() as connection:
        reached, is_news = connection.execute(statement, values).one()
    return str(reached), bool(is_news)
