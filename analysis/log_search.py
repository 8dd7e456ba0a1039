"""Search in a whole log, piece by piece, so that one of any size takes time but no memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.log_text import clean_text, text_of

MOST_MATCHES = 500
LONGEST_TEXT = 400
# So much stands in front of what was found where a line is longer than shown.
BEFORE = 120
LONGEST_LINE = 1_000_000


@dataclass(frozen=True)
class Match:
    """A line that has the words, or the piece of a long one around them; lines are counted from 1."""

    line: int
    text: str


@dataclass(frozen=True)
class Found:
    """The first matches, how many lines match, and how many lines there are."""

    matches: list[Match]
    count: int
    lines: int


def search(pieces: Iterable[bytes], words: str) -> Found:
    """Find the lines that hold these words, whatever their case. Never raises, whatever the bytes.

    pieces: the log in order, cut anywhere.
    """
    wanted = words.lower()
    matches: list[Match] = []
    count = 0
    before = 0
    last = b""
    for piece in _whole_lines(pieces):
        last = piece
        # Most pieces have none, and to look at each of their lines would take ten times as long.
        if wanted and wanted in clean_text(text_of(piece)).lower():
            for place, line in enumerate(piece.split(b"\n")):
                text = clean_text(text_of(line.rstrip(b"\r")))
                at = text.lower().find(wanted)
                if at >= 0:
                    count += 1
                    if len(matches) < MOST_MATCHES:
                        matches.append(Match(before + place + 1, _around(text, at)))
        before += piece.count(b"\n")
    return Found(matches, count, before + (not last.endswith(b"\n") and last != b""))


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut behind ends of lines; a line without end is cut when it is very long."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join([*waiting, piece[:end]])
            waiting, size = [piece[end:]], len(piece) - end
        else:
            waiting.append(piece)
            size += len(piece)
        if size > LONGEST_LINE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


def _around(text: str, at: int) -> str:
    start = max(0, at - BEFORE) if len(text) > LONGEST_TEXT else 0
    cut = text[start : start + LONGEST_TEXT]
    return f"{'…' if start else ''}{cut}{'…' if start + LONGEST_TEXT < len(text) else ''}"
