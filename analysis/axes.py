"""Settings as points of a box: one axis per hyperparameter that varies, with the cells into which its range falls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.hyperparameters import text_of

Floats = NDArray[np.float64]

# A number with more values than this is cut into as many cells of equal width.
MOST_CELLS = 16
# More words than this are told apart no further: the rarest ones share a cell.
MOST_WORDS = 12
# Positive values whose ends are this far apart may be meant for a logarithmic axis.
DECADES = 100
MISSING = "not set"
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Axis:
    """One hyperparameter: what its values become, and its cells, which count alike.

    kind: "number", "log" or "words". cells: (cells, columns), the place of each cell's middle; labels: in words.
    values: the middles as numbers in the hyperparameter's own unit, None for words and for the missing value.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    cells: Floats
    low: float = 0.0
    high: float = 1.0

    @property
    def is_number(self) -> bool:
        """Whether its cells lie along a line."""
        return self.kind != "words"

    def encode(self, column: Sequence[Any]) -> Floats:
        """(experiments, columns): a number's place between its ends, or one column per word; a missing one apart."""
        if self.is_number:
            places = np.array([_number(value) for value in column], dtype=float)
            is_missing = np.isnan(places)
            unit = np.where(is_missing, 0.5, _unit(places, self.kind, self.low, self.high))
            encoded = np.column_stack([unit, is_missing])
            return encoded[:, : self.cells.shape[1]]
        at = {label: place for place, label in enumerate(self.labels)}
        return np.array([self.cells[at[label]] for label in self.labelled(column)], dtype=float)

    def labelled(self, column: Sequence[Any]) -> list[str]:
        """The labels of values that are words; of those with no cell of their own, the last resort."""
        known = set(self.labels)
        rest = OTHERS if OTHERS in known else self.labels[0]
        return [word if word in known else rest for word in map(_word, column)]


def axes(settings: Sequence[Mapping[str, Any]], is_log: Mapping[str, bool] | None = None) -> list[Axis]:
    """The axes of the hyperparameters that vary, by name.

    is_log: the scale on which some were searched; that of the others is told from their values.
    """
    scales = is_log or {}
    names = sorted({name for setting in settings for name in setting})
    found = (axis(name, [setting.get(name) for setting in settings], is_log=scales.get(name)) for name in names)
    return [one for one in found if one is not None]


def axis(name: str, column: Sequence[Any], *, is_log: bool | None = None) -> Axis | None:
    """One hyperparameter's axis, or None where it is constant."""
    present = [value for value in column if not _is_missing(value)]
    has_missing = len(present) < len(column)
    if present and all(_is_number(value) for value in present):
        values = sorted({float(value) for value in present})
        if len(values) + has_missing < 2:
            return None
        return _number_axis(name, values, has_missing, is_log)
    words = Counter(_word(value) for value in column)
    return _word_axis(name, words) if len(words) > 1 else None


def _number_axis(name: str, values: list[float], has_missing: bool, is_log: bool | None) -> Axis:
    low, high = values[0], values[-1]
    suits_log = low > 0 and high > low and (_spans_decades(values) if is_log is None else is_log)
    kind = "log" if suits_log else "number"
    if len(values) <= MOST_CELLS:
        places = _unit(np.array(values), kind, low, high)
    else:
        places = (np.arange(MOST_CELLS) + 0.5) / MOST_CELLS
        values = [_from_unit(place, kind, low, high) for place in places]
    labels = tuple(text_of(float(f"{value:.3g}")) for value in values)
    if not has_missing:
        return Axis(name, kind, labels, tuple(values), places[:, None], low, high)
    cells = np.vstack([np.column_stack([places, np.zeros(len(places))]), [[0.5, 1.0]]])
    return Axis(name, kind, (*labels, MISSING), (*values, None), cells, low, high)


def _spans_decades(values: Sequence[float]) -> bool:
    """Whether positive values spread over decades, rather than over a range that begins near zero."""
    low, middle, high = values[0], values[len(values) // 2], values[-1]
    return (
        high / low >= DECADES
        and (middle - low) / (high - low) < 0.25
        and math.log(middle / low) < 0.8 * math.log(high / low)
    )


def _word_axis(name: str, words: Counter[str]) -> Axis:
    # By frequency, then by spelling, so that the order of the experiments does not matter.
    labels = sorted(words, key=lambda word: (-words[word], word))
    if len(labels) > MOST_WORDS:
        labels = [*sorted(labels[: MOST_WORDS - 1]), OTHERS]
    else:
        labels.sort()
    count = len(labels)
    # Two words need one column only.
    cells = np.array([[0.0], [1.0]]) if count == 2 else np.eye(count)
    return Axis(name, "words", tuple(labels), (None,) * count, cells)


def _unit(values: Floats, kind: str, low: float, high: float) -> Floats:
    if low == high:
        return np.full(len(values), 0.5)
    if kind == "log":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.log(values / low) / math.log(high / low))
    return (values - low) / (high - low)


def _from_unit(place: float, kind: str, low: float, high: float) -> float:
    return float(low * (high / low) ** place if kind == "log" else low + place * (high - low))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _number(value: Any) -> float:
    return math.nan if _is_missing(value) else float(value)


def _word(value: Any) -> str:
    return MISSING if _is_missing(value) else text_of(value)
