"""Leases on experiments: who works on which attempt, and for how long nobody else may.

An owner holds a lease in the row, with a fencing number that grows at every claim; each of its writes names both the
attempt and the fence, so that whoever lost the lease writes nothing more. The database's clock decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from storage.records import Claim
from storage.store import Store

LEASE_S = 15
# The first number of the advisory locks of claims; the second names the run.
CLAIM_LOCK = 748_266
# An experiment whose owner vanished this often is not tried again: it may be what kills its owners.
MAX_LOSSES = 3


class LeaseLost(Exception):
    """Somebody else owns the work now; stop at once and write nothing."""


@dataclass(frozen=True)
class Place:
    """Where an experiment may run: a worker, the name of its host, and the resources that it holds."""

    owner: str
    host: str
    cpus: float = 1
    gpus: float = 0


def claim_experiment(store: Store, place: Place) -> Claim | None:
    """Take the experiment whose turn it is; None where no run that wants these resources may start one."""
    with store.begin() as connection:
        return claim_next(connection, place)


def claim_next(connection: Connection, place: Place) -> Claim | None:
    """Take the experiment whose turn it is, in a transaction of the caller.

    Among the runs that want the place's resources the first priority goes first, then the one with the fewest
    experiments at work for its weight, then the one that has waited longest for a start.
    """
    passed_over: list[int] = []
    while True:
        given = {"owner": place.owner, "host": place.host, "lease": LEASE_S, "passed_over": passed_over, "only": None}
        row = connection.execute(_CLAIM, {**given, "cpus": place.cpus, "gpus": place.gpus}).one_or_none()
        if row is None:
            return None
        if row.id is None and row.concurrency is not None:
            # Of those who count at once what is at work, none sees the other's claim; so they count one by one.
            lock = {"space": CLAIM_LOCK, "run": row.chosen % 2**31}
            connection.execute(text("SELECT pg_advisory_xact_lock(:space, :run)"), lock)
            only = {**given, "only": row.chosen, "cpus": place.cpus, "gpus": place.gpus}
            row = connection.execute(_CLAIM, only).one_or_none() or row
        if row.id is not None:
            return _begin_attempt(connection, row, place.owner)
        passed_over.append(row.chosen)


def _begin_attempt(connection: Connection, row: Row[Any], owner: str) -> Claim:
    if row.attempt > 1:
        # A new attempt replaces what the table and plots show of the last one; its chunks stay under their attempt.
        connection.execute(text("DELETE FROM metric_summary WHERE experiment_id = :id"), {"id": row.id})
        connection.execute(text("DELETE FROM flag WHERE experiment_id = :id"), {"id": row.id})
    taken = (row.id, row.project_id, row.run_id, row.number, row.attempt, row.fence)
    return Claim(*taken, owner, row.settings, row.failures)


# `only` names a run whose claims its holder has for itself; others with a limit are chosen here and claimed then.
_CLAIM = text(
    """WITH chosen AS (SELECT run.id, run.concurrency FROM run CROSS JOIN LATERAL
            (SELECT count(*) AS working FROM experiment WHERE run_id = run.id AND experiment.state = 'running') AS now
        WHERE run.state = 'running' AND run.request IS NULL AND run.owner IS NOT NULL
            AND run.cpus = :cpus AND run.gpus = :gpus AND run.id <> ALL(CAST(:passed_over AS bigint[]))
            AND (CAST(:only AS bigint) IS NULL OR run.id = :only)
            AND (run.concurrency IS NULL OR working < run.concurrency)
            AND EXISTS (SELECT FROM experiment WHERE run_id = run.id AND experiment.state = 'queued')
        ORDER BY run.priority DESC, working / run.weight,
            (SELECT started_at FROM experiment WHERE run_id = run.id AND experiment.started_at IS NOT NULL
                ORDER BY experiment.started_at DESC LIMIT 1) NULLS FIRST, run.id
        LIMIT 1),
    claimed AS (UPDATE experiment SET state = 'running', owner = :owner, host = :host,
            fence = fence + 1, attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease),
            started_at = now(), offsets = '{}', value_count = 0, rejected_lines = 0,
            rejected_sample = NULL, epoch = NULL, epochs = NULL, exit_code = NULL, reason = NULL, failure = NULL,
            ended_at = NULL, duration_s = NULL
        WHERE id = (SELECT experiment.id FROM experiment JOIN chosen ON chosen.id = run_id
            WHERE experiment.state = 'queued' AND (chosen.concurrency IS NULL OR chosen.id = :only)
            ORDER BY experiment.priority DESC, experiment.number LIMIT 1 FOR UPDATE OF experiment SKIP LOCKED)
        RETURNING id, project_id, run_id, number, attempt, fence, settings, failures, host, started_at),
    begun AS (INSERT INTO attempt (experiment_id, attempt, host, started_at)
        SELECT id, attempt, host, started_at FROM claimed)
    SELECT chosen.id AS chosen, chosen.concurrency, claimed.* FROM chosen LEFT JOIN claimed ON true"""
)


def renew_experiment(store: Store, claim: Claim) -> str | None:
    """Keep the experiment; returns what people asked of it ('stop') or None.

    Raises LeaseLost.
    """
    statement = text(
        """UPDATE experiment SET lease_until = now() + make_interval(secs => :lease)
        WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running' RETURNING request"""
    )
    with store.begin() as connection:
        commit_lightly(connection)
        row = connection.execute(statement, {**held(claim), "lease": LEASE_S}).one_or_none()
    if row is None:
        raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")
    return row.request if row.request is None else str(row.request)


# --- lost experiments ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lost:
    """An attempt that was taken over from an owner who is gone, and how far the database knows its spool.

    counts: how many values of each metric are stored; request: what people asked of it.
    """

    claim: Claim
    offsets: Mapping[str, int]
    epoch: float | None
    epochs: float | None
    request: str | None
    counts: Mapping[str, int]


def find_lost(store: Store) -> dict[str, int]:
    """How many running experiments have an owner that did not renew its lease, by the host that they ran on."""
    statement = text(
        """SELECT coalesce(host, '') AS host, count(*) AS number FROM experiment
        WHERE state = 'running' AND lease_until < now() GROUP BY 1"""
    )
    with store.read() as connection:
        return {row.host: row.number for row in connection.execute(statement)}


def take_lost(
    store: Store, taker: str, host: str, *, owners: Sequence[str] = (), everything: bool = False, most: int = 100
) -> list[Lost]:
    """Take over attempts on a host whose owner is gone, so that their spools can be read to the end.

    Gone are those whose lease ran out and the named owners; everything: all of them. The former owner writes nothing
    more; the state stays, as nobody knows yet how the attempt ended.
    """
    statement = text(
        """UPDATE experiment SET owner = :taker, fence = fence + 1,
            lease_until = now() + make_interval(secs => :lease)
        WHERE id IN (SELECT id FROM experiment WHERE state = 'running' AND host = :host
            AND (:everything OR lease_until < now() OR owner = ANY(CAST(:owners AS text[])))
            ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
        RETURNING id, project_id, run_id, number, attempt, fence, settings, failures, offsets,
            epoch, epochs, request, (SELECT jsonb_object_agg(name, "count") FROM metric_summary summary
                JOIN metric ON metric.id = summary.metric_id
                WHERE experiment_id = experiment.id AND summary.attempt = experiment.attempt) AS counts"""
    )
    given = {"taker": taker, "host": host, "owners": list(owners), "everything": everything, "most": most}
    with store.begin() as connection:
        rows = connection.execute(statement, {**given, "lease": LEASE_S}).all()
    return [
        Lost(
            Claim(row.id, row.project_id, row.run_id, row.number, row.attempt, row.fence, taker, row.settings,
                  row.failures),
            row.offsets, row.epoch, row.epochs, row.request, row.counts or {},
        )
        for row in rows
    ]  # fmt: skip


# Whoever sees to it, what was to stop is stopped. Only what may be the experiment's own fault has a limit.
_RELEASE = """WITH released AS (UPDATE experiment SET fence = fence + 1, owner = NULL, lease_until = NULL,
        request = NULL, losses = losses + CASE WHEN :is_crash THEN 1 ELSE 0 END,
        preemptions = preemptions + CASE WHEN :is_crash THEN 0 ELSE 1 END,
        state = CASE WHEN request = 'stop' THEN 'stopped' WHEN :is_crash AND losses + 1 >= :most THEN 'failed'
            ELSE 'queued' END,
        reason = CASE WHEN request = 'stop' THEN coalesce(reason, 'stopped by request') ELSE :reason END,
        ended_at = CASE WHEN request = 'stop' OR (:is_crash AND losses + 1 >= :most) THEN now() END
    WHERE id IN (SELECT id FROM experiment WHERE state = 'running' AND {which} FOR UPDATE SKIP LOCKED)
    RETURNING id, attempt, state, reason, epoch, value_count)
    UPDATE attempt SET ended_at = now(), reason = released.reason, epoch = released.epoch,
        value_count = released.value_count,
        ending = CASE WHEN released.state = 'stopped' THEN 'stopped' ELSE :ending END
    FROM released WHERE attempt.experiment_id = released.id AND attempt.attempt = released.attempt"""


@dataclass(frozen=True)
class Cause:
    """Why an attempt was given up: `ending` as its attempt has it, `reason` for people.

    is_crash: it may be the experiment that ends its owners, so that after MAX_LOSSES of them it fails.
    """

    ending: str
    reason: str
    is_crash: bool = False


VANISHED = Cause("lost", "lost: the process that ran it vanished", is_crash=True)
# Nobody saw how: its node may have gone with it.
UNSEEN = Cause("lost", "lost: the process that ran it vanished")
NODE_LOST = Cause("lost", "lost: its node is gone")
INTERRUPTED = Cause("interrupted", "interrupted")


def release_claim(store: Store, claim: Claim, cause: Cause) -> bool:
    """Give an attempt up that is ours, and queue its experiment again unless it was to stop; says whether it was ours.

    Its values stay under its attempt.
    """
    which = "id = :id AND attempt = :attempt AND fence = :fence"
    return _release(store, which, cause, **held(claim)) == 1


def release_lost(store: Store, *, owner: str | None = None, host: str | None = None, cause: Cause = VANISHED) -> int:
    """Give up, unread, attempts whose lease ran out, or at once those of an owner known to be dead; how many.

    host: only those that ran there.
    """
    which = ["lease_until < now()" if owner is None else "owner = :owner"]
    which += [] if host is None else ["coalesce(host, '') = :host"]
    given = {"owner": owner, "host": host}
    return _release(store, " AND ".join(which), cause, **{name: v for name, v in given.items() if v is not None})


def release_everything(store: Store) -> int:
    """Queue again all that was running, and free all runs: for a launcher that knows that nothing runs.

    Returns how many experiments there were.
    """
    free_runs(store)
    return _release(store, "true", INTERRUPTED)


def free_runs(store: Store) -> None:
    """Take every open run from its owner: for a launcher that knows that there is none."""
    with store.begin() as connection:
        connection.execute(text("UPDATE run SET owner = NULL, lease_until = NULL WHERE state IN ('running', 'paused')"))


def _release(store: Store, which: str, cause: Cause, **given: Any) -> int:
    parameters = {"most": MAX_LOSSES, "is_crash": cause.is_crash, "reason": cause.reason, "ending": cause.ending}
    with store.begin() as connection:
        return connection.execute(text(_RELEASE.format(which=which)), {**parameters, **given}).rowcount


# --- what others of this folder use -------------------------------------------------------------------------------


def held(claim: Claim) -> dict[str, int]:
    """What a write of the attempt's owner names, as parameters."""
    return {"id": claim.experiment_id, "attempt": claim.attempt, "fence": claim.fence}


def commit_lightly(connection: Connection) -> None:
    """Do not wait for the disk at the end of this transaction."""
    # A lease that a crash forgets is only renewed again; waiting for the disk would buy nothing.
    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
