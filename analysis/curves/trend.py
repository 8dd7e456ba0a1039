"""A curve made comparable: short, finite, lower is better, single outliers replaced, and smoothed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.axes import Floats
from analysis.curves.jitter import FROM_MEDIAN, Jitter, jitter, memory_of

Goal = Literal["minimize", "maximize"]

# More points than a screen has columns say nothing more, and every rule stays below a few milliseconds.
MOST_POINTS = 1_000
# Half a window of five: two outliers in a row are still replaced, three are a level.
REACH = 2
# Further from its neighbours' median than this many standard deviations is an outlier (Pearson 2002: Hampel's filter).
OUTLYING = 3.0


@dataclass(frozen=True, eq=False)
class Trend:
    """Points in rising order of x, (points,) each; a metric's value is `y * scale`, and its `y` is at most 1 in size.

    y: finite, lower is better, outliers replaced. smooth: its running mean, over `width` points. memory: of its noise.
    """

    x: Floats
    y: Floats
    smooth: Floats
    width: int
    scale: float
    memory: float

    def __len__(self) -> int:
        return len(self.x)

    def noise(self, start: int, stop: int | None = None) -> Jitter:
        """The noise of one stretch; its memory is that of the whole curve."""
        return jitter(self.y[start:stop], self.memory)

    def level(self, at: int) -> float:
        """The smoothed value at one point, in the metric's own unit."""
        return float(self.smooth[at] * self.scale)


def trend(x: Floats, values: Floats, goal: Goal) -> Trend:
    """The trend of a curve in linear time, whatever its length and the size of its values.

    x, values: (points,), x rising strictly. Points that are not finite are left out.
    """
    proper = np.isfinite(values)
    largest = float(np.abs(values[proper]).max(initial=0.0)) or 1.0
    x, y = aggregated(x[proper], values[proper] / largest * (1 if goal == "minimize" else -1))
    y = despiked(y)
    # Grows with the root of the length: both the noise that is left and the bend that is lost shrink.
    width = 2 * math.floor(math.sqrt(len(y)) / 2) + 1
    # The first half is often so bent that no residual tells a bend from memory.
    memory = memory_of(y[len(y) // 2 :])
    return Trend(x, y, running_mean(y, width), width, largest if goal == "minimize" else -largest, memory)


def aggregated(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most MOST_POINTS medians, each of as many points; x is where its points begin.

    Groups are powers of two in size, so that a growing curve keeps its groups until their size doubles.
    """
    size = 1
    while len(x) > size * MOST_POINTS:
        size *= 2
    if size == 1:
        return x, y
    whole = len(x) // size * size
    medians = np.median(y[:whole].reshape(-1, size), axis=1)
    rest = [np.median(y[whole:])] if whole < len(x) else []
    return x[::size], np.r_[medians, rest]


def despiked(y: Floats) -> Floats:
    """Replace what lies far from its neighbours by their median.

    Sources: Hampel's filter (Pearson 2002) inside, Tukey 1977 (end-point rule) at both ends.
    """
    if len(y) <= 2 * REACH:
        return y
    windows = np.lib.stride_tricks.sliding_window_view(y, 2 * REACH + 1)
    inner = np.sort(windows, axis=1)[:, REACH]
    local = np.sort(np.abs(windows - inner[:, None]), axis=1)[:, REACH] * FROM_MEDIAN
    ends = np.zeros(REACH)
    middle = np.r_[y[:REACH], inner, y[-REACH:]]
    middle[1], middle[-2] = sorted(y[:3])[1], sorted(y[-3:])[1]
    for at, one, two in ((0, 1, 2), (-1, -2, -3)):
        middle[at] = sorted((y[at], middle[one], 3 * middle[one] - 2 * middle[two]))[1]
    # The larger of both: a sharp turn is no outlier, nor is noise that happens to be small around it.
    usual = np.maximum(jitter(y).deviation, np.r_[ends, local, ends])
    return np.where(np.abs(y - middle) > OUTLYING * usual, middle, y)


def running_mean(y: Floats, width: int) -> Floats:
    """The mean over `width` points around each; fewer at the ends, where half of them are missing."""
    if not len(y):
        return y
    sums = np.r_[0.0, np.cumsum(y)]
    at = np.arange(len(y))
    low, high = np.maximum(at - width // 2, 0), np.minimum(at + width // 2 + 1, len(y))
    return np.asarray((sums[high] - sums[low]) / (high - low))
