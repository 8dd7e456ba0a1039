"""What a person writes becomes a rule, or is named at its place."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.rule_forms import Action, RuleError, kept, read_action, read_condition
from analysis.rules import Condition

LIMIT = {"comparison": ">", "metric": "loss", "value": "2"}


def test_a_form_becomes_a_condition_and_back() -> None:
    found = read_condition({**LIMIT, "times": " 3 ", "after": "5"})
    assert found == Condition(">", "loss", 2.0, times=3, after=5.0)
    assert read_condition(kept(found)) == found
    flag = read_condition({"comparison": "present", "flag": "overfitting", "metric": ""})
    assert flag == Condition("present", flag="overfitting")
    assert read_condition(kept(flag)) == flag
    assert read_condition({"comparison": "worse", "metric": "loss", "value": ""}) == Condition("worse", "loss")


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"metric": " "}, "metric", "Name a metric"),
        ({"metric": None}, "metric", "Name a metric"),
        ({"value": ""}, "value", "Give a number"),
        ({"value": "abc"}, "value", "“abc” is no number"),
        ({"value": "nan"}, "value", "no number"),
        ({"value": "inf"}, "value", "no number"),
        ({"times": "0"}, "times", "1 or more"),
        ({"times": "-1"}, "times", "1 or more"),
        ({"times": "1.5"}, "times", "1 or more"),
        ({"times": "99999999"}, "times", "too many"),
        ({"after": "x"}, "after", "no number"),
        ({"after": "-1"}, "after", "0 or more"),
        ({"comparison": "like"}, "comparison", "comparison"),
        ({"comparison": "rises", "value": "-5"}, "value", "0 or more"),
        ({"comparison": "present", "flag": "odd"}, "flag", "Choose a flag"),
    ],
)
def test_what_is_wrong_is_named_at_its_place(changes: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(RuleError, match=why) as caught:
        read_condition({**LIMIT, **changes})
    assert caught.value.field == field


@pytest.mark.parametrize(("written", "field"), [({}, "do"), ({"do": "delete"}, "do"), ({"do": "tag", "tag": " "}, "tag"),
    ({"do": "tag", "tag": "x" * 41}, "tag")])  # fmt: skip
def test_an_action_is_checked_too(written: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_action(written)
    assert caught.value.field == field


def test_actions_and_conditions_as_people_say_them() -> None:
    assert read_action({"do": "tag", "tag": " slow  start ", "more": 1}) == Action("tag", "slow start")
    assert Condition(">", "validation_loss", 2.0, times=3).words() == "validation_loss > 2 for 3 epochs"
    assert Condition("rises", "loss", 20.0, after=5).words() == "loss rises 20 % above its lowest after epoch 5"
    assert Condition("present", flag="not_finite").words() == "NaN on any metric"
    assert Condition("worse", "loss").words() == "loss worse than the median of the others"
    stopped = Action("stop").done(Condition(">", "loss", 2.0), "at epoch 7")
    assert stopped == "stopped by rule: loss > 2 (at epoch 7)"
