"""How places are shared between runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sharing import Nodes, Wish, refused_share, share

TWO_CPUS = [{"CPU": 2.0}]
nodes = st.lists(
    st.fixed_dictionaries({"CPU": st.integers(0, 8).map(float), "GPU": st.integers(0, 2).map(float)}), max_size=4
)


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    """Runs of every kind."""
    count = draw(st.integers(1, 6))
    return [
        Wish(
            run,
            draw(st.sampled_from([0.0, 0.5, 1.0, 2.0])),
            draw(st.sampled_from([0.0, 0.25, 1.0])),
            draw(st.integers(0, 20)),
            draw(st.none() | st.integers(1, 5)),
            draw(st.integers(-1, 1)),
            draw(st.sampled_from([0.5, 1.0, 3.0])),
            draw(st.floats(0, 100)),
        )
        for run in range(count)
    ]


def used(given_places: dict[int, int], all_wishes: Sequence[Wish], what: str) -> float:
    return sum(given_places[wish.run] * (wish.cpus if what == "CPU" else wish.gpus) for wish in all_wishes)


@given(nodes, wishes())
def test_nobody_gets_more_than_there_is_or_than_it_can_use(all_nodes: Nodes, all_wishes: list[Wish]) -> None:
    places = share(all_nodes, all_wishes)
    assert set(places) == {wish.run for wish in all_wishes}
    assert all(0 <= places[wish.run] <= wish.limit for wish in all_wishes)
    for what in ("CPU", "GPU"):
        assert used(places, all_wishes, what) <= sum(node.get(what, 0) for node in all_nodes) + 1e-6


@given(st.integers(1, 16), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_among_equals_nobody_has_two_more_than_one_who_wants_more(cpus: int, wanted: list[int]) -> None:
    all_wishes = [Wish(run, 1, 0, number) for run, number in enumerate(wanted)]
    places = share([{"CPU": float(cpus)}], all_wishes)
    assert sum(places.values()) == min(cpus, sum(wanted))
    unsatisfied = [places[wish.run] for wish in all_wishes if places[wish.run] < wish.wanted]
    assert max(places.values()) <= min(unsatisfied, default=10**9) + 1


def test_a_small_run_has_its_place_beside_a_huge_one() -> None:
    assert share(TWO_CPUS, [Wish(1, 1, 0, 10_000), Wish(2, 1, 0, 3)]) == {1: 1, 2: 1}


def test_a_weight_of_three_gets_three_times_the_places() -> None:
    assert share([{"CPU": 8.0}], [Wish(1, 1, 0, 100), Wish(2, 1, 0, 100, weight=3)]) == {1: 2, 2: 6}


def test_a_higher_priority_goes_first_and_leaves_the_rest() -> None:
    assert share([{"CPU": 4.0}], [Wish(1, 1, 0, 100), Wish(2, 1, 0, 3, priority=1)]) == {1: 1, 2: 3}


def test_who_was_served_longest_ago_goes_first_where_only_one_fits() -> None:
    small, large = Wish(1, 1, 0, 10, served=20), Wish(2, 2, 0, 10, served=10)
    assert share(TWO_CPUS, [small, large]) == {1: 0, 2: 1}
    assert share(TWO_CPUS, [small, Wish(2, 2, 0, 10, served=30)]) == {1: 2, 2: 0}


def test_a_limit_leaves_places_to_others() -> None:
    assert share([{"CPU": 4.0}], [Wish(1, 1, 0, 100, most=1), Wish(2, 1, 0, 100)]) == {1: 1, 2: 3}


def test_fractions_of_a_gpu_pack_on_one_and_none_is_split_between_two() -> None:
    halves = [{"CPU": 8.0, "GPU": 1.0}, {"CPU": 8.0, "GPU": 1.0}]
    assert share(halves, [Wish(1, 1, 0.4, 10)]) == {1: 4}
    assert share(halves, [Wish(1, 1, 1.5, 10)]) == {1: 0}


def test_what_wants_nothing_at_all_takes_a_cpu_s_place() -> None:
    assert share(TWO_CPUS, [Wish(1, 0, 0, 10)]) == {1: 2}


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
