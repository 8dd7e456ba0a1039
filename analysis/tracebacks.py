"""Python tracebacks in what a script printed: what was raised, and where in the user's own code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = "Traceback (most recent call last):"
LONGEST_MESSAGE = 500
_GROUP = "+ Exception Group "
_FRAME = re.compile(r'\s+File "([^"]*)", line ([0-9]{1,9})(?:, in (.*))?', re.ASCII)
_RAISED = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: ?(.*))?")
# A run's code is unpacked under its digest, which says nothing to a person.
_SNAPSHOT = re.compile(r".*/snapshots/[0-9a-f]{64}/")
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python[0-9.]+/|\A<")


@dataclass(frozen=True)
class Place:
    """A line of code; the file is named as in the run's folder."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        """train.py:41, in step."""
        return f"{self.file}:{self.line}" + (f", in {self.function}" if self.function else "")


@dataclass(frozen=True)
class Traceback:
    """One that ends in an exception. Lines are counted from 0, the last included.

    place: the innermost line of the user's own code, or the innermost at all where none is.
    """

    kind: str
    message: str
    place: Place | None
    first_line: int
    last_line: int

    @property
    def headline(self) -> str:
        """What Python prints last: the exception and the first line of its message."""
        return f"{self.kind}: {self.message}" if self.message else self.kind


def find_tracebacks(lines: Sequence[str]) -> list[Traceback]:
    """Every complete traceback, in order; also where each line begins with a mark such as `[rank0]: `. Never raises."""
    found = []
    at = 0
    while at < len(lines):
        before, head, _ = lines[at].partition(HEAD)
        traceback = _read(lines, at, _margin(before)) if head and len(before) < 100 else None
        if traceback:
            found.append(traceback)
        at = traceback.last_line + 1 if traceback else at + 1
    return found


def _margin(before: str) -> str:
    return before.removesuffix(_GROUP) + "| " if before.endswith(_GROUP) else before


def _read(lines: Sequence[str], first: int, margin: str) -> Traceback | None:
    frames: list[Place] = []
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if not line.startswith(margin.rstrip() if margin.strip() else margin):
            return None
        line = line[len(margin) :]
        if line.startswith((" ", "\t")) or not line:
            if frame := _FRAME.match(line):
                frames.append(Place(frame[1], int(frame[2]), (frame[3] or "").strip()[:200]))
            continue
        raised = _RAISED.fullmatch(line.rstrip("\r"))
        # Another one begins where this was cut off.
        if raised is None or HEAD in line:
            return None
        message = (raised[2] or "").strip()[:LONGEST_MESSAGE]
        return Traceback(raised[1], message, _own(frames), first, number)
    return None


def _own(frames: Sequence[Place]) -> Place | None:
    own = [frame for frame in frames if not _LIBRARY.search(frame.file)] or list(frames)
    return Place(short_file(own[-1].file), own[-1].line, own[-1].function) if own else None


def short_file(path: str) -> str:
    """A file as in the run's folder; one from elsewhere by its name alone."""
    inside = _SNAPSHOT.sub("", path)
    return inside if inside != path else path.rpartition("/")[2] or path
