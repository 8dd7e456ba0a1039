"""The metrics of many experiments as they stood at each epoch of their training: the frames of a run's replay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.axes import Floats
from analysis.reductions import Reduction

Places = NDArray[np.intp]


def frames_of(epochs: Floats, most: int) -> Floats:
    """The epochs at which a replay stops, in order: those that were reported, of very many at most `most`.

    The first and the last one are always among them; others are left out evenly. NaN and infinite epochs are none.
    most: at least 2.
    """
    known = np.unique(epochs[np.isfinite(epochs)])
    if len(known) <= most:
        return known
    return known[np.unique(np.round(np.linspace(0, len(known) - 1, most)).astype(np.intp))]


@dataclass(frozen=True, eq=False)
class Told:
    """What experiments reported of one metric; all values of an experiment are together, in arrival order.

    owners: the row of each value's experiment, counted from 0. epochs: NaN where a value names none.
    """

    owners: Places
    epochs: Floats
    values: Floats


def reduced_at(told: Told, frames: Floats, count: int, reduction: Reduction) -> Floats:
    """What a column shows at each frame: the reduction of all values up to that epoch. Shape: (frames, count).

    count: how many experiments there are. frames: as `frames_of` gives them. Before its first epoch an experiment has
    no value, which is NaN; after its last one it keeps what it had. A value without an epoch is never the last one or
    an extreme.
    """
    frame = np.searchsorted(frames, told.epochs)
    # NaN sorts behind everything, and so does what is later than the last frame.
    is_placed = frame < len(frames)
    if reduction.by == "epoch":
        is_placed &= told.epochs == reduction.of
    latest = np.full((len(frames), count), -1, np.intp)
    # Of values in the same place the last one stays.
    latest[frame[is_placed], told.owners[is_placed]] = np.flatnonzero(is_placed)
    latest = np.maximum.accumulate(latest, axis=0)
    if not len(told.values):
        return np.full(latest.shape, np.nan)
    if reduction.by == "mean":
        return _means(told, latest, int(reduction.of or 1))
    last = np.where(latest >= 0, told.values[latest], np.nan)
    if reduction.by not in ("smallest", "largest"):
        return last
    extreme = _extremes(told, frame, is_placed & np.isfinite(told.values), last, reduction.by)
    # As at the end: where nothing is finite yet, the last value says why.
    return np.where(np.isfinite(extreme), extreme, last)


def _extremes(told: Told, frame: Places, counts: NDArray[np.bool_], like: Floats, by: str) -> Floats:
    smaller, start = (np.minimum, np.inf) if by == "smallest" else (np.maximum, -np.inf)
    found = np.full_like(like, start)
    smaller.at(found, (frame[counts], told.owners[counts]), told.values[counts])
    return np.asarray(smaller.accumulate(found, axis=0), np.float64)


def _means(told: Told, latest: Places, most: int) -> Floats:
    """The mean of the last `most` values up to each place, of fewer where there are fewer."""
    values = told.values
    begins = np.searchsorted(told.owners, np.arange(latest.shape[1]))
    first = np.maximum(begins, latest - most + 1)
    # Sums of large numbers leave the range of a double on their way; NaN and infinities are counted apart.
    sums = _up_to(np.where(np.isfinite(values), values, 0), np.longdouble)
    strange = [_up_to(mask, np.int32) for mask in (np.isnan(values), values == np.inf, values == -np.inf)]
    undefined, high, low = (counts[latest + 1] - counts[first] > 0 for counts in strange)
    means = ((sums[latest + 1] - sums[first]) / np.maximum(1, latest - first + 1)).astype(np.float64)
    means = np.where(high, np.inf, np.where(low, -np.inf, means))
    return np.where((latest < 0) | undefined | (high & low), np.nan, means)


def _up_to(values: NDArray[Any], kind: type[np.longdouble | np.int32]) -> NDArray[Any]:
    return np.concatenate([np.zeros(1, kind), np.cumsum(values, dtype=kind)])
