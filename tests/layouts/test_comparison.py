"""Experiments side by side as a table, and as text to be copied."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from analysis.differences import compare_metrics, compare_numbers, compare_settings
from layouts.comparison import Choice, Column, Comparison, content, table
from layouts.flags import Said
from tests.text import text_of


def shown(
    settings: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, float]] | None = None,
    *,
    reference: int = 0,
    only: bool = False,
    **more: Any,
) -> Comparison:
    columns = [Column("digits", 1, 5 + at, "finished", 1, 4.0, 8.0, 2.0 + at, **more) for at in range(len(settings))]
    goals: Any = {"loss": "minimize", "accuracy": "maximize"}
    return Comparison(
        columns,
        reference,
        compare_settings(settings, [{"lr": 0.5}] * len(settings), reference),
        compare_metrics(metrics or [{}] * len(settings), reference, goals),
        compare_numbers("duration", [each.duration_s for each in columns], reference),
        [],
        only,
    )


def test_equal_rows_are_left_out_and_counted() -> None:
    many = {f"option_{at}": at for at in range(120)}
    made = shown([many, many | {"option_7": "x"}], only=True)
    text = text_of(table(made))
    assert "1 of 120 settings differs; 119 that are the same are left out" in text
    assert "option_7" in text
    assert "option_8" not in text
    assert [row[0] for row in content(made)["rows"]] == ["option_7", "state", "duration (s)", "attempts"]
    assert "option_8" in text_of(table(shown([many, many])))
    assert "all 120 settings are the same" in text_of(table(shown([many, many], only=True)))


def test_better_and_worse_are_said_in_words_and_without_a_goal_not_at_all() -> None:
    text = text_of(
        table(
            shown([{}, {}], [{"loss": 0.5, "accuracy": 0.5, "width": 4}, {"loss": 0.25, "accuracy": 0.25, "width": 8}])
        )
    )
    assert "−0.25 (−50 %) better" in text
    assert "−0.25 (−50 %) worse" in text
    assert '"+4 (+100 %)"' in text
    assert "nothing was set" in text


def test_what_is_missing_is_said() -> None:
    made = shown([{"lr": 0.5}, {"width": None}], [{}, {"loss": math.nan, "accuracy": math.inf}])
    text = text_of(table(made))
    for words in ("not set", "default", "not reported", "none", "NaN", "∞"):
        assert words in text
    assert "is-better" not in text
    assert "is-worse" not in text
    rows = {row[0]: row[1:] for row in content(made)["rows"]}
    assert (rows["lr"], rows["width"]) == ([0.5, 0.5], [None, None])
    assert (rows["loss"], rows["accuracy"]) == ([None, "nan"], [None, "inf"])
    json.dumps(content(made), allow_nan=False)


def test_values_of_any_kind_are_written_as_a_script_takes_them() -> None:
    made = shown(
        [
            {"a": [1, 2.5], "b": True, "c": "", "d": {"x": 1}, "e": 2**60},
            {"a": [1], "b": False, "c": "<b>", "d": {}, "e": 0},
        ]
    )
    text = text_of(table(made))
    for words in ("[1, 2.5]", "True", "(empty)", "{x: 1}", "<b>"):
        assert words in text
    assert {row[0]: row[1] for row in content(made)["rows"]}["e"] == str(2**60)


def test_a_word_that_is_said_twice_is_one_chip() -> None:
    flags = [Said("flag", "plateau", "One."), Said("flag", "plateau", "Two.")]
    text = text_of(table(shown([{}, {}], flags=flags, note="see\nrun 3")))
    assert text.count("One.\\nTwo.") == 2
    assert "see\\nrun 3" in text


@pytest.mark.parametrize(
    ("search", "choice"),
    [("?with=1&against=7&rows=all", Choice(7, False)), ("?rows=differing&reduce={}", Choice(None, True, "{}")), ("", Choice()),
     ("?against=-1&rows=x", Choice()), ("?against=٣", Choice()), ("?against=1&against=2", Choice(2))],
)  # fmt: skip
def test_the_address_says_what_a_person_chose(search: str, choice: Choice) -> None:
    assert Choice.read(search) == choice
    assert Choice.from_told(choice.told()) == choice
