"""Noise: the metric jumps more from point to point than the project's other curves of it."""

from __future__ import annotations

import math

import numpy as np

from analysis.curves.base import Case, Curve, Flag
from analysis.curves.jitter import jitter
from analysis.curves.words import numbers, spoken

# Among fewer points a jump is not told from a bend.
LEAST_POINTS = 20
# From fewer curves nobody knows what is usual.
LEAST_LEVELS = 5
# Nineteen of twenty curves that are alike lie within so many deviations; LEAST_TIMES keeps most of the rest.
OUTLYING = 2.0
# Less than this many times the usual is not called noisy, however alike the others are: it is what two healthy curves
# may differ by.
LEAST_TIMES = 2.5
# No metric is larger or, but for zero, smaller; a ratio of the two is still a number.
HUGE = 1e150
# From the distance between the lower quartile and the median to a standard deviation, for a normal distribution.
FROM_QUARTILE = 0.6745
# The error of a logarithmic deviation told from n residuals, of which half are independent, is 1 / sqrt(n).
ERROR = 1.0


def noise_level(curve: Curve) -> float | None:
    """The standard deviation of a curve around its trend, in the metric's own unit; None where it is too short."""
    values = curve.values[np.isfinite(curve.values)]
    if len(values) < LEAST_POINTS:
        return None
    largest = float(np.abs(values).max()) or 1.0
    return min(jitter(values / largest).deviation * largest, HUGE)


def noise(case: Case) -> Flag | None:
    """The logarithm of its noise level is an outlier among those of other curves, upwards.

    The flag may change as the other curves grow, and as the metric becomes calmer.
    """
    level = noise_level(case.curve)
    levels = np.log(np.clip([each for each in case.usual_noise if 0 < each < math.inf], 1 / HUGE, HUGE))
    if not level or len(levels) < LEAST_LEVELS:
        return None
    low, usual = map(float, np.quantile(levels, [0.25, 0.5]))
    # Only the lower half says how much calm curves differ: noisy and exploding ones are in the upper.
    spread = (usual - low) / FROM_QUARTILE
    above = math.log(max(level, 1 / HUGE)) - usual
    if above < math.log(LEAST_TIMES) or above < OUTLYING * max(spread, ERROR / math.sqrt(len(case.curve.x))):
        return None
    own, others = numbers(level, math.exp(usual))
    sentence = (
        f"{spoken(case.curve.metric).capitalize()} jumps by {own} around its trend, {math.exp(above):.2g} times"
        f" the {others} that is usual in {len(levels)} other curves of it."
    )
    evidence = {"level": level, "usual": math.exp(usual), "curves": float(len(levels))}
    return Flag("noise", case.curve.metric, float(case.curve.x[0]), sentence, evidence)
