"""Two metrics at once: the experiments that nothing beats as a line, all others faint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.surrogate import Goal
from layouts.charts.frame import plain, title
from layouts.figures import Figure, axis, layout

HEIGHT_PX = 360
# More faint dots than this are a cloud either way.
MOST_BEATEN = 3_000


def figure(
    numbers: Sequence[int],
    values: tuple[Sequence[float], Sequence[float]],
    front: Sequence[int],
    metrics: tuple[str, str],
    goals: tuple[Goal, Goal],
) -> Figure:
    """The numbers of the experiments are their marks' `customdata`. front: places, from one end to the other."""
    unbeaten = set(front)
    beaten = [place for place in range(len(numbers)) if place not in unbeaten]
    beaten = beaten[:: max(1, -(-len(beaten) // MOST_BEATEN))]
    hover = (
        f"experiment %{{customdata}}<br>{plain(metrics[0])} %{{x:.4g}}<br>{plain(metrics[1])} %{{y:.4g}}<extra></extra>"
    )

    def marks(places: Sequence[int], **more: Any) -> dict[str, Any]:
        return {
            "type": "scatter",
            "x": [values[0][place] for place in places],
            "y": [values[1][place] for place in places],
            "customdata": [numbers[place] for place in places],
            "hovertemplate": hover,
            **more,
        }

    return {
        "data": [
            marks(beaten, name="beaten by others", mode="markers", marker={"size": 6, "color": "--ht-muted/0.35"}),
            marks(
                front,
                name="on the front",
                mode="lines+markers",
                # Between two experiments nothing is known to be better than the worse corner of both.
                line={"shape": "hv", "width": 1.6, "color": "--ht-accent"},
                marker={"size": 9, "color": "--ht-accent", "line": {"width": 1, "color": "--ht-surface"}},
            ),
        ],
        "layout": layout(
            height=HEIGHT_PX,
            margin={"l": 60, "r": 12, "t": 30, "b": 46},
            hovermode="closest",
            showlegend=True,
            legend={
                "orientation": "h",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
                "font": {"size": 11, "color": "--ht-muted"},
            },
            xaxis=axis(title=title(_direction(metrics[0], goals[0], "← ", " →")), tickmode="auto", nticks=8),
            yaxis=axis(title=title(_direction(metrics[1], goals[1], "← ", " →")), tickmode="auto", nticks=6),
        ),
    }


def _direction(metric: str, goal: Goal, less: str, more: str) -> str:
    return f"{less}better   {metric}" if goal == "minimize" else f"{metric}   better{more}"
