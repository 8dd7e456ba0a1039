"""A trial is stopped as soon as it has shown what a script reports."""

from __future__ import annotations

import pytest

from storage.experiments import fetch_curves
from storage.run_leases import claim_runs
from tests.training.conftest import Workshop
from training import trial
from training.experiment import ExperimentWorker
from training.spool import Reading, Series
from training.trial import Trial

FOREVER = """
import os
os.remove(os.environ['HYPERTUNER_METRICS'])
for epoch in range(1, 10**9):
    for batch in range(5): print(f'{HEAD}loss: {x / epoch}', flush=True); time.sleep(0.05)
    print(f'{HEAD}val_accuracy: 0.5', flush=True)
"""


def reading(*epochs: float | None) -> Reading:
    return Reading({}, series={"loss": Series(0, values=[1.0] * len(epochs), epochs=list(epochs))})


def test_it_is_stopped_when_its_second_epoch_begins(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch(FOREVER.replace("{HEAD}", "Epoch {epoch} "), is_trial=True)
    claim_runs(workshop.store, "scheduler")
    worker.work()
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.reason) == ("stopped", "trial: stopped after its first values")
    names = {each.metric for each in fetch_curves(workshop.store, experiment.id)}
    # What comes at an epoch's end is seen, too.
    assert names == {"loss", "val_accuracy"}


def test_one_without_epochs_is_stopped_some_time_after_its_first_value(
    workshop: Workshop, worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "ENOUGH_S", 1.0)
    run = workshop.launch(FOREVER.replace("{HEAD}", ""), is_trial=True)
    claim_runs(workshop.store, "scheduler")
    worker.work()
    (experiment,) = workshop.experiments(run)
    assert experiment.state == "stopped"
    assert {each.metric for each in fetch_curves(workshop.store, experiment.id)} == {"loss", "val_accuracy"}


def test_one_that_ends_by_itself_is_finished(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(epoch=1, loss=1.0)", is_trial=True)
    claim_runs(workshop.store, "scheduler")
    worker.work()
    assert [each.state for each in workshop.experiments(run)] == ["finished"]


def test_another_metric_in_the_next_epoch_is_none_that_went_on() -> None:
    seen = Trial()
    assert not seen.is_enough
    seen.see(reading(1, 1))
    seen.see(Reading({}, series={"accuracy": Series(0, values=[0.5], epochs=[2])}))
    assert not seen.is_enough
    seen.see(reading(2))
    assert seen.is_enough


def test_parts_of_an_epoch_are_one() -> None:
    seen = Trial()
    seen.see(reading(0.02, 0.04, 0.98))
    assert not seen.is_enough
    seen.see(reading(1.0))
    assert seen.is_enough


def test_one_whose_epoch_takes_very_long_is_stopped_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Trial()
    seen.see(reading(0.02))
    assert not seen.is_enough
    monkeypatch.setattr(trial, "LONGEST_S", 0.0)
    assert seen.is_enough
