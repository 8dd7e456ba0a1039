"""Where the values of a curve lie along an axis: at epochs, at steps, in time, or at another metric's values."""

from __future__ import annotations

import numpy as np

from analysis.axes import Floats


def batch_ends(batches: Floats | None) -> tuple[float, float] | None:
    """The first and the last batch of an epoch that were named, None where none was."""
    finite = batches[np.isfinite(batches)] if batches is not None else ()
    return (float(np.min(finite)), float(np.max(finite))) if len(finite) else None


def epoch_places(
    count: int, epochs: Floats | None, batches: Floats | None, ends: tuple[float, float] | None
) -> tuple[Floats, str]:
    """Places of `count` values, and what they count: "epoch", "batch" or "report".

    A value lies at the end of its epoch, or as far into it as its batch is among `ends`. Without an epoch it lies at
    its batch, and without that where it arrived.
    """
    order = np.arange(1, count + 1, dtype=np.float64)
    if epochs is None or not np.isfinite(epochs).any():
        return step_places(order, None, batches)
    if batches is None or ends is None:
        return np.where(np.isfinite(epochs), epochs, order), "epoch"
    first, last = ends
    part = epochs - 1 + (batches - first + 1) / (last - first + 1)
    placed = np.where(np.isfinite(batches), part, epochs)
    return np.where(np.isfinite(epochs), placed, np.where(np.isfinite(batches), batches, order)), "epoch"


def step_places(order: Floats, epochs: Floats | None, batches: Floats | None) -> tuple[Floats, str]:
    """Places in the order of arrival; where the script counts only batches, those are the steps."""
    if epochs is None and batches is not None and np.isfinite(batches).any():
        return np.where(np.isfinite(batches), batches, order), "batch"
    return order, "report"


def partner_values(keys: Floats, other_keys: Floats, other_values: Floats) -> Floats:
    """For each key the last value that the other metric has at the same key; NaN where it has none."""
    order = np.argsort(other_keys, kind="stable")
    sorted_keys = other_keys[order]
    at = np.searchsorted(sorted_keys, keys, side="right") - 1
    found = np.full(len(keys), np.nan)
    if len(order):
        is_there = (at >= 0) & (sorted_keys[np.maximum(at, 0)] == keys)
        found[is_there] = other_values[order[at[is_there]]]
    return found
