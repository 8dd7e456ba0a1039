"""Plain Python values out of lists, arrays, tensors and the columns of data frames; without importing any of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypertuner.views.attaching import ViewError

LONGEST_NAME = 200


def plain(values: Any) -> Any:
    """Lists instead of whatever array it is, and Python's own numbers instead of a library's."""
    if hasattr(values, "tolist"):
        return values.tolist()
    if hasattr(values, "to_numpy"):
        return values.to_numpy().tolist()
    return values


def short(value: Any) -> str:
    """A value as a message shows it."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def sequence(role: str, values: Any) -> list[Any]:
    """The entries of a sequence. Raises ViewError where it is none: a text, a mapping, a single value."""
    listed = plain(values)
    if isinstance(listed, (str, bytes, Mapping)) or not isinstance(listed, Iterable):
        raise ViewError(f"{role} must be a sequence, not {type(listed).__name__}")
    return list(listed)


def numbers(role: str, values: Any) -> list[float]:
    """One float per entry; None and what data frames call missing are NaN. Raises ViewError for anything else."""
    return [value if type(value) is float else number(role, value) for value in sequence(role, values)]


def number(role: str, value: Any) -> float:
    """One float. Raises ViewError where it is no number."""
    value = plain(value)
    if value is None or type(value).__name__ == "NAType":
        return math.nan
    if isinstance(value, (str, bytes)) or not hasattr(type(value), "__float__"):
        raise ViewError(f"{role} must hold numbers; it holds {type(value).__name__} ({short(value)})")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def matrix(role: str, values: Any) -> list[list[float]]:
    """Rows of floats, equally long. Raises ViewError."""
    rows = [numbers(f"a row of {role}", row) for row in sequence(role, values)]
    widths = {len(row) for row in rows}
    if not rows or widths == {0}:
        raise ViewError(f"{role} is empty")
    if len(widths) > 1:
        raise ViewError(f"{role} must have equally long rows; they have {min(widths)} to {max(widths)} values")
    return rows


def texts(role: str, values: Any, expected: int) -> list[str]:
    """One text per entry. Raises ViewError where there are not as many as expected."""
    found = [str(value)[:LONGEST_NAME] for value in sequence(role, values)]
    if len(found) != expected:
        raise ViewError(f"{role} has {len(found)} entries for {expected}; there must be one for each")
    return found


def named(role: str, values: Any) -> list[tuple[str, list[float]]]:
    """Several named sequences of numbers, or a single one without a name."""
    if isinstance(values, Mapping):
        return [(str(name)[:LONGEST_NAME], numbers(f"{role} of {short(name)}", each)) for name, each in values.items()]
    if hasattr(values, "columns") and hasattr(values, "items"):
        return named(role, dict(values.items()))
    return [("", numbers(role, values))]


def same_length(first: str, one: Sequence[Any], second: str, other: Sequence[Any]) -> None:
    """Raises ViewError where two sequences that belong together are not equally long."""
    if len(one) != len(other):
        raise ViewError(f"{first} has {len(one)} entries, {second} has {len(other)}; they must be equally many")


def finite_rows(*columns: list[Any]) -> tuple[list[list[Any]], int]:
    """The columns without the rows in which any float is NaN or infinite, and how many rows that were."""
    broken: set[int] = set()
    for column in columns:
        broken.update(at for at, value in enumerate(column) if isinstance(value, float) and not math.isfinite(value))
    if not broken:
        return list(columns), 0
    return [[value for at, value in enumerate(column) if at not in broken] for column in columns], len(broken)


def finite(value: float) -> float | None:
    """A number that JSON can carry: NaN and infinities become a gap."""
    return value if math.isfinite(value) else None


def rounded(values: Iterable[float]) -> list[float]:
    """Six significant digits: more cannot be seen, and take space."""
    return [float(f"{value:.6g}") for value in values]
