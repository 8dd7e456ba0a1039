"""Whose turn it is on the places of a cluster, and what a person may wish about it."""

from __future__ import annotations

import pytest

from analysis.sharing import Wish, refused_share, share

NODES = [{"CPU": 6.0}]


def test_a_run_of_a_higher_priority_gets_all_that_it_can_use() -> None:
    assert share(NODES, [Wish(1, 1, 0, 10), Wish(2, 1, 0, 4, priority=1)]) == {1: 2, 2: 4}


def test_a_run_with_share_two_gets_twice_as_many_places() -> None:
    assert share(NODES, [Wish(1, 1, 0, 10), Wish(2, 1, 0, 10, weight=2)]) == {1: 2, 2: 4}


@pytest.mark.parametrize(("priority", "weight"), [(0, 1), (-1000, 1e-6), (1000, 1e6), (5, 0.5)])
def test_what_a_run_may_have_is_not_refused(priority: int, weight: float) -> None:
    assert refused_share(priority, weight) is None


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), -float("inf"), 1e-300, 1e7])
def test_a_share_that_divides_nothing_is_refused(weight: float) -> None:
    refused = refused_share(0, weight)
    assert refused is not None
    assert refused == f"The share is {weight:g}; write a number above 0, such as 0.5 or 2, up to 1,000,000."


@pytest.mark.parametrize("priority", [1001, -1001, 0.5, float("nan"), float("inf"), 1e30])
def test_a_priority_out_of_bounds_is_refused(priority: float) -> None:
    refused = refused_share(priority, 1)
    assert refused == f"The priority is {priority:g}; write a whole number from -1000 to 1000."
