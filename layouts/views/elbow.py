"""The cost by number of clusters, the bend marked."""

from __future__ import annotations

from layouts.figures import Figure, layout
from layouts.views.picture import Payload, Picture, left_out, number, proper, sentence, titled

_SENTENCE = "the point farthest below the line between the ends"


def picture(payload: Payload) -> Picture:
    """payload: `{"x", "y", "elbow", "left_out"}`. Raises ValueError."""
    x = proper(payload, "x")
    y = proper(payload, "y", len(x))
    bend = number(payload, "elbow")
    found = f"Elbow at {bend:g}, {_SENTENCE}" if bend is not None else "No clear elbow"
    return Picture(figure=figure(x, y, bend), summary=sentence(found, left_out(payload, "point")))


def figure(x: list[float], y: list[float], bend: float | None) -> Figure:
    """A line with points; a vertical line at the bend."""
    marked = [at for at, each in enumerate(x) if each == bend]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": y,
            "line": {"color": "--ht-accent", "width": 1.8},
            "marker": {"color": "--ht-accent", "size": 7},
            "hovertemplate": "%{x:g} clusters: %{y:.5g}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [x[at] for at in marked],
            "y": [y[at] for at in marked],
            "marker": {"symbol": "circle-open", "size": 17, "color": "--ht-warn", "line": {"width": 2.5}},
            "hoverinfo": "skip",
        },
    ]
    line = {
        "type": "line",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "--ht-warn", "width": 1, "dash": "dot"},
    }
    whole = all(each.is_integer() for each in x) and len(x) <= 30
    return {
        "data": data,
        "layout": layout(
            height=400,
            hovermode="closest",
            margin={"l": 64, "r": 12, "t": 12, "b": 48},
            shapes=[{**line, "x0": bend, "x1": bend}] if bend is not None else [],
            xaxis=titled("clusters", **({"tickvals": x} if whole else {})),
            yaxis=titled("inertia", rangemode="tozero"),
        ),
    }
