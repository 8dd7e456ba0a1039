"""Small controls that the browser's own code listens to: no component of Dash stands between them and a mouse."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.attributes import attributes


def toggle(words: str, name: str, hint: str, is_on: bool = False) -> Component:
    """A button that is on or off."""
    pressed = attributes(aria_pressed=str(is_on).lower())
    return html.Button(words, type="button", className=f"ht-toggle {name}", title=hint, **pressed)


def icon(sign: str, name: str, hint: str, label: str) -> Component:
    """A button with a sign instead of words."""
    return html.Button(sign, type="button", className=f"ht-icon {name}", title=hint, **attributes(aria_label=label))


def slider(name: str, label: str, **ends: str) -> Component:
    """The place of a slider: HTML's own is no component of Dash, and Dash's would pass every step through React."""
    told = {f"data_{end}": value for end, value in ends.items()}
    return html.Div(className=f"{name}-place", **attributes(data_slider=name, data_label=label, **told))
