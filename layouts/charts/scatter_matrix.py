"""The axes of the scatter matrix, which Plotly draws; assets/run/views/matrix/matrix.js adds places and marks."""

from __future__ import annotations

from typing import Any

from layouts.figures import GRAPH_CONFIG, Figure, axis, layout

# Marks, brushes and hover belong to the canvases above: the figure below them stands still.
CONFIG: Any = {**GRAPH_CONFIG, "staticPlot": True, "displayModeBar": False, "responsive": False}


def figure() -> Figure:
    """An empty figure whose template gives every axis of the matrix its look."""
    # Names and ticks must stay in sight while rows or columns scroll, so the browser writes them itself.
    look = {"layout": {"xaxis": _axis(), "yaxis": _axis()}}
    return {"data": [], "layout": layout(template=look)}


def _axis(**more: Any) -> dict[str, Any]:
    return axis(
        # The browser gives each axis its place; margins that grow by themselves would move the axes off the canvases.
        automargin=False,
        showticklabels=False,
        showline=False,
        zeroline=False,
        fixedrange=True,
        **more,
    )
