"""A project with a real script in a real folder, and runs of it that end as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from analysis.candidates import Space
from analysis.hyperparameters import Hyperparameter
from launch.choice import StrategyChoice
from launch.code import code_state
from launch.order import Order
from launch.plan import Decisions, Demand, Plan, plan_of
from storage.experiments import fetch_experiments
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import find_project, metric_ids, register_project
from storage.records import Project, Run
from storage.run_leases import claim_runs
from storage.store import Store

SCRIPT = """
import argparse
import model
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=2)
parser.parse_args()
"""
LR = Hyperparameter("lr", "--lr", "float", 0.1)
EPOCHS = Hyperparameter("epochs", "--epochs", "int", 2)
SEED = Hyperparameter("seed", "--seed", "int", 7)

Planner = Callable[..., Plan]
Finisher = Callable[..., Run]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script, a module that it imports, and one that it does not."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "model.py").write_text("WIDTH = 3\n")
    (tmp_path / "plots.py").write_text("COLOUR = 'red'\n")
    (tmp_path / "data.csv").write_text("1,2\n")
    return tmp_path


@pytest.fixture
def project(store: Store, folder: Path) -> Project:
    """The project of that script, with an objective and no declared data."""
    return register_project(
        store,
        "Mine",
        directory=str(folder),
        command=["python", "train.py"],
        hyperparameters=[LR.to_json(), EPOCHS.to_json()],
        objective="accuracy",
    )


@pytest.fixture
def plan(store: Store, project: Project) -> Planner:
    """Plan some candidates with the code and data as they are now."""

    def make(
        space: Space,
        *,
        known: Sequence[Hyperparameter] = (LR, EPOCHS),
        decisions: Decisions | None = None,
        arguments: Sequence[str] = (),
        data_paths: Sequence[str] | None = None,
        only: range | None = None,
        **strategy: object,
    ) -> Plan:
        demand = Demand(space, StrategyChoice(**strategy), "maximize", known, arguments)  # type: ignore[arg-type]
        code = code_state(store, renewed(store, project), data_paths)
        return plan_of(store, project, demand, code, objective="accuracy", decisions=decisions, only=only)

    return make


def renewed(store: Store, project: Project) -> Project:
    """The project as it is now."""
    found = find_project(store, project.slug)
    assert found is not None
    return found


def order(**more: object) -> Order:
    """An order with nothing special about it."""
    return Order(**{"command_line": "python train.py --lr [..]", "prefix": ("python", "train.py"), **more})  # type: ignore[arg-type]


@pytest.fixture
def finish(store: Store) -> Finisher:
    """Let the oldest open run's next experiments end: each with one value, or failed where it is None."""

    def end(values: Sequence[float | None], *, seconds: float = 1.0) -> Run:
        run = min(claim_runs(store, "scheduler"), key=lambda each: each.number)
        claim = claim_experiment(store, Place("worker", "here"))
        ids = metric_ids(store, run.project_id, ["accuracy"])
        for value in values:
            assert claim is not None
            news = [] if value is None else [Values(ids["accuracy"], 0, [value], [None], [None], [0.0])]
            ending = Ending("failed" if value is None else "finished", seconds)
            claim = finish_experiment(
                store, claim, Batch({}, {"metrics": 1}, news), ending, then=Place("worker", "here")
            )
        return run

    return end


def settings_of(store: Store, run: Run) -> list[dict[str, object]]:
    """What a run's experiments are given, in their order."""
    return [dict(each.settings) for each in fetch_experiments(store, run.project_id, run_id=run.id)]
