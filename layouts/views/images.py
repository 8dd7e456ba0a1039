"""A gallery of images with captions, and labels on them."""

from __future__ import annotations

import re

from dash import html
from dash.development.base_component import Component

from layouts.views.picture import Payload, Picture, count, counted, records

# Only pictures that are written out in the payload itself: none is loaded from elsewhere, none can run anything.
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*")


def is_picture(source: object) -> bool:
    """Whether it is a picture that may be shown."""
    return isinstance(source, str) and _PICTURE.fullmatch(source) is not None


def picture(payload: Payload) -> Picture:
    """payload: `{"images": [{"image": data URI, "caption", "label"}], "count"}`. Raises ValueError."""
    shown = records(payload, "images")
    total = count(payload)
    return Picture(
        component=html.Div([_image(each, at) for at, each in enumerate(shown, start=1)], className="gallery"),
        summary=f"{len(shown):,} of {counted(total, 'image')}" if total > len(shown) else counted(len(shown), "image"),
    )


def _image(each: Payload, at: int) -> Component:
    source, caption, mark = each.get("image"), str(each.get("caption") or ""), str(each.get("label") or "")
    if not is_picture(source):
        raise ValueError("an image is not written out as a picture")
    said = caption or mark or f"image {at}"
    parts: list[Component] = [html.Img(src=source, alt=said, title=said)]
    if mark:
        parts.append(html.Span(mark, className="gallery-label", title=mark))
    if caption:
        parts.append(html.Figcaption(caption))
    return html.Figure(parts)
