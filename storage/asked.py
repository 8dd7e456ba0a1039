"""What an adaptive strategy learns from a run, and how the settings that it asks for become experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text

from analysis.counting import is_counted
from storage import schema
from storage.leases import LeaseLost
from storage.records import Run, Settings
from storage.runs import NewExperiment, insert_experiments, lock_project
from storage.store import Store


@dataclass(frozen=True)
class Asked:
    """One experiment as a strategy sees it. `value`: the objective's last one, where it finished with a finite one."""

    number: int
    settings: Settings
    repeat: int
    is_open: bool
    value: float | None


def fetch_asked(store: Store, run: Run) -> list[Asked]:
    """All of the run's experiments in order; any of them may have been queued again and ended since."""
    statement = text(
        """SELECT experiment.number, settings, repeat, state, summary.last
        FROM experiment LEFT JOIN metric ON metric.project_id = experiment.project_id AND metric.name = :objective
            LEFT JOIN metric_summary summary
                ON summary.experiment_id = experiment.id AND summary.metric_id = metric.id
        WHERE run_id = :run ORDER BY experiment.number"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"run": run.id, "objective": run.objective}).all()
    return [
        Asked(number, settings, repeat, state in ("queued", "running"), _value(state, last))
        for number, settings, repeat, state, last in rows
    ]


def _value(state: str, last: float | None) -> float | None:
    return last if is_counted(state, last) else None


def add_asked(store: Store, run: Run, settings: Sequence[Sequence[NewExperiment]], *, most: int) -> int:
    """Queue the experiments of settings that a strategy asked for, each with its repeats; returns how many settings.

    Nothing beyond `most` settings in the whole run, and nothing while the run is paused or being stopped.
    Raises LeaseLost where the run is no longer ours.
    """
    held = text("SELECT state, request FROM run WHERE id = :id AND fence = :fence AND owner IS NOT NULL FOR UPDATE")
    experiment = schema.experiment.c
    with store.begin() as connection:
        lock_project(connection, run.project_id)
        row = connection.execute(held, {"id": run.id, "fence": run.fence}).one_or_none()
        if row is None:
            raise LeaseLost(f"run {run.id}, fence {run.fence}")
        if row.state != "running" or row.request:
            return 0
        there = connection.scalar(select(func.count()).where(experiment.run_id == run.id, experiment.repeat == 0))
        taken = settings[: max(0, most - int(there or 0))]
        insert_experiments(connection, run.project_id, run.id, [each for repeats in taken for each in repeats])
    return len(taken)
