"""Pairs of hyperparameters: how much they do only together, and the mean metric by both of one pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.axes import Axis, Floats
from analysis.importance import Pair
from analysis.surrogate import Goal
from analysis.words import number
from layouts.charts.frame import better, percent, plain, short, title, value_axis
from layouts.figures import Figure, axis, layout

CELL_PX = 46
SURFACE_PX = 380


def figure(names: Sequence[str], pairs: Sequence[Pair]) -> Figure:
    """A cell per pair, below the diagonal; its two names are its `customdata`. names: in the order of the rows."""
    found = {frozenset((pair.first, pair.second)): pair for pair in pairs}
    rows, columns = names[1:], names[:-1]
    cells = [[found.get(frozenset((row, column))) if at >= to else None for to, column in enumerate(columns)]
             for at, row in enumerate(rows)]  # fmt: skip
    largest = max((pair.share.value for pair in pairs), default=0.0)
    return {
        "data": [
            {
                "type": "heatmap",
                "x": list(range(len(columns))),
                "y": list(range(len(rows))),
                "z": [[None if cell is None else cell.share.value for cell in row] for row in cells],
                "zmin": 0,
                # What is next to nothing stays pale, even where it is the largest.
                "zmax": max(largest, 0.1),
                "colorscale": [[0, "--ht-accent/0.05"], [1, "--ht-accent/0.7"]],
                "showscale": False,
                "xgap": 3,
                "ygap": 3,
                "hoverongaps": False,
                "text": [["" if cell is None else percent(cell.share.value) for cell in row] for row in cells],
                "texttemplate": "%{text}",
                "textfont": {"size": 11, "color": "--ht-text"},
                "customdata": [[None if cell is None else [cell.first, cell.second] for cell in row] for row in cells],
                "hovertext": [["" if cell is None else _words(cell) for cell in row] for row in cells],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": layout(
            height=CELL_PX * len(rows) + 90,
            margin={"l": 8, "r": 12, "t": 8, "b": 8},
            hovermode="closest",
            xaxis=_names(columns, side="bottom"),
            yaxis=_names(rows, reversed_=True),
        ),
    }


def _names(names: Sequence[str], *, reversed_: bool = False, **more: Any) -> dict[str, Any]:
    ends = [-0.5, len(names) - 0.5]
    return axis(
        tickvals=list(range(len(names))),
        ticktext=[short(name, 14) for name in names],
        range=ends[::-1] if reversed_ else ends,
        showgrid=False,
        ticks="",
        **more,
    )


def _words(pair: Pair) -> str:
    share = pair.share
    clear = "" if share.is_clear else "<br>may be chance"
    return (
        f"<b>{plain(pair.first)}</b> and <b>{plain(pair.second)}</b><br>only together {percent(share.value)}"
        f"<br>90 % interval {percent(max(0.0, share.low))} to {percent(share.high)}{clear}"
    )


# --- one pair --------------------------------------------------------------------------------------------------------


def surface(
    axes: tuple[Axis, Axis],
    means: Floats,
    observed: Sequence[Mapping[str, Any]],
    *,
    metric: str,
    goal: Goal,
) -> Figure:
    """The mean metric by two hyperparameters: contours of two numbers, else a heat map.

    means: (cells of the first, cells of the second). observed: experiments as `{"settings", "number", "value"}`.
    """
    across, up = axes
    both_numbers = across.is_number and up.is_number
    traces = [_contours(across, up, means, goal)] if both_numbers else [_cells(across, up, means, goal)]
    traces[0]["colorbar"] = _scale(metric)
    if both_numbers:
        traces.append(_experiments(across, up, observed))
    return {
        "data": traces,
        "layout": layout(
            height=SURFACE_PX,
            margin={"l": 56, "r": 8, "t": 12, "b": 44},
            hovermode="closest",
            xaxis=value_axis(across, showgrid=False) if both_numbers else _labels(across),
            yaxis=value_axis(up, showgrid=False) if both_numbers else _labels(up),
        ),
    }


def _hover(across: Axis, up: Axis) -> str:
    return f"{short(across.name)} %{{x}}<br>{short(up.name)} %{{y}}<br>mean %{{z:.4g}}<extra></extra>"


def _contours(across: Axis, up: Axis, means: Floats, goal: Goal) -> dict[str, Any]:
    first, second = _proper(across), _proper(up)
    return {
        "type": "contour",
        "x": [across.values[at] for at in first],
        "y": [up.values[at] for at in second],
        "z": [[float(f"{means[one][two]:.5g}") for one in first] for two in second],
        # Each contour is filled over the ones below it, so that what shines through would add up.
        "colorscale": better(goal == "minimize", weak="--ht-surface-2", strong="--ht-accent"),
        "ncontours": 12,
        "line": {"width": 0.6, "color": "--ht-text/0.25"},
        "hovertemplate": _hover(across, up),
    }


def _cells(across: Axis, up: Axis, means: Floats, goal: Goal) -> dict[str, Any]:
    values = [[float(f"{value:.5g}") for value in row] for row in means.T]
    is_written = len(across.labels) <= 8 and len(up.labels) <= 12
    return {
        "type": "heatmap",
        "x": [plain(label) for label in across.labels],
        "y": [plain(label) for label in up.labels],
        "z": values,
        "colorscale": better(goal == "minimize"),
        "xgap": 2,
        "ygap": 2,
        "text": [[number(value) for value in row] for row in values],
        **({"texttemplate": "%{text}", "textfont": {"size": 11, "color": "--ht-text"}} if is_written else {}),
        "hovertemplate": _hover(across, up),
    }


def _proper(shown: Axis) -> list[int]:
    """The cells that lie on the line; an experiment that has not set the hyperparameter has no place there."""
    return [at for at, value in enumerate(shown.values) if value is not None]


def _labels(shown: Axis) -> dict[str, Any]:
    """Cells side by side; of many, not every one is labelled."""
    labels = list(shown.labels[:: 1 + len(shown.labels) // 8] if shown.is_number else shown.labels)
    ticks = [short(label, 14) for label in labels]
    return axis(
        type="category",
        title=title(shown.name),
        tickvals=[plain(label) for label in labels],
        ticktext=ticks,
        showgrid=False,
        ticks="",
    )


def _scale(metric: str) -> dict[str, Any]:
    return {
        "title": {"text": short(metric, 18), "font": {"size": 11, "color": "--ht-muted"}, "side": "top"},
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 11, "color": "--ht-muted"},
        "nticks": 5,
    }


def _experiments(across: Axis, up: Axis, observed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    placed = [
        each
        for each in observed
        if each["settings"].get(across.name) is not None and each["settings"].get(up.name) is not None
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [each["settings"][across.name] for each in placed],
        "y": [each["settings"][up.name] for each in placed],
        "customdata": [each["number"] for each in placed],
        "text": [number(each["value"]) for each in placed],
        "marker": {"size": 5, "color": "--ht-text/0.55", "line": {"width": 1, "color": "--ht-surface"}},
        "hovertemplate": "experiment %{customdata}: %{text}<extra></extra>",
    }
