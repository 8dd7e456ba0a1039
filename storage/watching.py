"""What a watcher of curves reads: which experiments changed in any project, their values, and how noisy others were.

Values leave PostgreSQL as bytes (`array_send`), because a look at a thousand experiments must not turn every number
into text and back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from analysis.curves.reported import Reported
from storage.changes import IS_NEWS, read_cursor
from storage.store import Store

Numbers = NDArray[np.float64]

# The row of the table of heartbeats in which the watcher keeps how far it has come.
WATCHER = "watcher"
# So many newest curves of a metric say what is usual.
MOST_LEVELS = 200
# With so many others of its run an experiment is compared.
MOST_OTHERS = 1_000


@dataclass(frozen=True)
class Watched:
    """An experiment in its newest attempt, as far as a watcher must know it."""

    id: int
    project_id: int
    run_id: int
    number: int
    attempt: int
    state: str
    value_count: int
    objective: str | None
    goal: str

    @property
    def has_ended(self) -> bool:
        """Whether it will report nothing more in this attempt."""
        return self.state != "running"


@dataclass(frozen=True)
class Watermark:
    """How far a watcher has come: all that a cursor has seen, and of what was there before it the ids from `before` on.

    It looks at old experiments from the newest to the oldest, so that `before` falls to zero.
    """

    cursor: str
    before: int


_WATCHED = """json_build_array(experiment.id, experiment.project_id, run_id, experiment.number, attempt,
    experiment.state, value_count, run.objective, run.goal)"""
# One that reuses another has no curves of its own, and one that waits has none yet.
_HAS_CURVES = "attempt > 0 AND experiment.state <> 'queued' AND reused_from IS NULL"
_FROM = "experiment JOIN run ON run.id = run_id"


def changed_since(store: Store, cursor: str) -> tuple[str, list[Watched]]:
    """The experiments with curves that changed after a cursor, in any project, and the cursor to ask with next.

    Raises ValueError where the cursor is none of ours.
    """
    # By project, because that is how the index of changes is sorted.
    statement = text(
        f"""SELECT CAST(pg_current_snapshot() AS text), (SELECT json_agg(found.row ORDER BY found.id)
            FROM project CROSS JOIN LATERAL (SELECT experiment.id, {_WATCHED} AS row FROM {_FROM}
                WHERE experiment.project_id = project.id AND {_HAS_CURVES} AND {IS_NEWS.format(table="experiment")}
            ) AS found)"""
    )
    with store.read() as connection:
        reached, rows = connection.execute(statement, read_cursor(cursor)).one()
    return str(reached), _watched(rows)


def ended_before(store: Store, before: int, most: int) -> list[Watched]:
    """Experiments that have ended, at most so many: those of the largest ids below `before`, in falling order."""
    statement = text(
        f"""SELECT json_agg(found.row ORDER BY found.id DESC) FROM (SELECT experiment.id, {_WATCHED} AS row FROM {_FROM}
            WHERE experiment.id < :before AND {_HAS_CURVES} AND experiment.state <> 'running'
            ORDER BY experiment.id DESC LIMIT :most) AS found"""
    )
    with store.read() as connection:
        return _watched(connection.scalar(statement, {"before": before, "most": most}))


def running(store: Store, project_ids: Sequence[int] | None = None) -> list[Watched]:
    """The experiments that run now, in all projects or in some."""
    statement = text(
        f"""SELECT json_agg({_WATCHED} ORDER BY experiment.id) FROM {_FROM}
        WHERE experiment.state = 'running' AND {_HAS_CURVES}
            AND (CAST(:projects AS bigint[]) IS NULL OR experiment.project_id = ANY(:projects))"""
    )
    projects = None if project_ids is None else list(project_ids)
    with store.read() as connection:
        return _watched(connection.scalar(statement, {"projects": projects}))


def ids_in_run(store: Store, run_id: int, most: int = MOST_OTHERS) -> list[int]:
    """The newest experiments of a run that have curves of their own."""
    statement = text(
        f"""SELECT experiment.id FROM {_FROM} WHERE run_id = :run AND {_HAS_CURVES}
        ORDER BY experiment.id DESC LIMIT :most"""
    )
    with store.read() as connection:
        return list(connection.scalars(statement, {"run": run_id, "most": most}))


def _watched(rows: Any) -> list[Watched]:
    return [Watched(*row) for row in rows or ()]


# --- values -----------------------------------------------------------------------------------------------------------

_VALUES = """SELECT chunk.experiment_id, metric.name, array_send(chunk."values") AS numbers,
        CASE WHEN array_position(chunk.epochs, NULL) IS NULL THEN array_send(chunk.epochs) END AS epochs,
        array_send(chunk.times) AS times, chunk.batches IS NOT NULL AS is_by_batch
    FROM experiment JOIN metric_chunk AS chunk
            ON chunk.experiment_id = experiment.id AND chunk.attempt = experiment.attempt
        JOIN metric ON metric.id = chunk.metric_id
    WHERE experiment.id = ANY(:ids) AND (CAST(:names AS text[]) IS NULL OR metric.name = ANY(:names))
    ORDER BY chunk.experiment_id, chunk.metric_id, chunk.first_seq"""


_PARTS = ("numbers", "times")


def read_reported(store: Store, ids: Sequence[int], names: Sequence[str] | None = None) -> dict[int, list[Reported]]:
    """The values of experiments in their newest attempts, of all metrics or of these names; those without have none."""
    parts: dict[tuple[int, str], list[Any]] = {}
    with store.read() as connection:
        found = connection.execute(text(_VALUES), {"ids": list(ids), "names": None if names is None else list(names)})
        for row in found:
            parts.setdefault((row.experiment_id, row.name), []).append(row)
    reported: dict[int, list[Reported]] = {}
    for (owner, name), chunks in parts.items():
        values, times = (np.concatenate([_array(getattr(chunk, part)) for chunk in chunks]) for part in _PARTS)
        epochs = [_array(chunk.epochs) for chunk in chunks if chunk.epochs is not None]
        whole = np.concatenate(epochs) if len(epochs) == len(chunks) else None
        is_by_batch = any(chunk.is_by_batch for chunk in chunks)
        reported.setdefault(owner, []).append(Reported(name, values, whole, times, is_by_batch))
    return reported


# What array_send writes: dimensions, whether there are nulls, the type, then length and lower bound of the dimension;
# then each number after its own length.
_HEAD_BYTES = 20
_ENTRY = np.dtype([("length", ">i4"), ("number", ">f8")])


def _array(sent: Any) -> Numbers:
    return np.frombuffer(sent, dtype=_ENTRY, offset=_HEAD_BYTES)["number"].astype(np.float64)


# --- noise ------------------------------------------------------------------------------------------------------------


def usual_noise(store: Store, project_id: int) -> dict[str, dict[int, float]]:
    """How much the newest ended curves of a project jump around their trends: metric -> experiment -> level."""
    statement = text(
        """SELECT name, experiment_id, noise FROM metric CROSS JOIN LATERAL (
            SELECT experiment_id, noise FROM metric_summary WHERE metric_id = metric.id AND noise IS NOT NULL
            ORDER BY experiment_id DESC LIMIT :most) AS newest WHERE project_id = :project"""
    )
    levels: dict[str, dict[int, float]] = {}
    with store.read() as connection:
        for name, owner, level in connection.execute(statement, {"project": project_id, "most": MOST_LEVELS}):
            levels.setdefault(name, {})[owner] = level
    return levels


def keep_noise(connection: Connection, watched: Watched, levels: Mapping[str, float]) -> None:
    """Keep how much the curves of an ended experiment jump, in a transaction of the caller."""
    statement = text(
        """UPDATE metric_summary SET noise = new.level
        FROM unnest(CAST(:names AS text[]), CAST(:levels AS float8[])) AS new (name, level), metric
        WHERE metric.project_id = :project AND metric.name = new.name AND metric_summary.metric_id = metric.id
            AND experiment_id = :id AND attempt = :attempt"""
    )
    connection.execute(
        statement,
        {
            "names": list(levels), "levels": list(levels.values()), "project": watched.project_id, "id": watched.id,
            "attempt": watched.attempt,
        },
    )  # fmt: skip


# --- how far ----------------------------------------------------------------------------------------------------------


def read_watermark(store: Store) -> Watermark:
    """How far watchers have come; the first one begins with what changes from now on, and goes back from there."""
    statement = text(
        """SELECT (SELECT detail FROM heartbeat WHERE name = :name), CAST(pg_current_snapshot() AS text),
            (SELECT coalesce(max(id), 0) + 1 FROM experiment)"""
    )
    with store.read() as connection:
        kept, now, before = connection.execute(statement, {"name": WATCHER}).one()
    try:
        read_cursor(kept["cursor"])
        return Watermark(kept["cursor"], int(kept["before"]))
    except (TypeError, KeyError, ValueError):
        return Watermark(str(now), int(before))


def keep_watermark(store: Store, mark: Watermark) -> None:
    """Remember how far the watcher has come. One that a crash forgets costs only another look."""
    statement = text(
        """INSERT INTO heartbeat (name, seen_at, detail) VALUES (:name, now(), CAST(:detail AS jsonb))
        ON CONFLICT (name) DO UPDATE SET seen_at = now(), detail = excluded.detail"""
    )
    detail = json.dumps({"cursor": mark.cursor, "before": mark.before})
    with store.begin() as connection:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.execute(statement, {"name": WATCHER, "detail": detail})
