"""The place of a project's own view, its words and its figure; assets/experiment/custom_views.js fills it."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.attributes import attributes
from layouts.figures import GRAPH_CONFIG

NO_FIGURE: Any = {"data": [], "layout": {}}
# Points can be chosen here, so that those buttons of Plotly stay.
CONFIG: Any = {**GRAPH_CONFIG, "modeBarButtonsToRemove": ["autoScale2d"]}
GUIDE = "Hover lights an experiment everywhere; a click or a lasso adds it to the curves, one more click takes it away."


def place() -> Component:
    """Hidden until a custom view is chosen."""
    return html.Div(
        [
            dcc.Store(id=ids.CUSTOM_SHOWN),
            dcc.Store(id=ids.CUSTOM_FIGURE),
            html.Div(
                [
                    html.Code(className="custom-file"),
                    html.Span(className="custom-hint"),
                    html.Span(className="custom-status ht-quiet", **attributes(role="status")),
                    html.Button("Run again", className="button custom-again", type="button"),
                ],
                className="custom-head",
            ),
            html.Div(className="custom-problem", hidden=True, **attributes(role="alert")),
            html.Div(
                [
                    dcc.Graph(id=ids.CUSTOM_GRAPH, config=CONFIG, figure=NO_FIGURE, className="view-graph"),
                    html.Div(className="custom-marks", **attributes(aria_hidden="true")),
                ],
                className="custom-picture",
                hidden=True,
            ),
            html.P(GUIDE, className="custom-guide ht-quiet", hidden=True),
            html.Div(className="custom-said", hidden=True),
        ],
        id=ids.CUSTOM_PLACE,
        className="custom-view",
        hidden=True,
    )
