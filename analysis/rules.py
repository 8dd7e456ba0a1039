"""Rules: a condition on an experiment's curves, and where it begins to hold. The same for live and for past curves.

Guarantees that a growing experiment fires where the whole one would: what was once decided, later values do not change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.axes import Floats
from analysis.curves import RULES, Curve, Rule, flags, pairs, reported
from analysis.curves.reported import Reported
from analysis.curves.trend import Goal
from analysis.curves.words import place, short
from analysis.metrics import usual_goal

# As in the detectors' own functions: what a condition may ask for.
FLAGS = tuple(rule.__name__ for rule in RULES)
LIMITS = (">", ">=", "<", "<=")
# By so many percent above the lowest value so far, or below the highest one.
MOVES = ("rises", "falls")
# worse: than the median of the run's other experiments at the same epoch. present: a flag.
COMPARISONS = {
    ">": "is above",
    ">=": "is at least",
    "<": "is below",
    "<=": "is at most",
    "rises": "rises above its lowest by",
    "falls": "falls below its highest by",
    "worse": "is worse than the median of its run",
    "present": "has the flag",
}
# From fewer others nobody knows what is usual.
LEAST_OTHERS = 5
# A flag is looked for at every one of so many first epochs; from there on at every second, fourth, ... one.
DENSE_LOOKS = 64


@dataclass(frozen=True)
class Condition:
    """When a rule fires: `metric comparison value`, true `times` points in a row, all of them after `after`.

    metric: None is any, which only a flag may be of. value: percent where the metric rises or falls.
    """

    comparison: str
    metric: str | None = None
    value: float | None = None
    flag: str | None = None
    times: int = 1
    after: float | None = None

    def words(self) -> str:
        """As people say it: "loss > 2 for 3 epochs after epoch 5"."""
        return " ".join(filter(None, [self._what(), self._how_often(), self._from_when()]))

    def _what(self) -> str:
        if self.comparison == "present":
            return f"{short(self.flag or '')} on {self.metric or 'any metric'}"
        if self.comparison == "worse":
            return f"{self.metric} worse than the median of the others"
        if self.comparison in MOVES:
            end = "above its lowest" if self.comparison == "rises" else "below its highest"
            return f"{self.metric} {self.comparison} {self.value:.10g} % {end}"
        return f"{self.metric} {self.comparison} {self.value:.10g}"

    def _how_often(self) -> str:
        return f"for {self.times} epochs" if self.times > 1 else ""

    def _from_when(self) -> str:
        return "" if self.after is None else f"after epoch {self.after:.10g}"


@dataclass(frozen=True)
class Firing:
    """Where a condition began to hold, and when (by the clock of the values)."""

    began: float
    unit: str
    at: float

    def words(self) -> str:
        """As in "at epoch 7"."""
        return f"at {place(self.began, self.unit)}"


@dataclass(frozen=True, eq=False)
class Others:
    """What experiments had reported of a metric: (points,) each, by epoch, then by time. owners: their ids."""

    x: Floats
    times: Floats
    values: Floats
    owners: NDArray[np.int64]

    def without(self, owner: int) -> Others:
        """The same but for one experiment."""
        is_other = self.owners != owner
        return Others(self.x[is_other], self.times[is_other], self.values[is_other], self.owners[is_other])


@dataclass(frozen=True, eq=False)
class Subject:
    """An experiment as rules see it. others: of its run, by metric. noise: usual levels, as `flags` has them."""

    reported: Sequence[Reported]
    has_ended: bool
    objective: str | None = None
    goal: str = "maximize"
    others: Mapping[str, Others] = field(default_factory=dict)
    noise: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def goal_of(self, metric: str) -> Goal:
        """The objective's goal is what its run says; all other metrics are judged by their names."""
        goal = self.goal if metric == self.objective else usual_goal(metric)
        return "minimize" if goal == "minimize" else "maximize"

    def metric(self, name: str | None) -> Reported | None:
        """What it reported of a metric."""
        return next((each for each in self.reported if each.metric == name), None)


@dataclass(frozen=True, eq=False)
class Points:
    """The values that count, in the order in which they were settled: (points,) each."""

    x: Floats
    values: Floats
    times: Floats
    unit: str


def firing(condition: Condition, subject: Subject, *, since: float = -math.inf) -> Firing | None:
    """Where the condition begins to hold for an experiment as far as it has come, or None where it does not.

    since: up to here it is known that a flag is not present, which spares the looks.
    """
    if condition.comparison == "present":
        return _flag_firing(condition, subject, since)
    found = subject.metric(condition.metric)
    if found is None or not len(found.values):
        return None
    points = settled(found, has_ended=subject.has_ended)
    holds = _holds(condition, points, subject) & (
        points.x > (-math.inf if condition.after is None else condition.after)
    )
    at = _first_row(holds, condition.times)
    return None if at is None else Firing(float(points.x[at]), points.unit, float(points.times[at]))


def settled(told: Reported, *, has_ended: bool) -> Points:
    """The values that will not change: all, or where batches are named the last one of every epoch that is over."""
    if told.epochs is None or not np.isfinite(told.epochs).all():
        return Points(np.arange(1.0, len(told.values) + 1), told.values, told.times, "step")
    if not told.is_by_batch:
        return Points(told.epochs, told.values, told.times, "epoch")
    is_last = np.append(told.epochs[1:] != told.epochs[:-1], has_ended)
    return Points(told.epochs[is_last], told.values[is_last], told.times[is_last], "epoch")


def others_of(told: Mapping[int, Reported]) -> Others:
    """What experiments reported of one metric, by their ids."""
    points = {owner: settled(each, has_ended=True) for owner, each in told.items() if len(each.values)}
    x, times, values = (
        np.concatenate([getattr(each, part) for each in points.values()]) if points else np.zeros(0)
        for part in ("x", "times", "values")
    )
    owners = np.repeat(np.array([*points], dtype=np.int64), [len(each.x) for each in points.values()])
    order = np.lexsort((times, x))
    order = order[np.isfinite(values[order])]
    return Others(x[order], times[order], values[order], owners[order])


# --- comparisons ------------------------------------------------------------------------------------------------------

Mask = NDArray[np.bool_]


def _holds(condition: Condition, points: Points, subject: Subject) -> Mask:
    value = condition.value or 0.0
    if condition.comparison == "worse":
        return _is_worse(points, subject.others.get(condition.metric or ""), subject.goal_of(condition.metric or ""))
    if condition.comparison in MOVES:
        return _has_moved(points.values if condition.comparison == "rises" else -points.values, value / 100)
    # A value that is NaN is neither above nor below.
    compare = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}[condition.comparison]
    return np.asarray(compare(points.values, value))


def _has_moved(values: Floats, share: float) -> Mask:
    lowest = np.fmin.accumulate(values)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(values > lowest + np.abs(lowest) * share)


def _is_worse(points: Points, others: Others | None, goal: Goal) -> Mask:
    """NaN is worse than any median."""
    found = np.zeros(len(points.x), dtype=bool)
    if others is None:
        return found
    starts, stops = (np.searchsorted(others.x, points.x, side=side) for side in ("left", "right"))
    for at, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        # Only what was known at the time: a look at the past must decide as a look at the present did.
        known = start + int(np.searchsorted(others.times[start:stop], points.times[at], side="right"))
        if known - start < LEAST_OTHERS:
            continue
        median = float(np.median(others.values[start:known]))
        value = points.values[at]
        found[at] = not (value <= median if goal == "minimize" else value >= median)
    return found


def _first_row(holds: Mask, times: int) -> int | None:
    """The place of the last of the first so many in a row."""
    if times > len(holds):
        return None
    sums = np.cumsum(np.r_[0, holds])
    full = np.flatnonzero(sums[times:] - sums[:-times] == times)
    return int(full[0]) + times - 1 if len(full) else None


# --- flags ------------------------------------------------------------------------------------------------------------


def _flag_firing(condition: Condition, subject: Subject, since: float) -> Firing | None:
    told = _needed(condition.metric, subject)
    if not told:
        return None
    unit, places = clock(told, has_ended=subject.has_ended)
    after = max(since, -math.inf if condition.after is None else condition.after)
    for at in look_places(len(places)):
        if places[at] <= after:
            continue
        curves = [_until(each, places[at], unit, subject) for each in told]
        there = [curve for curve in curves if len(curve.x)]
        if flags(there, subject.noise, rules=_detectors(condition), metric=condition.metric):
            return Firing(float(places[at]), unit, max(_time_of(each, places[at], unit) for each in told))
    return None


def _detectors(condition: Condition) -> list[Rule]:
    return [rule for rule in RULES if rule.__name__ == condition.flag]


def looked_until(condition: Condition, subject: Subject) -> float:
    """Up to where `firing` has looked for a flag, to begin there the next time."""
    told = _needed(condition.metric, subject)
    places = clock(told, has_ended=subject.has_ended)[1] if told else np.zeros(0)
    return float(places[-1]) if len(places) else -math.inf


def _needed(metric: str | None, subject: Subject) -> list[Reported]:
    """The metrics that decide on a flag of this one: itself and its training partner."""
    if metric is None:
        return [each for each in subject.reported if len(each.values)]
    partner = pairs(each.metric for each in subject.reported).get(metric)
    return [each for each in subject.reported if each.metric in (metric, partner) and len(each.values)]


def clock(told: Sequence[Reported], *, has_ended: bool) -> tuple[str, Floats]:
    """The epochs that are over, in order; or the steps that all have made, where not all of them name epochs."""
    epochs = [each.epochs for each in told if each.epochs is not None and np.isfinite(each.epochs).all()]
    if len(epochs) == len(told):
        places = np.unique(np.concatenate(epochs))
        return "epoch", places if has_ended else places[:-1]
    lengths = [len(each.values) for each in told]
    return "step", np.arange(1.0, (max(lengths) if has_ended else min(lengths)) + 1)


def look_places(count: int) -> list[int]:
    """At which of so many places there is a look; those of fewer places are the first ones of these."""
    found, step = [], 1
    for at in range(count):
        if at + 1 > DENSE_LOOKS * step:
            step *= 2
        if (at + 1) % step == 0:
            found.append(at)
    return found


def _until(told: Reported, end: float, unit: str, subject: Subject) -> Curve:
    goal = subject.goal_of(told.metric)
    if unit == "step" or told.epochs is None:
        return reported(told.metric, told.values[: int(end)], None, goal)
    is_there = told.epochs <= end
    return reported(told.metric, told.values[is_there], told.epochs[is_there], goal)


def _time_of(told: Reported, end: float, unit: str) -> float:
    is_there = slice(0, int(end)) if unit == "step" or told.epochs is None else told.epochs <= end
    return float(told.times[is_there].max(initial=-math.inf))
