"""Predictions against the truth, and residuals against predictions."""

from __future__ import annotations

from typing import Any

from analysis.words import number as written
from layouts.figures import Figure, layout
from layouts.views.picture import (
    Payload,
    Picture,
    count,
    counted,
    left_out,
    number,
    proper,
    reference,
    sentence,
    titled,
)

_WORDS = {"r2": "R²", "rmse": "root mean square error", "mae": "mean absolute error", "bias": "mean residual"}


def picture(payload: Payload) -> Picture:
    """payload: `{"true", "predicted", "r2", "rmse", "mae", "bias", "count", "left_out"}`. Raises ValueError."""
    true = proper(payload, "true")
    predicted = proper(payload, "predicted", len(true))
    found = [(word, number(payload, name)) for name, word in _WORDS.items()]
    total = count(payload)
    drawn = f"{len(true):,} of {counted(total, 'example')} drawn" if total > len(true) else counted(total, "example")
    return Picture(
        figure=figure(true, predicted),
        summary=sentence(
            *(f"{word} {written(value)}" for word, value in found if value is not None), drawn, left_out(payload)
        ),
    )


def figure(true: list[float], predicted: list[float]) -> Figure:
    """Two panels of the same points."""
    errors = [one - other for one, other in zip(true, predicted, strict=True)]
    ends = [min(true + predicted, default=0.0), max(true + predicted, default=1.0)]
    sides = [min(predicted, default=0.0), max(predicted, default=1.0)]
    return {
        "data": [
            reference(ends, ends),
            _points(true, predicted, errors, "true %{x:.5g}, predicted %{y:.5g}<br>residual %{customdata:.4g}"),
            reference(sides, [0, 0], xaxis="x2", yaxis="y2"),
            _points(predicted, errors, true, "predicted %{x:.5g}, residual %{y:.4g}<br>true %{customdata:.5g}")
            | {"xaxis": "x2", "yaxis": "y2"},
        ],
        "layout": layout(
            height=420,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 48},
            xaxis=titled("true", domain=[0, 0.45]),
            yaxis=titled("predicted"),
            xaxis2=titled("predicted", domain=[0.55, 1], anchor="y2"),
            yaxis2=titled("residual (true minus predicted)", anchor="x2", tickmode="auto"),
        ),
    }


def _points(x: list[float], y: list[float], more: list[float], hover: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": more,
        "marker": {"color": "--ht-accent/0.45", "size": 6 if len(x) <= 500 else 4},
        "hovertemplate": f"{hover}<extra></extra>",
    }
