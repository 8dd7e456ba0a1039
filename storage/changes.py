"""What changed since a cursor: the one poll of every page.

Sequence numbers become visible out of order when transactions overlap, so the cursor is a whole snapshot: which
transactions the reader could see (`pg_current_snapshot()`). Every row carries the transaction that changed it last; it
is news exactly when that transaction was not visible in the cursor. So nothing is missed and nothing comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import schema
from storage.experiments import read_experiments
from storage.records import Experiment
from storage.store import Store


@dataclass(frozen=True)
class Changes:
    """The experiments that changed, whole, and the cursor to ask with next; `run_changed` is about runs' own rows."""

    cursor: str
    experiments: Sequence[Experiment]
    run_changed: bool


# As PostgreSQL writes a snapshot: oldest open transaction, first one not yet begun, and the open ones in between.
_CURSOR = re.compile(r"([0-9]{1,20}):[0-9]{1,20}:[0-9,]{0,8000}", re.ASCII)
_NOTHING_SEEN = "1:1:"
_IS_NEWS = """{table}.change >= CAST(CAST(:oldest AS text) AS xid8)
    AND NOT pg_visible_in_snapshot({table}.change, CAST(CAST(:cursor AS text) AS pg_snapshot))"""
_EXISTS = f"EXISTS (SELECT FROM {{table}} WHERE project_id = :project AND {_IS_NEWS})"


def changes_since(store: Store, project_id: int, cursor: str, *, run_id: int | None = None) -> Changes:
    """Read what became visible after `cursor` ('' for everything), of one run or of the whole project.

    Raises ValueError where the cursor is none of ours.
    """
    since = _read_cursor(cursor)
    if cursor:
        # Mostly nothing did, and that must cost next to nothing. One run is no narrower: its index knows no changes.
        seen, is_news = _look(
            store, [_EXISTS.format(table=table) for table in ("experiment", "run")], {"project": project_id, **since}
        )
        if not is_news:
            return Changes(seen, (), False)
    table = schema.experiment.c
    scope = table.project_id == project_id
    if run_id is not None:
        scope &= table.run_id == run_id
    with store.begin() as connection:
        # One snapshot for the cursor and for the rows, or a commit in between would be skipped.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        reached = str(connection.scalar(text("SELECT CAST(pg_current_snapshot() AS text)")))
        news = text(_IS_NEWS.format(table="experiment")).bindparams(**since)
        experiments = read_experiments(connection, scope & news)
        run_news = text(f"SELECT {_EXISTS.format(table='run')}")
        run_changed = connection.scalar(run_news, {"project": project_id, **since})
    return Changes(reached, experiments, bool(run_changed))


def has_news(store: Store, cursor: str, *, slug: str | None = None, numbers: Sequence[int] = ()) -> tuple[str, bool]:
    """Whether anything changed after `cursor`, and the cursor to ask with next: what an idle page costs.

    slug: only in that project, else in all. numbers: only these experiments of it, and no run's own row.
    Raises ValueError where the cursor is none of ours.
    """
    since = _read_cursor(cursor)
    scope = "" if slug is None else "project_id = (SELECT id FROM project WHERE slug = :slug) AND"
    among = "number = ANY(:numbers) AND" if numbers else ""
    parts = [f"EXISTS (SELECT FROM experiment WHERE {scope} {among} {_IS_NEWS.format(table='experiment')})"]
    if not numbers:
        parts.append(f"EXISTS (SELECT FROM run WHERE {scope} {_IS_NEWS.format(table='run')})")
        parts.append(f"EXISTS (SELECT FROM project WHERE {_IS_NEWS.format(table='project')})")
    return _look(store, parts, {"slug": slug, "numbers": list(numbers), **since})


def _read_cursor(cursor: str) -> dict[str, Any]:
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
