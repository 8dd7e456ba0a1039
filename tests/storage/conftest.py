"""A project with a run, ready to be worked on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage.projects import register_project
from storage.records import Claim, Project, Run
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.work import claim_experiment, claim_runs


@pytest.fixture
def project(store: Store) -> Project:
    return register_project(
        store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[], objective="accuracy"
    )


@pytest.fixture
def make_run(store: Store, project: Project) -> Callable[..., Run]:
    def make(count: int = 3, **options: object) -> Run:
        settings = [{"lr": 0.1 * (position + 1)} for position in range(count)]
        new = NewRun(
            "python train.py --lr [..]",
            {"lr": [s["lr"] for s in settings]},
            [],
            [NewExperiment(s) for s in settings],
            **options,
        )  # type: ignore[arg-type]
        return create_run(store, project, new)

    return make


@pytest.fixture
def claimed(store: Store, make_run: Callable[..., Run]) -> tuple[Run, Claim]:
    """A claimed run of three, and its first experiment, claimed too."""
    make_run()
    run = claim_runs(store, "scheduler")[0]
    claim = claim_experiment(store, run.id, run.fence, "worker", "here")
    assert claim is not None
    return run, claim
