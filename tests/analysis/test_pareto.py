"""The front of two metrics, against the definition."""

from __future__ import annotations

import math
import random
import time

import pytest

from analysis.pareto import front
from analysis.surrogate import Goal

NAN, INF = math.nan, math.inf
LOW: Goal = "minimize"
HIGH: Goal = "maximize"


def by_definition(first: list[float], second: list[float], goals: tuple[Goal, Goal]) -> set[int]:
    signs = [1 if goal == LOW else -1 for goal in goals]
    points = [(signs[0] * one, signs[1] * two) for one, two in zip(first, second, strict=True)]
    proper = [place for place, point in enumerate(points) if all(map(math.isfinite, point))]
    return {
        place
        for place in proper
        if not any(
            points[other][0] <= points[place][0]
            and points[other][1] <= points[place][1]
            and points[other] != points[place]
            for other in proper
        )
    }


def test_accuracy_against_time() -> None:
    assert front([0.9, 0.8, 0.95, 0.7], [30, 10, 60, 20], (HIGH, LOW)) == [2, 0, 1]


def test_equals_share_the_front_and_a_worse_tie_is_beaten() -> None:
    assert sorted(front([1, 1, 1, 2], [5, 5, 6, 5], (LOW, LOW))) == [0, 1]


@pytest.mark.parametrize("nothing", [NAN, INF, -INF, None])
def test_what_has_no_number_is_left_out(nothing: float | None) -> None:
    assert front([1, nothing, 2], [1, 0, nothing], (LOW, LOW)) == [0]
    assert front([nothing], [nothing], (LOW, HIGH)) == []
    assert front([], [], (LOW, LOW)) == []


@pytest.mark.parametrize("goals", [(LOW, LOW), (LOW, HIGH), (HIGH, LOW), (HIGH, HIGH)])
def test_it_is_what_the_definition_says(goals: tuple[Goal, Goal]) -> None:
    chance = random.Random(3)
    for _ in range(60):
        count = chance.randrange(1, 40)
        first, second = ([chance.choice([0, 1, 2, 3, 4, NAN, INF]) for _ in range(count)] for _ in range(2))
        assert set(front(first, second, goals)) == by_definition(first, second, goals)


def test_a_hundred_thousand_take_no_time() -> None:
    chance = random.Random(1)
    first, second = ([chance.random() for _ in range(100_000)] for _ in range(2))
    start = time.perf_counter()
    assert front(first, second, (LOW, HIGH))
    # Comparing each with each would take hours.
    assert time.perf_counter() - start < 5
