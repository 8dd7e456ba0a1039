"""The dialog that asks before something is destroyed."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

Answer = tuple[str, str]


def asking(name: str, title: str, body: str, *, keep: Answer, destroy: Answer) -> Component:
    """A closed dialog with two answers, each given as (id, words)."""
    dialog: Component = dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(title)),
            dbc.ModalBody(body),
            dbc.ModalFooter(
                [
                    html.Button(keep[1], id=keep[0], type="button", className="button"),
                    html.Button(destroy[1], id=destroy[0], type="button", className="button is-danger"),
                ]
            ),
        ],
        id=name,
        is_open=False,
        centered=True,
    )
    return dialog
