"""Experiments as CSV, row by row, for other programs (exact) or for a spreadsheet (safe to open)."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    hyperparameters = _union(order, (experiment.settings for experiment in experiments))
    metrics = _union((), (experiment.metrics for experiment in experiments))
    others = {name: each for name, each in (reduced or {}).items() if name in metrics}
    titles = [others[name].title if name in others else name for name in metrics]
    writer = csv.writer(_Echo())
    write_cell = _exact_cell if flavour == "exact" else _spreadsheet_cell
    if flavour == "spreadsheet":
        yield BYTE_ORDER_MARK
    yield writer.writerow([write_cell(name) for name in _names(hyperparameters, titles, has_notes=bool(notes))])
    for experiment in experiments:
        counted = "yes" if is_counted(experiment.state, include_unfinished=include_unfinished) else "no"
        note = [notes.get(experiment.id)] if notes else []
        row = [*_row(experiment, hyperparameters, metrics, others), counted, experiment.reason, *note]
        yield writer.writerow([write_cell(cell) for cell in row])


class _Echo:
    """A file that hands back what is written, so that csv's writer returns its line."""

    def write(self, text: str, /) -> str:
        return text


def _union(first: Iterable[str], others: Iterable[Iterable[str]]) -> list[str]:
    found = dict.fromkeys(name for names in others for name in names)
    return [*(name for name in first if name in found), *(name for name in found if name not in set(first))]


def _names(hyperparameters: Sequence[str], metrics: Sequence[str], *, has_notes: bool) -> list[str]:
    before, after = (
        ["experiment", "run", "state"],
        ["started", "duration_s", "counted", "reason", *(["note"] if has_notes else [])],
    )
    used = Counter([*before, *hyperparameters, *metrics, *after])

    def distinct(role: str, names: Sequence[str]) -> list[str]:
        return [name if used[name] == 1 else f"{role} {name}" for name in names]

    return [*before, *distinct("hyperparameter", hyperparameters), *distinct("metric", metrics), *after]


def _row(
    experiment: Experiment,
    hyperparameters: Sequence[str],
    metrics: Sequence[str],
    others: Mapping[str, ReducedMetric],
) -> Iterator[Cell]:
    yield from (experiment.number, experiment.run_number, experiment.state)
    for name in hyperparameters:
        yield experiment.settings.get(name)
    for name in metrics:
        if name in others:
            yield others[name].values.get(experiment.number)
        else:
            summary = experiment.metrics.get(name)
            yield summary.last if summary else None
    yield from (experiment.started_at, experiment.duration_s)


def _exact_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _spreadsheet_cell(cell: Cell) -> str:
    text = _exact_cell(cell)
    is_number = (isinstance(cell, (int, float)) and math.isfinite(cell)) or NUMBER.fullmatch(text)
    is_computed = text.startswith(CONTROL_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if is_computed and not is_number else text
