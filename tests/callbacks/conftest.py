"""A project with runs in several states, and the means to bring experiments further."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from itertools import product

import pytest

from analysis.candidates import Written
from analysis.command_line import format_command_line
from analysis.hyperparameters import Hyperparameter
from analysis.identity import fingerprint
from storage.projects import metric_ids, register_project
from storage.records import Claim, Project, Run, Value
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.work import Batch, Ending, NewView, Values, claim_experiment, claim_runs, finish_experiment

HYPERPARAMETERS = [
    Hyperparameter("batch_size", "--batch_size", "int", 64, help="examples per step"),
    Hyperparameter("lr", "--lr", "float", 0.1),
    Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=("adam", "sgd")),
    Hyperparameter("augment", "--augment", "bool", False, is_switch=True),
]
COMMAND = ["python", "train.py"]


class Laboratory:
    """Makes runs and lets their experiments report."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.project: Project = register_project(
            store,
            "Digits",
            directory="/tmp",
            command=COMMAND,
            hyperparameters=[each.to_json() for each in HYPERPARAMETERS],
            objective="accuracy",
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
        return create_run(
            self.store, self.project, NewRun(line, candidates, known, experiments, objective="accuracy")
        )

    def start(self) -> Claim:
        self._run = min(claim_runs(self.store, "scheduler"), key=lambda each: each.number)
        self._claim = claim_experiment(self.store, self._run.id, self._run.fence, "worker", "here")
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
            0, 1, 0, 1, values, views, stdout_tail=stdout, stderr_tail=stderr,
            rejected_lines=rejected, rejected_sample="loss=<b>" if rejected else None,
        )  # fmt: skip
        ending = Ending(state, 1.5, exit_code, None if state == "finished" else f"exit code {exit_code}")
        self._claim = finish_experiment(self.store, self._claim, batch, ending, run_fence=self._run.fence, host="here")
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
def finished(laboratory: Laboratory) -> Laboratory:
    """Run 1 of four experiments: one good, one with NaN and views, one without metrics, one failed."""
    laboratory.launch({"batch_size": [28, 56], "lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.5, 0.8], "loss": [1.0, 0.5]}, stdout="hello\n")
    laboratory.report({"accuracy": [0.6, 0.9], "loss": [1.0, math.nan]}, views=[confusion(1.0), confusion(2.0)])
    laboratory.report({}, stdout="first line\nsecond line\n")
    laboratory.report({}, state="failed", exit_code=3, stderr="Traceback\nValueError: no\n", rejected=2)
    return laboratory
