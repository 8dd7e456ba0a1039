"""Which experiments no other one beats in two metrics at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.surrogate import Goal


def front(first: Sequence[float | None], second: Sequence[float | None], goals: tuple[Goal, Goal]) -> list[int]:
    """The places of those that nothing beats, from the best of the first metric to the best of the second.

    One beats another where it is as good in both and better in one: of equals all are on the front. What has no finite
    value in both is left out. Takes O(n log n).
    """
    signed = np.array([_lower_is_better(first, goals[0]), _lower_is_better(second, goals[1])])
    places = np.flatnonzero(np.isfinite(signed).all(axis=0))
    one, two = signed[:, places]
    order = np.lexsort((two, one))
    places, one, two = places[order], one[order], two[order]
    if not len(places):
        return []
    # Groups of equal first values: the best second one of each, and the best of all groups before.
    starts = np.flatnonzero(np.r_[True, np.diff(one) > 0])
    best = np.minimum.reduceat(two, starts)
    before = np.r_[math.inf, np.minimum.accumulate(best)[:-1]]
    group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(one)]))
    unbeaten = (two == best[group]) & (two < before[group])
    return [int(place) for place in places[unbeaten]]


def _lower_is_better(values: Sequence[float | None], goal: Goal) -> np.ndarray:
    numbers = np.array([math.nan if value is None else value for value in values], dtype=float)
    return numbers if goal == "minimize" else -numbers
