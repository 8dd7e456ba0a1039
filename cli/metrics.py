"""`hypertuner metrics`: which numbers would be read from what a script printed."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.table import Table

from analysis.log_text import text_of
from analysis.words import number
from cli.errors import CommandError
from cli.terminal import console, printable
from sources.output.reader import OutputReader

# Longer lines are data; the same limit holds for the output of experiments.
LONGEST_LINE = 65_536


@dataclass(frozen=True)
class Value:
    """One number of one metric, and where it stands."""

    name: str
    value: float
    epoch: float | None
    step: float | None
    line: int

    def to_json(self) -> dict[str, Any]:
        """As plain data; what JSON has no number for is null, with its name beside it."""
        data = dict(self.__dict__)
        return data if math.isfinite(self.value) else {**data, "value": None, "special": str(self.value)}


def metrics(
    log: Annotated[str, typer.Argument(metavar="LOG", help="A file with what a script printed; - is standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per value.")] = False,
    option: Annotated[
        list[str] | None, typer.Option(help="A name that is an option of the script and no metric; may be repeated.")
    ] = None,
) -> None:
    """Print which numbers would be read from what a script printed, without a project or anything running."""
    try:
        with nullcontext(sys.stdin.buffer) if log == "-" else Path(log).open("rb") as file:
            found = read_values(file, option or ())
            _print_json(found) if as_json else _print_table(log, found)
    except OSError as error:
        raise CommandError(f"{log} cannot be read: {error.strerror}.") from None


def read_values(file: BinaryIO, options: list[str] | tuple[str, ...]) -> Iterator[Value]:
    """Every value that a file holds, in its order; memory does not grow with the file."""
    reader = OutputReader(options)
    line, is_begun = 1, False
    while part := file.readline(LONGEST_LINE):
        # What follows the beginning of a line that is too long is left out with it.
        is_whole = part.endswith(b"\n") or len(part) < LONGEST_LINE
        if is_whole and not is_begun:
            for text in part.rstrip(b"\n").split(b"\r"):
                for name, value in reader.read(text_of(text)).items():
                    yield Value(name, value, reader.progress.epoch, reader.progress.batch, line)
        is_begun = not is_whole
        line += part.endswith(b"\n")


def _print_json(found: Iterator[Value]) -> None:
    for each in found:
        typer.echo(json.dumps(each.to_json(), ensure_ascii=False))


def _print_table(log: str, found: Iterator[Value]) -> None:
    counts: dict[str, int] = {}
    ends: dict[str, tuple[Value, Value]] = {}
    for each in found:
        counts[each.name] = counts.get(each.name, 0) + 1
        ends[each.name] = (ends.get(each.name, (each, each))[0], each)
    if not counts:
        console.print(f"No metric was found in {printable(log)}.", soft_wrap=True)
        return
    table = Table("metric", "values", "first", "last", "last at", "on line")
    for name, (first, last) in ends.items():
        place = [f"{word} {number(at)}" for word, at in (("epoch", last.epoch), ("step", last.step)) if at is not None]
        cells = (f"{counts[name]:,}", number(first.value), number(last.value), ", ".join(place), f"{last.line:,}")
        table.add_row(printable(name), *cells)
    console.print(table)
