"""A curve as the detectors look at it, from the values that a script reported in the order of their arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.axes import Floats
from analysis.curves.base import Curve, curve
from analysis.curves.trend import Goal

# More values than this per epoch, and a metric is reported by batch; fewer are epochs that came again after a restart.
MOST_PER_EPOCH = 1.5
# With fewer epochs a metric that comes by batch is looked at step by step: its epochs would say nothing.
LEAST_EPOCHS = 8


@dataclass(frozen=True, eq=False)
class Reported:
    """One metric of one experiment in order of arrival, (values,) each; `epochs` is None unless every value names one.

    times: seconds of some clock. is_by_batch: the script names batches, so that an epoch's value may not be its last.
    """

    metric: str
    values: Floats
    epochs: Floats | None
    times: Floats
    is_by_batch: bool = False


def reported(metric: str, values: ArrayLike, epochs: ArrayLike | None, goal: Goal | None = None) -> Curve:
    """One point per epoch: its last value, or the mean of its batches. Without epochs one per value, counted as steps.

    values, epochs: (values,), in order of arrival; no epochs are None, a missing one is NaN.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    places = np.full(len(numbers), np.nan) if epochs is None else np.asarray(epochs, dtype=np.float64).ravel()
    if not len(numbers) or not np.isfinite(places).all():
        return _by_step(metric, numbers, goal)
    distinct, owner = np.unique(places, return_inverse=True)
    if len(numbers) <= MOST_PER_EPOCH * len(distinct):
        return curve(metric, places, numbers, goal)
    if len(distinct) < LEAST_EPOCHS:
        return _by_step(metric, numbers, goal)
    # A mean with a NaN or an infinity in it is what the epoch came to.
    with np.errstate(all="ignore"):
        means = np.bincount(owner, numbers) / np.bincount(owner)
    return curve(metric, distinct, means, goal)


def _by_step(metric: str, numbers: Floats, goal: Goal | None) -> Curve:
    return curve(metric, np.arange(1, len(numbers) + 1), numbers, goal, unit="step")
