"""Leases on runs and experiments, and the writes of those who hold them.

An owner holds a lease in the row, with a fencing number that grows at every claim; each of its writes names both the
attempt and the fence, so that whoever lost the lease writes nothing more. The database's clock decides.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from storage.records import Claim, Run
from storage.runs import RUN_COLUMNS
from storage.schema import WORK_CHANNEL
from storage.store import Store

LEASE_S = 15
# An experiment whose owner vanished this often is not tried again: it may be what kills its owners.
MAX_LOSSES = 3


class LeaseLost(Exception):
    """Somebody else owns the work now; stop at once and write nothing."""


@dataclass(frozen=True)
class Values:
    """New values of one metric, in arrival order; `first_seq` is the number of its values before them."""

    metric_id: int
    first_seq: int
    values: Sequence[float]
    epochs: Sequence[float | None]
    batches: Sequence[float | None]
    times: Sequence[float]


@dataclass(frozen=True)
class NewView:
    """A view to attach; `payload` is UTF-8 JSON."""

    name: str
    kind: str
    epoch: float | None
    payload: bytes


@dataclass(frozen=True)
class Batch:
    """What was read from the spool since the last commit, with the offsets that it moves from and to."""

    metric_offset: int
    new_metric_offset: int
    stdout_offset: int
    new_stdout_offset: int
    values: Sequence[Values] = ()
    views: Sequence[NewView] = ()
    epoch: float | None = None
    epochs: float | None = None
    rejected_lines: int = 0
    rejected_sample: str | None = None
    # None leaves the tails as they are.
    stdout_tail: str | None = None
    stderr_tail: str | None = None


@dataclass(frozen=True)
class Ending:
    """How an attempt ended."""

    state: str
    duration_s: float
    exit_code: int | None = None
    reason: str | None = None
    # True queues the experiment for another attempt instead of ending it.
    retry: bool = field(default=False)
    # The same for all experiments that failed alike.
    failure: str | None = None


# --- runs ---------------------------------------------------------------------------------------------------------

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


def renew_run(store: Store, run_id: int, fence: int) -> Standing:
    """Keep the run, paused or not; returns how it stands, and so what people ask of it.

    Raises LeaseLost.
    """
    statement = text(
        f"""UPDATE run SET lease_until = now() + make_interval(secs => :lease)
        WHERE {_OURS} RETURNING state, request, {_SEARCH}"""
    )
    with store.begin() as connection:
        _commit_lightly(connection)
        row = connection.execute(statement, {"id": run_id, "fence": fence, "lease": LEASE_S}).one_or_none()
    if row is None:
        raise LeaseLost(f"run {run_id}, fence {fence}")
    return Standing(*row)


def open_experiments(store: Store, run_id: int, *, most: int | None = None) -> dict[str, int]:
    """How many of a run's experiments are queued and running; of a long queue only the first `most` are counted."""
    count = "(SELECT count(*) FROM (SELECT FROM experiment WHERE run_id = :id AND state = '{0}' LIMIT :most) AS first)"
    statement = text(f"SELECT {count.format('queued')} AS queued, {count.format('running')} AS running")
    with store.read() as connection:
        return dict(connection.execute(statement, {"id": run_id, "most": most}).one()._mapping)


def working_owners(store: Store, run_id: int) -> set[str]:
    """Who works on a run's experiments now."""
    statement = text("SELECT owner FROM experiment WHERE run_id = :id AND state = 'running' AND owner IS NOT NULL")
    with store.begin() as connection:
        return set(connection.scalars(statement, {"id": run_id}))


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
                    reason = coalesce(:reason, reason), ended_at = now(), lease_until = NULL, owner = NULL
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
                """UPDATE run SET owner = NULL, lease_until = NULL WHERE id = :id AND NOT EXISTS (
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


# --- experiments --------------------------------------------------------------------------------------------------


def claim_experiment(store: Store, run_id: int, run_fence: int, owner: str, host: str) -> Claim | None:
    """Take the next queued experiment of a run; None where nothing is queued or the run may start nothing for us."""
    with store.begin() as connection:
        return _claim_next(connection, run_id, run_fence, owner, host)


def _claim_next(connection: Connection, run_id: int, run_fence: int, owner: str, host: str) -> Claim | None:
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
    held = (row.id, row.project_id, row.run_id, row.number, row.attempt, row.fence)
    return Claim(*held, owner, row.settings, row.failures)


def renew_experiment(store: Store, claim: Claim) -> str | None:
    """Keep the experiment; returns what people asked of it ('stop') or None.

    Raises LeaseLost.
    """
    statement = text(
        """UPDATE experiment SET lease_until = now() + make_interval(secs => :lease)
        WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running' RETURNING request"""
    )
    with store.begin() as connection:
        _commit_lightly(connection)
        row = connection.execute(statement, {**_held(claim), "lease": LEASE_S}).one_or_none()
    if row is None:
        raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")
    return row.request if row.request is None else str(row.request)


def record(store: Store, claim: Claim, batch: Batch) -> None:
    """Write a batch and move the spool's offsets in one transaction, so that every value counts exactly once.

    A batch that was committed already changes nothing, so trying again after a lost answer is safe.
    Raises LeaseLost.
    """
    with store.begin() as connection:
        _record(connection, claim, batch)


def finish_experiment(
    store: Store, claim: Claim, batch: Batch, ending: Ending, *, run_fence: int, host: str
) -> Claim | None:
    """Write the last batch, end the attempt, and take the run's next experiment, all in one transaction.

    Raises LeaseLost.
    """
    with store.begin() as connection:
        # No repeat can be accepted here: if this was committed before, the attempt has ended and is no longer held.
        if not _move(connection, claim, batch, ending):
            raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")
        _insert_news(connection, claim, batch)
        return _claim_next(connection, claim.run_id, run_fence, claim.owner, host)


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


def beat(store: Store, name: str, detail: Mapping[str, Any]) -> None:
    """Say that a standing process is alive, with what others may want to know of it."""
    with store.begin() as connection:
        _commit_lightly(connection)
        connection.execute(
            text(
                """INSERT INTO heartbeat (name, seen_at, detail) VALUES (:name, now(), CAST(:detail AS jsonb))
                ON CONFLICT (name) DO UPDATE SET seen_at = now(), detail = excluded.detail"""
            ),
            {"name": name, "detail": _json(dict(detail))},
        )


def last_beat(store: Store, name: str) -> tuple[float, dict[str, Any]] | None:
    """Seconds since a standing process was last heard of, and what it said; None where it never spoke."""
    with store.read() as connection:
        row = connection.execute(
            text("SELECT extract(epoch FROM now() - seen_at) AS age, detail FROM heartbeat WHERE name = :name"),
            {"name": name},
        ).one_or_none()
    return (float(row.age), row.detail) if row else None


# --- how ----------------------------------------------------------------------------------------------------------


def _held(claim: Claim) -> dict[str, int]:
    return {"id": claim.experiment_id, "attempt": claim.attempt, "fence": claim.fence}


def _commit_lightly(connection: Connection) -> None:
    # A lease that a crash forgets is only renewed again; waiting for the disk would buy nothing.
    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _json(value: Any) -> str:
    return json.dumps(value)


def _array(numbers: Sequence[float | None]) -> str:
    # JSON's words for NaN, infinities and null are also PostgreSQL's; its encoder is far faster than a loop.
    return "{" + json.dumps(numbers)[1:-1] + "}"


def _array_or_none(numbers: Sequence[float | None]) -> str | None:
    """Nothing where the script gave no number at all, which is how most metrics' batches are."""
    return None if all(number is None for number in numbers) else _array(numbers)


def _record(connection: Connection, claim: Claim, batch: Batch) -> None:
    if _move(connection, claim, batch):
        _insert_news(connection, claim, batch)
    else:
        _refuse_or_accept_repeat(connection, claim, batch)


# One statement each, as an experiment that does nothing costs little more than its statements.
_MOVE = """UPDATE experiment SET metric_offset = :new_metric, stdout_offset = :new_stdout,
        value_count = value_count + :count, rejected_lines = rejected_lines + :rejected,
        rejected_sample = coalesce(rejected_sample, :sample), epoch = coalesce(:epoch, epoch),
        epochs = coalesce(:epochs, epochs), {more}
    WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running'
        AND metric_offset = :metric AND stdout_offset = :stdout"""
_MOVE_ON = text(_MOVE.format(more="lease_until = now() + make_interval(secs => :lease)"))
# One that was to stop is not tried again. The request says why, unless the script's own end came first.
_MOVE_TO_END = text(
    "WITH moved AS ("
    + _MOVE.format(
        more="""exit_code = :exit_code, duration_s = :duration_s, request = NULL, owner = NULL, lease_until = NULL,
        state = CASE WHEN :state = 'queued' AND request = 'stop' THEN 'stopped' ELSE :state END,
        reason = CASE WHEN :state IN ('queued', 'stopped') AND request = 'stop' THEN coalesce(reason, :reason)
            ELSE :reason END,
        failures = failures + CASE WHEN :state IN ('queued', 'failed') THEN 1 ELSE 0 END, failure = :failure,
        ended_at = CASE WHEN :state = 'queued' AND request IS NULL THEN NULL ELSE now() END"""
    )
    + """ RETURNING id, attempt, state, reason)
    UPDATE attempt SET ended_at = now(), duration_s = :duration_s, exit_code = :exit_code, ending = :ending,
        reason = CASE WHEN :ending = 'stopped' THEN moved.reason ELSE :reason END
    FROM moved WHERE attempt.experiment_id = moved.id AND attempt.attempt = moved.attempt"""
)


def _move(connection: Connection, claim: Claim, batch: Batch, ending: Ending | None = None) -> bool:
    """Move the offsets of an attempt that is held, and end it if told to; says whether it stood where it should."""
    parameters: dict[str, Any] = {
        **_held(claim),
        "metric": batch.metric_offset,
        "stdout": batch.stdout_offset,
        "new_metric": batch.new_metric_offset,
        "new_stdout": batch.new_stdout_offset,
        "count": sum(len(part.values) for part in batch.values),
        "rejected": batch.rejected_lines,
        "sample": batch.rejected_sample,
        "epoch": batch.epoch,
        "epochs": batch.epochs,
    }
    if ending is None:
        return connection.execute(_MOVE_ON, {**parameters, "lease": LEASE_S}).rowcount == 1
    parameters |= {
        "state": "queued" if ending.retry else ending.state,
        "exit_code": ending.exit_code,
        "reason": ending.reason,
        "duration_s": ending.duration_s,
        "failure": ending.failure,
        "ending": ending.state,
    }
    return connection.execute(_MOVE_TO_END, parameters).rowcount == 1


def _insert_news(connection: Connection, claim: Claim, batch: Batch) -> None:
    if batch.values:
        _insert_values(connection, claim, batch.values)
    if batch.views:
        _insert_views(connection, claim, batch.views)
    if batch.stdout_tail is not None or batch.stderr_tail is not None:
        _keep_tails(connection, claim, batch)


def _refuse_or_accept_repeat(connection: Connection, claim: Claim, batch: Batch) -> None:
    # The answer to a commit may get lost: then the offsets stand already where this batch ends.
    done = connection.execute(
        text(
            """SELECT FROM experiment WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running'
                AND metric_offset = :metric AND stdout_offset = :stdout"""
        ),
        {**_held(claim), "metric": batch.new_metric_offset, "stdout": batch.new_stdout_offset},
    ).one_or_none()
    if done is None:
        raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")


def _insert_values(connection: Connection, claim: Claim, parts: Sequence[Values]) -> None:
    # Arrays of arrays' texts: one statement however many metrics there are, as each costs a round trip.
    finite = [[value for value in part.values if math.isfinite(value)] for part in parts]
    key = {"experiment": claim.experiment_id, "attempt": claim.attempt, "metrics": [part.metric_id for part in parts]}
    connection.execute(
        text(
            """INSERT INTO metric_chunk (experiment_id, attempt, metric_id, first_seq, "values", epochs, batches, times)
            SELECT :experiment, :attempt, metric, first_seq, CAST("values" AS float8[]), CAST(epochs AS float8[]),
                CAST(batches AS float8[]), CAST(times AS float8[])
            FROM unnest(CAST(:metrics AS int[]), CAST(:first_seqs AS bigint[]), CAST(:values AS text[]),
                CAST(:epochs AS text[]), CAST(:batches AS text[]), CAST(:times AS text[]))
                AS new (metric, first_seq, "values", epochs, batches, times)"""
        ),
        {
            **key,
            "first_seqs": [part.first_seq for part in parts],
            "values": [_array(part.values) for part in parts],
            "epochs": [_array_or_none(part.epochs) for part in parts],
            "batches": [_array_or_none(part.batches) for part in parts],
            "times": [_array(part.times) for part in parts],
        },
    )
    connection.execute(
        text(
            """INSERT INTO metric_summary AS old (experiment_id, metric_id, attempt, count, last, minimum, maximum)
            SELECT :experiment, metric, :attempt, count, last, low, high
            FROM unnest(CAST(:metrics AS int[]), CAST(:counts AS bigint[]), CAST(:lasts AS float8[]),
                CAST(:lows AS float8[]), CAST(:highs AS float8[])) AS new (metric, count, last, low, high)
            ON CONFLICT (experiment_id, metric_id) DO UPDATE SET attempt = excluded.attempt,
                count = old.count + excluded.count, last = excluded.last,
                minimum = least(old.minimum, excluded.minimum), maximum = greatest(old.maximum, excluded.maximum)"""
        ),
        {
            **key,
            "counts": [len(part.values) for part in parts],
            "lasts": _array([part.values[-1] for part in parts]),
            "lows": _array([min(numbers, default=None) for numbers in finite]),
            "highs": _array([max(numbers, default=None) for numbers in finite]),
        },
    )


def _insert_views(connection: Connection, claim: Claim, views: Sequence[NewView]) -> None:
    connection.execute(
        text(
            """INSERT INTO view (experiment_id, attempt, name, kind, epoch, payload)
            VALUES (:experiment, :attempt, :name, :kind, :epoch, :payload)"""
        ),
        [
            {
                "experiment": claim.experiment_id,
                "attempt": claim.attempt,
                "name": entry.name,
                "kind": entry.kind,
                "epoch": entry.epoch,
                "payload": entry.payload,
            }
            for entry in views
        ],
    )


def _keep_tails(connection: Connection, claim: Claim, batch: Batch) -> None:
    connection.execute(
        text(
            """INSERT INTO experiment_log AS old (experiment_id, attempt, stdout_tail, stderr_tail)
            VALUES (:experiment, :attempt, coalesce(:stdout, ''), coalesce(:stderr, ''))
            ON CONFLICT (experiment_id) DO UPDATE SET attempt = excluded.attempt,
                stdout_tail = coalesce(:stdout, old.stdout_tail), stderr_tail = coalesce(:stderr, old.stderr_tail)"""
        ),
        {
            "experiment": claim.experiment_id,
            "attempt": claim.attempt,
            "stdout": batch.stdout_tail,
            "stderr": batch.stderr_tail,
        },
    )
