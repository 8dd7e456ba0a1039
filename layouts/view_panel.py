"""The panel of an experiment's views: which one, at which epoch, and the place of its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import custom_view, ids
from layouts.attributes import attributes
from layouts.figures import GRAPH_CONFIG

NO_FIGURE: Any = {"data": [], "layout": {}}


def panel(custom: Sequence[Mapping[str, str]] = ()) -> Component:
    """Hidden until there is a view. A figure, a component, or both beside each other fill its body.

    custom: the project's own views, `name`, `file` and `hint` of each.
    """
    return html.Section(
        [
            dcc.Store(id=ids.VIEW_LIST),
            dcc.Store(id=ids.CUSTOM_LIST, data=[dict(each) for each in custom]),
            dcc.Store(id=ids.VIEW_SHOWN),
            dcc.Store(id=ids.VIEW_FIGURE),
            dcc.Store(id=ids.VIEW_PAYLOAD),
            dcc.Store(id=ids.VIEW_CELL),
            html.Div(
                [
                    html.H2("Views", id=ids.VIEW_TITLE),
                    dcc.RadioItems(id=ids.VIEW_MODE, options=[], inline=True, className="view-mode"),
                    html.Span(id=ids.VIEW_EPOCH_LABEL, className="muted epoch-label"),
                ],
                className="panel-head",
            ),
            dcc.RadioItems(id=ids.VIEW_NAME, options=[], inline=True, className="view-name", style={"display": "none"}),
            html.P(id=ids.VIEW_SUMMARY, className="view-summary"),
            html.Div(
                [
                    html.Div(
                        [
                            dcc.Graph(id=ids.VIEW_GRAPH, config=GRAPH_CONFIG, figure=NO_FIGURE, className="view-graph"),
                            html.Div(className="cell-mark", hidden=True),
                        ],
                        id=ids.VIEW_PLACE,
                        className="view-place",
                        **attributes(aria_label="Picture; in a confusion matrix the arrow keys go from cell to cell"),
                    ),
                    html.Div(
                        [
                            html.Div(id=ids.VIEW_CONTENT, className="view-content"),
                            html.Div(id=ids.VIEW_EXAMPLES, className="view-examples", **attributes(aria_live="polite")),
                        ],
                        className="view-side",
                    ),
                ],
                id=ids.VIEW_BODY,
                className="view-body",
            ),
            custom_view.place(),
        ],
        id=ids.VIEW_PANEL,
        className="panel view-panel",
        hidden=True,
    )
