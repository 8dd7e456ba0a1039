"""Metrics and progress in the lines that a script prints, by rules of general form."""

from __future__ import annotations

import re
from collections.abc import Collection

from sources.output.pairs import Pairs
from sources.output.patterns import Pattern
from sources.output.prefixes import message, plain, process_of
from sources.output.report import Form, Progress
from sources.output.structures import Structures
from sources.output.tables import Tables
from sources.output.words import is_never

# Longer lines are data, not reports.
LONGEST_REPORT = 4_000
_NUMBER = re.compile(r"\d|nan\b|inf", re.IGNORECASE)
# The options of a script, as argparse prints them.
_OPTIONS = re.compile(r"\s*(?:argparse\.)?Namespace\(")


class OutputReader:
    """Reads one stream of a script, line by line, and remembers what the next lines need."""

    def __init__(self, not_metrics: Collection[str] = (), patterns: Collection[Pattern] = ()) -> None:
        """not_metrics: names that are no metrics, such as the options that a script echoes.

        patterns: lines as a person describes them. They add to what is read anyway, and what they name is a metric.
        """
        self._not_metrics = frozenset(not_metrics)
        self._patterns = tuple(patterns)
        self.progress = Progress()
        # Of several processes that report the same the first counts: the lowest that has reported anything so far.
        self._first: int | None = None
        # How many lines the others have printed since.
        self.others = 0
        # The first that knows a line has it.
        tables = Tables()
        self._forms: tuple[Form, ...] = (Structures(), tables, Pairs())
        self._headers: tuple[Form, ...] = (tables,)

    def read(self, line: str) -> dict[str, float]:
        """The metrics on a line, by name; `progress` moves on with what the line says of epochs and batches."""
        if len(line) > LONGEST_REPORT:
            return {}
        process, text = process_of(plain(line))
        if process is not None and self._first is not None and process > self._first:
            self.others += 1
            return {}
        known = {} if _OPTIONS.match(line) else self._known(message(text))
        found = {**known, **self._described(text)} if self._patterns else known
        if found and process is not None:
            self._first = process
        return found

    def _known(self, text: str) -> dict[str, float]:
        # Of a line without a number only a header of a table is of interest; most lines of most scripts are such ones.
        for form in self._forms if _NUMBER.search(text) else self._headers:
            report = form.read(text)
            if report is not None:
                self.progress.move(report.place)
                return {name: value for name, value in report.metrics.items() if self._is_metric(name, value)}
        return {}

    def _described(self, text: str) -> dict[str, float]:
        """What the patterns say of a line; several may each know a part of it."""
        metrics: dict[str, float] = {}
        for pattern in self._patterns:
            if report := pattern.read(text):
                self.progress.move(report.place)
                metrics |= report.metrics
        return metrics

    def _is_metric(self, name: str, value: float) -> bool:
        return bool(name) and name not in self._not_metrics and not is_never(name, value)
