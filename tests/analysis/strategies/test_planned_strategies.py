"""Strategies that know their settings in advance: what each of them promises."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from analysis.candidates import Interval, Space
from analysis.ranges import expand_range
from analysis.strategies import Search, StrategyError, begin, count_of, draw

SQUARE: Space = {"x": Interval(0, 1), "y": Interval(0, 1)}


def points(name: str, count: int, **options: bool) -> np.ndarray:
    return np.array([list(chosen.values()) for chosen in draw(name, Search(SQUARE, count, 1, options=options), count)])


def test_a_grid_changes_its_last_hyperparameter_fastest() -> None:
    search = Search({"a": (1, 2), "fixed": ("z",), "b": ("x", "y"), "n": Interval(1, 2, is_whole=True)}, count=1)
    assert [tuple(chosen.values()) for chosen in draw("grid", search, 5)] == [
        (1, "z", "x", 1),
        (1, "z", "x", 2),
        (1, "z", "y", 1),
        (1, "z", "y", 2),
        (2, "z", "x", 1),
    ]
    assert count_of("grid", search) == 8


def test_a_grid_of_millions_is_counted_and_begun_at_once() -> None:
    search = Search({f"h{number}": tuple(range(100)) for number in range(10)})
    began = time.perf_counter()
    assert count_of("grid", search) == 10**20
    assert len(draw("grid", search, 3)) == 3
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("interval", "type", "example"),
    [
        (Interval(0.001, 0.1, is_log=True), "float", "[0.001:0.1:*10]"),
        (Interval(0.001, 0.005, is_log=True), "float", "[0.001:0.005:*2]"),
        (Interval(0, 0.5), "float", "[0:0.5:0.05]"),
        (Interval(1, 5000, is_whole=True), "int", "[1:5000:500]"),
    ],
)
def test_a_grid_asks_for_a_step_and_writes_one(interval: Interval, type: str, example: str) -> None:
    sentence = f"rate has no step: write one, as in {example}, or choose a strategy that draws."
    with pytest.raises(StrategyError, match=re.escape(sentence)):
        begin("grid", Search({"rate": interval}))
    assert len(expand_range(*example.strip("[]").split(":"), type).values) >= 3  # type: ignore[arg-type]


def test_one_at_a_time_begins_with_the_defaults_and_changes_one() -> None:
    space: Space = {"lr": (0.1, 0.2, 0.3, 0.4), "opt": ("adam", "sgd"), "epochs": (3,), "bn": (False, True)}
    search = Search(space, base={"lr": 0.3, "opt": "rmsprop", "epochs": 9})
    asked = draw("one_at_a_time", search, 100)
    assert asked[0] == {"lr": 0.3, "opt": "adam", "epochs": 3, "bn": False}
    assert len(asked) == count_of("one_at_a_time", search) == 1 + 3 + 1 + 1
    for chosen in asked[1:]:
        assert sum(chosen[name] != asked[0][name] for name in space) == 1


def test_one_at_a_time_takes_the_middle_without_a_default_and_spreads_over_an_interval() -> None:
    search = Search({"n": (1, 2, 3), "rate": Interval(0.01, 1, is_log=True), "k": Interval(1, 100, is_whole=True)})
    asked = draw("one_at_a_time", search, 100)
    assert asked[0] == {"n": 2, "rate": 0.1, "k": 51}
    assert [chosen["rate"] for chosen in asked if chosen["n"] == 2 and chosen["k"] == 51] == [
        0.1,
        0.01,
        0.0316228,
        0.316228,
        1.0,
    ]
    assert len(asked) == count_of("one_at_a_time", search) == 1 + 2 + 4 + 4


def test_a_default_inside_an_interval_is_the_base() -> None:
    search = Search({"k": Interval(1, 100, is_whole=True), "r": Interval(0, 1)}, base={"k": 7, "r": 0.9})
    assert draw("one_at_a_time", search, 1) == [{"k": 7, "r": 0.9}]
    assert count_of("one_at_a_time", search) == 1 + 5 + 5


@pytest.mark.parametrize("options", [{}, {"is_centred": True}, {"is_spread": True}])
def test_a_latin_hypercube_has_one_point_in_every_slice(options: dict[str, bool]) -> None:
    drawn = points("latin_hypercube", 25, **options)
    for column in drawn.T:
        assert sorted(np.floor(column * 25)) == list(range(25))
    if "is_centred" in options:
        assert np.allclose((drawn * 25) % 1, 0.5)


def test_spreading_out_is_refused_where_it_would_take_hours() -> None:
    search = Search(SQUARE, 2_001, options={"is_spread": True})
    with pytest.raises(StrategyError, match=r"Spreading out 2,001 settings takes minutes or hours"):
        count_of("latin_hypercube", search)
    assert count_of("latin_hypercube", Search(SQUARE, 2_001)) == 2_001


def test_a_grid_that_is_told_of_some_while_it_goes_on_leaves_those_out() -> None:
    grid = begin("grid", Search({"a": (1, 2, 3, 4)}))
    assert grid.ask() == {"a": 1}
    grid.tell({"a": 3}, 0.5)
    grid.tell({"a": 1}, 0.5)
    assert [chosen["a"] for chosen in iter(grid.ask, None)] == [2, 4]


@pytest.mark.parametrize("name", ["sobol", "halton", "latin_hypercube"])
def test_what_fills_evenly_has_a_lower_discrepancy_than_random(name: str) -> None:
    from scipy.stats import qmc

    assert qmc.discrepancy(points(name, 64)) < 0.6 * qmc.discrepancy(points("random", 64))


@pytest.mark.parametrize("name", ["random", "sobol", "halton"])
def test_a_longer_search_begins_with_a_shorter_one(name: str) -> None:
    assert np.array_equal(points(name, 100)[:10], points(name, 10))


@pytest.mark.parametrize("name", ["random", "sobol", "halton", "latin_hypercube"])
def test_another_seed_draws_other_settings(name: str) -> None:
    one, other = (draw(name, Search(SQUARE, 4, seed), 4) for seed in (1, 2))
    assert one != other


def test_an_unscrambled_sequence_begins_with_the_lowest() -> None:
    assert points("sobol", 4, is_scrambled=False).tolist() == [[0, 0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]


@pytest.mark.parametrize("name", ["random", "sobol", "halton", "latin_hypercube"])
def test_a_large_list_is_drawn_to_its_end(name: str) -> None:
    search = Search({"a": tuple(range(40)), "n": Interval(1, 60, is_log=True, is_whole=True)}, count=2400)
    asked = draw(name, search, 5000)
    assert len({tuple(chosen.values()) for chosen in asked}) == len(asked) == 2400


def test_a_grid_goes_on_where_it_was_left() -> None:
    search = Search({"a": (1, 2), "b": (1, 2)})
    begun = begin("grid", search)
    begun.tell({"a": 1, "b": 1}, 0.3)
    begun.tell_running({"a": 2, "b": 1})
    assert list(iter(begun.ask, None)) == [{"a": 1, "b": 2}, {"a": 2, "b": 2}]
