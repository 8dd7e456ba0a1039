"""How a curve ends: whether its last stretch still improves, or stands still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.axes import Floats
from analysis.curves.comparison import Difference, difference, third
from analysis.curves.jitter import Jitter
from analysis.curves.trend import Trend

# Below this the last stretch would be nearly all of the curve, and little would be left to compare it with.
LEAST_POINTS = 15
# A third of a run is what one would have to wait for again; fewer points than these say nothing of a direction.
LEAST_STRETCH = 9
CHANCE = 0.01
# A line's width on a chart, of what was gained so far or of the level, whichever is less.
VISIBLE = 0.02


@dataclass(frozen=True)
class Ending:
    """The last stretch of a curve, from the point `start` on.

    gain: by how much its last third is better than its first. before: by how much the stretch is better than the
    curve's beginning. is_step: whether a single step describes it better than a slope. line: what one can see.
    """

    start: int
    gain: Difference
    before: Difference
    noise: Jitter
    is_step: bool
    line: float

    @property
    def is_improving(self) -> bool:
        """Whether it gains something that is visible and no accident."""
        return self.gain.chance < CHANCE and self.gain.value >= self.line and not self.is_step


def ending(trend: Trend) -> Ending | None:
    """How a curve ends, or None where it is too short to say."""
    if len(trend) < LEAST_POINTS:
        return None
    return stretch(trend, len(trend) - max(len(trend) // 3, LEAST_STRETCH))


def stretch(trend: Trend, start: int) -> Ending:
    """What follows the point `start`, of which at least one comes before and LEAST_STRETCH after it."""
    last = trend.y[start:]
    noise, noise_before = trend.noise(min(start, len(trend) // 2)), trend.noise(0, start)
    part = third(len(last))
    gain = difference(last[:part], last[-part:], noise, noise)
    before = difference(trend.y[: max(1, start // 4)], last, noise_before, noise)
    level, gained = abs(float(last.mean())), abs(before.value)
    return Ending(start, gain, before, noise, _is_step(last), VISIBLE * (min(level, gained) or max(level, gained)))


def _is_step(values: Floats) -> bool:
    """Whether two constant levels fit better than one line, by least squares."""
    count = len(values)
    at = np.arange(count) - (count - 1) / 2
    centred = values - values.mean()
    by_line = float((at @ centred) ** 2 / (at @ at))
    sums, sizes = np.cumsum(centred)[:-1], np.arange(1, count)
    by_step = float((sums**2 * (1 / sizes + 1 / (count - sizes))).max())
    return by_step > by_line
