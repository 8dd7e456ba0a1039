"""Curves over epochs: one panel per metric, one line per experiment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layouts.figures import Figure, axis, finite, layout, lines_of

# A line needs no more points than a wide screen has pixels; the extremes of each bucket are kept.
MOST_POINTS = 2_000
FEW_POINTS = 40
ROW_HEIGHT_PX = 236
GAP_PX = 76
COLUMN_GAP = 0.07


@dataclass(frozen=True)
class Series:
    """One metric of one experiment in arrival order; `epochs` and `batches` are None where the script named none."""

    experiment: int
    metric: str
    values: Sequence[float]
    epochs: Sequence[float | None]
    batches: Sequence[float | None]

    @property
    def is_per_batch(self) -> bool:
        """Whether batches, and not only epochs, are told apart."""
        return any(batch is not None for batch in self.batches)


@dataclass(frozen=True)
class Point:
    """A value where it is drawn; `value` may be NaN or infinite."""

    x: float
    value: float


# --- numbers --------------------------------------------------------------------------------------------------------


def points(series: Series) -> list[Point]:
    """Where the values lie: at the end of their epoch, or as far into it as their batch is; else in arrival order."""
    named = [batch for batch in series.batches if batch is not None]
    first, last = (min(named), max(named)) if named else (0.0, 0.0)
    batches_per_epoch = last - first + 1
    placed = []
    for order, (value, epoch, batch) in enumerate(
        zip(series.values, series.epochs, series.batches, strict=True), start=1
    ):
        if epoch is None or not math.isfinite(epoch):
            x = float(order) if batch is None else batch
        else:
            x = epoch if batch is None else epoch - 1 + (batch - first + 1) / batches_per_epoch
        placed.append(Point(x, value))
    return placed


def thin(placed: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points that look the same: per bucket the lowest, the highest, and what is not finite."""
    if len(placed) <= most:
        return list(placed)
    size = math.ceil(len(placed) / (most // 3))
    kept: list[Point] = []
    for start in range(0, len(placed), size):
        kept += _extremes(placed[start : start + size])
    return kept


def _extremes(bucket: Sequence[Point]) -> Iterable[Point]:
    proper = [at for at, point in enumerate(bucket) if math.isfinite(point.value)]
    chosen: set[int] = set()
    if proper:
        chosen |= {min(proper, key=lambda at: bucket[at].value), max(proper, key=lambda at: bucket[at].value)}
    broken = next((at for at, point in enumerate(bucket) if not math.isfinite(point.value)), None)
    if broken is not None:
        chosen.add(broken)
    return [bucket[at] for at in sorted(chosen)]


def is_curve(metric: str, series: Sequence[Series]) -> bool:
    """Whether any experiment reported the metric more than once; a single number is no curve."""
    return any(len(one.values) > 1 for one in series if one.metric == metric)


def metrics(series: Sequence[Series]) -> list[str]:
    """The metrics in the order of their panels: those told per epoch first, then those per batch."""
    names = list(dict.fromkeys(one.metric for one in series))
    per_batch = {one.metric for one in series if one.is_per_batch}
    return sorted(names, key=lambda name: name in per_batch)


# --- the figure -----------------------------------------------------------------------------------------------------


def figure(series: Sequence[Series]) -> Figure | None:
    """Small multiples, each with its own scale; None where no metric is a curve."""
    names = [name for name in metrics(series) if is_curve(name, series)]
    if not names:
        return None
    columns = 1 if len(names) == 1 else 2
    rows = math.ceil(len(names) / columns)
    height = rows * ROW_HEIGHT_PX + GAP_PX
    lines = lines_of(one.experiment for one in series)
    traces: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    titles = []
    for at, name in enumerate(names):
        suffix = "" if at == 0 else str(at + 1)
        own = [one for one in series if one.metric == name]
        traces += [trace for one in own for trace in _traces(one, suffix, lines[one.experiment])]
        axes |= _axes(suffix, *_domains(at, rows, columns, height), title=_x_title(own))
        titles.append(_title(name, suffix))
    return {
        "data": traces,
        "layout": layout(
            height=height,
            hovermode="x unified",
            annotations=titles,
            margin={"l": 44, "r": 12, "t": 28, "b": 40},
            **axes,
        ),
    }


def _domains(at: int, rows: int, columns: int, height: float) -> tuple[list[float], list[float]]:
    row, column = divmod(at, columns)
    gap = GAP_PX / height if rows > 1 else 0.0
    tall = (1 - gap * (rows - 1)) / rows
    top = 1 - row * (tall + gap)
    wide = (1 - COLUMN_GAP * (columns - 1)) / columns
    left = column * (wide + COLUMN_GAP)
    return [left, left + wide], [max(0.0, top - tall), min(1.0, top)]


def _axes(suffix: str, x: list[float], y: list[float], *, title: str) -> dict[str, Any]:
    shown = {"text": title, "font": {"color": "--ht-muted", "size": 11}, "standoff": 4}
    return {
        f"xaxis{suffix}": axis(domain=x, anchor=f"y{suffix}", title=shown, showgrid=False),
        f"yaxis{suffix}": axis(domain=y, anchor=f"x{suffix}", tickmode="auto", nticks=5),
    }


def _x_title(series: Sequence[Series]) -> str:
    if any(epoch is not None for one in series for epoch in one.epochs):
        return "epoch"
    return "batch" if any(one.is_per_batch for one in series) else "report"


def _title(metric: str, suffix: str) -> dict[str, Any]:
    return {
        "text": _plain(metric),
        "xref": f"x{suffix} domain",
        "yref": f"y{suffix} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 13, "color": "--ht-text", "weight": 600},
    }


def _traces(series: Series, suffix: str, drawn: Mapping[str, Any]) -> list[dict[str, Any]]:
    placed = thin(points(series))
    shared = {
        "type": "scatter",
        "name": f"Experiment {series.experiment}",
        "meta": {"experiment": series.experiment, "metric": series.metric},
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
    }
    line = {
        **shared,
        "mode": "lines+markers" if len(placed) <= FEW_POINTS else "lines",
        "line": dict(drawn),
        "marker": {"size": 5},
        "connectgaps": False,
        "x": [point.x for point in placed],
        "y": [finite(point.value) for point in placed],
        "hovertemplate": "%{y:.5g}",
    }
    broken = _broken(placed)
    if not broken:
        return [line]
    marks = {
        **shared,
        "mode": "markers",
        "marker": {"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": "--ht-bad"}},
        "x": [point.x for point, _ in broken],
        "y": [height for _, height in broken],
        "text": [_word(point.value) for point, _ in broken],
        "hovertemplate": "%{text}",
    }
    return [line, marks]


def _broken(placed: Sequence[Point]) -> list[tuple[Point, float]]:
    """The values that are not finite, each at the height of the last finite one before it (or of the first at all)."""
    height = next((point.value for point in placed if math.isfinite(point.value)), 0.0)
    marked = []
    for point in placed:
        if math.isfinite(point.value):
            height = point.value
        else:
            marked.append((point, height))
    return marked


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"


def _plain(text: str) -> str:
    # Plotly reads a few tags in texts; a metric's name is shown as it is.
    return text.replace("&", "&amp;").replace("<", "&lt;")
