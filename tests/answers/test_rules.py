"""What the dialog of rules asks and hears: lists, dry runs, and what is wrong at its place."""

from __future__ import annotations

from typing import Any

import pytest

from answers.rules import answer
from storage import past_curves
from storage.store import Store
from tests.laboratory import Laboratory

LIMIT = {"metric": "loss", "comparison": ">", "value": "0.9", "times": "1", "after": "", "do": "stop"}


@pytest.fixture
def ask(store: Store, finished: Laboratory) -> Any:
    return lambda **request: answer(store, "digits", request)


def test_a_rule_is_added_off_switched_deleted_and_brought_back(ask: Any) -> None:
    empty = ask(do="list")
    assert (empty["rules"], empty["metrics"], empty["objective"]) == ([], ["accuracy", "loss"], "accuracy")
    [made] = ask(do="add", rule=LIMIT)["rules"]
    assert (made["condition"], made["action"], made["does"], made["isOn"]) == ("loss > 0.9", "stop it", "stop", False)
    assert ask(do="switch", id=made["id"], isOn=True)["rules"][0]["isOn"]
    assert ask(do="delete", id=made["id"])["rules"] == []
    assert ask(do="restore", id=made["id"])["rules"][0]["isOn"] is False


def test_a_dry_run_says_what_would_have_been(ask: Any) -> None:
    said = ask(do="try", rule=LIMIT)["dryRun"]
    assert said.startswith("Would have stopped 2 of 2 past experiments; 1 of them ended in the best 10 %;")
    [made] = ask(do="add", rule=LIMIT)["rules"]
    assert ask(do="try", id=made["id"])["dryRun"] == said
    flag = {"comparison": "present", "flag": "not_finite", "metric": "", "after": "", "do": "highlight"}
    assert ask(do="try", rule=flag)["dryRun"].startswith("Would have highlighted 1 of 2 past experiments")
    assert "none of 2" in ask(do="try", rule={**LIMIT, "comparison": "worse"})["dryRun"]


def test_of_very_many_values_only_the_newest_are_tried(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_curves, "MOST_VALUES", 1)
    assert "of the newest 1 past experiment" in ask(do="try", rule=LIMIT)["dryRun"]


def test_a_metric_that_nobody_reported_is_said_where_it_stands(ask: Any) -> None:
    tried = ask(do="try", rule={**LIMIT, "metric": "los"})
    assert tried["dryRun"] == "No past experiment has reported “los”: so far the rule would have done nothing."
    assert tried["note"] == "No experiment has reported “los” yet: until one does, the rule does nothing."
    assert ask(do="add", rule={**LIMIT, "metric": "los"})["rules"][0]["note"] == tried["note"]


@pytest.mark.parametrize(
    ("changes", "field"), [({"value": "abc"}, "value"), ({"times": "0"}, "times"), ({"metric": ""}, "metric")]
)
def test_what_is_wrong_changes_nothing_and_is_named(ask: Any, changes: dict[str, str], field: str) -> None:
    for do in ("add", "try"):
        assert ask(do=do, rule={**LIMIT, **changes})["field"] == field
    assert ask(do="list")["rules"] == []


def test_nonsense_is_answered(store: Store, ask: Any) -> None:
    assert ask(do="fly") is None
    assert answer(store, "nowhere", {"do": "list"}) is None
    assert ask(do="add")["field"] == "comparison"
    assert "no such rule" in ask(do="switch", id="7", isOn=True)["error"]
    assert "not there" in ask(do="delete", id=77)["error"]
