"""The poll of the run dashboard, on a real database."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from dash import Dash, no_update
from dash.development.base_component import Component

from callbacks import run as dashboard
from callbacks.run import NOBODY_WORKS, category_of, fetch_changes, page, spec_of, stop_run
from layouts.run import RunSpec
from storage.projects import find_project, metric_ids, register_project
from storage.records import Claim, Run
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.store import Store
from storage.work import (
    Batch,
    Ending,
    Values,
    beat,
    claim_experiment,
    claim_runs,
    end_run,
    finish_experiment,
    record,
)

LR = {"name": "lr", "flag": "--lr", "type": "float", "help": "step size"}
OPTIMIZER = {"name": "optimizer", "flag": "--optimizer", "type": "choice", "choices": ["adam", "sgd"]}
SIZE = {"name": "size", "flag": "--size", "type": "choice", "choices": [16, 32]}


@pytest.fixture
def run(store: Store) -> Run:
    """A claimed run of three experiments."""
    project = register_project(
        store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[LR, OPTIMIZER, SIZE]
    )
    settings = [{"lr": 0.1 * (place + 1), "optimizer": ["adam", "sgd"][place % 2], "size": 16} for place in range(3)]
    candidates = {"lr": [0.1, 0.2, 0.3], "optimizer": ["adam", "sgd"], "size": [16]}
    new = NewRun(
        "python train.py --lr [..]",
        candidates,
        [LR, OPTIMIZER, SIZE],
        [NewExperiment(s) for s in settings],
        objective="accuracy",
    )  # type: ignore[arg-type]
    create_run(store, project, new)
    beat(store, "dispatcher", {})
    return claim_runs(store, "scheduler")[0]


@pytest.fixture
def spec(run: Run) -> RunSpec:
    return spec_of("digits", run)


@pytest.fixture
def claim(store: Store, run: Run) -> Claim:
    claimed = claim_experiment(store, run.id, run.fence, "worker", "here")
    assert claimed is not None
    return claimed


def batch_of(store: Store, claim: Claim, **metrics: list[float]) -> Batch:
    known = metric_ids(store, claim.project_id, list(metrics))
    parts = [
        Values(
            known[name],
            0,
            values,
            [float(i + 1) for i in range(len(values))],
            [None] * len(values),
            [0.0] * len(values),
        )
        for name, values in metrics.items()
    ]
    return Batch(0, 10, 0, 0, parts, epoch=2.0, epochs=4.0)


def values_of(payload: dict[str, Any], kind: str, name: str) -> list[Any]:
    return next(list(column["values"]) for column in payload["experiments"][kind] if column["name"] == name)


def test_categories_are_written_as_the_browser_writes_values() -> None:
    assert [category_of(value) for value in (True, "sgd", 16)] == ["true", "sgd", "16"]


def test_an_unknown_run_has_no_page(store: Store, run: Run) -> None:
    assert page(store, "digits", 99) is None
    assert page(store, "nothing", 1) is None
    assert isinstance(page(store, "digits", run.number), Component)


def test_the_kind_of_an_axis_follows_the_candidates(spec: RunSpec) -> None:
    kinds = {found["name"]: (found["kind"], found["is_tuned"]) for found in spec["hyperparameters"]}
    assert kinds == {"lr": ("number", True), "optimizer": ("category", True), "size": ("number", False)}
    assert spec["hyperparameters"][1]["categories"] == ["adam", "sgd"]
    assert [found["name"] for found in spec["hyperparameters"]] == ["lr", "optimizer", "size"]


def test_the_first_answer_has_every_experiment_and_the_run(store: Store, spec: RunSpec) -> None:
    payload, cursor, columns = fetch_changes(store, 0, {}, spec)
    assert payload["experiments"]["number"] == [1, 2, 3]
    assert values_of(payload, "hyperparameters", "optimizer") == ["adam", "sgd", "adam"]
    assert payload["run"]["state"] == "running"
    assert payload["run"]["waiting"] is None
    assert cursor["metrics"] == []
    assert columns is no_update


def test_when_nothing_changed_nothing_is_drawn(store: Store, spec: RunSpec) -> None:
    _, cursor, _ = fetch_changes(store, 0, {}, spec)
    payload, after, columns = fetch_changes(store, 1, cursor, spec)
    assert payload is no_update
    assert columns is no_update
    assert after["cursor"] == cursor["cursor"]


def test_a_change_brings_only_its_experiment_and_a_new_metric_its_column(
    store: Store, spec: RunSpec, claim: Claim
) -> None:
    _, cursor, _ = fetch_changes(store, 0, {}, spec)
    record(store, claim, batch_of(store, claim, accuracy=[0.5, 0.75]))
    payload, cursor, columns = fetch_changes(store, 1, cursor, spec)
    assert payload["experiments"]["number"] == [claim.number]
    assert values_of(payload, "metrics", "accuracy") == [0.75]
    assert "run" not in payload
    assert cursor["metrics"] == ["accuracy"]
    assert columns[-1]["headerName"] == "accuracy"
    assert columns[-1]["field"] == "m0"


def test_nan_and_infinity_are_null_and_marked(store: Store, spec: RunSpec, claim: Claim) -> None:
    record(store, claim, batch_of(store, claim, loss=[1.0, math.nan], score=[1.0, -math.inf]))
    payload, _, _ = fetch_changes(store, 0, {}, spec)
    json.dumps(payload, allow_nan=False)
    marked = {column["name"]: column["marked"] for column in payload["experiments"]["metrics"]}
    assert marked == {"loss": [[0, "nan"]], "score": [[0, "-inf"]]}
    assert values_of(payload, "metrics", "loss") == [None, None, None]


def test_metrics_by_batch_are_told_from_metrics_by_epoch(store: Store, spec: RunSpec, claim: Claim) -> None:
    record(store, claim, batch_of(store, claim, accuracy=[0.5, 0.6], batch_loss=[0.1] * 20))
    payload, _, _ = fetch_changes(store, 0, {}, spec)
    levels = {column["name"]: column["level"] for column in payload["experiments"]["metrics"]}
    assert levels == {"accuracy": "epoch", "batch_loss": "batch"}


def test_a_failed_experiment_says_why(store: Store, run: Run, spec: RunSpec, claim: Claim) -> None:
    failed = Ending("failed", 1.0, exit_code=3, reason="ValueError: no such optimizer")
    finish_experiment(store, claim, Batch(0, 0, 0, 0), failed, run_fence=run.fence, host="here")
    payload, _, _ = fetch_changes(store, 0, {}, spec)
    assert payload["experiments"]["failures"] == [[0, "exit code 3: ValueError: no such optimizer"]]


def test_a_run_that_nobody_works_on_says_how_to_go_on(store: Store, spec: RunSpec, expire: Callable[[], None]) -> None:
    _, cursor, _ = fetch_changes(store, 0, {}, spec)
    expire()
    payload, cursor, _ = fetch_changes(store, 1, cursor, spec)
    assert payload["run"]["waiting"] == NOBODY_WORKS
    assert fetch_changes(store, 2, cursor, spec)[0] is no_update
    beat(store, "dispatcher", {})
    payload, _, _ = fetch_changes(store, 3, cursor, spec)
    assert payload["run"]["waiting"] is None


@pytest.fixture
def expire(store: Store) -> Callable[[], None]:
    def act() -> None:
        with store.begin() as connection:
            connection.exec_driver_sql("UPDATE heartbeat SET seen_at = now() - interval '1 minute'")

    return act


def test_an_ended_run_waits_for_nobody(store: Store, run: Run, spec: RunSpec, expire: Callable[[], None]) -> None:
    project = find_project(store, "digits")
    assert project is not None
    stop_run(store, 1, spec)
    assert end_run(store, run.id, run.fence, state="stopped", reason="stopped by request")
    expire()
    payload, _, _ = fetch_changes(store, 0, {}, spec)
    assert (payload["run"]["state"], payload["run"]["waiting"]) == ("stopped", None)
    assert payload["run"]["elapsed"] >= 0


def test_a_cursor_of_another_time_gets_everything_anew(store: Store, spec: RunSpec) -> None:
    payload, _, _ = fetch_changes(store, 5, {"cursor": "17", "metrics": []}, spec)
    assert payload["experiments"]["number"] == [1, 2, 3]


def test_stopping_asks_the_owner_and_ends_what_waits(store: Store, spec: RunSpec, claim: Claim) -> None:
    assert stop_run(store, None, spec) is no_update
    assert stop_run(store, 1, spec) is True
    run = find_run(store, claim.project_id, spec["number"])
    assert run is not None
    assert run.request == "stop"
    payload, _, _ = fetch_changes(store, 0, {}, spec)
    assert payload["experiments"]["state"] == ["running", "stopped", "stopped"]
    assert payload["run"]["request"] == "stop"


def test_every_callback_reaches_a_place_on_the_page(store: Store, run: Run) -> None:
    app = Dash("test", use_async=False, enable_mcp=False, suppress_callback_exceptions=True)
    app.layout = page(store, "digits", run.number)
    dashboard.callbacks.attach(app, store)
    client = app.server.test_client()
    text = json.dumps(client.get("/_dash-layout").get_json())
    for dependency in client.get("/_dash-dependencies").get_json():
        for part in [*dependency["inputs"], *dependency["state"]]:
            assert f'"id": "{part["id"]}"' in text
