"""The button of the dialog in which a project learns how its script prints metrics: assets/rules/teaching.js."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.attributes import attributes


def teaching_button(slug: str, words: str = "Patterns", *, run: int | None = None, **options: Any) -> Component:
    """run: the run whose output is shown; else the newest of the project."""
    return html.Button(
        words,
        type="button",
        title="How else the script prints its metrics: try it on its output, and read that again",
        **attributes(data_teach=slug, data_run="" if run is None else str(run), aria_haspopup="dialog"),
        **options,
    )
