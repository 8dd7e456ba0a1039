"""Lines over numbers or texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.thinning import thinned
from layouts.figures import Figure, finite, layout, lines_of
from layouts.views.picture import Payload, Picture, counted, label, left_out, numbers, records, sentence, texts, titled

FEW_POINTS = 40
# A line needs no more points than a wide screen has pixels.
MOST_POINTS = 2_000
MOST_NAMED = 24


def picture(payload: Payload) -> Picture:
    """payload: `{"x": [number or text], "lines": [{"name", "y"}], "x_title", "y_title", "left_out"}`.

    Raises ValueError.
    """
    x = payload.get("x")
    if not isinstance(x, list) or not x:
        raise ValueError("x is no list")
    places: list[Any] = texts(payload, "x") if any(isinstance(each, str) for each in x) else numbers(payload, "x")
    drawn = [(str(each.get("name", "")), numbers(each, "y", len(x))) for each in records(payload, "lines")]
    titles = [str(payload.get(name) or "") for name in ("x_title", "y_title")]
    return Picture(
        figure=figure(places, drawn, titles[0], titles[1]),
        summary=sentence(counted(len(drawn), "line") if len(drawn) > 1 else "", left_out(payload, "value")),
    )


def figure(x: list[Any], drawn: list[tuple[str, list[float | None]]], x_title: str, y_title: str) -> Figure:
    """One trace per line; the legend takes lines away and brings them back."""
    styles = lines_of(range(1, len(drawn) + 1))
    is_named = len(drawn) > 1 or bool(drawn[0][0])
    data = []
    for at, (name, y) in enumerate(drawn, start=1):
        points = _thinned(x, y)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(points) <= FEW_POINTS else "lines",
                "name": label(name),
                "x": [place for place, _ in points],
                "y": [value for _, value in points],
                "line": styles[at],
                "marker": {"size": 5},
                "connectgaps": False,
                "hovertemplate": "%{y:.5g}" + ("" if is_named else "<extra></extra>"),
            }
        )
    return {
        "data": data,
        "layout": layout(
            height=400,
            hovermode="x unified",
            margin={"l": 56, "r": 12, "t": 12, "b": 44},
            showlegend=is_named and len(drawn) <= MOST_NAMED,
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"color": "--ht-text"}},
            xaxis=titled(x_title, showgrid=False, **_scale(x)),
            yaxis=titled(y_title),
        ),
    }


def _scale(x: list[Any]) -> dict[str, Any]:
    """Dates are dates; other texts stand in their order, even where they look like numbers."""
    if not isinstance(x[0], str):
        return {"type": "linear"}
    return {} if all(each[:4].isdigit() and each[4:5] == "-" for each in x) else {"type": "category"}


def _thinned(x: list[Any], y: list[float | None]) -> list[tuple[Any, float | None]]:
    if any(isinstance(each, str) or each is None for each in x):
        return list(zip(x, y, strict=True))
    kept = thinned(np.array([np.nan if value is None else value for value in y], np.float64), MOST_POINTS)
    return [(x[at], finite(y[at])) for at in kept.tolist()]
