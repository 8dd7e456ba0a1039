"""Everything that a whole stream says: one value after the other, with the line on which it stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from analysis.log_text import text_of
from sources.output.reader import OutputReader

# Longer lines are data; the same limit holds for the output of experiments while they run.
LONGEST_LINE = 65_536
PIECE_BYTES = 1_000_000


@dataclass(frozen=True)
class Value:
    """One number of one metric, and where it stands. line: counted from 1."""

    name: str
    value: float
    epoch: float | None
    step: float | None
    line: int

    def to_json(self) -> dict[str, Any]:
        """As plain data; what JSON has no number for is null, with its name beside it."""
        data = dict(self.__dict__)
        return data if math.isfinite(self.value) else {**data, "value": None, "special": str(self.value)}


def read_values(pieces: Iterable[bytes], reader: OutputReader) -> Iterator[Value]:
    """Every value that a stream holds, in its order; memory does not grow with the stream."""
    for line, text in lines_of(pieces):
        for name, value in reader.read(text).items():
            yield Value(name, value, reader.progress.epoch, reader.progress.batch, line)


def lines_of(pieces: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """The lines of a stream with their numbers; each state of a progress bar is one of the same number.

    What is too long for a line is left out.
    """
    number, rest, is_too_long = 1, b"", False
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if not is_too_long and len(line) <= LONGEST_LINE:
                yield from ((number, text_of(state)) for state in line.split(b"\r"))
            number, is_too_long = number + 1, False
        if len(rest) > LONGEST_LINE:
            rest, is_too_long = b"", True
    if rest and not is_too_long:
        yield from ((number, text_of(state)) for state in rest.split(b"\r"))
