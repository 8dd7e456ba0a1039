"""The bar of a replay: play, step, scrub, speed and loop. assets/base/replay.js moves it."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.attributes import attributes
from layouts.controls import icon, slider, toggle

SPEEDS = (0.5, 1, 2, 4, 8)


def bar(name: str, *more: Component, **options: Any) -> Component:
    """A bar, hidden as long as there is nothing to replay. name: a class; more: controls of its page alone."""
    return html.Div(
        [
            icon("▶", "replay-play", "Play or pause (Space)", "Play"),
            icon("‹", "replay-back", "One epoch back (←)", "One epoch back"),
            icon("›", "replay-on", "One epoch on (→)", "One epoch on"),
            slider("replay-scrub", "Epoch", max="1", step="1", value="1"),
            html.Output(className="ht-number replay-epoch"),
            icon("live", "replay-live", "Follow the newest (End)", "Follow the newest"),
            html.Select(
                [html.Option(f"×{speed:g}", value=f"{speed:g}") for speed in SPEEDS],
                className="ht-select replay-speed",
                title="How fast it plays",
                **attributes(aria_label="Speed"),
            ),
            toggle("loop", "replay-loop", "Begin again at the end"),
            *more,
        ],
        className=f"replay {name}",
        hidden=True,
        **options,
        **attributes(role="group", aria_label="Replay"),
    )
