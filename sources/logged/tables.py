"""CSV and JSON lines: the loggers of Lightning, Keras and Stable-Baselines, Ultralytics' results, logs of one's own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from analysis.log_text import text_of
from sources.logged.points import Point
from sources.output.reader import OutputReader
from sources.output.words import EPOCH_WORDS, STEP_WORDS, in_words

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
# Tables of these names are logs, whatever their columns.
NAMES = re.compile(r"(metrics|results|history|progress|monitor|log|logs|training|train_log|scalars)\Z", re.IGNORECASE)
MOST_LINE_BYTES = 65_536
_AXES = EPOCH_WORDS | STEP_WORDS


class Tables:
    """A table is a log where it counts: a table of predictions has no epochs, and is none."""

    def parser(self, name: str) -> TableParser | None:
        path = PurePosixPath(name)
        return TableParser(bool(NAMES.match(path.stem))) if path.suffix.lower() in SUFFIXES else None

    def title(self, name: str) -> str:
        return name

    def key(self, name: str) -> str:
        return name


class TableParser:
    """Reads a table's lines as those of a stream: the header, the rows, objects."""

    def __init__(self, is_log: bool) -> None:
        self._reader = OutputReader()
        self._is_log = is_log
        self._is_first = True

    def read(self, data: bytes, is_last: bool, /) -> tuple[list[Point], int]:
        end = len(data) if is_last else data.rfind(b"\n") + 1
        points = []
        for line in data[:end].split(b"\n"):
            text = text_of(line[:MOST_LINE_BYTES]).strip()
            if not text:
                continue
            if self._is_first:
                self._is_log = self._is_log or not _AXES.isdisjoint(in_words(text))
                self._is_first = False
            if not self._is_log:
                break
            metrics = self._reader.read(text)
            if metrics:
                place = self._reader.progress
                points.append(Point(metrics, place.epoch, place.batch))
        return points, end
