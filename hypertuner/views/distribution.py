"""Histograms of one or several sets of numbers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.values import named, numbers, plain

MOST_BINS = 200
# Whole numbers within such a range have a bin each.
FEW_WHOLE = 60


def histogram(values: Any, *, bins: Any = None, epoch: float | None = None, name: str = "histogram") -> None:
    """Attach how often values fall into which range.

    values: numbers, or several sets of them by name, which share their bins. bins: how many, or their rising edges;
    else by Freedman and Diaconis (at most 200), and one per number where all are whole and close together.
    """
    with harmless(name):
        sets = [
            (key, [value for value in each if math.isfinite(value)], len(each)) for key, each in named("values", values)
        ]
        pooled = sorted(value for _, each, _ in sets for value in each)
        if not pooled:
            raise ViewError("there are no finite numbers")
        edges = _edges(pooled, plain(bins))
        series = [_series(key, each, edges) for key, each, _ in sets]
        payload = {
            "edges": edges,
            "series": series,
            "count": len(pooled),
            "left_out": sum(total for _, _, total in sets) - len(pooled),
            "outside": len(pooled) - sum(sum(one["counts"]) for one in series),
        }
        attach(name, "histogram", payload, epoch)


def _series(name: str, values: list[float], edges: list[float]) -> dict[str, Any]:
    counts = [0] * (len(edges) - 1)
    for value in values:
        if edges[0] <= value <= edges[-1]:
            # The last bin holds its upper edge as well.
            counts[min(bisect_right(edges, value), len(edges) - 1) - 1] += 1
    mean = math.fsum(values) / len(values) if values else None
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) if mean is not None else None
    middle = _quantile(sorted(values), 0.5) if values else None
    return {"name": name, "counts": counts, "mean": mean, "deviation": spread, "median": middle}


def _edges(ordered: list[float], bins: Any) -> list[float]:
    if isinstance(bins, Sequence) and not isinstance(bins, (str, bytes)):
        edges = numbers("bins", bins)
        if len(edges) < 2 or any(not upper > lower for lower, upper in zip(edges, edges[1:])):  # noqa: B905, RUF007  Both are newer than 3.8.
            raise ViewError("the edges of bins must rise, and be at least two")
        return edges
    low, high = ordered[0], ordered[-1]
    if not math.isfinite(high - low):
        raise ViewError(f"the range from {low:.4g} to {high:.4g} is too wide")
    if low == high:
        half = max(0.5, abs(low) * 0.001)
        return [low - half, low + half]
    if bins is None and high - low <= FEW_WHOLE and all(value.is_integer() for value in ordered):
        return [value - 0.5 for value in range(int(low), int(high) + 2)]
    count = min(max(int(bins), 1), MOST_BINS) if bins is not None else _freedman_diaconis(ordered)
    return [low + (high - low) * at / count for at in range(count)] + [high]


def _freedman_diaconis(ordered: list[float]) -> int:
    """How many bins of twice the quartiles' distance over the cube root of the count; by Sturges where that is 0."""
    count = len(ordered)
    width: float = 2 * (_quantile(ordered, 0.75) - _quantile(ordered, 0.25)) / count ** (1 / 3)
    if width <= 0:
        return math.ceil(math.log2(count)) + 1
    # A far outlier would ask for more bins than can be counted.
    return math.ceil(min((ordered[-1] - ordered[0]) / width, MOST_BINS))


def _quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
