"""What a page gets only once its first frame is drawn: components whose programs take long to start.

Plotly's own start keeps a browser busy for half a second, and the grid's for a quarter. assets/base/later.js puts them
into their places when the page has something to work with.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.dependencies import Wildcard
from dash.development.base_component import Component

# A page that is drawn writes here.
DUE = "later-due"


def place(name: str | Wildcard) -> dict[str, str | Wildcard]:
    """The id of the place where a component comes; with ALL as name, of all places."""
    return {"type": "later", "name": name}


def held(name: str | Wildcard) -> dict[str, str | Wildcard]:
    """The id of what waits for its place."""
    return {"type": "later-held", "name": name}


def due() -> Component:
    """Once on a page that has anything of this kind."""
    return dcc.Store(id=DUE)


def later(name: str, component: Component, **options: Any) -> Component:
    """A place in which `component` appears after the first frame; options are the place's own."""
    return html.Div(dcc.Store(id=held(name), data=component.to_plotly_json()), id=place(name), **options)
