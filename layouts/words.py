"""Numbers and times as people read them."""

from __future__ import annotations

import math
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from layouts.attributes import attributes

PRIORITY_HINT = "Runs of a higher priority get free places first; from -1000 to 1000, usually 0"
WEIGHT_HINT = "Among runs of one priority, one with share 2 gets twice as many places as one with share 1"


def number(value: float) -> str:
    """A metric's value in four significant digits; whole numbers whole."""
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}[str(value)]
    if value == int(value) and abs(value) < 10_000_000:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """A duration in its two largest units."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def elapsed(seconds: float | None, *, is_open: bool) -> Component:
    """A duration that the browser lets run on while what it measures does."""
    going = attributes(data_elapsed=f"{seconds:.1f}") if is_open and seconds is not None else {}
    return html.Span(duration(seconds), **going)


def local_time(moment: datetime) -> str:
    """Date and time to the minute; the browser puts it into its own time zone."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")
