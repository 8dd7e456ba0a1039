"""The effect of one hyperparameter: the mean metric over its range with a band, and the experiments behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.axes import MISSING, Axis
from analysis.effects import Line
from analysis.words import number
from layouts.charts.frame import short, title, value_axis
from layouts.figures import Figure, axis, layout

HEIGHT_PX = 320
# How far the experiments of one word are spread.
SPREAD = 0.5
GOLDEN = 0.618_033_988_75


def figure(shown: Axis, line: Line, observed: Sequence[Mapping[str, Any]], *, metric: str) -> Figure:
    """A line with its 90 % band over numbers, dots with whiskers over words.

    observed: experiments as `{"settings", "number", "value"}`; their numbers are their `customdata`.
    """
    traces = [*_line(shown, line)] if shown.is_number else [_dots(shown, line)]
    points = _experiments(shown, observed)
    return {
        # The experiments lie below what was learned from them.
        "data": [points, *traces],
        "layout": layout(
            height=HEIGHT_PX,
            margin={"l": 56, "r": 12, "t": 22, "b": 44},
            hovermode="closest",
            annotations=_missing(shown, line),
            xaxis=value_axis(shown, showgrid=False),
            yaxis=axis(title=title(metric), nticks=6, tickmode="auto"),
        ),
    }


def _line(shown: Axis, line: Line) -> list[dict[str, Any]]:
    at = [place for place, value in enumerate(shown.values) if value is not None]
    x = [shown.values[place] for place in at]
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**edge, "y": [line.low[place] for place in at]},
        {**edge, "y": [line.high[place] for place in at], "fill": "tonexty", "fillcolor": "--ht-accent/0.18"},
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": [line.mean[place] for place in at],
            "line": {"width": 2.2, "color": "--ht-accent"},
            "marker": {"size": 5, "color": "--ht-accent"},
            "text": [_words(line, place) for place in at],
            "hovertemplate": f"{short(shown.name)} %{{x}}<br>%{{text}}<extra></extra>",
        },
    ]


def _dots(shown: Axis, line: Line) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(range(len(shown.labels))),
        "y": list(line.mean),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - mean for high, mean in zip(line.high, line.mean, strict=True)],
            "arrayminus": [mean - low for low, mean in zip(line.low, line.mean, strict=True)],
            "color": "--ht-accent",
            "thickness": 1.6,
            "width": 6,
        },
        "marker": {"size": 10, "color": "--ht-accent"},
        "text": [f"{short(label)}<br>{_words(line, place)}" for place, label in enumerate(shown.labels)],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _words(line: Line, place: int) -> str:
    return f"mean {number(line.mean[place])}, 90 % band {number(line.low[place])} to {number(line.high[place])}"


def _experiments(shown: Axis, observed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    placed = [each for each in observed if not shown.is_number or each["settings"].get(shown.name) is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": _places(shown, placed),
        "y": [each["value"] for each in placed],
        "customdata": [each["number"] for each in placed],
        "marker": {"size": 5, "color": "--ht-muted/0.35"},
        "hovertemplate": "experiment %{customdata}: %{y:.4g}<extra></extra>",
    }


def _places(shown: Axis, placed: Sequence[Mapping[str, Any]]) -> list[float]:
    values = [each["settings"].get(shown.name) for each in placed]
    if shown.is_number:
        return [float(value) for value in values]
    at = {label: place for place, label in enumerate(shown.labels)}
    # Beside each other, always at the same place: by the golden ratio neighbours lie far apart.
    asides = [(each["number"] * GOLDEN % 1 - 0.5) * SPREAD for each in placed]
    return [round(at[label] + aside, 4) for label, aside in zip(shown.labelled(values), asides, strict=True)]


def _missing(shown: Axis, line: Line) -> list[dict[str, Any]]:
    """Where a number is not set, its mean has no place on the line and is written above it."""
    if not shown.is_number or MISSING not in shown.labels:
        return []
    words = f"{MISSING}: {_words(line, shown.labels.index(MISSING))}"
    return [
        {
            "text": words,
            "xref": "paper",
            "yref": "paper",
            "x": 1,
            "y": 1,
            "xanchor": "right",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 11, "color": "--ht-muted"},
        }
    ]
