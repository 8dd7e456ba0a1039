"""Which points of a long curve are kept."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from analysis.thinning import thinned

NAN, INF = math.nan, math.inf


def test_a_short_curve_is_kept_whole() -> None:
    assert thinned(np.array([3.0, 1.0, 2.0]), 6).tolist() == [0, 1, 2]


def test_of_each_stretch_the_lowest_and_the_highest_are_kept_and_both_ends() -> None:
    values = np.array([5.0, 1.0, 9.0, 5.0, 5.0, 5.0, 7.0, 6.0, 2.0, 5.0, 5.0, 5.0])
    assert thinned(values, 6).tolist() == [0, 1, 2, 6, 8, 11]


def test_what_is_not_finite_is_kept_and_is_no_extreme() -> None:
    values = np.array([1.0, NAN, 3.0, 2.0, 2.0, 2.0, 2.0, 8.0, 4.0, INF, 4.0, 4.0, 4.0])
    assert thinned(values, 8).tolist() == [0, 1, 2, 7, 8, 9, 12]


def test_nothing_finite_is_still_something() -> None:
    assert thinned(np.full(100, NAN), 10).tolist()[0] == 0


@pytest.mark.parametrize("most", [6, 7, 50, 333, 2000])
@pytest.mark.parametrize("count", [7, 100, 2001, 9999])
def test_there_are_never_more_than_were_asked_for(most: int, count: int) -> None:
    values = np.sin(np.arange(count) / 7)
    for broken in (values, np.where(np.arange(count) % 5 == 0, NAN, values)):
        kept = thinned(broken, most)
        assert len(kept) <= most
        assert (np.diff(kept) > 0).all()
        assert (kept[0], kept[-1]) == (0, count - 1)


def test_a_million_points_keep_their_extremes_at_once() -> None:
    values = np.sin(np.arange(1_000_000) / 5000)
    values[123_456], values[654_321], values[777_777] = 99.0, -99.0, NAN
    started = time.perf_counter()
    kept = thinned(values, 2000)
    assert time.perf_counter() - started < 5
    assert {123_456, 654_321, 777_777} <= set(kept.tolist())
