"""The unit cube in which settings are drawn, and what counts as the same settings."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.candidates import Interval
from analysis.hyperparameters import text_of
from analysis.strategies import StrategyError
from analysis.strategies.cube import Cube

EVEN = [(index + 0.5) / 1000 for index in range(1000)]


def test_candidates_of_a_list_have_equal_shares() -> None:
    (axis,) = Cube({"optimizer": ("adam", "sgd", "rmsprop", "lion")}).axes
    assert Counter(map(axis.value_at, EVEN)) == {"adam": 250, "sgd": 250, "rmsprop": 250, "lion": 250}
    assert axis.value_at(1.0) == "lion"


def test_both_ends_of_whole_numbers_come_as_often_as_the_others() -> None:
    (axis,) = Cube({"layers": Interval(1, 5, is_whole=True)}).axes
    assert Counter(map(axis.value_at, EVEN)) == dict.fromkeys(range(1, 6), 200)


def test_whole_numbers_on_a_log_scale_thin_out_evenly() -> None:
    (axis,) = Cube({"units": Interval(1, 100, is_log=True, is_whole=True)}).axes
    seen = Counter(map(axis.value_at, EVEN))
    assert {min(seen), max(seen)} == {1, 100}
    # ln(1.5 / 0.5) and ln(100.5 / 49.5) of ln(100.5 / 0.5).
    assert seen[1] == 207
    assert sum(seen[number] for number in range(50, 101)) == 134


def test_a_log_scale_spends_as_much_on_each_decade() -> None:
    (axis,) = Cube({"learning_rate": Interval(1e-4, 1e-1, is_log=True)}).axes
    assert [axis.value_at(place) for place in (0, 1 / 3, 2 / 3, 1)] == [0.0001, 0.001, 0.01, 0.1]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1), st.booleans())
def test_floats_are_what_the_script_will_see_and_within_the_interval(
    one: float, other: float, place: float, is_log: bool
) -> None:
    low, high = sorted((one, other))
    if is_log:
        low, high = abs(low) + 1e-9, abs(low) + 1e-9 + high - low
    assume(float(text_of(high)) - float(text_of(low)) > 1e-5)
    cube = Cube({"x": Interval(low, high, is_log)})
    value = cube.settings_at([place] * len(cube.axes))["x"]
    assert isinstance(value, float)
    assert low <= value <= high
    assert float(text_of(value)) == value


@given(st.floats(0, 1), st.booleans(), st.booleans())
def test_a_value_is_found_again_at_its_place(place: float, is_log: bool, is_whole: bool) -> None:
    cube = Cube({"x": Interval(1, 1000, is_log, is_whole)})
    value = cube.axes[0].value_at(place)
    key = cube.key_of({"x": value})
    assert key == (value,)
    assert math.isclose(cube.axes[0].value_at(cube.place_of(key)[0]), value, rel_tol=1e-9)  # type: ignore[arg-type]


def test_one_candidate_is_no_axis() -> None:
    cube = Cube({"epochs": (3,), "x": Interval(0.5, 0.5), "depth": (18, 34), "n": Interval(2, 2.5, is_whole=True)})
    assert [axis.name for axis in cube.axes] == ["depth"]
    assert cube.settings_at([0.9]) == {"epochs": 3, "x": 0.5, "depth": 34, "n": 2}
    assert list(cube.settings_at([0.9])) == ["epochs", "x", "depth", "n"]


def test_numbers_that_go_up_or_down_are_in_order_and_words_are_not() -> None:
    space = {"up": (1, 2, 4), "down": (0.5, 0.3), "mixed": (1, 4, 2), "words": ("a", "b"), "switch": (False, True)}
    assert [axis.is_ordered for axis in Cube(space).axes] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "settings",
    [
        {"depth": 50, "rate": 0.1, "epochs": 3},
        {"depth": 18, "rate": 0.6, "epochs": 3},
        {"depth": 18, "rate": 0.1, "epochs": 4},
        {"depth": 18, "rate": "0.1", "epochs": 3},
        {"depth": 18, "rate": True, "epochs": 3},
        {"depth": 18, "rate": math.nan, "epochs": 3},
        {"depth": 18, "rate": None, "epochs": 3},
        {"rate": 0.1, "epochs": 3},
        {"depth": 18, "rate": 0.1},
    ],
)
def test_settings_outside_the_space_have_no_key(settings: dict[str, object]) -> None:
    cube = Cube({"depth": (18, 34), "rate": Interval(0, 0.5), "epochs": (3,)})
    assert cube.key_of({"depth": 18, "rate": 0.1, "epochs": 3, "other": 1}) == (18, 0.1)
    assert cube.key_of(settings) is None  # type: ignore[arg-type]


def test_a_walk_meets_all_settings_once_but_those_named() -> None:
    cube = Cube({"a": (1, 2, 3), "b": ("x", "y"), "n": Interval(1, 4, is_whole=True)})
    walked = [cube.key_of(settings) for settings in cube.walk(7, but={(1, "x", 1), (3, "y", 4)})]
    assert len(walked) == len(set(walked)) == cube.size - 2 == 22  # type: ignore[operator]


def test_settings_by_number_change_the_last_axis_fastest() -> None:
    cube = Cube({"a": (1, 2), "b": ("x", "y")})
    assert [tuple(cube.nth(index).values()) for index in range(4)] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]


@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ((), "x has no candidate"),
        (Interval(2, 1), "swap the ends"),
        (Interval(0, 1, is_log=True), "begin above 0"),
        (Interval(0, math.inf), "ends are finite"),
        (Interval(1 / 3, 1 / 3), "no number with 12 digits"),
        (Interval(0.2, 0.8, is_whole=True), "no whole number between 0.2 and 0.8"),
    ],
)
def test_candidates_that_are_none_are_named(candidates: Interval, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        Cube({"x": candidates})


def test_drawn_numbers_can_be_read() -> None:
    (dropout,) = Cube({"dropout": Interval(0.1, 0.9)}).axes
    (rate,) = Cube({"rate": Interval(1e-4, 1e-1, is_log=True)}).axes
    assert dropout.value_at(1 / 3) == 0.366667
    assert rate.value_at(0.4) == 0.00158489
    # What a person gives stays as it is.
    assert dropout.read(0.12345678901) == 0.12345678901
