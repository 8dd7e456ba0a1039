"""Rules on a real database: what the watcher does with experiments, once, and only while a rule is on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from analysis.rules import Condition, Subject, firing
from storage.experiments import find_experiment
from storage.records import Claim, Experiment
from storage.rules import add_rule, fetch_said, rules_of, switch_rule
from storage.store import Store
from storage.watching import read_reported
from tests.training.test_watcher import OVERFITTING, Reporter
from training.watch.watcher import Watcher

ABOVE = {"comparison": ">", "metric": "loss", "value": 2.0, "times": 2}


@pytest.fixture
def reporter(store: Store) -> Reporter:
    return Reporter(store)


@pytest.fixture
def watcher(database_url: str) -> Iterator[Watcher]:
    made = Watcher(Store(database_url, pool_size=1))
    made.look()
    yield made
    made.end()


def switched_on(reporter: Reporter, condition: dict[str, object], **action: str) -> int:
    made = add_rule(reporter.store, reporter.project.id, condition, action, "anna")
    switch_rule(reporter.store, reporter.project.id, made, is_on=True)
    return made


def now(reporter: Reporter, claim: Claim) -> Experiment:
    found = find_experiment(reporter.store, reporter.project.id, claim.number)
    assert found
    return found


def said(reporter: Reporter, claim: Claim) -> list[tuple[str, str]]:
    return [(each.kind, each.word) for each in fetch_said(reporter.store, claim.experiment_id)]


def test_a_running_experiment_is_asked_to_end_with_the_reason(reporter: Reporter, watcher: Watcher) -> None:
    switched_on(reporter, ABOVE, do="stop")
    reporter.launch(2)
    bad, good = reporter.start(), reporter.start()
    reporter.report(bad, {"loss": [1.0, 3.0, 3.0, 1.0]})
    reporter.report(good, {"loss": [3.0, 1.0, 3.0, 1.0]})
    watcher.look()
    assert (now(reporter, bad).request, now(reporter, good).request) == ("stop", None)
    assert now(reporter, bad).reason == "stopped by rule: loss > 2 for 2 epochs (at epoch 3)"


def test_a_rule_that_is_off_does_nothing_and_switched_on_it_does_not_wait(reporter: Reporter, watcher: Watcher) -> None:
    made = add_rule(reporter.store, reporter.project.id, ABOVE, {"do": "stop"}, "anna")
    reporter.launch()
    claim = reporter.start()
    reporter.report(claim, {"loss": [3.0, 3.0]})
    watcher.look()
    assert now(reporter, claim).request is None
    switch_rule(reporter.store, reporter.project.id, made, is_on=True)
    watcher.look()
    assert now(reporter, claim).request == "stop"


def test_a_watcher_that_comes_back_repeats_nothing(database_url: str, reporter: Reporter, watcher: Watcher) -> None:
    made = switched_on(reporter, ABOVE, do="tag", tag="high")
    reporter.launch()
    claim = reporter.start()
    reporter.finish(claim, {"loss": [3.0, 3.0]})
    watcher.look()
    with reporter.store.begin() as connection:
        connection.execute(text("DELETE FROM tag"))
        connection.execute(text("DELETE FROM heartbeat"))
    again = Watcher(Store(database_url, pool_size=1))
    again.look()
    again.look()
    again._store.close()
    # Somebody took the tag away: it stays away.
    assert said(reporter, claim) == []
    assert [(each.id, each.fired) for each in rules_of(reporter.store, reporter.project.id)] == [(made, 1)]


def test_what_has_ended_is_highlighted_and_tagged_but_not_stopped(reporter: Reporter, watcher: Watcher) -> None:
    switched_on(reporter, ABOVE, do="highlight")
    switched_on(reporter, ABOVE, do="tag", tag="high")
    switched_on(reporter, ABOVE, do="stop")
    reporter.launch()
    claim = reporter.start()
    reporter.finish(claim, {"loss": [3.0, 3.0]})
    watcher.look()
    assert set(said(reporter, claim)) == {("highlight", ""), ("tag", "high")}
    assert now(reporter, claim).state == "finished"


def test_a_flag_fires_where_it_would_on_the_whole_curve(reporter: Reporter, watcher: Watcher) -> None:
    switched_on(reporter, {"comparison": "present", "flag": "overfitting", "times": 1}, do="tag", tag="turned")
    reporter.launch()
    claim = reporter.start()
    for start in range(0, 40, 4):
        reporter.report(claim, {name: those[start : start + 4] for name, those in OVERFITTING.items()}, start)
        with reporter.store.begin() as connection:
            moved = text("UPDATE experiment SET offsets = jsonb_build_object('metrics', CAST(:at AS int))")
            connection.execute(moved, {"at": start + 4})
        watcher.look()
    with reporter.store.begin() as connection:
        [began] = connection.scalars(text("SELECT began FROM rule_firing"))
    assert said(reporter, claim) == [("tag", "turned")]
    told = read_reported(reporter.store, [claim.experiment_id])[claim.experiment_id]
    whole = firing(Condition("present", flag="overfitting"), Subject(told, True))
    assert whole
    assert whole.began == began
    assert 14 <= began <= 22


def test_worse_than_the_median_of_its_run(reporter: Reporter, watcher: Watcher) -> None:
    switched_on(reporter, {"comparison": "worse", "metric": "val_loss", "times": 1, "after": 2.0}, do="stop")
    reporter.launch(7)
    claims = [reporter.start() for _ in range(7)]
    for place, claim in enumerate(claims[:-1]):
        reporter.report(claim, {"val_loss": [1.0 + place] * 3})
    watcher.look()
    # Those that were there first are worse than the median, too: the times of their values are the same.
    assert [now(reporter, claim).request for claim in claims[:-1]] == [None, None, None, "stop", "stop", "stop"]
    reporter.report(claims[-1], {"val_loss": [9.0] * 2})
    watcher.look()
    assert now(reporter, claims[-1]).request is None


def test_a_rule_on_a_metric_that_never_comes_does_nothing(reporter: Reporter, watcher: Watcher) -> None:
    switched_on(reporter, {**ABOVE, "metric": "los"}, do="stop")
    switched_on(reporter, {"comparison": "of a later version"}, do="stop")
    reporter.launch()
    claim = reporter.start()
    reporter.report(claim, {"loss": [3.0, 3.0]})
    watcher.look()
    assert now(reporter, claim).request is None
