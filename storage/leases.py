"""Leases on experiments: who works on which attempt, and for how long nobody else may.

An owner holds a lease in the row, with a fencing number that grows at every claim; each of its writes names both the
attempt and the fence, so that whoever lost the lease writes nothing more. The database's clock decides.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from storage.records import Claim
from storage.store import Store

LEASE_S = 15
# An experiment whose owner vanished this often is not tried again: it may be what kills its owners.
MAX_LOSSES = 3


class LeaseLost(Exception):
    """Somebody else owns the work now; stop at once and write nothing."""


def claim_experiment(store: Store, run_id: int, run_fence: int, owner: str, host: str) -> Claim | None:
    """Take the next queued experiment of a run; None where nothing is queued or the run may start nothing for us."""
    with store.begin() as connection:
        return claim_next(connection, run_id, run_fence, owner, host)


def claim_next(connection: Connection, run_id: int, run_fence: int, owner: str, host: str) -> Claim | None:
    """Take the next queued experiment of a run, in a transaction of the caller."""
    row = connection.execute(
        text(
            """WITH claimed AS (UPDATE experiment SET state = 'running', owner = :owner, host = :host,
                fence = fence + 1, attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease),
                started_at = now(), metric_offset = 0, stdout_offset = 0, value_count = 0, rejected_lines = 0,
                rejected_sample = NULL, epoch = NULL, epochs = NULL, exit_code = NULL, reason = NULL, failure = NULL,
                ended_at = NULL, duration_s = NULL
            WHERE id = (SELECT experiment.id FROM experiment JOIN run ON run.id = experiment.run_id
                WHERE run_id = :run AND run.fence = :fence AND run.owner IS NOT NULL AND run.state = 'running'
                    AND run.request IS NULL AND experiment.state = 'queued'
                ORDER BY priority DESC, experiment.number LIMIT 1 FOR UPDATE OF experiment SKIP LOCKED)
            RETURNING id, project_id, run_id, number, attempt, fence, settings, failures, host, started_at),
            begun AS (INSERT INTO attempt (experiment_id, attempt, host, started_at)
                SELECT id, attempt, host, started_at FROM claimed)
            SELECT id, project_id, run_id, number, attempt, fence, settings, failures FROM claimed"""
        ),
        {"run": run_id, "fence": run_fence, "owner": owner, "host": host, "lease": LEASE_S},
    ).one_or_none()
    if row is None:
        return None
    if row.attempt > 1:
        # A new attempt replaces what the table and plots show of the last one; its chunks stay under their attempt.
        connection.execute(text("DELETE FROM metric_summary WHERE experiment_id = :id"), {"id": row.id})
        connection.execute(text("DELETE FROM flag WHERE experiment_id = :id"), {"id": row.id})
    taken = (row.id, row.project_id, row.run_id, row.number, row.attempt, row.fence)
    return Claim(*taken, owner, row.settings, row.failures)


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


# What ends attempts from outside; those that were to stop did, whoever saw to it.
_END_ATTEMPTS = """UPDATE attempt SET ended_at = now(), reason = released.reason,
        ending = CASE WHEN released.state = 'stopped' THEN 'stopped' ELSE '{ending}' END
    FROM {released} AS released WHERE attempt.experiment_id = released.id AND attempt.attempt = released.attempt"""


def release_lost(store: Store, *, owner: str | None = None) -> int:
    """Queue again the running experiments whose lease ran out, or at once those of an owner known to be dead.

    One that was lost MAX_LOSSES times fails instead; one that was to stop is stopped. Returns how many there were.
    """
    whose = "lease_until < now()" if owner is None else "owner = :owner"
    statement = text(
        f"""WITH lost AS (UPDATE experiment SET losses = losses + 1, fence = fence + 1, owner = NULL,
            lease_until = NULL, request = NULL,
            state = CASE WHEN request = 'stop' THEN 'stopped' WHEN losses + 1 >= :most THEN 'failed' ELSE 'queued' END,
            reason = CASE WHEN request = 'stop' THEN coalesce(reason, 'stopped by request')
                ELSE 'lost: the process that ran it vanished' END,
            ended_at = CASE WHEN request = 'stop' OR losses + 1 >= :most THEN now() END
        WHERE id IN (SELECT id FROM experiment WHERE state = 'running' AND {whose} FOR UPDATE SKIP LOCKED)
        RETURNING id, attempt, state, reason)
        {_END_ATTEMPTS.format(released="lost", ending="lost")}"""
    )
    parameters: dict[str, Any] = {"most": MAX_LOSSES}
    if owner is not None:
        parameters["owner"] = owner
    with store.begin() as connection:
        return connection.execute(statement, parameters).rowcount


def release_everything(store: Store) -> int:
    """Queue again all that was running, without counting it as lost: for a launcher that knows that nothing runs.

    Returns how many experiments there were.
    """
    experiments = text(
        f"""WITH ended AS (UPDATE experiment SET fence = fence + 1, owner = NULL, lease_until = NULL, request = NULL,
            state = CASE WHEN request = 'stop' THEN 'stopped' ELSE 'queued' END,
            reason = CASE WHEN request = 'stop' THEN coalesce(reason, 'stopped by request') ELSE 'interrupted' END,
            ended_at = CASE WHEN request = 'stop' THEN now() END
        WHERE state = 'running' RETURNING id, attempt, state, reason)
        {_END_ATTEMPTS.format(released="ended", ending="interrupted")}"""
    )
    with store.begin() as connection:
        connection.execute(text("UPDATE run SET owner = NULL, lease_until = NULL WHERE state IN ('running', 'paused')"))
        return connection.execute(experiments).rowcount


# --- what others of this folder use -------------------------------------------------------------------------------


def held(claim: Claim) -> dict[str, int]:
    """What a write of the attempt's owner names, as parameters."""
    return {"id": claim.experiment_id, "attempt": claim.attempt, "fence": claim.fence}


def commit_lightly(connection: Connection) -> None:
    """Do not wait for the disk at the end of this transaction."""
    # A lease that a crash forgets is only renewed again; waiting for the disk would buy nothing.
    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
