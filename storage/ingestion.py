"""What the owner of an attempt writes: values, views, tails of its output, and how it ended.

Every batch moves the spool's offsets in the transaction that writes its rows, so that every value counts exactly once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from storage.leases import LEASE_S, LeaseLost, Place, claim_next, held
from storage.records import Claim
from storage.schema import ENDED_STATES
from storage.store import Store


@dataclass(frozen=True)
class Values:
    """New values of one metric, in arrival order; `first_seq` is the number of its values before them."""

    metric_id: int
    first_seq: int
    values: Sequence[float]
    epochs: Sequence[float | None]
    batches: Sequence[float | None]
    times: Sequence[float]
    # Where they are from, in words.
    source: str = ""


@dataclass(frozen=True)
class NewView:
    """A view to attach; `payload` is UTF-8 JSON."""

    name: str
    kind: str
    epoch: float | None
    payload: bytes


@dataclass(frozen=True)
class Batch:
    """What was read from the spool since the last commit: `since` and `upto` are the offsets of each of its files."""

    since: Mapping[str, int]
    upto: Mapping[str, int]
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


def record(store: Store, claim: Claim, batch: Batch) -> None:
    """Write a batch and move the spool's offsets in one transaction, so that every value counts exactly once.

    A batch that was committed already changes nothing, so trying again after a lost answer is safe.
    Raises LeaseLost.
    """
    with store.begin() as connection:
        _record(connection, claim, batch)


def finish_experiment(
    store: Store, claim: Claim, batch: Batch, ending: Ending, *, then: Place | None = None
) -> Claim | None:
    """Write the last batch, end the attempt, and take the next experiment for a place, all in one transaction.

    Raises LeaseLost.
    """
    with store.begin() as connection:
        # No repeat can be accepted here: if this was committed before, the attempt has ended and is no longer held.
        if not _move(connection, claim, batch, ending):
            raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")
        _insert_news(connection, claim, batch)
        return None if then is None else claim_next(connection, then)


def replace_values(store: Store, experiment_id: int, attempt: int, parts: Sequence[Values]) -> bool:
    """Put other values in the place of all that an attempt which has ended has of some metrics.

    False, and nothing changes, where it is not the newest attempt, has not ended, or its script logged by itself.
    """
    key = {"id": experiment_id, "attempt": attempt, "metrics": [part.metric_id for part in parts]}
    with store.begin() as connection:
        held = connection.execute(
            text(
                """SELECT FROM experiment WHERE id = :id AND attempt = :attempt AND state = ANY(:ended)
                    AND NOT offsets ? 'metrics.jsonl' FOR UPDATE"""
            ),
            {**key, "ended": list(ENDED_STATES)},
        ).one_or_none()
        if held is None:
            return False
        before = connection.execute(
            text(
                """WITH gone AS (DELETE FROM metric_summary
                    WHERE experiment_id = :id AND metric_id = ANY(:metrics) RETURNING attempt, count)
                SELECT coalesce(sum(count), 0)::bigint FROM gone WHERE attempt = :attempt"""
            ),
            key,
        ).scalar_one()
        connection.execute(
            text(
                """DELETE FROM metric_chunk
                WHERE experiment_id = :id AND attempt = :attempt AND metric_id = ANY(:metrics)"""
            ),
            key,
        )
        _insert_values(connection, experiment_id, attempt, parts)
        connection.execute(
            text("UPDATE experiment SET value_count = value_count + :more WHERE id = :id"),
            {**key, "more": sum(len(part.values) for part in parts) - before},
        )
    return True


# --- how ----------------------------------------------------------------------------------------------------------


def _offsets(offsets: Mapping[str, int]) -> str:
    # A file that nothing was read of is as one that is not named.
    return json.dumps({name: offset for name, offset in offsets.items() if offset})


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
_MOVE = """UPDATE experiment SET offsets = CAST(:upto AS jsonb),
        value_count = value_count + :count, rejected_lines = rejected_lines + :rejected,
        rejected_sample = coalesce(rejected_sample, :sample), epoch = coalesce(:epoch, epoch),
        epochs = coalesce(:epochs, epochs), {more}
    WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running'
        AND offsets = CAST(:since AS jsonb)"""
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
    + """ RETURNING id, attempt, state, reason, epoch, value_count)
    UPDATE attempt SET ended_at = now(), duration_s = :duration_s, exit_code = :exit_code, ending = :ending,
        epoch = moved.epoch, value_count = moved.value_count,
        reason = CASE WHEN :ending = 'stopped' THEN moved.reason ELSE :reason END
    FROM moved WHERE attempt.experiment_id = moved.id AND attempt.attempt = moved.attempt"""
)


def _move(connection: Connection, claim: Claim, batch: Batch, ending: Ending | None = None) -> bool:
    """Move the offsets of an attempt that is held, and end it if told to; says whether it stood where it should."""
    parameters: dict[str, Any] = {
        **held(claim),
        "since": _offsets(batch.since),
        "upto": _offsets(batch.upto),
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
        _insert_values(connection, claim.experiment_id, claim.attempt, batch.values)
    if batch.views:
        _insert_views(connection, claim, batch.views)
    if batch.stdout_tail is not None or batch.stderr_tail is not None:
        _keep_tails(connection, claim, batch)


def _refuse_or_accept_repeat(connection: Connection, claim: Claim, batch: Batch) -> None:
    # The answer to a commit may get lost: then the offsets stand already where this batch ends.
    done = connection.execute(
        text(
            """SELECT FROM experiment WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running'
                AND offsets = CAST(:upto AS jsonb)"""
        ),
        {**held(claim), "upto": _offsets(batch.upto)},
    ).one_or_none()
    if done is None:
        raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")


def _insert_values(connection: Connection, experiment_id: int, attempt: int, parts: Sequence[Values]) -> None:
    # Arrays of arrays' texts: one statement however many metrics there are, as each costs a round trip.
    finite = [[value for value in part.values if math.isfinite(value)] for part in parts]
    key = {"experiment": experiment_id, "attempt": attempt, "metrics": [part.metric_id for part in parts]}
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
            """INSERT INTO metric_summary AS old
                (experiment_id, metric_id, attempt, count, last, minimum, maximum, source)
            SELECT :experiment, metric, :attempt, count, last, low, high, source
            FROM unnest(CAST(:metrics AS int[]), CAST(:counts AS bigint[]), CAST(:lasts AS float8[]),
                CAST(:lows AS float8[]), CAST(:highs AS float8[]), CAST(:sources AS text[]))
                AS new (metric, count, last, low, high, source)
            ON CONFLICT (experiment_id, metric_id) DO UPDATE SET attempt = excluded.attempt,
                count = old.count + excluded.count, last = excluded.last,
                minimum = least(old.minimum, excluded.minimum), maximum = greatest(old.maximum, excluded.maximum)"""
        ),
        {
            **key,
            "counts": [len(part.values) for part in parts],
            "sources": [part.source for part in parts],
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
