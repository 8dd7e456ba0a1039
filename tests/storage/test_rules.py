"""Rules are kept off, fire once for an experiment, and leave their reasons where they go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from storage.changes import columns_since, has_news
from storage.experiments import find_experiment
from storage.leases import renew_experiment
from storage.records import Claim, Project, Run
from storage.rules import (
    MOST_RULES,
    Rule,
    RuleMissing,
    add_rule,
    delete_rule,
    fetch_said,
    fire,
    fired_among,
    restore_rule,
    rules_of,
    switch_rule,
    watching_rules,
)
from storage.store import Store
from storage.watching import Watched, changed_since

CONDITION = {"comparison": ">", "metric": "loss", "value": 2.0, "times": 1}
WHY = "stopped by rule: loss > 2 (at epoch 7)"


@pytest.fixture
def watched(store: Store, claimed: tuple[Run, Claim]) -> Watched:
    return changed_since(store, "")[1][0]


def rule(store: Store, project: Project, do: str = "stop", tag: str | None = None, *, is_on: bool = True) -> Rule:
    made = add_rule(store, project.id, CONDITION, {"do": do, **({"tag": tag} if tag else {})}, "anna")
    if is_on:
        switch_rule(store, project.id, made, is_on=True)
    return next(each for each in rules_of(store, project.id) if each.id == made)


def does(store: Store, one: Rule, watched: Watched, sentence: str = WHY) -> bool:
    return fire(store, one, watched, began=7.0, unit="epoch", sentence=sentence)


def test_a_new_rule_is_off_until_somebody_switches_it_on(store: Store, project: Project) -> None:
    made = rule(store, project, is_on=False)
    assert (made.is_on, made.created_by, made.fired, made.condition) == (False, "anna", 0, CONDITION)
    assert watching_rules(store) == []
    switch_rule(store, project.id, made.id, is_on=True)
    assert [each.id for each in watching_rules(store)] == [made.id]


def test_a_rule_that_stops_asks_for_the_end_and_its_reason_stays(
    store: Store, project: Project, claimed: tuple[Run, Claim], watched: Watched
) -> None:
    one = rule(store, project)
    before, _ = has_news(store, "")
    assert does(store, one, watched)
    assert renew_experiment(store, claimed[1]) == "stop"
    found = find_experiment(store, project.id, watched.number)
    assert found
    assert (found.request, found.reason) == ("stop", WHY)
    assert has_news(store, before)[1]
    assert rules_of(store, project.id)[0].fired == 1
    assert [(each.kind, each.sentence) for each in fetch_said(store, watched.id)] == [("stop", WHY)]


def test_a_rule_fires_once_whoever_watches(store: Store, project: Project, watched: Watched) -> None:
    one = rule(store, project, "tag", "high")
    with ThreadPoolExecutor(6) as watchers:
        done = list(watchers.map(lambda _: does(store, one, watched), range(6)))
    assert done.count(True) == 1
    assert fired_among(store, [watched.id]) == {(watched.id, one.id)}
    assert [(each.kind, each.word) for each in fetch_said(store, watched.id)] == [("tag", "high")]


def test_what_is_off_deleted_of_an_older_attempt_or_ended_is_left_alone(
    store: Store, project: Project, watched: Watched
) -> None:
    off = rule(store, project, "highlight", is_on=False)
    assert not does(store, off, watched)
    gone = rule(store, project, "highlight")
    delete_rule(store, project.id, gone.id)
    assert not does(store, gone, watched)
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET state = 'finished' WHERE id = :id"), {"id": watched.id})
    assert not does(store, rule(store, project, "stop"), watched)
    assert does(store, rule(store, project, "highlight"), watched)
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET attempt = attempt + 1 WHERE id = :id"), {"id": watched.id})
    assert not does(store, rule(store, project, "highlight"), watched)
    assert len(fired_among(store, [watched.id])) == 1


def test_a_deletion_takes_highlights_along_and_is_taken_back_switched_off(
    store: Store, project: Project, watched: Watched
) -> None:
    one = rule(store, project, "highlight")
    does(store, one, watched, "highlighted by rule: loss > 2 (at epoch 7)")

    def words() -> list[str]:
        found = columns_since(store, project.id, "").experiments
        assert found
        return [word.kind for each in found.flags.combinations for word in each.words]

    assert words() == ["highlight"]
    delete_rule(store, project.id, one.id)
    assert (words(), rules_of(store, project.id), fetch_said(store, watched.id)) == ([], [], [])
    with pytest.raises(RuleMissing):
        delete_rule(store, project.id, one.id)
    restore_rule(store, project.id, one.id)
    assert words() == ["highlight"]
    assert [each.is_on for each in rules_of(store, project.id)] == [False]


def test_rules_belong_to_their_project_and_are_not_endless(store: Store, project: Project) -> None:
    one = rule(store, project)
    with pytest.raises(RuleMissing):
        switch_rule(store, project.id + 1, one.id, is_on=False)
    for _ in range(MOST_RULES - 1):
        add_rule(store, project.id, CONDITION, {"do": "stop"}, "anna")
    with pytest.raises(RuleMissing, match="delete one"):
        add_rule(store, project.id, CONDITION, {"do": "stop"}, "anna")
