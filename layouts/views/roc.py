"""ROC curves above the diagonal of chance, their areas beside them."""

from __future__ import annotations

from dash.development.base_component import Component

from layouts.figures import Figure, layout
from layouts.views import areas
from layouts.views.areas import SQUARE
from layouts.views.picture import Payload, Picture, count, counted, left_out, reference, sentence, side_table, titled

_HOVER = "found %{y:.1%} of them, false alarms %{x:.1%}"


def picture(payload: Payload) -> Picture:
    """payload: `{"curves": [{"name", "area", "positives", "x", "y", "thresholds"}], "count", "left_out", "missing"}`.

    x: share of false alarms, y: share of the positives found. Raises ValueError.
    """
    curves = areas.read(payload)
    total = counted(count(payload), "example")
    if len(curves) == 1 and not payload.get("missing"):
        (only,) = curves
        summary = f"Area under the curve {only.area:.4f}"
        of = f"{only.positives:,} of {total} are {only.name}"
    else:
        summary, of = f"Mean area {areas.mean(curves):.4f} over {len(curves)} classes, each against the rest", total
    return Picture(
        figure=figure(curves),
        component=_points(curves[0]) if len(curves) == 1 else areas.table(curves, "area"),
        summary=sentence(summary, of, areas.missing(payload), left_out(payload)),
    )


def _points(curve: areas.Curve) -> Component:
    """What a single curve offers: how much is found at how many false alarms."""
    points = list(zip(curve.x, curve.y, curve.thresholds, strict=True))
    rows: list[list[Component | str]] = []
    for most in (0.0, 0.01, 0.05, 0.1, 0.2, 0.5):
        # Along the curve both shares rise, so the last one within the limit finds most.
        _, found, threshold = [point for point in points if point[0] <= most][-1]
        rows.append([f"{most:.0%}", f"{found:.1%}", areas.threshold(threshold)])
    return side_table(["false alarms up to", "found", "threshold"], rows)


def figure(curves: list[areas.Curve]) -> Figure:
    """The curves in a square."""
    return {
        "data": [reference([0, 1], [0, 1]), *areas.lines(curves, _HOVER)],
        "layout": layout(
            height=480,
            meta=SQUARE,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 48},
            xaxis=titled("false alarms (false positive rate)", range=[-0.01, 1.01]),
            yaxis=titled("found (true positive rate)", range=[-0.01, 1.01]),
        ),
    }
