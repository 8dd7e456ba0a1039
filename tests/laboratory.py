"""A project with runs in several states, and the means to bring experiments further.

The folders of tests that want its fixtures import them into their conftest.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

from analysis.candidates import Written
from analysis.command_line import format_command_line
from analysis.hyperparameters import Hyperparameter
from analysis.identity import fingerprint
from sources.identity import code_of
from sources.snapshot import take_snapshot
from storage.ingestion import Batch, Ending, NewView, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import keep_snapshot, metric_ids, register_project
from storage.records import Claim, Project, Run, Value
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

HYPERPARAMETERS = [
    Hyperparameter("batch_size", "--batch_size", "int", 64, help="examples per step"),
    Hyperparameter("lr", "--lr", "float", 0.1),
    Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=("adam", "sgd")),
    Hyperparameter("augment", "--augment", "bool", False, is_switch=True),
]
COMMAND = ["python", "train.py"]
# A script that takes just these.
SCRIPT = """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=64, help="examples per step")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
parser.add_argument("--augment", action="store_true")
parser.parse_args()
"""


class Laboratory:
    """Makes runs and lets their experiments report."""

    def __init__(self, store: Store, directory: Path = Path("/tmp")) -> None:
        self.store = store
        self.script = directory / "train.py"
        self.project: Project = register_project(
            store,
            "Digits",
            directory=str(directory),
            command=COMMAND,
            hyperparameters=[each.to_json() for each in HYPERPARAMETERS],
            objective="accuracy",
            code_digest=code_of(self.script).digest if self.script.is_file() else None,
        )
        self._run: Run | None = None
        self._claim: Claim | None = None

    def launch(self, candidates: Mapping[str, Sequence[Value]]) -> Run:
        line = format_command_line(
            COMMAND, {name: Written(tuple(values)) for name, values in candidates.items()}, HYPERPARAMETERS
        )
        experiments = [
            NewExperiment(settings, fingerprint(settings, HYPERPARAMETERS))
            for settings in (dict(zip(candidates, values, strict=True)) for values in product(*candidates.values()))
        ]
        known = [each.to_json() for each in HYPERPARAMETERS]
        code, snapshot = None, None
        if self.script.is_file():
            code, snapshot = code_of(self.script).digest, take_snapshot(self.script)
            keep_snapshot(self.store, snapshot.digest, snapshot.archive, snapshot.script)
        new = NewRun(
            line,
            candidates,
            known,
            experiments,
            objective="accuracy",
            code_digest=code,
            snapshot_digest=snapshot.digest if snapshot else None,
        )
        return create_run(self.store, self.project, new)

    def start(self) -> Claim:
        self._run = min(claim_runs(self.store, "scheduler"), key=lambda each: each.number)
        return self.take()

    def take(self) -> Claim:
        """Claim the experiment whose turn it is, of a run that was started."""
        self._claim = claim_experiment(self.store, Place("worker", "here"))
        assert self._claim is not None
        return self._claim

    def report(
        self,
        metrics: Mapping[str, Sequence[float]],
        *,
        state: str = "finished",
        exit_code: int = 0,
        stdout: str = "",
        stderr: str = "",
        views: Sequence[NewView] = (),
        rejected: int = 0,
    ) -> Claim | None:
        """End the running experiment with one value per epoch of each metric, and go on to the next."""
        assert self._run
        assert self._claim
        ids = metric_ids(self.store, self.project.id, list(metrics)) if metrics else {}
        values = [
            Values(
                ids[name],
                0,
                those,
                [float(at + 1) for at in range(len(those))],
                [None] * len(those),
                [time.time()] * len(those),
            )
            for name, those in metrics.items()
        ]
        batch = Batch(
            {}, {"metrics": 1}, values, views, stdout_tail=stdout, stderr_tail=stderr,
            rejected_lines=rejected, rejected_sample="loss=<b>" if rejected else None,
        )  # fmt: skip
        ending = Ending(state, 1.5, exit_code, None if state == "finished" else f"exit code {exit_code}")
        self._claim = finish_experiment(self.store, self._claim, batch, ending, then=Place("worker", "here"))
        return self._claim


def confusion(epoch: float) -> NewView:
    payload = {
        "labels": ["cat", "dog"],
        "counts": [[3, 1], [0, 4]],
        "examples": [{"true": 0, "predicted": 1, "text": "x"}],
    }
    return NewView("confusion matrix", "confusion_matrix", epoch, json.dumps(payload).encode())


@pytest.fixture
def laboratory(store: Store) -> Laboratory:
    return Laboratory(store)


@pytest.fixture
def workshop(store: Store, tmp_path: Path) -> Laboratory:
    """A laboratory whose script lies on this machine."""
    (tmp_path / "train.py").write_text(SCRIPT)
    return Laboratory(store, tmp_path)


@pytest.fixture
def finished(laboratory: Laboratory) -> Laboratory:
    """Run 1 of four experiments: one good, one with NaN and views, one without metrics, one failed."""
    return run_four(laboratory)


@pytest.fixture
def known(workshop: Laboratory) -> Laboratory:
    """The same with a script on this machine, so that it is known with which code they ran."""
    return run_four(workshop)


def run_four(laboratory: Laboratory) -> Laboratory:
    laboratory.launch({"batch_size": [28, 56], "lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.5, 0.8], "loss": [1.0, 0.5]}, stdout="hello\n")
    laboratory.report({"accuracy": [0.6, 0.9], "loss": [1.0, math.nan]}, views=[confusion(1.0), confusion(2.0)])
    laboratory.report({}, stdout="first line\nsecond line\n")
    laboratory.report({}, state="failed", exit_code=3, stderr="Traceback\nValueError: no\n", rejected=2)
    return laboratory
