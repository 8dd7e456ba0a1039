"""Classes as scripts write them: indexes or names, with or without the names of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypertuner.views.attaching import ViewError
from hypertuner.views.values import plain, short


def entries(role: str, values: Any) -> list[Any]:
    """One class per example, as an index or a name. Raises ViewError."""
    listed = plain(values)
    if isinstance(listed, (str, bytes)) or not hasattr(listed, "__iter__"):
        raise ViewError(f"{role} must be a sequence with one class per example, not {type(listed).__name__}")
    return [value if type(value) in (int, str) else _entry(role, value) for value in listed]


def _entry(role: str, value: Any) -> str | int:
    value = plain(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (str, int)):
        return value
    raise ViewError(f"{role} must hold class indexes or names; it holds {type(value).__name__} ({short(value)})")


def ordered(seen: Iterable[Any]) -> list[Any]:
    """The classes that occur: indexes first, then names."""
    return sorted(seen, key=lambda value: (isinstance(value, str), value))


def index_of(known: list[Any], seen: set[Any]) -> dict[Any, int]:
    """The place of every class that occurs among the known ones, which name them or stand at their indexes.

    Raises ViewError for a class that has no place.
    """
    index = {value: position for position, value in enumerate(known)}
    if not seen <= set(index):
        index = {position: position for position in range(len(known))}
        strangers = sorted(map(str, seen - set(index)))
        if strangers:
            raise ViewError(f"labels has {len(known)} names and none for class {short(strangers[0])}")
    return index
