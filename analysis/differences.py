"""What tells experiments apart: settings and metrics row by row, and by how much each differs from a reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from analysis.hyperparameters import text_of
from analysis.metrics import Goal


class Missing(Enum):
    """The one value that stands for none at all; None is a value that a setting may have."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True)
class Cell:
    """One experiment's value in a row, beside that of the reference.

    is_default: nobody set it, and it keeps its default. by: the value minus the reference's, where both are finite
    numbers. share: `by` as a share of the reference's size. is_better: None where no goal is known, or nothing differs.
    """

    value: Any
    is_default: bool = False
    differs: bool = False
    by: float | None = None
    share: float | None = None
    is_better: bool | None = None


@dataclass(frozen=True)
class Row:
    """The values that some experiments have of one thing."""

    name: str
    cells: Sequence[Cell]
    goal: Goal | None = None

    @property
    def differs(self) -> bool:
        """Whether any of them differs from the reference, and so from another."""
        return any(cell.differs for cell in self.cells)


def is_same(one: Any, other: Any) -> bool:
    """Whether a script is given the same by both: 3, 3.0 and "3" are the same, True and 1 are not, NaN is itself."""
    return bool(_key(one) == _key(other))


def _key(value: Any) -> Any:
    if value is None or value is MISSING:
        return (value,)
    if isinstance(value, Mapping):
        return {str(name): _key(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_key(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return text_of(value)


def compare_settings(
    settings: Sequence[Mapping[str, Any]], defaults: Sequence[Mapping[str, Any]], reference: int
) -> list[Row]:
    """A row for everything that any of them set, in order of appearance.

    defaults: what each script takes where nothing is set. reference: the place of the experiment to compare with.
    """
    names = dict.fromkeys(name for own in settings for name in own)
    rows = []
    for name in names:
        values = [own.get(name, kept.get(name, MISSING)) for own, kept in zip(settings, defaults, strict=True)]
        cells = [
            Cell(value, value is not MISSING and name not in own, not is_same(value, values[reference]))
            for own, value in zip(settings, values, strict=True)
        ]
        rows.append(Row(name, cells))
    return rows


def compare_numbers(name: str, values: Sequence[float | None], reference: int, goal: Goal | None = None) -> Row:
    """The row of one number of each; None is missing. Raises IndexError where there is no such reference."""
    base = values[reference]
    return Row(name, [_number_cell(value, base, goal) for value in values], goal)


def _number_cell(value: float | None, base: float | None, goal: Goal | None) -> Cell:
    if value is None:
        return Cell(MISSING, differs=base is not None)
    if base is None or is_same(value, base):
        return Cell(value, differs=base is None)
    by = value - base
    if not (math.isfinite(value) and math.isfinite(base) and math.isfinite(by)):
        return Cell(value, differs=True)
    share = by / abs(base) if base else None
    return Cell(
        value,
        differs=True,
        by=by,
        share=share if share is not None and math.isfinite(share) else None,
        is_better=None if goal is None else (by > 0) == (goal == "maximize"),
    )


def compare_metrics(
    metrics: Sequence[Mapping[str, float]], reference: int, goals: Mapping[str, Goal | None]
) -> list[Row]:
    """A row for every metric that any of them has, in order of appearance; a name without a goal is not judged."""
    names = dict.fromkeys(name for own in metrics for name in own)
    return [compare_numbers(name, [own.get(name) for own in metrics], reference, goals.get(name)) for name in names]
