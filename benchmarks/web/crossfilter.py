"""The peer that anybody would write first: the same views as Plotly figures, crossfiltered by a Dash callback.

`python -m benchmarks.web.crossfilter PORT COUNT` serves it: a scatter matrix of 6 hyperparameters by 4 metrics, a bar
chart per metric, and a table. Selecting in any panel sends the selection to the server, which answers with everything.
"""

from __future__ import annotations

import sys
from typing import Any

import dash_ag_grid as dag
import pandas as pd
import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html
from dash.exceptions import PreventUpdate
from plotly.subplots import make_subplots

from benchmarks.web.data import METRICS, columns_of


def matrix(frame: pd.DataFrame, hyperparameters: list[str], chosen: list[int] | None) -> go.Figure:
    """Every hyperparameter by every metric; what is not chosen is dim."""
    figure = make_subplots(
        len(hyperparameters), len(METRICS), shared_xaxes="columns", shared_yaxes="rows", horizontal_spacing=0.01,
        vertical_spacing=0.01,
    )  # fmt: skip
    for row, hyperparameter in enumerate(hyperparameters):
        for column, metric in enumerate(METRICS):
            trace = go.Scattergl(
                x=frame[metric], y=frame[hyperparameter], mode="markers", marker={"size": 3}, selectedpoints=chosen
            )
            figure.add_trace(trace, row + 1, column + 1)
    return figure.update_layout(height=900, dragmode="select", showlegend=False, uirevision="kept", template="none")


def bars(frame: pd.DataFrame, chosen: list[int] | None) -> go.Figure:
    """One bar chart per metric."""
    figure = make_subplots(1, len(METRICS))
    for column, metric in enumerate(METRICS):
        figure.add_trace(go.Bar(x=frame.index + 1, y=frame[metric], selectedpoints=chosen), 1, column + 1)
    return figure.update_layout(height=260, showlegend=False, template="none")


def application(count: int) -> Dash:
    """The page with its one callback."""
    settings, metrics = columns_of(count)
    frame = pd.DataFrame({**settings, **metrics})
    hyperparameters = list(settings)
    app = Dash("crossfilter", enable_mcp=False, use_async=False)
    table = dag.AgGrid(
        id="table", rowData=frame.to_dict("records"), columnDefs=[{"field": name} for name in frame],
    )  # fmt: skip
    app.layout = html.Div([
        html.Div(id="count"),
        dcc.Graph(id="bars", figure=bars(frame, None)),
        dcc.Graph(id="matrix", figure=matrix(frame, hyperparameters, None)),
        table,
    ])  # fmt: skip

    @app.callback(
        Output("count", "children"), Output("bars", "figure"), Output("matrix", "figure"), Output("table", "rowData"),
        Input("matrix", "selectedData"), prevent_initial_call=True,
    )  # fmt: skip
    def select(selected: dict[str, Any] | None) -> tuple[str, go.Figure, go.Figure, list[dict[str, Any]]]:
        # The figure that we answer with has no selection of its own, which Plotly reports as one that is gone.
        if not selected or not selected["points"]:
            raise PreventUpdate
        chosen = sorted({point["pointNumber"] for point in selected["points"]})
        return (
            f"{len(chosen)} selected", bars(frame, chosen), matrix(frame, hyperparameters, chosen),
            frame.iloc[chosen].to_dict("records"),
        )  # fmt: skip

    return app


if __name__ == "__main__":
    application(int(sys.argv[2])).run(port=int(sys.argv[1]), debug=False)
