"""How much a curve jumps from point to point around its own trend, and for how long a jump is remembered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.axes import Floats

# From the median of absolute values to a standard deviation, and from their mean, both for a normal distribution.
FROM_MEDIAN = 1.4826
FROM_MEAN = 1.2533
# Larger residuals count as this many deviations: an outlier, or a bend of the trend.
FENCE = 3.0
# Residuals overlap, and three points make one: about half as many are independent.
EFFICIENCY = 0.5
# With stronger memory than this noise and trend are not told apart.
MOST_MEMORY = 0.8
MEMORIES = np.linspace(0.0, MOST_MEMORY, 81)
DISTANCES = (2, 3, 4)
# How much larger the variance of residuals at these distances is than at distance one, on average, if noise is AR(1).
RATIOS = np.mean(
    [(1 - MEMORIES**far) * (3 - MEMORIES**far) / ((1 - MEMORIES) * (3 - MEMORIES)) for far in DISTANCES], axis=0
)
# The standard deviation of that ratio's logarithm, times the root of the number of points: simulated white noise.
ERROR_OF_RATIO = 1.9
# Fewer have no two residuals.
LEAST_POINTS = 4


@dataclass(frozen=True)
class Jitter:
    """Noise around a trend: its standard deviation, its correlation from point to point, and how well it is known."""

    deviation: float
    memory: float
    freedom: float

    def error_of_mean(self, count: int) -> float:
        """The standard deviation of a mean over so many neighbouring points; exact for AR(1) noise."""
        if not self.memory:
            return self.deviation / math.sqrt(count)
        forgotten = 1 - self.memory
        share = (1 + self.memory) / forgotten - 2 * self.memory * (1 - self.memory**count) / (count * forgotten**2)
        return self.deviation * math.sqrt(max(share, 0.0) / count)


def jitter(y: Floats, memory: float = 0.0) -> Jitter:
    """The noise of a curve whose values are finite and at most 1 in size, (points,), and whose memory is known.

    From residuals of each point against the line through its two neighbours: no linear trend touches them, the bend of
    a curved one is taken off, and outliers count little. Source: Gasser, Sroka & Jennen-Steinmetz 1986.
    """
    if len(y) < LEAST_POINTS:
        return Jitter(0.0, memory, 1.0)
    # Residuals of neighbours see little of a noise with memory.
    whole = _deviation(y, 1) * math.sqrt(3 / ((1 - memory) * (3 - memory)))
    return Jitter(max(whole, _resolution(y)), memory, max(EFFICIENCY * (len(y) - 2), 1.0))


def memory_of(y: Floats) -> float:
    """The correlation of a curve's noise from point to point, between 0 and MOST_MEMORY, as far as it is no accident.

    Residuals grow with the distance of the neighbours where noise is remembered, and do not where it is white.
    Source: Hall & Van Keilegom 2003.
    """
    near = _deviation(y, 1) if len(y) > 2 * DISTANCES[-1] else 0.0
    if not near:
        return 0.0
    # Beyond the last entry of the table nothing changes, and squares of large ratios are no numbers.
    most = near * float(RATIOS[-1])
    ratio = sum((min(_deviation(y, far), most) / near) ** 2 for far in DISTANCES) / len(DISTANCES)
    return float(np.interp(ratio / math.exp(ERROR_OF_RATIO / math.sqrt(len(y))), RATIOS, MEMORIES))


def _deviation(y: Floats, distance: int) -> float:
    # The variance of white noise in residuals is one and a half of its own.
    residuals = (y[distance:-distance] - (y[: -2 * distance] + y[2 * distance :]) / 2) / math.sqrt(1.5)
    # What all of them share is the bend of the trend.
    sizes = np.abs(residuals - _median(residuals))
    fence = FENCE * FROM_MEDIAN * _median(sizes)
    # Where most residuals are exactly zero, as with counts of a small validation set, the rest still tells something.
    return float((np.minimum(sizes, fence) if fence else sizes).sum()) / len(sizes) * FROM_MEAN


def _median(values: Floats) -> float:
    # Of a hundred values np.median takes ten times as long.
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _resolution(y: Floats) -> float:
    """What rounding alone would give: values on a grid are a twelfth of its square off in variance (Sheppard)."""
    ordered = np.sort(y)
    gaps = ordered[1:] - ordered[:-1]
    least = float(gaps.min(initial=np.inf, where=gaps > 0))
    return least / math.sqrt(12) if math.isfinite(least) else 0.0
