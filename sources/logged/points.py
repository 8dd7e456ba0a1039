"""What a file says, and the small interface of everything that reads files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Point:
    """The metrics of a row by their names, and where the training stood.

    time: seconds since the epoch, if the row says so.
    """

    metrics: Mapping[str, float]
    epoch: float | None = None
    step: float | None = None
    time: float | None = None


class Parser(Protocol):
    """Reads one file piece by piece."""

    def read(self, data: bytes, is_last: bool, /) -> tuple[list[Point], int]:
        """The points of a piece and how many of its bytes they take; the rest comes again, with more behind it.

        is_last: nothing more will come.
        """
        ...


class Form(Protocol):
    """One form in which programs log."""

    def parser(self, name: str, /) -> Parser | None:
        """A parser for a file of this name; None where it is none of this form."""
        ...

    def title(self, name: str, /) -> str:
        """Where a value of this file came from, for people. Values of one title belong together."""
        ...

    def key(self, name: str, /) -> str:
        """What files have in common of which each newer one repeats what stands in the older; else the name itself."""
        ...
