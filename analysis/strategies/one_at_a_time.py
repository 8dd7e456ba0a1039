"""One at a time: around a base setting, each hyperparameter alone."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.hyperparameters import Value
from analysis.strategies.axes import Axis, Listed
from analysis.strategies.base import Option, Search, Settings
from analysis.strategies.cube import Cube
from analysis.strategies.planned import Planned


class OneAtATime(Planned):
    """The base setting first, then each other candidate of each hyperparameter, with all others as in the base.

    The base is the script's default where that is a candidate, else the middle candidate.
    """

    name = "one_at_a_time"
    title = "One at a time"
    advice = (
        "Changes one hyperparameter and holds all others at the script's default, so that every difference has one "
        "cause, at little cost. It sees no interactions: the best values of each need not be the best together."
    )
    counts_itself = True
    options = (
        Option(
            "points",
            "Values per interval",
            "int",
            5,
            "How many values, ends included, to take of a hyperparameter that has an interval instead of a list.",
            least=2,
            most=1000,
        ),
    )

    @classmethod
    def count(cls, search: Search) -> int:
        points: int = cls.read_options(search.options)["points"]
        axes = Cube(search.space).axes
        return 1 + sum(len(_others(axis, _base_value(axis, search), points)) for axis in axes)

    def settings(self) -> Iterator[Settings]:
        base = [_base_value(axis, self.search) for axis in self.cube.axes]
        yield self.cube.settings_of(base)
        for number, axis in enumerate(self.cube.axes):
            for value in _others(axis, base[number], self.chosen["points"]):
                yield self.cube.settings_of([*base[:number], value, *base[number + 1 :]])


def _base_value(axis: Axis, search: Search) -> Value:
    if axis.name in search.base:
        try:
            return axis.read(search.base[axis.name])
        except LookupError:
            pass
    return axis.nth((axis.size - 1) // 2) if isinstance(axis, Listed) else axis.value_at(0.5)


def _others(axis: Axis, base: Value, points: int) -> list[Value]:
    return [value for value in _values(axis, points) if value != base]


def _values(axis: Axis, points: int) -> list[Value]:
    """Each candidate of a list, or evenly spread ones of an interval."""
    if axis.size is not None and (axis.size <= points or isinstance(axis, Listed)):
        return [axis.nth(index) for index in range(axis.size)]
    return list(dict.fromkeys(axis.value_at(index / (points - 1)) for index in range(points)))
