"""Which experiments count: the one rule."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from analysis.counting import best_of, is_counted, is_included, left_out_words, ranked
from storage.schema import EXPERIMENT_STATES


@dataclass(frozen=True)
class One:
    number: int
    state: str
    value: float | None


ALL = [
    One(1, "finished", 0.5),
    One(2, "running", 0.9),
    One(3, "failed", 0.95),
    One(4, "finished", math.nan),
    One(5, "finished", math.inf),
    One(6, "finished", 0.5),
    One(7, "queued", None),
    One(8, "stopped", 0.1),
]


def value_of(one: One) -> float | None:
    return one.value


def test_only_finished_experiments_with_a_finite_value_count_unless_a_person_includes_others() -> None:
    assert [state for state in EXPERIMENT_STATES if is_counted(state)] == ["finished"]
    assert all(is_counted(state, 1.0, include_unfinished=True) for state in EXPERIMENT_STATES)
    for value in (None, math.nan, math.inf, -math.inf):
        assert not is_counted("finished", value, include_unfinished=True)


@pytest.mark.parametrize(
    ("goal", "include", "number"),
    [("maximize", False, 1), ("minimize", False, 1), ("maximize", True, 3), ("minimize", True, 8)],
)
def test_the_best_is_the_best_of_those_that_count_and_the_first_of_equals(
    goal: str, include: bool, number: int
) -> None:
    for order in (ALL, ALL[::-1]):
        best = best_of(order, value_of, goal, include_unfinished=include)
        assert best is not None
        assert best.number == number


def test_where_none_counts_there_is_no_best() -> None:
    assert best_of([], value_of, "maximize") is None
    assert best_of(ALL[1:5], value_of, "maximize") is None


def test_those_that_do_not_count_come_last_by_number() -> None:
    assert [one.number for one in ranked(ALL, value_of, "maximize")] == [1, 6, 2, 3, 4, 5, 7, 8]
    with_others = ranked(ALL, value_of, "maximize", include_unfinished=True)
    assert [one.number for one in with_others] == [3, 2, 1, 6, 8, 4, 5, 7]


def test_what_is_left_out_is_told_by_state() -> None:
    assert left_out_words(one.state for one in ALL) == "4 unfinished: 1 running, 1 failed, 1 queued, 1 stopped"
    assert left_out_words(["finished"]) == ""


def test_only_the_word_includes_unfinished_ones() -> None:
    assert [is_included(word) for word in ("unfinished", "", None, "all", ["unfinished"])] == [True, *[False] * 4]
