"""Texts with captions, as they were written."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.views.picture import Payload, Picture, count, counted, records


def picture(payload: Payload) -> Picture:
    """payload: `{"texts": [{"text", "caption", "length"}], "count"}`. Raises ValueError."""
    shown = records(payload, "texts")
    total = count(payload)
    return Picture(
        component=html.Div([_text(each) for each in shown], className="text-samples"),
        summary=f"{len(shown):,} of {counted(total, 'text')}" if total > len(shown) else counted(len(shown), "text"),
    )


def _text(each: Payload) -> Component:
    text, caption, length = each.get("text"), str(each.get("caption") or ""), count(each, "length")
    if not isinstance(text, str):
        raise ValueError("a text is none")
    parts: list[Component] = [html.H3(caption)] if caption else []
    parts.append(html.Pre(text or "(empty)", tabIndex="0"))
    if length > len(text):
        parts.append(html.P(f"The first {len(text):,} of {length:,} characters.", className="muted"))
    return html.Article(parts, className="text-sample")
