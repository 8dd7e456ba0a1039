"""Precision-recall curves, their average precision beside them."""

from __future__ import annotations

from dash.development.base_component import Component

from layouts.figures import Figure, layout
from layouts.views import areas
from layouts.views.areas import SQUARE
from layouts.views.picture import Payload, Picture, count, counted, left_out, reference, sentence, side_table, titled

_HOVER = "recall %{x:.1%}, precision %{y:.1%}"


def picture(payload: Payload) -> Picture:
    """payload: as for `roc`, with `share` of the positives per curve; x: recall, y: precision. Raises ValueError."""
    curves = areas.read(payload)
    total = counted(count(payload), "example")
    if len(curves) == 1 and not payload.get("missing"):
        (only,) = curves
        summary = f"Average precision {only.area:.4f}"
        of = f"{only.positives:,} of {total} are {only.name}; guessing has that share as its precision"
    else:
        summary = f"Mean average precision {areas.mean(curves):.4f} over {len(curves)} classes, each against the rest"
        of = total
    return Picture(
        figure=figure(curves),
        component=_points(curves[0]) if len(curves) == 1 else areas.table(curves, "average precision"),
        summary=sentence(summary, of, areas.missing(payload), left_out(payload)),
    )


def _points(curve: areas.Curve) -> Component:
    """What a single curve offers: how precise it is where it finds enough."""
    points = list(zip(curve.x, curve.y, curve.thresholds, strict=True))
    rows: list[list[Component | str]] = []
    for least in (0.5, 0.75, 0.9, 0.95, 0.99, 1.0):
        enough = [point for point in points if point[0] >= least]
        if enough:
            _, precision, threshold = max(enough, key=lambda point: point[1])
            rows.append([f"{least:.0%}", f"{precision:.1%}", areas.threshold(threshold)])
    return side_table(["recall of at least", "precision", "threshold"], rows)


def figure(curves: list[areas.Curve]) -> Figure:
    """The curves in a square; for a single one also what guessing would reach."""
    chance = [reference([0, 1], [each.share] * 2) for each in curves if len(curves) == 1 and each.share is not None]
    return {
        "data": [*chance, *areas.lines(curves, _HOVER)],
        "layout": layout(
            height=480,
            meta=SQUARE,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 48},
            xaxis=titled("recall", range=[-0.01, 1.01]),
            yaxis=titled("precision", range=[-0.01, 1.02]),
        ),
    }
