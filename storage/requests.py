"""What people ask of runs and experiments that are under way; whoever owns the work reads it and obeys.

Each request locks the run's row first, so that of two at once one sees what the other did. A run that nobody owns is
dealt with at once; raising RunError changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from analysis.sharing import refused_share
from storage import schema
from storage.runs import NewExperiment, RunError, insert_experiments, lock_project
from storage.store import Store

# In which state of a run a request makes sense, and what to call it.
_OPEN = ("queued", "running", "paused")
BY_REQUEST = "stopped by request"
DROPPED = "dropped from the queue"


def _state_of(connection: Connection, run_id: int, allowed: Sequence[str], what: str) -> str:
    row = connection.execute(text("SELECT state, request FROM run WHERE id = :id FOR UPDATE"), {"id": run_id}).first()
    state = "gone" if row is None else "being stopped" if row.request and row.state in _OPEN else str(row.state)
    if state not in allowed:
        raise RunError(f"This run cannot be {what}: it is {'a draft' if state == 'draft' else state}.")
    return state


def lock_run(connection: Connection, run_id: int) -> None:
    """Hold a run's row to the end of the caller's transaction, as every request does first."""
    connection.execute(text("SELECT FROM run WHERE id = :id FOR UPDATE"), {"id": run_id})


def _wake(connection: Connection) -> None:
    connection.execute(text(f"NOTIFY {schema.WORK_CHANNEL}"))


# --- a run ----------------------------------------------------------------------------------------------------------


def request_pause(store: Store, run_id: int) -> None:
    """Start no further experiment of a run; those that run go on to their end.

    Raises RunError where the run is not open.
    """
    with store.begin() as connection:
        _state_of(connection, run_id, ("queued", "running"), "paused")
        connection.execute(text("UPDATE run SET state = 'paused' WHERE id = :id"), {"id": run_id})
        _wake(connection)


def pause_for(store: Store, run_id: int, reason: str) -> None:
    """The same without a person, who is told why. A run that is not open stays as it is."""
    with store.begin() as connection:
        connection.execute(
            text(
                """UPDATE run SET state = 'paused', reason = :reason
                WHERE id = :id AND state IN ('queued', 'running') AND request IS NULL"""
            ),
            {"id": run_id, "reason": reason},
        )
        _wake(connection)


def request_resume(store: Store, run_id: int) -> None:
    """Go on with a paused run. Raises RunError where it is not paused."""
    with store.begin() as connection:
        _state_of(connection, run_id, ("paused",), "resumed")
        _reopen(connection, run_id)


def _reopen(connection: Connection, run_id: int) -> None:
    """Leave the run to its owner, or else to the dispatcher, which also finds out whether an owner is alive."""
    connection.execute(
        text(
            """UPDATE run SET ended_at = NULL, reason = NULL, request = NULL,
                state = CASE WHEN owner IS NULL THEN 'queued' ELSE 'running' END
            WHERE id = :id"""
        ),
        {"id": run_id},
    )
    _wake(connection)


def request_stop(store: Store, run_id: int, reason: str = BY_REQUEST) -> None:
    """Stop a run: queued experiments at once, running ones as soon as their owner reads the request.

    One that has ended, or is a draft, stays as it is.
    """
    mine = {"id": run_id, "reason": reason, "open": list(_OPEN)}
    with store.begin() as connection:
        # A paused one is open again until it has stopped, so that somebody sees to it whoever dies.
        asked = connection.execute(
            text(
                """UPDATE run SET request = 'stop', reason = CASE WHEN request = 'stop' THEN reason ELSE :reason END,
                    state = CASE WHEN state = 'paused' THEN 'running' ELSE state END
                WHERE id = :id AND state = ANY(:open)"""
            ),
            mine,
        )
        _stop_running(connection, run_id)
    if asked.rowcount == 0:
        return
    # From here on the run's owner or the dispatcher would see to it, too; a long queue takes seconds.
    with store.begin() as connection:
        lock_run(connection, run_id)
        _stop_queued(connection, run_id)
        # Nobody would obey where nobody owns it and nothing runs.
        connection.execute(
            text(
                """UPDATE run SET state = 'stopped', ended_at = now(), lease_until = NULL, owner = NULL,
                    waiting = NULL
                WHERE id = :id AND request = 'stop' AND state = ANY(:open)
                    AND (owner IS NULL OR lease_until < now()) AND NOT EXISTS (
                        SELECT FROM experiment WHERE run_id = :id AND state IN ('queued', 'running'))"""
            ),
            mine,
        )
        _wake(connection)


def stop_open(store: Store, run_id: int) -> None:
    """End what a run that is to stop still has open: one that failed may have been queued again since."""
    with store.begin() as connection:
        lock_run(connection, run_id)
        _stop_running(connection, run_id)
        _stop_queued(connection, run_id)


# Both only while the run is to stop: somebody may have reopened it since it ended.
_WHY = "(SELECT reason FROM run WHERE id = :id)"
_IS_TO_STOP = "EXISTS (SELECT FROM run WHERE id = :id AND request = 'stop' AND state IN ('queued', 'running'))"


def _stop_running(connection: Connection, run_id: int) -> None:
    statement = f"""UPDATE experiment SET request = 'stop', reason = {_WHY}
        WHERE run_id = :id AND state = 'running' AND request IS NULL AND {_IS_TO_STOP}"""
    connection.execute(text(statement), {"id": run_id})


def _stop_queued(connection: Connection, run_id: int) -> None:
    statement = f"""UPDATE experiment SET state = 'stopped', reason = {_WHY}, ended_at = now()
        WHERE run_id = :id AND state = 'queued' AND {_IS_TO_STOP}"""
    connection.execute(text(statement), {"id": run_id})


def extend_run(
    store: Store, project_id: int, run_id: int, experiments: Sequence[NewExperiment], changes: Mapping[str, Any]
) -> list[int]:
    """Add experiments to a run, open or ended, and go on with it; returns their numbers.

    changes: columns of the run that say what it is now (`command_line`, `candidates`, `hyperparameters`, `strategy`,
    `left_out`), as in NewRun. An adaptive strategy goes on until the run has `strategy.count` settings in all. A
    paused run stays paused. Raises RunError for a draft, and while the run is being stopped.
    """
    with store.begin() as connection:
        lock_project(connection, project_id)
        ended = schema.ENDED_STATES
        state = _state_of(connection, run_id, (*_OPEN, *ended), "extended")
        if changes:
            run = schema.run.c
            connection.execute(schema.run.update().where(run.id == run_id).values(dict(changes)))
        numbers = insert_experiments(connection, project_id, run_id, experiments)
        if state not in ended:
            _wake(connection)
        elif "strategy" in changes or _has_queued(connection, run_id):
            _reopen(connection, run_id)
    return numbers


def _has_queued(connection: Connection, run_id: int) -> bool:
    statement = text("SELECT EXISTS (SELECT FROM experiment WHERE run_id = :id AND state = 'queued')")
    return bool(connection.scalar(statement, {"id": run_id}))


def set_share(
    store: Store, run_id: int, *, priority: int | None = None, weight: float | None = None
) -> tuple[int, float]:
    """Change how an open run gets free places; None leaves what it has. Its owner follows at its next look.

    Returns the priority and the weight that it had. Raises RunError where the run is not open, or where it cannot have
    such a number.
    """
    with store.begin() as connection:
        _state_of(connection, run_id, _OPEN, "given another priority or share")
        had = connection.execute(text("SELECT priority, weight FROM run WHERE id = :id"), {"id": run_id}).one()
        wanted = {
            "priority": had.priority if priority is None else priority,
            "weight": had.weight if weight is None else weight,
        }
        if refused := refused_share(**wanted):
            raise RunError(refused)
        statement = text("UPDATE run SET priority = :priority, weight = :weight WHERE id = :id")
        connection.execute(statement, {"id": run_id, **wanted})
        _wake(connection)
    return had.priority, had.weight


def judge_by(store: Store, run_id: int, metric: str, goal: str) -> None:
    """Make another metric the objective of a run; of its project, too, if that was judged by the same one.

    Raises RunError where none of the project's experiments has reported that metric.
    """
    with store.begin() as connection:
        lock_run(connection, run_id)
        had = connection.execute(text("SELECT project_id, objective FROM run WHERE id = :id"), {"id": run_id}).one()
        wanted = {"id": run_id, "project": had.project_id, "before": had.objective, "metric": metric, "goal": goal}
        known = "SELECT EXISTS (SELECT FROM metric WHERE project_id = :project AND name = :metric)"
        if not connection.scalar(text(known), wanted):
            raise RunError(f"No experiment of this project has reported {metric}.")
        for statement in (
            "UPDATE run SET objective = :metric, goal = :goal WHERE id = :id",
            "UPDATE project SET objective = :metric, goal = :goal "
            "WHERE id = :project AND objective IS NOT DISTINCT FROM :before",
        ):
            connection.execute(text(statement), wanted)


# --- some of its experiments ------------------------------------------------------------------------------------------


def interrupt(store: Store, run_id: int, numbers: Sequence[int], reason: str = BY_REQUEST) -> int:
    """End experiments: queued ones at once, running ones as soon as their owner reads the request; how many."""
    with store.begin() as connection:
        lock_run(connection, run_id)
        mine = {"run": run_id, "numbers": list(numbers), "reason": reason}
        dropped = _end_queued(connection, mine)
        asked = ask_to_end(connection, run_id, numbers, reason)
        # A paused run that has nothing left is closed.
        _wake(connection)
    return dropped + asked


def ask_to_end(connection: Connection, run_id: int, numbers: Sequence[int], reason: str) -> int:
    """Request the end of running experiments, in a transaction of the caller that holds the run's row; how many."""
    statement = """UPDATE experiment SET request = 'stop', reason = :reason
        WHERE run_id = :run AND number = ANY(:numbers) AND state = 'running' AND request IS NULL"""
    which = {"run": run_id, "numbers": list(numbers), "reason": reason}
    return connection.execute(text(statement), which).rowcount


def _end_queued(connection: Connection, which: Mapping[str, Any]) -> int:
    statement = """UPDATE experiment SET state = 'stopped', reason = :reason, ended_at = now()
        WHERE run_id = :run AND number = ANY(:numbers) AND state = 'queued'"""
    return connection.execute(text(statement), which).rowcount


def drop_queued(store: Store, run_id: int, numbers: Sequence[int]) -> int:
    """Take experiments out of the queue before they start; returns how many were still waiting."""
    with store.begin() as connection:
        lock_run(connection, run_id)
        dropped = _end_queued(connection, {"run": run_id, "numbers": list(numbers), "reason": DROPPED})
        _wake(connection)
    return dropped


def move_first(store: Store, run_id: int, numbers: Sequence[int]) -> int:
    """Let queued experiments start before all others of their run, by number among themselves; how many."""
    with store.begin() as connection:
        lock_run(connection, run_id)
        moved = connection.execute(
            text(
                """UPDATE experiment SET priority = 1 + (SELECT max(priority) FROM experiment
                    WHERE run_id = :run AND state = 'queued')
                WHERE run_id = :run AND number = ANY(:numbers) AND state = 'queued'"""
            ),
            {"run": run_id, "numbers": list(numbers)},
        )
    return moved.rowcount


def move_last(store: Store, run_id: int, numbers: Sequence[int]) -> int:
    """Let queued experiments start after all others of their run; how many."""
    with store.begin() as connection:
        lock_run(connection, run_id)
        moved = connection.execute(
            text(
                """UPDATE experiment SET priority = (SELECT min(priority) FROM experiment
                    WHERE run_id = :run AND state = 'queued') - 1
                WHERE run_id = :run AND number = ANY(:numbers) AND state = 'queued'"""
            ),
            {"run": run_id, "numbers": list(numbers)},
        )
    return moved.rowcount


def queue_again(store: Store, run_id: int, numbers: Sequence[int]) -> int:
    """Give failed, stopped and dropped experiments another attempt; returns how many. The run goes on if it had ended.

    The run's retries count anew. Raises RunError for a draft, and while the run is being stopped.
    """
    with store.begin() as connection:
        state = _state_of(connection, run_id, (*_OPEN, *schema.ENDED_STATES), "continued")
        queued = connection.execute(
            text(
                """UPDATE experiment SET state = 'queued', request = NULL, losses = 0, preemptions = 0, failures = 0,
                    ended_at = NULL, reason = NULL, failure = NULL
                WHERE run_id = :run AND number = ANY(:numbers) AND state IN ('failed', 'stopped')"""
            ),
            {"run": run_id, "numbers": list(numbers)},
        )
        if queued.rowcount and state in schema.ENDED_STATES:
            _reopen(connection, run_id)
        elif queued.rowcount:
            _wake(connection)
    return queued.rowcount
