"""What overviews ask of many experiments at once, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from analysis.counting import finished_condition, finite_condition
from storage import schema
from storage.experiments import read_experiments
from storage.records import Experiment, Settings
from storage.store import Store


@dataclass(frozen=True)
class Best:
    """The best value of a run's objective, and the experiment that reached it."""

    run_id: int
    run_number: int
    experiment: int
    value: float
    objective: str
    goal: str


def fetch_best(store: Store, project_id: int) -> list[Best]:
    """For each run with an objective: the best of the experiments that count, by the value reported last."""
    statement = text(
        f"""SELECT DISTINCT ON (run.id) run.id, run.number, experiment.number, summary.last, run.objective, run.goal
        FROM run JOIN experiment ON experiment.run_id = run.id
            JOIN metric ON metric.project_id = run.project_id AND metric.name = run.objective
            JOIN metric_summary summary
                ON summary.experiment_id = experiment.id AND summary.metric_id = metric.id
        WHERE run.project_id = :project
            AND {finished_condition("experiment.state")} AND {finite_condition("summary.last")}
        ORDER BY run.id, CASE run.goal WHEN 'minimize' THEN summary.last ELSE -summary.last END, experiment.number"""
    )
    with store.begin() as connection:
        return [Best(*row) for row in connection.execute(statement, {"project": project_id})]


def count_project_states(store: Store) -> dict[int, dict[str, int]]:
    """How many experiments of each project are in each state: `{project id: {state: count}}`."""
    statement = text("SELECT project_id, state, count(*) FROM experiment GROUP BY project_id, state")
    counts: dict[int, dict[str, int]] = {}
    with store.begin() as connection:
        for project_id, state, count in connection.execute(statement):
            counts.setdefault(project_id, {})[state] = count
    return counts


def count_runs(store: Store) -> dict[int, int]:
    """How many runs each project has."""
    with store.begin() as connection:
        rows = connection.execute(text("SELECT project_id, count(*) FROM run GROUP BY project_id"))
        return {row[0]: row[1] for row in rows}


def fetch_settings(store: Store, run_id: int, *, most: int) -> list[tuple[int, Settings]]:
    """Number and settings of a run's first experiments, without their metrics."""
    statement = text("SELECT number, settings FROM experiment WHERE run_id = :run ORDER BY number LIMIT :most")
    with store.begin() as connection:
        return [(number, settings) for number, settings in connection.execute(statement, {"run": run_id, "most": most})]


def fetch_numbered(store: Store, project_id: int, numbers: Sequence[int]) -> list[Experiment]:
    """The project's experiments of these numbers, in this order; unknown numbers are left out."""
    table = schema.experiment.c
    with store.begin() as connection:
        found = read_experiments(connection, (table.project_id == project_id) & table.number.in_(list(numbers)))
    return sorted(found, key=lambda experiment: list(numbers).index(experiment.number))
