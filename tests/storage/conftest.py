"""A project with a run, ready to be worked on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.records import Claim, Project, Run
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

Values = Sequence[float]
Chunk = tuple[Values, Values | None]
Put = Callable[..., None]


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
    claim = claim_experiment(store, Place("worker", "here"))
    assert claim is not None
    return run, claim


@pytest.fixture
def put(store: Store, project: Project) -> Put:
    """Write the chunks (values, epochs) of an attempt of an experiment; the summary is about the newest written."""

    def act(number: int, *chunks: Chunk, attempt: int = 1, metric: str = "loss") -> None:
        metric_id = metric_ids(store, project.id, [metric])[metric]
        values = [value for chunk, _ in chunks for value in chunk]
        finite = [value for value in values if math.isfinite(value)]
        with store.begin() as connection:
            owner = connection.scalar(text("SELECT id FROM experiment WHERE number = :number"), {"number": number})
            given = {"owner": owner, "attempt": attempt, "metric": metric_id}
            first = 0
            for chunk, epochs in chunks:
                connection.execute(
                    text("""INSERT INTO metric_chunk (experiment_id, attempt, metric_id, first_seq, "values", epochs, times)
                        VALUES (:owner, :attempt, :metric, :first, :values, CAST(:epochs AS float8[]), :values)"""),
                    {
                        **given,
                        "first": first,
                        "values": list(chunk),
                        "epochs": None if epochs is None else list(epochs),
                    },
                )
                first += len(chunk)
            connection.execute(
                text("""INSERT INTO metric_summary (experiment_id, metric_id, attempt, "count", "last", minimum, maximum)
                    VALUES (:owner, :metric, :attempt, :count, :last, :low, :high)
                    ON CONFLICT (experiment_id, metric_id) DO UPDATE SET attempt = excluded.attempt,
                    "count" = excluded."count", "last" = excluded."last", minimum = excluded.minimum,
                    maximum = excluded.maximum"""),
                {**given, "count": len(values), "last": values[-1], "low": min(finite, default=None),
                 "high": max(finite, default=None)},
            )  # fmt: skip

    return act
