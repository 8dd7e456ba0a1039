"""A notebook as a training program, by a real papermill and a real kernel. `make packages` runs this."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from storage.experiments import fetch_curves
from storage.projects import register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from tests.sources.test_notebook import notebook
from tests.training.conftest import Workshop, worker, workshop  # noqa: F401 - fixtures
from training.experiment import ExperimentWorker

pytestmark = [pytest.mark.packages, pytest.mark.timeout(300)]

PYTHON = os.environ.get("HYPERTUNER_PACKAGES_PYTHON", sys.executable)
TRAINING = """for epoch in range(1, epochs + 1):
    print(f"Epoch {epoch}/{epochs} loss: {lr / epoch:.4f}", flush=True)
assert name == "7", name
if lr > 1: raise ValueError("lr is too large")
"""


def test_each_experiment_runs_the_notebook_with_its_own_values(
    workshop: Workshop,  # noqa: F811
    worker: ExperimentWorker,  # noqa: F811
) -> None:
    cells = ("lr = 0.1\nepochs = 1\nname = 'a'", ["parameters"]), (TRAINING, [])
    path: Path = notebook(workshop.folder / "n.ipynb", *cells)
    known = [
        {"name": name, "flag": f"--{name}", "type": kind}
        for name, kind in (("lr", "float"), ("epochs", "int"), ("name", "text"))
    ]
    project = register_project(
        workshop.store, "W", directory=str(workshop.folder), command=[PYTHON, str(path)], hyperparameters=known
    )
    settings = [NewExperiment({"lr": lr, "epochs": 2, "name": "7"}) for lr in (0.5, 2.0)]
    run = create_run(workshop.store, project, NewRun("x", {}, known, settings))
    claim_runs(workshop.store, "scheduler")
    worker.work()
    workshop.project = project
    good, bad = workshop.experiments(run)
    (loss,) = fetch_curves(workshop.store, good.id)
    assert (good.state, list(loss.values), list(loss.epochs)) == ("finished", [0.5, 0.25], [1, 2])
    assert (worker.data_dir / "files" / str(good.id) / "output" / "n.ipynb").is_file()
    assert (bad.state, bad.reason) == ("failed", "exit code 1: ValueError: lr is too large")
