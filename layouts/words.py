"""Times as the page shows them, and words that stand on several screens."""

from __future__ import annotations

from datetime import datetime

from dash import html
from dash.development.base_component import Component

from analysis.words import duration
from layouts.attributes import attributes

PRIORITY_HINT = "Runs of a higher priority get free places first; from -1000 to 1000, usually 0"
WEIGHT_HINT = "Among runs of one priority, one with share 2 gets twice as many places as one with share 1"


def elapsed(seconds: float | None, *, is_open: bool) -> Component:
    """A duration that the browser lets run on while what it measures does."""
    going = attributes(data_elapsed=f"{seconds:.1f}") if is_open and seconds is not None else {}
    return html.Span(duration(seconds), **going)


def local_time(moment: datetime) -> str:
    """Date and time to the minute; the browser puts it into its own time zone."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")
