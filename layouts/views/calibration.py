"""A reliability diagram: how often came true what was predicted with a probability."""

from __future__ import annotations

from layouts.figures import Figure, layout
from layouts.views.picture import (
    Payload,
    Picture,
    count,
    counted,
    left_out,
    number,
    proper,
    records,
    reference,
    sentence,
    side_table,
    titled,
)


def picture(payload: Payload) -> Picture:
    """payload: `{"bins": [{"from", "to", "stated", "seen", "count"}], "error", "brier", "of", "count", "left_out"}`.

    Raises ValueError.
    """
    bins = [
        dict(zip(each, proper({"bin": list(each.values())}, "bin"), strict=True)) for each in records(payload, "bins")
    ]
    if any({"from", "to", "stated", "seen", "count"} - set(each) for each in bins):
        raise ValueError("a bin without its ends, means or count")
    error, brier = number(payload, "error"), number(payload, "brier")
    of = "the likeliest class of each example" if payload.get("of") == "likeliest" else ""
    rows = [
        [
            f"{each['from']:.2g} – {each['to']:.2g}",
            f"{each['stated']:.1%}",
            f"{each['seen']:.1%}",
            f"{each['count']:,.0f}",
        ]
        for each in bins
    ]
    return Picture(
        figure=figure(bins),
        component=side_table(["predicted", "mean", "came true", "examples"], rows),
        summary=sentence(
            f"Expected calibration error {error:.4f}" if error is not None else "",
            f"Brier score {brier:.4f}" if brier is not None else "",
            of,
            counted(count(payload), "example"),
            left_out(payload),
        ),
    )


def figure(bins: list[dict[str, float]]) -> Figure:
    """Points on the diagonal mean what they say; bars below tell how many examples a bin holds."""
    stated = [each["stated"] for each in bins]
    return {
        "data": [
            reference([0, 1], [0, 1]),
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": stated,
                "y": [each["seen"] for each in bins],
                "customdata": [each["count"] for each in bins],
                "line": {"color": "--ht-accent", "width": 1.8},
                "marker": {"color": "--ht-accent", "size": 8},
                "hovertemplate": "predicted %{x:.1%}, came true %{y:.1%}<br>%{customdata:,} examples<extra></extra>",
            },
            {
                "type": "bar",
                "x": [(each["from"] + each["to"]) / 2 for each in bins],
                "width": [(each["to"] - each["from"]) * 0.92 for each in bins],
                "y": [each["count"] for each in bins],
                "yaxis": "y2",
                "marker": {"color": "--ht-mark"},
                "hovertemplate": "%{y:,} examples<extra></extra>",
            },
        ],
        "layout": layout(
            height=480,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 48},
            xaxis=titled("predicted probability", range=[-0.01, 1.01], anchor="y2"),
            yaxis=titled("came true", range=[-0.02, 1.02], domain=[0.24, 1]),
            yaxis2=titled("examples", domain=[0, 0.17], tickmode="auto", nticks=3),
        ),
    }
