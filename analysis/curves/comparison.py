"""Whether one stretch of a curve lies above another, or chance may have put it there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from analysis.axes import Floats
from analysis.curves.jitter import Jitter


@dataclass(frozen=True)
class Difference:
    """How far the mean of one stretch lies above another's, with its standard error and degrees of freedom."""

    value: float
    error: float
    freedom: float

    @property
    def chance(self) -> float:
        """How often noise alone lifts the one so far above the other (one-sided t test)."""
        if not self.error:
            return 0.0 if self.value > 0 else 1.0
        return float(stdtr(self.freedom, -self.value / self.error))

    def most(self, confidence: float) -> float:
        """No larger than this in size, with such confidence on either side."""
        return abs(self.value) + self.error * float(stdtrit(self.freedom, confidence))


def difference(above: Floats, below: Floats, noise_above: Jitter, noise_below: Jitter) -> Difference:
    """The mean of `above` less that of `below`, (points,) each and at least one, with the noise of each."""
    error = math.hypot(noise_above.error_of_mean(len(above)), noise_below.error_of_mean(len(below)))
    return Difference(
        float(above.sum()) / len(above) - float(below.sum()) / len(below),
        error,
        min(noise_above.freedom, noise_below.freedom),
    )


def third(count: int) -> int:
    """A third of so many points, rounded up."""
    return -(-count // 3)
