"""Follows the files of an experiment into which its script logs, each row once, however the script writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from analysis.own_files import OwnFile
from sources.logged.points import Form, Parser, Point
from sources.logged.tables import Tables
from sources.logged.tensorboard import TensorBoard
from sources.logged.trainer_state import TrainerState
from sources.own_files import open_own_file

FORMS: tuple[Form, ...] = (TensorBoard(), TrainerState(), Tables())
MOST_FILES = 50
# Of one file at one look; and none beyond the second is read at all.
PIECE_BYTES, MOST_BYTES = 4_000_000, 500_000_000
PREFIX = "file:"
# A file whose beginning is another one was written anew.
HEAD_BYTES = 512


@dataclass(frozen=True)
class Row:
    """A point and where it came from, for people."""

    title: str
    point: Point


class LoggedFiles:
    """All files into which one attempt logs.

    Guarantees that each row counts once: also where a file is written anew with its old rows, and where another reader
    goes on with `offsets`.
    """

    def __init__(self, folder: Path, offsets: Mapping[str, int]) -> None:
        """folder: of the experiment's own files. offsets: how many rows of each file an earlier reader took."""
        self._folder = folder
        self._known = {name: count for name, count in offsets.items() if name.startswith(PREFIX)}
        self._followed: dict[str, _Followed] = {}

    def see(self, files: Sequence[OwnFile]) -> None:
        """Follow those of an experiment's files that are logs, too."""
        for file in files:
            for form in FORMS:
                if (parser := form.parser(file.name)) is None:
                    continue
                key = PREFIX + form.key(file.path)
                found = self._followed.get(key)
                if found is None and len(self._followed) < MOST_FILES:
                    title = form.title(file.name)
                    self._followed[key] = _Followed(form, file, parser, title, self._known.get(key, 0))
                elif found and found.path != file.path and file.modified > found.modified:
                    found.go_on_in(file, parser)
                break

    def pass_over(self, files: Sequence[OwnFile]) -> None:
        """What stands in these files is of an earlier attempt, and no news."""
        self.see(files)
        for _ in self.rows(is_last=True):
            pass

    def rows(self, *, is_last: bool = False) -> Iterator[Row]:
        """What came since the last look. is_last: half a row counts, too."""
        for followed in self._followed.values():
            for point in followed.news(self._folder, is_last=is_last):
                yield Row(followed.title, point)

    @property
    def offsets(self) -> dict[str, int]:
        """How many rows of each file were taken."""
        return self._known | {key: followed.count for key, followed in self._followed.items() if followed.count}


class _Followed:
    """One file."""

    def __init__(self, form: Form, file: OwnFile, parser: Parser, title: str, count: int) -> None:
        self._form, self._name = form, file.name
        self.path, self.modified = file.path, file.modified
        self.title = title
        self.count = count
        # What was told, row by row; nothing is known of rows that an earlier reader took but how many there were.
        self._told: list[int | None] = [None] * count
        self._begin(parser)

    def _begin(self, parser: Parser) -> None:
        self._parser = parser
        self._offset = self._place = 0
        self._seen: tuple[int, bytes] | None = None
        self._size = -1

    def go_on_in(self, file: OwnFile, parser: Parser) -> None:
        """A newer file repeats what stood in this one."""
        self.path, self.modified = file.path, file.modified
        self._begin(parser)

    def news(self, folder: Path, *, is_last: bool) -> list[Point]:
        """The rows that are not told yet."""
        try:
            descriptor = open_own_file(folder, self.path)
        except OSError:
            return []
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            seen = status.st_ino, file.read(HEAD_BYTES)
            if status.st_size < self._offset or (self._seen and not _goes_on(self._seen, seen)):
                # Cut, or written anew: a logger that does so mostly repeats its rows.
                parser = self._form.parser(self._name)
                assert parser
                self._begin(parser)
            if status.st_size == self._size and not is_last:
                return []
            self._seen, self._size = seen, status.st_size
            return self._read(file, min(status.st_size, MOST_BYTES), is_last=is_last)

    def _read(self, file: IO[bytes], size: int, *, is_last: bool) -> list[Point]:
        found: list[Point] = []
        piece = PIECE_BYTES
        while self._offset < size:
            file.seek(self._offset)
            data = file.read(min(piece, size - self._offset))
            is_end = self._offset + len(data) >= size
            points, taken = self._parser.read(data, is_last and is_end)
            found += points
            self._offset += taken
            if is_end:
                break
            # A row, or a file that is read whole, may be longer than a piece.
            piece = PIECE_BYTES if taken else 2 * piece
        return [point for point in found if self._is_new(point)]

    def _is_new(self, point: Point) -> bool:
        place, self._place = self._place, self._place + 1
        mark = hash((tuple(point.metrics.items()), point.epoch, point.step))
        if place < len(self._told) and self._told[place] in (None, mark):
            return False
        # From the first row that is another one on, everything is.
        del self._told[place:]
        self._told.append(mark)
        self.count = len(self._told)
        return True


def _goes_on(before: tuple[int, bytes], now: tuple[int, bytes]) -> bool:
    """Whether a file is the same one as before, with more behind it at most. Each: its number, and its beginning."""
    return before[0] == now[0] and now[1].startswith(before[1])
