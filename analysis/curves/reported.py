"""A curve as the rules look at it, from the values that a script reported in the order of their arrival."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from analysis.curves.base import Curve, curve
from analysis.curves.trend import Goal

# More values than this per epoch, and a metric is reported by batch; fewer are epochs that came again after a restart.
MOST_PER_EPOCH = 1.5
# With fewer epochs a metric that comes by batch is looked at step by step: its epochs would say nothing.
LEAST_EPOCHS = 8


def reported(
    metric: str,
    values: ArrayLike,
    epochs: Sequence[float | None] | ArrayLike | None,
    goal: Goal | None = None,
) -> Curve:
    """One point per epoch: its last value, or the mean of its batches. Without epochs one per value, counted as steps.

    values, epochs: (values,), in order of arrival; no epochs are None, a missing one is None or NaN.
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


def _by_step(metric: str, numbers: ArrayLike, goal: Goal | None) -> Curve:
    values = np.asarray(numbers)
    return curve(metric, np.arange(1, len(values) + 1), values, goal, unit="step")
