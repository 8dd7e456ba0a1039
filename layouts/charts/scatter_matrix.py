"""The axes of the scatter matrix, which Plotly draws; assets/scatter_matrix.js adds their places and the marks."""

from __future__ import annotations

from typing import Any

from layouts.figures import GRAPH_CONFIG, Figure, axis, layout

# Marks, brushes and hover belong to the canvases above: the figure below them stands still.
CONFIG: Any = {**GRAPH_CONFIG, "staticPlot": True, "displayModeBar": False, "responsive": False}
_TITLE_FONT = {"size": 12, "color": "--ht-text"}


def figure() -> Figure:
    """An empty figure whose template gives every axis of the matrix its look."""
    look = {"layout": {"xaxis": _axis(), "yaxis": _axis()}}
    return {"data": [], "layout": layout(template=look, meta={"title": _row_title()})}


def _row_title() -> dict[str, Any]:
    """An annotation that names a row, in the middle of its height and left of all ticks; the browser moves it there."""
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "xanchor": "center",
        "yanchor": "middle",
        "textangle": -90,
        "showarrow": False,
        "font": _TITLE_FONT,
    }


def _axis() -> dict[str, Any]:
    return axis(
        # The browser gives each axis its place; margins that grow by themselves would move the axes off the canvases.
        automargin=False,
        showline=False,
        zeroline=False,
        fixedrange=True,
        title={"standoff": 8, "font": _TITLE_FONT},
    )
