"""Experiments as columns for the browser: what its experiment set (assets/experiments/columns.js) is patched with.

A column is an array of numbers, or, where only few different values occur, `codes` that count in `words`; a code beyond
the last word is a missing value. The words are values as settings hold them: the browser makes numbers or categories
of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reductions import LAST, Reductions, title_of
from answers.flag_words import flag_sentences, flag_words
from storage.columns import STATES, ExperimentColumns, MetricColumn, MetricColumns, Remark
from storage.reductions import Numbers

Columns = dict[str, Any]

# More values than this per epoch, and a metric is reported by batch.
MOST_VALUES_PER_EPOCH = 1.5
# What fits into a byte, with one code left for what is missing.
MOST_WORDS = 255


@dataclass(frozen=True)
class Shown:
    """Which number of each metric a page shows, and what it calls them: the goal of a metric is known of few."""

    reductions: Reductions = field(default_factory=dict)
    goals: Mapping[str, str] = field(default_factory=dict)

    def title(self, metric: str) -> str:
        """The name of what the column of a metric holds."""
        return title_of(metric, self.reductions.get(metric, LAST), self.goals.get(metric))


LAST_ONES = Shown()


def columns(
    found: ExperimentColumns, hyperparameters: Sequence[str], metrics: Sequence[str], shown: Shown = LAST_ONES
) -> Columns:
    """All columns, one entry per experiment; metrics in the order of these names."""
    return {
        "number": found.numbers.astype(np.int32),
        "state": {"codes": found.states.astype(np.uint8), "words": list(STATES)},
        "epoch": numbers(found.epoch),
        "epochs": numbers(found.epochs),
        "duration": numbers(found.duration_s),
        "hyperparameters": [
            {"name": name, "values": _settings([settings.get(name) for settings in found.settings])}
            for name in hyperparameters
        ],
        "metrics": _metrics(found, metrics, shown, found.epoch),
        "failures": _remarks(found, _failure),
        "failure": _remarks(found, lambda remark: remark.failure),
        "notes": _remarks(found, _note),
        "flags": flag_words(found.flags, found.count),
        "sentences": flag_sentences(found.flags),
    }


def metrics_alone(found: MetricColumns, metrics: Sequence[str], shown: Shown) -> Columns:
    """The columns of some metrics and whose they are."""
    return {
        "number": found.numbers.astype(np.int32),
        "metrics": _metrics(found, metrics, shown, np.full(found.count, np.nan)),
    }


def metric_names(known: Sequence[str], found: ExperimentColumns) -> list[str]:
    """The metrics known so far, then new ones in order of appearance."""
    return list(dict.fromkeys([*known, *(column.name for column in found.metrics)]))


def numbers(values: Numbers) -> Any:
    """Numbers in as few bytes as hold them exactly; NaN is a missing one."""
    words = np.unique(values[~np.isnan(values)])
    # Infinities are no JSON, but they are ordinary numbers of an array.
    if len(words) > MOST_WORDS or np.isinf(words).any():
        return values
    codes = np.searchsorted(words, values)
    return _coded(np.where(np.isnan(values), len(words), codes), words.tolist())


def _coded(codes: NDArray[Any], words: Sequence[Any]) -> Columns:
    kind = np.uint8 if len(words) <= MOST_WORDS else np.int32
    return {"codes": codes.astype(kind), "words": list(words)}


def _settings(values: Sequence[Any]) -> Any:
    kinds = set(map(type, values))
    if kinds <= {int, float, type(None)}:
        try:
            return numbers(np.array(values, dtype=np.float64))
        except OverflowError:
            # An integer beyond all floats is a word like any other.
            pass
    # True equals 1 for Python, but not for a person.
    return _worded(values, [(type(value), value) for value in values] if bool in kinds else values)


def _worded(values: Sequence[Any], keys: Sequence[Hashable]) -> Columns:
    """Codes in order of appearance; None is missing."""
    words: dict[Hashable, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if value is not None:
            words.setdefault(key, value)
    places = {key: place for place, key in enumerate(words)}
    return _coded(np.array([places.get(key, len(words)) for key in keys], dtype=np.int32), list(words.values()))


def _metrics(
    found: ExperimentColumns | MetricColumns, names: Sequence[str], shown: Shown, epochs: Numbers
) -> list[Columns]:
    reported = {column.name: column for column in found.metrics}
    return [
        {
            "name": name,
            "title": shown.title(name),
            "reduction": shown.reductions.get(name, LAST).written(),
            **_metric(reported.get(name), found.count, epochs),
        }
        for name in names
    ]


def _metric(column: MetricColumn | None, count: int, epochs: Numbers) -> Columns:
    """The values; NaN is missing, except in the rows that `nan` names: there the script said so."""
    values = np.full(count, np.nan)
    if column is None:
        return {"values": numbers(values), "nan": [], "level": None, "hasEpochs": None}
    values[column.rows] = column.values
    said = np.sort(column.rows[np.isnan(column.values)]).astype(np.int32)
    level = _level(column.counts, epochs[column.rows])
    return {"values": values, "nan": said, "level": level, "hasEpochs": column.has_epochs}


def _level(counts: Numbers, epochs: Numbers) -> str | None:
    """Whether a metric comes once per epoch or by batch; None where these experiments do not tell."""
    tells = epochs > 0
    if not tells.any():
        return None
    share = float(np.median(counts[tells] / epochs[tells]))
    return "batch" if share > MOST_VALUES_PER_EPOCH else "epoch"


def _remarks(found: ExperimentColumns, word_of: Any) -> Columns:
    """What some experiments have to say, as codes, because many say the same. Mostly nobody says anything."""
    if not found.remarks:
        return {"codes": np.zeros(0, np.uint8), "words": []}
    said: list[Any] = [None] * found.count
    for remark in found.remarks:
        said[remark.row] = word_of(remark)
    return _worded(said, [tuple(word.items()) if isinstance(word, dict) else word for word in said])


def _note(remark: Remark) -> dict[str, Any] | None:
    note: dict[str, Any] = {}
    if remark.priority and remark.state == "queued":
        note["priority"] = remark.priority
    if remark.repeat:
        note["repeat"] = remark.repeat
    if remark.source is not None:
        note["source"] = remark.source
    if remark.request == "stop" and remark.state == "running":
        note["isStopping"] = True
    return note or None


def _failure(remark: Remark) -> str | None:
    """Why an experiment has no full result."""
    if remark.state not in {"failed", "stopped"}:
        return None
    code = "" if remark.exit_code is None else f"exit code {remark.exit_code}"
    reason = remark.reason or ""
    if code and code not in reason:
        return f"{code}: {reason}" if reason else code
    return reason or "no reason given"
