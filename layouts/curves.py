"""The place of curves: what can be chosen around them, and their replay. The browser draws what is in it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts import ids, replay
from layouts.attributes import attributes
from layouts.controls import slider, toggle

MOST_WEIGHT = 0.99
# As many as assets/experiments/colours.js has; assets/curves.css has them for both themes.
HUES = 8
HINT = "Drag to zoom in, double-click to see all again, click a curve to open its experiment."


def swatch_of(experiment: int) -> Component:
    """The colour of an experiment's curves by its number: the same whatever else is shown."""
    return html.Span(className="swatch", style={"background": f"var(--ht-hue-{(experiment - 1) % HUES + 1})"})


def curves() -> Component:
    """Everything around the panels; assets/experiment/curves/curves.js shows it once there is a curve."""
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
            replay.bar("curves-replay"),
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
            toggle("log x", "curves-log-x", "Logarithmic axis across"),
            toggle("log y", "curves-log-y", "Logarithmic axes up"),
            toggle("fix y", "curves-fix", "Keep the axes up as they are now, whatever comes"),
            html.Label(
                [
                    "smooth ",
                    slider("curves-smooth", "Smoothing", max=str(MOST_WEIGHT), step="0.01", value="0"),
                    html.Output("off", className="ht-number curves-smooth-word"),
                ],
                title="Exponential moving average, its beginning corrected; the curve as it is stays faint behind",
            ),
            toggle("mean of repeats", "curves-mean", ""),
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
