"""Divergence: the metric leaves all that it was before, in the bad direction."""

from __future__ import annotations

import numpy as np

from analysis.curves.base import Case, Flag
from analysis.curves.words import numbers, place, spoken

LEAST_POINTS = 3
# One value out there may be an accident of one batch; two of the last three are not.
WATCHED, NEEDED = 3, 2
# No noise, whatever its distribution, is often this many deviations off.
DEVIATIONS = 8.0


def divergence(case: Case) -> Flag | None:
    """Two of the last three values lie further beyond the worst start than the start is high or its descent was long.

    The start is everything up to the best level; a loss from 2.3 down to 0.5 diverges above 4.6. It is withdrawn when
    the metric returns. A validation metric does not diverge while training improves: that is overfitting.
    """
    values = case.curve.values
    trend = case.trend
    if len(trend) < LEAST_POINTS or _is_training_well(case):
        return None
    best = int(np.argmin(trend.smooth))
    start = trend.y[: best + 1]
    worst, fall = float(start.max()), float(np.ptp(start))
    limit = worst + max(abs(worst), fall, DEVIATIONS * trend.noise(0, max(best + 1, len(trend) // 2)).deviation)
    signed = values / trend.scale
    latest = ~(signed[-WATCHED:] <= limit)
    if latest.sum() < NEEDED or not (trend.y[-WATCHED:] > limit).any():
        return None
    return _flag(case, best, worst)


def _is_training_well(case: Case) -> bool:
    if case.training is None or not len(case.training.trend):
        return False
    smooth = case.training.trend.smooth
    return bool(np.isfinite(case.training.curve.values[-1]) and smooth[-1] <= smooth[0])


def _flag(case: Case, best: int, worst: float) -> Flag:
    trend, unit = case.trend, case.curve.unit
    below = np.flatnonzero(trend.y <= worst)
    at = int(below[-1])
    began = float(trend.x[at])
    levels = float(trend.y[at] * trend.scale), float(trend.y[-1] * trend.scale)
    first, last = numbers(*levels)
    way = "grew" if trend.scale > 0 else "fell"
    sentence = (
        f"{spoken(case.curve.metric).capitalize()} {way} from {first} at {place(began, unit)} to {last}"
        f" at {place(float(trend.x[-1]), unit)}, beyond all values before."
    )
    evidence = {"before": levels[0], "last": levels[1], "last_at": float(trend.x[-1]), "best": trend.level(best)}
    return Flag("divergence", case.curve.metric, began, sentence, evidence)
