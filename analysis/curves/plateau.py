"""Plateau: it improved once, and the last stretch stands still."""

from __future__ import annotations

import numpy as np

from analysis.curves.base import Case, Flag
from analysis.curves.ending import CHANCE, VISIBLE, Ending, stretch
from analysis.curves.trend import Trend
from analysis.curves.words import numbers, place, spoken

# Both directions are ruled out with 95 %: two one-sided tests (Schuirmann 1987), not a failure to find a trend.
CONFIDENCE = 0.95
# Values and means of a level that does not move lie within so many standard deviations of it (Shewhart 1931).
STRAY = 3.0


def plateau(case: Case) -> Flag | None:
    """Since it came to where it is, it moved less than its own jitter or less than one can see, and was worse before.

    It is withdrawn when the metric moves again. Batches of an epoch hide what epochs show, so where the last epoch is
    the best so far, nothing is said of its batches.
    """
    if case.by_epoch and _is_gaining(case.by_epoch.trend):
        return None
    trend = case.trend
    end = case.ending
    if end is None or end.is_improving or end.before.chance > CHANCE:
        return None
    at = _began(trend, end)
    still = stretch(trend, at) if at else end
    jitter = max(still.line, STRAY * still.noise.deviation)
    mean = float(trend.y[at:].mean())
    # What comes to rest above its best has got worse first: nobody calls that a plateau.
    if still.gain.most(CONFIDENCE) > jitter or mean - float(trend.smooth[:at].min(initial=mean)) > jitter:
        return None
    level = mean * trend.scale
    # As it was logged: a start is often so steep that its mean with its neighbours says little.
    start = float(case.curve.values[np.isfinite(case.curve.values)][0])
    here, there = numbers(level, start)
    began, until = float(trend.x[at]), float(trend.x[-1])
    sentence = (
        f"{spoken(case.curve.metric).capitalize()} has stayed near {here} since {place(began, case.curve.unit)}"
        f" (now {place(until, case.curve.unit)}); it began at {there}."
    )
    moved = -still.gain.value * trend.scale
    return Flag(
        "plateau",
        case.curve.metric,
        began,
        sentence,
        {"level": level, "first": start, "last_at": until, "moved": moved},
    )


def _is_gaining(trend: Trend) -> bool:
    if len(trend) < 2:
        return False
    best, last = float(trend.y[:-1].min()), float(trend.y[-1])
    gained, level = float(trend.y[0]) - last, abs(last)
    return best - last > VISIBLE * min(gained, level)


def _began(trend: Trend, end: Ending) -> int:
    level = float(trend.y[end.start :].mean())
    stray = max(end.line, STRAY * end.noise.error_of_mean(trend.width))
    outside = np.flatnonzero(np.abs(trend.smooth[: end.start] - level) > stray)
    return int(outside[-1]) + 1 if len(outside) else 0
