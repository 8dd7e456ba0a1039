"""The place of curves: what can be chosen around them, and the bar of the replay. The browser draws what is in it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts import ids
from layouts.attributes import attributes

MOST_WEIGHT = 0.99
# As many as assets/colours.js has; assets/curves.css has them for both themes.
HUES = 8
HINT = "Drag to zoom in, double-click to see all again, click a curve to open its experiment."
SPEEDS = (0.5, 1, 2, 4, 8)


def swatch_of(experiment: int) -> Component:
    """The colour of an experiment's curves by its number: the same whatever else is shown."""
    return html.Span(className="swatch", style={"background": f"var(--ht-hue-{(experiment - 1) % HUES + 1})"})


def curves() -> Component:
    """Everything around the panels; assets/curves.js shows it once there is a curve."""
    return html.Div(
        [
            _controls(),
            html.Div(
                [
                    html.Div(className="curves-chips curves-metrics", **attributes(role="group", aria_label="Metrics")),
                    html.Div(
                        className="curves-chips curves-experiments",
                        hidden=True,
                        **attributes(role="group", aria_label="Experiments"),
                    ),
                    html.Div(className="curves-scale", hidden=True),
                ],
                className="curves-legend",
            ),
            html.Div(
                [
                    html.Span(HINT, className="ht-quiet curves-hint"),
                    html.Span(className="ht-quiet curves-thinned", role="status", hidden=True),
                ],
                className="curves-notes",
            ),
            html.P("Every metric is hidden; click one above.", className="ht-quiet curves-none", hidden=True),
            html.Div(className="curves-grid"),
            _replay(),
            html.Div(html.Table(className="values curves-values", hidden=True), className="curves-values-place"),
            html.Div(className="ht-card", hidden=True),
        ],
        id=ids.CURVES,
        className="curves",
        hidden=True,
    )


def _controls() -> Component:
    return html.Div(
        [
            html.Label(["x ", html.Select(className="ht-select curves-x")], title="What counts along the axis across"),
            _toggle("log x", "curves-log-x", "Logarithmic axis across"),
            _toggle("log y", "curves-log-y", "Logarithmic axes up"),
            _toggle("fix y", "curves-fix", "Keep the axes up as they are now, whatever comes"),
            html.Label(
                [
                    "smooth ",
                    _range("curves-smooth", "Smoothing", max=str(MOST_WEIGHT), step="0.01", value="0"),
                    html.Output("off", className="ht-number curves-smooth-word"),
                ],
                title="Exponential moving average, its beginning corrected; the curve as it is stays faint behind",
            ),
            _toggle("mean of repeats", "curves-mean", ""),
            html.Label(["colour ", html.Select(className="ht-select curves-colour")], title="What the colours tell"),
            html.Button(
                "Reset zoom",
                type="button",
                className="ht-toggle curves-reset",
                title="A double click in a panel does it, too",
                hidden=True,
            ),
        ],
        className="curves-controls",
    )


def _toggle(words: str, name: str, hint: str) -> Component:
    return html.Button(
        words, type="button", className=f"ht-toggle {name}", title=hint, **attributes(aria_pressed="false")
    )


def _range(name: str, label: str, **ends: str) -> Component:
    """The place of a slider: HTML's own is no component of Dash, and Dash's would pass every step through React."""
    told = {f"data_{end}": value for end, value in ends.items()}
    return html.Div(className=f"{name}-place", **attributes(data_slider=name, data_label=label, **told))


def _replay() -> Component:
    return html.Div(
        [
            _icon("▶", "replay-play", "Play or pause (Space)", "Play"),
            _icon("‹", "replay-back", "One epoch back (←)", "One epoch back"),
            _icon("›", "replay-on", "One epoch on (→)", "One epoch on"),
            _range("replay-scrub", "Epoch", max="1", step="1", value="1"),
            html.Output(className="ht-number replay-epoch"),
            _icon("live", "replay-live", "Follow the newest (End)", "Follow the newest"),
            html.Select(
                [html.Option(f"×{speed:g}", value=f"{speed:g}") for speed in SPEEDS],
                className="ht-select replay-speed",
                title="How fast it plays",
                **attributes(aria_label="Speed"),
            ),
            _toggle("loop", "replay-loop", "Begin again at the end"),
        ],
        className="curves-replay",
        hidden=True,
        **attributes(role="group", aria_label="Replay"),
    )


def _icon(sign: str, name: str, hint: str, label: str) -> Component:
    return html.Button(sign, type="button", className=f"ht-icon {name}", title=hint, **attributes(aria_label=label))
