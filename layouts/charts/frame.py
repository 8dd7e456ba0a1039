"""What charts of hyperparameters share: names as they are shown, shares in words, and axes that follow a scale."""

from __future__ import annotations

from typing import Any

from analysis.axes import Axis
from layouts.figures import axis

LONGEST_NAME = 22


def plain(text: str) -> str:
    """Plotly reads a few tags in texts; names are shown as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """A name that fits beside a chart."""
    return plain(text if len(text) <= longest else f"{text[: longest - 1]}…")


def percent(share: float) -> str:
    """A share in whole percent; what is small but there is no 0."""
    return "&lt;1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def title(text: str) -> dict[str, Any]:
    """The title of an axis."""
    return {"text": plain(text), "font": {"color": "--ht-muted", "size": 12}, "standoff": 8}


def value_axis(shown: Axis, **more: Any) -> dict[str, Any]:
    """The axis of a hyperparameter: logarithmic where it spans decades; words lie at 0, 1, 2 ..."""
    return axis(title=title(shown.name), type="log" if shown.kind == "log" else "linear", **_ticks(shown), **more)


def _ticks(shown: Axis) -> dict[str, Any]:
    """A few candidates are their own ticks; powers of two would otherwise stand between round numbers."""
    if not shown.is_number:
        places = list(range(len(shown.labels)))
        texts = [short(label, 14) for label in shown.labels]
        return {"tickvals": places, "ticktext": texts, "range": [-0.5, len(places) - 0.5]}
    values = [value for value in shown.values if value is not None]
    if len(values) <= 6:
        return {"tickvals": values, "ticktext": list(shown.labels[: len(values)])}
    spans_decades = shown.kind == "log" and shown.high >= 100 * shown.low
    return {"tickformat": "~g", **({"dtick": 1} if spans_decades else {"tickmode": "auto", "nticks": 6})}


def better(low_is_good: bool, *, weak: str = "--ht-accent/0.04", strong: str = "--ht-accent/0.75") -> list[list[Any]]:
    """Colours from one end of a metric to the other; the stronger, the better."""
    return [[0, strong], [1, weak]] if low_is_good else [[0, weak], [1, strong]]
