"""Leases on runs: who conducts a run, and how it is ended or handed back; see leases.py for how leases work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.leases import LEASE_S, commit_lightly
from storage.records import Run
from storage.runs import RUN_COLUMNS
from storage.schema import WORK_CHANNEL
from storage.store import Store

# Whoever set this fence has not given the run up since: giving it up clears the owner and leaves the fence.
_OURS = "id = :id AND fence = :fence AND owner IS NOT NULL AND state IN ('running', 'paused')"
_IS_OPEN = "EXISTS (SELECT FROM experiment WHERE run_id = run.id AND experiment.state IN ('queued', 'running'))"
# What is searched and how, as one short word that changes with it.
_SEARCH = "md5(concat(run.strategy, run.candidates, run.hyperparameters))"


@dataclass(frozen=True)
class Standing:
    """How a run stands that is still ours. `search` is another word once somebody widens its search."""

    state: str
    request: str | None
    search: str
    priority: int = 0
    weight: float = 1

    @property
    def is_stopping(self) -> bool:
        """Whether its experiments are to end now."""
        return self.request == "stop"

    @property
    def may_start(self) -> bool:
        """Whether experiments may be started."""
        return self.state == "running" and self.request is None


def claim_runs(store: Store, owner: str, *, take_expired: bool = True) -> list[Run]:
    """Take every run that is to go on and that nobody owns; the fence in the records is the new one.

    take_expired: those whose owner did not renew its lease, too. Not right after an outage, when no owner could.
    """
    columns = ", ".join(f"run.{column.name}" for column in RUN_COLUMNS)
    statement = text(
        f"""UPDATE run SET owner = :owner, fence = fence + 1, state = 'running',
            started_at = coalesce(started_at, now()), lease_until = now() + make_interval(secs => :lease)
        WHERE id IN (SELECT id FROM run WHERE state IN ('queued', 'running')
            AND (lease_until IS NULL OR (:take_expired AND lease_until < now())) ORDER BY id FOR UPDATE SKIP LOCKED)
        RETURNING {columns}"""
    )
    with store.begin() as connection:
        rows = connection.execute(statement, {"owner": owner, "lease": LEASE_S, "take_expired": take_expired}).all()
    return [Run(**row._mapping) for row in rows]


def renew_runs(store: Store, fences: Mapping[int, int]) -> dict[int, Standing]:
    """Keep runs, paused or not; returns how each stands, and so what people ask of it.

    fences: {run id: fence}. A run that is missing in the answer belongs to somebody else now.
    """
    # Somebody may hold a run's row for seconds, as who extends it does; the others are not to wait for that.
    statement = text(
        f"""WITH ours AS (
            SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:fences AS bigint[])) AS given (run_id, held)),
        free AS (SELECT run.id FROM run JOIN ours ON run.id = run_id AND run.fence = held
            WHERE owner IS NOT NULL AND state IN ('running', 'paused') FOR UPDATE OF run SKIP LOCKED),
        renewed AS (UPDATE run SET lease_until = now() + make_interval(secs => :lease)
            FROM free WHERE run.id = free.id)
        SELECT run.id, state, request, {_SEARCH} AS search, priority, weight
        FROM run JOIN ours ON run.id = run_id AND run.fence = held
        WHERE owner IS NOT NULL AND state IN ('running', 'paused')"""
    )
    given = {"ids": list(fences), "fences": list(fences.values()), "lease": LEASE_S}
    with store.begin() as connection:
        commit_lightly(connection)
        rows = connection.execute(statement, given).all()
    return {row.id: Standing(row.state, row.request, row.search, row.priority, row.weight) for row in rows}


@dataclass(frozen=True)
class Work:
    """What of a run is open: how many wait (of many only the first are counted), how many run, and the last start."""

    queued: int = 0
    running: int = 0
    served: float = 0.0


def open_experiments(store: Store, run_ids: Sequence[int], *, most: int = 1_000) -> dict[int, Work]:
    """What of each run is open; of a long queue only the first `most` are counted."""
    count = """(SELECT count(*) FROM (SELECT FROM experiment
        WHERE run_id = ours.id AND state = '{0}' LIMIT :most) AS first)"""
    statement = text(
        f"""SELECT id, {count.format("queued")} AS queued, {count.format("running")} AS running,
            (SELECT extract(epoch FROM started_at) FROM experiment WHERE run_id = ours.id AND started_at IS NOT NULL
                ORDER BY started_at DESC LIMIT 1) AS served
        FROM unnest(CAST(:ids AS bigint[])) AS ours (id)"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"ids": list(run_ids), "most": most}).all()
    return {row.id: Work(row.queued, row.running, float(row.served or 0)) for row in rows}


def tell_waiting(store: Store, run_id: int, waiting: Mapping[str, Any] | None) -> None:
    """Say on a run what it waits for: {"what": words, "since": unix time, "log": path or null}; None for nothing."""
    with store.begin() as connection:
        commit_lightly(connection)
        connection.execute(
            text("UPDATE run SET waiting = CAST(:waiting AS jsonb) WHERE id = :id"),
            {"id": run_id, "waiting": None if waiting is None else json.dumps(dict(waiting))},
        )


def count_open_runs(store: Store) -> int:
    """How many runs use or want the cluster; a paused one does while its last experiments go on."""
    statement = text(
        """SELECT count(*) FROM run
        WHERE state IN ('queued', 'running') OR (state = 'paused' AND owner IS NOT NULL)"""
    )
    with store.read() as connection:
        return int(connection.scalar(statement) or 0)


def end_run(
    store: Store, run_id: int, fence: int, *, state: str, reason: str | None = None, search: str | None = None
) -> bool:
    """Close a run if it is still ours and nothing of it is open; a failed run stops what was queued.

    One that was asked to stop ends as stopped, though it may have finished first. search: what its strategy searched
    to the end; a run whose search was widened since stays open.

    Returns whether it was closed.
    """
    with store.begin() as connection:
        # A statement of its own: what follows sees everything that was committed before we had the lock.
        held = connection.execute(
            text(f"SELECT {_SEARCH} AS search FROM run WHERE {_OURS} FOR UPDATE"), {"id": run_id, "fence": fence}
        ).one_or_none()
        if held is None or search not in (None, held.search):
            return False
        if state == "failed":
            connection.execute(
                text(
                    """UPDATE experiment SET state = 'stopped', reason = :reason, ended_at = now()
                    WHERE run_id = :id AND state = 'queued'"""
                ),
                {"id": run_id, "reason": reason},
            )
        closed = connection.execute(
            text(
                f"""UPDATE run SET
                    state = CASE WHEN request = 'stop' AND :state = 'finished' THEN 'stopped' ELSE :state END,
                    reason = coalesce(:reason, reason), ended_at = now(), lease_until = NULL, owner = NULL,
                    waiting = NULL
                WHERE id = :id AND NOT {_IS_OPEN}"""
            ),
            {"id": run_id, "state": state, "reason": reason},
        )
        # The dispatcher makes ready for the next launch.
        connection.execute(text(f"NOTIFY {WORK_CHANNEL}"))
    return closed.rowcount == 1


def give_up_run(store: Store, run_id: int, fence: int) -> bool:
    """Hand a paused run of which nothing runs back, so that it holds no resources while it waits for a person.

    Returns whether it was handed back; somebody may have resumed or stopped it.
    """
    with store.begin() as connection:
        held = connection.execute(
            text(f"SELECT FROM run WHERE {_OURS} AND state = 'paused' FOR UPDATE"), {"id": run_id, "fence": fence}
        ).one_or_none()
        if held is None:
            return False
        given = connection.execute(
            text(
                """UPDATE run SET owner = NULL, lease_until = NULL, waiting = NULL WHERE id = :id AND NOT EXISTS (
                    SELECT FROM experiment WHERE run_id = :id AND state = 'running')"""
            ),
            {"id": run_id},
        )
        # What is paused and has nothing left is closed by the dispatcher.
        connection.execute(text(f"NOTIFY {WORK_CHANNEL}"))
    return given.rowcount == 1


def settle_paused(store: Store, *, adaptive: Sequence[str], take_expired: bool = True) -> int:
    """Free paused runs from dead owners, and close those that nobody owns and that have nothing left to do.

    adaptive: the strategies whose runs may want more than is queued; such a run waits for a person.
    Returns how many were closed.
    """
    freed = """UPDATE run SET owner = NULL, lease_until = NULL
        WHERE state = 'paused' AND owner IS NOT NULL AND :take_expired AND lease_until < now()"""
    deserted = """SELECT id FROM run WHERE state = 'paused' AND owner IS NULL
        AND NOT coalesce(strategy->>'name', '') = ANY(:adaptive) FOR UPDATE SKIP LOCKED"""
    with store.begin() as connection:
        connection.execute(text(freed), {"take_expired": take_expired})
        ids = list(connection.scalars(text(deserted), {"adaptive": list(adaptive)}))
        closed = connection.execute(
            text(f"UPDATE run SET state = 'finished', ended_at = now() WHERE id = ANY(:ids) AND NOT {_IS_OPEN}"),
            {"ids": ids},
        )
    return closed.rowcount
