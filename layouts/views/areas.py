"""What ROC and precision-recall curves share: reading them, their lines, and the table of their areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash.development.base_component import Component

from analysis.words import number as written
from layouts.figures import lines_of
from layouts.views.picture import Payload, label, number, numbers, proper, records, side_table, swatched, texts

# The page keeps such a figure no wider than this, so that its diagonal is one.
SQUARE = {"side": 600}


@dataclass(frozen=True)
class Curve:
    """One class against the rest; thresholds are None where the curve lies above every score."""

    name: str
    area: float
    positives: int
    x: Sequence[float]
    y: Sequence[float]
    thresholds: Sequence[float | None]
    share: float | None


def read(payload: Payload) -> list[Curve]:
    """The curves of a payload. Raises ValueError."""
    return [_curve(each) for each in records(payload, "curves")]


def _curve(each: Payload) -> Curve:
    x = proper(each, "x")
    area = number(each, "area")
    if area is None or not x:
        raise ValueError("a curve without points or area")
    return Curve(
        str(each.get("name", "")),
        area,
        int(number(each, "positives") or 0),
        x,
        proper(each, "y", len(x)),
        numbers(each, "thresholds", len(x)),
        number(each, "share"),
    )


def lines(curves: Sequence[Curve], hover: str, **more: Any) -> list[dict[str, Any]]:
    """One trace per curve; `hover` says what a point's x and y are."""
    drawn = lines_of(range(1, len(curves) + 1))
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": label(curve.name),
            "x": list(curve.x),
            "y": list(curve.y),
            "customdata": [threshold(each) for each in curve.thresholds],
            "line": {**drawn[at], **more},
            "hovertemplate": f"%{{fullData.name}}<br>{hover}<br>threshold %{{customdata}}<extra></extra>",
        }
        for at, curve in enumerate(curves, start=1)
    ]


def threshold(value: float | None) -> str:
    """A threshold as people read it."""
    return "above all" if value is None else f"{value:.4g}".replace("-", "−")


def table(curves: Sequence[Curve], word: str) -> Component:
    """The areas by class, which is also the legend."""
    drawn = lines_of(range(1, len(curves) + 1))
    rows: list[list[Component | str]] = [
        [swatched(drawn[at]["color"], curve.name), f"{curve.area:.4f}", written(curve.positives)]
        for at, curve in enumerate(curves, start=1)
    ]
    return side_table(["class", word, "examples"], rows)


def mean(curves: Sequence[Curve]) -> float:
    """The mean area; every class counts the same."""
    return sum(curve.area for curve in curves) / len(curves)


def missing(payload: Payload) -> str:
    """The classes that have no curve, because all examples are theirs or none."""
    names = texts(payload, "missing") if payload.get("missing") else []
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"no curve for {shown}: it takes examples of the class and others" if names else ""
