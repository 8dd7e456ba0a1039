"""Importance: one bar per hyperparameter, what it explains alone and what together with others, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.importance import Importance
from layouts.charts.frame import percent, plain, short
from layouts.figures import Figure, axis, layout

# More bars than this are a list, not a picture; the others explain less than any of these.
MOST_BARS = 15
BAR_PX = 30


def figure(importances: Sequence[Importance]) -> Figure:
    """Bars in falling order; every bar carries its hyperparameter's name as `customdata`."""
    shown = importances[:MOST_BARS]
    return {
        "data": [
            _bars("alone", [each.alone.value for each in shown], shown, "--ht-accent"),
            _bars("with others", [_rest(each) for each in shown], shown, "--ht-accent/0.35")
            | {"error_x": _whiskers(shown)},
        ],
        "layout": layout(
            barmode="stack",
            bargap=0.4,
            height=BAR_PX * len(shown) + 84,
            margin={"l": 8, "r": 12, "t": 30, "b": 34},
            hovermode="closest",
            showlegend=True,
            legend={
                "orientation": "h",
                "traceorder": "normal",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
                "font": {"size": 11, "color": "--ht-muted"},
            },
            xaxis=axis(tickformat=".0%", range=[0, _end(shown)], nticks=6),
            yaxis=axis(
                tickvals=list(range(len(shown))),
                ticktext=[short(each.name) for each in shown],
                range=[len(shown) - 0.5, -0.5],
                showgrid=False,
                ticks="",
                tickfont={"size": 12, "color": "--ht-text"},
            ),
        ),
    }


def _rest(each: Importance) -> float:
    return max(0.0, each.together.value - each.alone.value)


def _top(each: Importance) -> float:
    return each.alone.value + _rest(each)


def _end(shown: Sequence[Importance]) -> float:
    return min(1.02, max(max(each.together.high, _top(each)) for each in shown) * 1.05)


def _bars(name: str, values: Sequence[float], shown: Sequence[Importance], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": list(values),
        "y": list(range(len(shown))),
        "marker": {"color": colour},
        "customdata": [each.name for each in shown],
        "hovertext": [_words(each) for each in shown],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _words(each: Importance) -> str:
    share = each.together
    clear = "" if share.is_clear else "<br>may be chance"
    return (
        f"<b>{plain(each.name)}</b><br>alone {percent(each.alone.value)}, with others {percent(_top(each))}"
        f"<br>90 % interval {percent(max(0.0, share.low))} to {percent(share.high)}{clear}"
    )


def _whiskers(shown: Sequence[Importance]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, each.together.high - _top(each)) for each in shown],
        "arrayminus": [max(0.0, _top(each) - max(0.0, each.together.low)) for each in shown],
        "color": "--ht-text/0.75",
        "thickness": 1.4,
        "width": 4,
    }
