"""How one experiment's settings stand among those of its run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.hyperparameters import Value


@dataclass(frozen=True)
class Common:
    """The value that most experiments of a run have; count: how many of `of` do."""

    value: Value
    count: int
    of: int

    @property
    def is_everywhere(self) -> bool:
        """Whether all have it."""
        return self.count == self.of


def common_values(settings: Sequence[Mapping[str, Value]]) -> dict[str, Common]:
    """For each hyperparameter that any settings name: its most common value, the first of equally common ones.

    Settings that do not name it keep its default, which counts as the value None.
    """
    names = dict.fromkeys(name for each in settings for name in each)
    found = {}
    for name in names:
        # True equals 1 for Python, but not for a person.
        values = Counter((type(value), value) for value in (each.get(name) for each in settings))
        (_, value), count = values.most_common(1)[0]
        found[name] = Common(value, count, len(settings))
    return found


def differing(settings: Mapping[str, Value], common: Mapping[str, Common]) -> list[str]:
    """The hyperparameters in which settings differ from the run's most common value.

    Where no value is in a majority, such as in a grid, none is usual: what differs at all is named.
    """
    return [name for name, value in settings.items() if name in common and _differs(value, common[name])]


def _differs(value: Value, usual: Common) -> bool:
    if 2 * usual.count <= usual.of:
        return not usual.is_everywhere
    return (type(value), value) != (type(usual.value), usual.value)
