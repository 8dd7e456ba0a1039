"""What scripts print, as people should see it."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def text_of(data: bytes) -> str:
    r"""Bytes as text that any database and page takes: what is no UTF-8 becomes `\xff`, NUL becomes a picture of it."""
    return data.decode("utf-8", "backslashreplace").replace("\0", "\u2400")


def clean_text(text: str) -> str:
    """Text as a person should see it: without colours, cursor movements and other invisible commands."""
    return _CONTROL.sub(_picture, _ANSI.sub("", text))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
