"""Small pages of our own that need nothing else: what went wrong, and what to do."""

from __future__ import annotations

from html import escape

from flask import Response

_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.6 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;"
    "place-items:center;background:Canvas;color:CanvasText}main{max-width:34rem;padding:2rem}h1{font-size:1.35rem;"
    "margin:.2rem 0 1rem}p{margin:.4rem 0;opacity:.8}"
)


def error_page(status: int, title: str, text: str = "") -> Response:
    """A page with a title and lines of text, which are shown as they are."""
    body = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>HyperTuner</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head>"
        f"<body><main><p>HyperTuner</p><h1>{escape(title)}</h1>"
        + "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
        + "</main></body></html>"
    )
    return Response(body, status=status, mimetype="text/html")
