"""Experiments as CSV, row by row, for other programs (exact) or for a spreadsheet (safe to open)."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from analysis.counting import is_counted
from storage.records import Experiment, Value

# exact: every cell reads back as it was stored. What the command line writes.
# spreadsheet: text that a spreadsheet would compute is marked as text. What the page's button downloads.
Flavour = Literal["exact", "spreadsheet"]

Cell = Value | datetime


@dataclass(frozen=True)
class ReducedMetric:
    """Another number of a metric than its last value: what it is called, and what experiments have, by number."""

    title: str
    values: Mapping[int, float]


@dataclass(frozen=True)
class TableColumns:
    """What a table has beside its fixed columns. titles: of metrics that stand for another number than the last.

    include_unfinished: a person counts unfinished experiments, too.
    """

    hyperparameters: Sequence[str]
    metrics: Sequence[str]
    titles: Mapping[str, str] = field(default_factory=dict)
    has_notes: bool = False
    include_unfinished: bool = False


@dataclass(frozen=True)
class Page:
    """Some rows: experiments, and by their ids what `titles` stand for, by metric, and notes."""

    experiments: Sequence[Experiment]
    reduced: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)


# What makes a spreadsheet compute a cell, its full-width forms, and what it strips before it looks.
FORMULA_STARTS = tuple("=+-@＝＋－＠")
CONTROL_STARTS = tuple("\t\r\n\0")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Excel takes a file for UTF-8 only if it begins with this.
BYTE_ORDER_MARK = "\ufeff"


def experiments_csv(
    experiments: Sequence[Experiment],
    *,
    flavour: Flavour = "exact",
    order: Iterable[str] = (),
    reduced: Mapping[str, ReducedMetric] | None = None,
    notes: Mapping[int, str] | None = None,
    include_unfinished: bool = False,
) -> Iterator[str]:
    """One line per experiment after a line of names, as pieces of text to send in turn; lines end with CR LF.

    Columns: experiment, run, state, every hyperparameter, the last value of every metric or what `reduced` has instead,
    started (ISO 8601, UTC), duration_s, counted (yes or no, by the rule of analysis/counting.py), reason, and where
    there are `notes`, by the ids of experiments, their note. include_unfinished: a person counts those, too.
    Hyperparameters come as in `order`, others after them as they turn up.
    A name that stands for several columns gets its role in front: "metric loss", "hyperparameter loss".
    Floats keep every digit, NaN and infinities are the words nan, inf, -inf; nothing at all where there is no value.
    """
    hyperparameters = in_order(order, (name for experiment in experiments for name in experiment.settings))
    metrics = in_order((), (name for experiment in experiments for name in experiment.metrics))
    others = reduced or {}
    columns = TableColumns(
        hyperparameters, metrics, {name: each.title for name, each in others.items()}, bool(notes), include_unfinished
    )
    ids = {experiment.number: experiment.id for experiment in experiments}
    by_id = {
        name: {ids[number]: value for number, value in each.values.items() if number in ids}
        for name, each in others.items()
    }
    yield from table_csv(columns, [Page(experiments, by_id, notes or {})], flavour=flavour)


def table_csv(columns: TableColumns, pages: Iterable[Page], *, flavour: Flavour = "exact") -> Iterator[str]:
    """The same of experiments that come page by page, so that memory holds one of them."""
    writer = csv.writer(Echo())
    write_cell = exact_cell if flavour == "exact" else _spreadsheet_cell
    titles = [columns.titles.get(name, name) for name in columns.metrics]
    if flavour == "spreadsheet":
        yield BYTE_ORDER_MARK
    names = _names(columns.hyperparameters, titles, has_notes=columns.has_notes)
    yield writer.writerow([write_cell(name) for name in names])
    for page in pages:
        for experiment in page.experiments:
            counted = is_counted(experiment.state, include_unfinished=columns.include_unfinished)
            note = [page.notes.get(experiment.id)] if columns.has_notes else []
            described = _row(experiment, columns, page.reduced)
            row = [*described, "yes" if counted else "no", experiment.reason, *note]
            yield writer.writerow([write_cell(cell) for cell in row])


class Echo:
    """A file that hands back what is written, so that csv's writer returns its line."""

    def write(self, text: str, /) -> str:
        return text


def in_order(first: Iterable[str], names: Iterable[str]) -> list[str]:
    """Names, each once: those of `first` in its order, then the others."""
    found, wanted = dict.fromkeys(names), dict.fromkeys(first)
    return [*(name for name in wanted if name in found), *(name for name in found if name not in wanted)]


def _names(hyperparameters: Sequence[str], metrics: Sequence[str], *, has_notes: bool) -> list[str]:
    before, after = (
        ["experiment", "run", "state"],
        ["started", "duration_s", "counted", "reason", *(["note"] if has_notes else [])],
    )
    used = Counter([*before, *hyperparameters, *metrics, *after])

    def distinct(role: str, names: Sequence[str]) -> list[str]:
        return [name if used[name] == 1 else f"{role} {name}" for name in names]

    return [*before, *distinct("hyperparameter", hyperparameters), *distinct("metric", metrics), *after]


def _row(experiment: Experiment, columns: TableColumns, reduced: Mapping[str, Mapping[int, float]]) -> Iterator[Cell]:
    yield from (experiment.number, experiment.run_number, experiment.state)
    for name in columns.hyperparameters:
        yield experiment.settings.get(name)
    for name in columns.metrics:
        if name in columns.titles:
            yield reduced.get(name, {}).get(experiment.id)
        else:
            summary = experiment.metrics.get(name)
            yield summary.last if summary else None
    yield from (experiment.started_at, experiment.duration_s)


def exact_cell(cell: Cell) -> str:
    """A cell that reads back as it was stored."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _spreadsheet_cell(cell: Cell) -> str:
    text = exact_cell(cell)
    is_number = (isinstance(cell, (int, float)) and math.isfinite(cell)) or NUMBER.fullmatch(text)
    is_computed = text.startswith(CONTROL_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if is_computed and not is_number else text
