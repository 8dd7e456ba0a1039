"""Refuses JSON that costs more to read than any page of ours would send, before anything else looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from app.pages import error_page

MOST_BYTES = 10_000_000
# A body of 10 MB could become objects of half a gigabyte: each list or dictionary takes up to 232 bytes, each other
# value up to 60. Pages send lists of numbers as text, and curves of 500 experiments have some 10,000 dictionaries.
MOST_CONTAINERS = 50_000
MOST_COMMAS = 1_000_000
MOST_DEPTH = 60


def refuse_costly_json() -> AnyResponse | None:
    """Refuse the request's JSON where it has very many values, is very deep, or holds what no database keeps."""
    if not request.is_json:
        return None
    body = request.get_data(cache=True)
    containers = body.count(b"[") + body.count(b"{")
    if containers > MOST_CONTAINERS or body.count(b",") > MOST_COMMAS:
        return error_page(413, "The request holds too many values.")
    try:
        content = request.get_json(silent=True)
    except (RecursionError, UnicodeError):
        return _unreadable()
    # Escapes are the only way by which what no database keeps comes into valid UTF-8.
    is_plain = containers <= MOST_DEPTH and b"\\u" not in body
    return None if is_plain or all(map(_is_harmless, _walked(content))) else _unreadable()


def _unreadable() -> AnyResponse:
    return error_page(400, "The request cannot be read.", "Its JSON is nested too deeply, or holds what is no text.")


def _is_harmless(found: tuple[Any, int]) -> bool:
    value, depth = found
    return depth <= MOST_DEPTH and (not isinstance(value, str) or _can_be_kept(value))


def _walked(content: Any) -> Iterator[tuple[Any, int]]:
    """Every value and key with its depth, without recursion."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting.extend((each, depth + 1) for pair in value.items() for each in pair)
        elif isinstance(value, list):
            waiting.extend((each, depth + 1) for each in value)


def _can_be_kept(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
