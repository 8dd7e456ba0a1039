"""A run that goes on with an experiment of every kind, in which those that are not finished have the better values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.hyperparameters import Hyperparameter
from storage.experiments import find_experiment
from storage.ingestion import Batch, Ending, Values, finish_experiment, record
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.records import Claim, Project, Run
from storage.run_leases import claim_runs, end_run
from storage.runs import NewExperiment, NewRun, create_run, fetch_run
from storage.store import Store

# The first run has experiment 1; of the second, number 2 reuses it, and 3 to 11 end like this, the last one not yet begun.
SOURCE = 0.70
ENDINGS = [
    ("finished", 0.50), ("finished", 0.60), ("finished", 0.40), ("finished", 0.45), ("finished", math.nan),
    ("failed", 0.90), ("stopped", 0.85), ("running", 0.80), ("queued", None),
]  # fmt: skip
BEST = 2
BEST_OF_ALL = 8


@dataclass(frozen=True)
class Mixed:
    """The project, its two runs, and who works on the last experiment that runs."""

    project: Project
    first: Run
    run: Run
    claim: Claim


def mixed_run(store: Store, *, copies: int = 1) -> Mixed:
    """The two runs. copies: how often the second has each ending; the best stays who it is."""
    described = [Hyperparameter("lr", "--lr", "float", 0.1), Hyperparameter("depth", "--depth", "int", 2)]
    known = [each.to_json() for each in described]
    project = register_project(
        store, "Mixed", directory="/tmp", command=["python", "train.py"], hyperparameters=known, objective="accuracy"
    )
    first = _launch(store, project, known, [NewExperiment({"lr": 0.1, "depth": 2})])
    claim, run = _begin(store)
    assert _end(store, run, claim, "finished", SOURCE) is None
    assert end_run(store, run.id, run.fence, state="finished")
    source = find_experiment(store, project.id, 1)
    assert source is not None
    endings = [ending for ending in ENDINGS for _ in range(copies)]
    settings = [{"lr": round(0.05 * (at % 9 + 1), 2), "depth": at % 3 + 1} for at in range(len(endings))]
    new = [NewExperiment(source.settings, reuse=source.id), *map(NewExperiment, settings)]
    second = _launch(store, project, known, new)
    claim = _bring_about(store, endings)
    return Mixed(project, fetch_run(store, first.id), fetch_run(store, second.id), claim)


def finish(store: Store, mixed: Mixed) -> None:
    """Let the experiment that runs end well, with the value that it has."""
    batch = Batch({"metrics": 1}, {"metrics": 2}, [], epoch=2, epochs=2)
    finish_experiment(store, mixed.claim, batch, Ending("finished", 1.0, 0), then=Place("worker", "here"))


def _bring_about(store: Store, endings: Sequence[tuple[str, float | None]]) -> Claim:
    claim, run = _begin(store)
    for (state, value), (following, _) in pairwise(endings):
        assert value is not None
        if state != "running":
            after = _end(store, run, claim, state, value)
        else:
            record(store, claim, _batch(store, run, value))
            after = claim_experiment(store, Place("worker", "here")) if following == "running" else None
        if after is None:
            return claim
        claim = after
    raise AssertionError("The last ending is one that has not begun.")


def _launch(store: Store, project: Project, known: list[dict[str, object]], new: list[NewExperiment]) -> Run:
    candidates = {"lr": sorted({each.settings["lr"] for each in new}), "depth": [1, 2, 3]}
    order = NewRun("python train.py --lr [..]", candidates, known, new, objective="accuracy", goal="maximize")
    return create_run(store, project, order)


def _begin(store: Store) -> tuple[Claim, Run]:
    run = claim_runs(store, "scheduler")[0]
    claim = claim_experiment(store, Place("worker", "here"))
    assert claim is not None
    return claim, run


def _batch(store: Store, run: Run, value: float) -> Batch:
    ids = metric_ids(store, run.project_id, ["accuracy"])
    values = Values(ids["accuracy"], 0, [value / 2, value], [1.0, 2.0], [None, None], [0.0, 1.0])
    return Batch({}, {"metrics": 1}, [values], epoch=2, epochs=2)


def _end(store: Store, run: Run, claim: Claim, state: str, value: float) -> Claim | None:
    reason = None if state == "finished" else f"{state} on purpose"
    ending = Ending(state, 1.0, 0 if state == "finished" else 1, reason)
    return finish_experiment(store, claim, _batch(store, run, value), ending, then=Place("worker", "here"))
