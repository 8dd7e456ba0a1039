"""What overviews count and read of many experiments at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from storage import overview
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids
from storage.records import Project, Run
from storage.run_leases import claim_runs
from storage.store import Store


def finish_all(store: Store, values: list[float | None], *, metric: str = "accuracy") -> Run:
    """Let the next run's experiments end, each with one value, or fail where it is None."""
    run = min(claim_runs(store, "scheduler"), key=lambda each: each.number)
    claim = claim_experiment(store, Place("worker", "here"))
    for value in values:
        assert claim is not None
        ids = metric_ids(store, run.project_id, [metric])
        news = [] if value is None else [Values(ids[metric], 0, [value], [None], [None], [0.0])]
        ending = Ending("failed" if value is None else "finished", 1.0)
        claim = finish_experiment(store, claim, Batch({}, {"metrics": 1}, news), ending, then=Place("worker", "here"))
    return run


@pytest.mark.parametrize(("goal", "best", "number"), [("maximize", 0.9, 2), ("minimize", 0.1, 1)])
def test_the_best_experiment_of_a_run_follows_its_goal(
    store: Store, project: Project, make_run: Callable[..., Run], goal: str, best: float, number: int
) -> None:
    make_run(4, objective="accuracy", goal=goal)
    finish_all(store, [0.1, 0.9, math.nan, math.inf])
    found = overview.fetch_best(store, project.id)
    assert [(each.experiment, each.value, each.run_number) for each in found] == [(number, best, 1)]


def test_a_run_without_values_has_no_best(store: Store, project: Project, make_run: Callable[..., Run]) -> None:
    make_run(2, objective="accuracy")
    make_run(2)
    finish_all(store, [math.nan, None])
    assert overview.fetch_best(store, project.id) == []


def test_projects_and_runs_are_counted(store: Store, project: Project, make_run: Callable[..., Run]) -> None:
    make_run(3)
    make_run(2)
    finish_all(store, [1.0, None])
    assert overview.count_runs(store) == {project.id: 2}
    assert overview.count_project_states(store) == {project.id: {"finished": 1, "failed": 1, "running": 1, "queued": 2}}


def test_experiments_are_read_by_number_in_the_order_asked_for(
    store: Store, project: Project, make_run: Callable[..., Run]
) -> None:
    make_run(5)
    assert [each.number for each in overview.fetch_numbered(store, project.id, [4, 2, 99])] == [4, 2]
    assert overview.fetch_numbered(store, project.id, []) == []


def test_settings_are_read_in_order_and_no_more_than_wanted(
    store: Store, project: Project, make_run: Callable[..., Run]
) -> None:
    make_run(1)
    run = make_run(3)
    assert overview.fetch_settings(store, run.id, most=2) == [(2, {"lr": 0.1}), (3, {"lr": 0.2})]
