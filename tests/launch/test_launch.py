"""A launch in one piece: its draft is the one that was looked at, whatever happened to it since."""

from __future__ import annotations

import pytest

from launch.launch import Launched, Refusal, Request, launch
from launch.order import save_draft
from launch.plan import Plan
from storage.projects import find_project
from storage.records import Project, Run
from storage.runs import discard_draft, fetch_runs
from storage.store import Store
from tests.launch.conftest import Planner, order, settings_of


@pytest.fixture
def drafted(store: Store, project: Project, plan: Planner) -> tuple[Plan, Run]:
    made = plan({"lr": (0.1,)})
    return made, save_draft(store, project, made, order())


def launched(store: Store, project: Project, made: Plan, draft: Run) -> object:
    now = find_project(store, project.slug)
    assert now
    return launch(store, now, Request(made.demand, order(), made.code, draft=draft))


def test_a_draft_is_started(store: Store, project: Project, drafted: tuple[Plan, Run]) -> None:
    outcome = launched(store, project, *drafted)
    assert isinstance(outcome, Launched)
    assert (outcome.run.id, outcome.run.state) == (drafted[1].id, "queued")


def test_a_draft_that_was_discarded_becomes_no_new_run(
    store: Store, project: Project, drafted: tuple[Plan, Run]
) -> None:
    discard_draft(store, drafted[1].id)
    outcome = launched(store, project, *drafted)
    assert isinstance(outcome, Refusal)
    assert "discarded by somebody else" in outcome.sentence
    assert fetch_runs(store, project.id) == []


def test_another_draft_with_its_number_is_left_alone(
    store: Store, project: Project, plan: Planner, drafted: tuple[Plan, Run]
) -> None:
    discard_draft(store, drafted[1].id)
    other = save_draft(store, project, plan({"lr": (0.9,)}), order())
    assert other.number == drafted[1].number
    assert isinstance(launched(store, project, *drafted), Refusal)
    (run,) = fetch_runs(store, project.id)
    assert (run.id, run.state, run.candidates) == (other.id, "draft", {"lr": [0.9]})
    assert settings_of(store, run) == []
