"""The button that opens the dialog of a project's rules; all of the dialog is in assets/rules/rules.js."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.attributes import attributes


def rules_button(slug: str, **options: Any) -> Component:
    """The same button for every page of a project."""
    return html.Button(
        "Rules",
        type="button",
        title="Watch curves while training runs: highlight, tag or stop experiments",
        **attributes(data_rules=slug, aria_haspopup="dialog"),
        **options,
    )
