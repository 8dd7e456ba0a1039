"""The curves of one attempt: a small panel for each metric, each with a scale of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layouts.charts.frame import plain
from layouts.figures import Figure, axis, finite, layout

COLUMNS = 3
ROW_PX, HEAD_PX, FOOT_PX = 170, 30, 46
# Of the height of a row, what its curve takes; the rest is for the name above and the numbers below.
FILLED = 0.66
GAP = 0.07
# A line of so few points would hide that there are so few.
MOST_MARKED = 60


@dataclass(frozen=True)
class AttemptCurve:
    """One metric's points in order; `unit` says what x counts, as in analysis/places.py."""

    metric: str
    unit: str
    x: Sequence[float]
    y: Sequence[float]


def figure(curves: Sequence[AttemptCurve], *, key: str) -> Figure:
    """Panels in rows of three. key: another word for another attempt, so that a zoom is not taken over."""
    columns = min(COLUMNS, max(1, len(curves)))
    rows = math.ceil(len(curves) / columns)
    height = HEAD_PX + FOOT_PX + ROW_PX * rows
    made: dict[str, Any] = {}
    traces, names = [], []
    for at, curve in enumerate(curves):
        row, column = divmod(at, columns)
        across, up = _across(column, columns), _up(row, rows)
        end = "" if at == 0 else str(at + 1)
        made[f"xaxis{end}"] = axis(domain=across, anchor=f"y{end}", nticks=6, title=_title(curve.unit))
        made[f"yaxis{end}"] = axis(domain=up, anchor=f"x{end}", nticks=5, tickmode="auto")
        traces.append(_trace(curve, end))
        names.append(_name(curve.metric, across[0], up[1]))
    made |= {"height": height, "margin": {"l": 56, "r": 12, "t": HEAD_PX, "b": FOOT_PX}, "hovermode": "closest"}
    return {"data": traces, "layout": layout(**made, annotations=names, uirevision=key)}


def _across(column: int, columns: int) -> list[float]:
    width = (1 - GAP * (columns - 1)) / columns
    begin = column * (width + GAP)
    return [begin, min(1.0, begin + width)]


def _up(row: int, rows: int) -> list[float]:
    """The rows lie above each other from the top down; the last one ends at the foot."""
    if rows == 1:
        return [0.0, 1.0]
    step = 1 / (rows - 1 + FILLED)
    end = 1 - row * step
    return [max(0.0, end - FILLED * step), end]


def _title(unit: str) -> dict[str, Any]:
    words = {"epoch": "epoch", "batch": "batch"}.get(unit, "order of arrival")
    return {"text": words, "font": {"size": 11, "color": "--ht-muted"}, "standoff": 4}


def _name(metric: str, left: float, top: float) -> dict[str, Any]:
    return {
        "text": plain(metric),
        "x": left,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": "--ht-text"},
    }


def _trace(curve: AttemptCurve, end: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(curve.y) <= MOST_MARKED else "lines",
        "x": [finite(each) for each in curve.x],
        "y": [finite(each) for each in curve.y],
        "xaxis": f"x{end}",
        "yaxis": f"y{end}",
        "line": {"width": 1.8, "color": "--ht-accent"},
        "marker": {"size": 5, "color": "--ht-accent"},
        "hovertemplate": f"%{{y}}<br>{_title(curve.unit)['text']} %{{x}}<extra></extra>",
    }
