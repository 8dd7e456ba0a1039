"""What every Plotly figure shares: its configuration, axes, and the colours of experiments.

Figures are plain dictionaries. They name colours by the variables of assets/style.css ("--ht-text", with an opacity
"--ht-text/0.5"); `theme.paint` in the browser puts the theme's colours in their place.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

Figure = dict[str, Any]

GRAPH_CONFIG: Any = {
    "displaylogo": False,
    "displayModeBar": "hover",
    # "Share chart..." would upload data to a public cloud.
    "showSendToCloud": False,
    "showEditInChartStudio": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
}

# Readable on light and on dark ground, and apart from each other for most colour-blind people.
_COLOURS = (
    "#3b76d6", "#e07b22", "#2f9e62", "#c2459b", "#8a63d2", "#b08a00", "#0f9bb3", "#d64545", "#8a7560", "#6b7a90",
)  # fmt: skip
_DASHES = ("solid", "dash", "dot", "dashdot")


def colour_of(experiment: int) -> str:
    """The colour of an experiment by its number: the same on every page and whatever else is shown."""
    return _COLOURS[(experiment - 1) % len(_COLOURS)]


def lines_of(experiments: Iterable[int]) -> dict[int, dict[str, Any]]:
    """How the curve of each experiment is drawn; where two of them share a colour, dashes tell them apart."""
    seen: Counter[str] = Counter()
    lines: dict[int, dict[str, Any]] = {}
    for experiment in sorted(set(experiments)):
        colour = colour_of(experiment)
        lines[experiment] = {"color": colour, "width": 1.8, "dash": _DASHES[seen[colour] % len(_DASHES)]}
        seen[colour] += 1
    return lines


def axis(**more: Any) -> dict[str, Any]:
    """A quiet axis."""
    return {
        "gridcolor": "--ht-border",
        "linecolor": "--ht-border",
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "--ht-border",
        "tickfont": {"color": "--ht-muted", "size": 11},
        "automargin": True,
        **more,
    }


def layout(**more: Any) -> dict[str, Any]:
    """A figure's layout on the page's own ground; `uirevision` keeps a person's zoom when data arrive."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "--ht-text"},
        "margin": {"l": 48, "r": 12, "t": 28, "b": 36},
        "hoverlabel": {
            "bgcolor": "--ht-surface",
            "bordercolor": "--ht-border",
            "font": {"color": "--ht-text", "size": 12},
        },
        # Plotly would derive a dark ground from a transparent one.
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--ht-muted", "activecolor": "--ht-accent"},
        "showlegend": False,
        "uirevision": "kept",
        **more,
    }


def finite(value: float | None) -> float | None:
    """A number that JSON can carry; NaN and infinities become a gap."""
    return value if value is not None and math.isfinite(value) else None
