"""A run whose experiments do not report its objective: said at once, and mended by one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from analysis.hyperparameters import Hyperparameter
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

KNOWN = [Hyperparameter("lr", "--lr", "float", 0.1).to_json()]


def test_a_run_can_be_judged_by_what_is_reported_instead(visitor: Page, store: Store) -> None:
    project = register_project(
        store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=KNOWN, objective="val_acc",
    )  # fmt: skip
    new = [NewExperiment({"lr": lr}) for lr in (0.1, 0.2)]
    create_run(store, project, NewRun("python train.py --lr [0.1,0.2]", {}, KNOWN, new, objective="val_acc"))
    claim_runs(store, "scheduler")
    ids = metric_ids(store, project.id, ["test_loss", "test_accuracy"])
    claim = claim_experiment(store, Place("worker", "here"))
    for value in (0.5, 0.25):
        assert claim is not None
        parts = [Values(number, 0, [value], [1.0], [None], [0.0]) for number in ids.values()]
        batch = Batch({}, {"metrics": 1}, parts, epoch=1)
        ending = Ending("finished", 1.0, 0, None)
        claim = finish_experiment(store, claim, batch, ending, then=Place("worker", "here"))

    visitor.goto("/projects/digits/runs/1")
    said = visitor.get_by_role("status").filter(has_text="No experiment has reported val_acc")
    expect(said).to_be_visible()
    said.get_by_role("button", name="test_loss").click()
    expect(visitor.locator("#run-best")).to_have_text("experiment 2")
    expect(visitor.locator("#run-best-value")).to_contain_text("test_loss 0.25")
    expect(said).to_be_hidden()
