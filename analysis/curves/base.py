"""What a rule looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from analysis.axes import Floats
from analysis.curves.ending import Ending, ending
from analysis.curves.trend import Goal, Trend, trend
from analysis.metrics import usual_goal


@dataclass(frozen=True)
class Flag:
    """One remark on one metric: since when it holds, in words, and the numbers behind the words.

    began: an epoch, or a step where the curve counts in steps. evidence: numbers by name, in the metric's own unit.
    """

    rule: str
    metric: str
    began: float
    sentence: str
    evidence: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric of one experiment. `x` rises strictly; `values`, as many, may be NaN or infinite. Made by `curve`."""

    metric: str
    x: Floats
    values: Floats
    goal: Goal
    unit: str = "epoch"


@dataclass(frozen=True, eq=False)
class Case:
    """A curve with what rules compare it with.

    training: the case of its training partner, where the curve is of validation. by_epoch: of the same metric by
    epochs, where the curve is by batches. usual_noise: levels of other curves.
    """

    curve: Curve
    training: Case | None = None
    by_epoch: Case | None = None
    usual_noise: tuple[float, ...] = field(default=())

    @cached_property
    def trend(self) -> Trend:
        """Computed once for all rules."""
        return trend(self.curve.x, self.curve.values, self.curve.goal)

    @cached_property
    def ending(self) -> Ending | None:
        """Computed once, too."""
        return ending(self.trend)


Rule = Callable[[Case], Flag | None]


def curve(metric: str, x: ArrayLike, values: ArrayLike, goal: Goal | None = None, unit: str = "epoch") -> Curve:
    """A curve from points in any order: of those at one epoch or step the last one counts; places must be finite.

    x, values: (points,). Without a goal the metric's name says it. Raises ValueError where the two differ in length.
    """
    places, numbers = np.asarray(x, dtype=np.float64).ravel(), np.asarray(values, dtype=np.float64).ravel()
    if len(places) != len(numbers):
        raise ValueError(f"{metric} has {len(places)} places for {len(numbers)} values; give one for each.")
    proper = np.isfinite(places)
    places, numbers = places[proper], numbers[proper]
    # What training writes is nearly always in order, and then nothing is sorted.
    if len(places) and not (places[1:] > places[:-1]).all():
        order = np.argsort(places, kind="stable")
        places, numbers = places[order], numbers[order]
        is_last = np.r_[places[1:] > places[:-1], True]
        places, numbers = places[is_last], numbers[is_last]
    return Curve(metric, places, numbers, goal or usual_goal(metric), unit)
