"""A search space as a unit cube: one axis for each hyperparameter that has more than one candidate."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from random import Random

import numpy as np

from analysis.candidates import Space
from analysis.hyperparameters import Value
from analysis.strategies.axes import Axis, Continuous, axis_of
from analysis.strategies.base import Settings

# What tells settings apart: the values of the axes, in their order.
Key = tuple[Value, ...]


class Cube:
    """A search space whose axes all run from 0 to 1; what has one candidate only is `fixed` and no axis.

    Raises StrategyError for candidates that are none.
    """

    def __init__(self, space: Space) -> None:
        self.names = list(space)
        self.fixed: Settings = {}
        self.axes: list[Axis] = []
        for name, candidates in space.items():
            axis = axis_of(name, candidates)
            if axis.size == 1:
                self.fixed[name] = axis.nth(0)
            elif isinstance(axis, Continuous) and axis.low == axis.high:
                self.fixed[name] = axis.low
            else:
                self.axes.append(axis)

    @property
    def size(self) -> int | None:
        """How many settings there are; None where an axis is continuous."""
        sizes = [axis.size for axis in self.axes if axis.size is not None]
        return math.prod(sizes) if len(sizes) == len(self.axes) else None

    def at_most(self, count: int) -> int:
        """How many different settings there can be where so many are wanted."""
        return count if self.size is None else min(count, self.size)

    def settings_at(self, place: Iterable[float]) -> Settings:
        """The settings at a point of the cube, one number from 0 to 1 for each axis."""
        return self.settings_of(axis.value_at(float(at)) for axis, at in zip(self.axes, place, strict=True))

    def settings_of(self, values: Iterable[Value]) -> Settings:
        """Settings from the values of the axes, in the order of the space."""
        chosen = {axis.name: value for axis, value in zip(self.axes, values, strict=True)}
        return {name: chosen[name] if name in chosen else self.fixed[name] for name in self.names}

    def place_of(self, key: Key) -> list[float]:
        """The point of the cube for the values of its axes."""
        return [axis.place_of(value) for axis, value in zip(self.axes, key, strict=True)]

    def distance(self, one: Key, other: Key) -> float:
        """How far apart settings are; words are as far from each other as the two ends of an axis."""
        return sum(
            (axis.place_of(here) - axis.place_of(there)) ** 2 if axis.is_ordered else float(here != there)
            for axis, here, there in zip(self.axes, one, other, strict=True)
        )

    def key_of(self, settings: Mapping[str, Value]) -> Key | None:
        """What tells these settings apart from others; None where they lie outside the space."""
        if any(name not in settings or settings[name] != value for name, value in self.fixed.items()):
            return None
        try:
            return tuple(axis.read(settings[axis.name]) for axis in self.axes)
        except LookupError:
            return None

    def nth(self, index: int) -> Settings:
        """Settings by their number; the last axis changes fastest. Not where an axis is continuous."""
        values: list[Value] = []
        for axis in reversed(self.axes):
            assert axis.size is not None
            index, at = divmod(index, axis.size)
            values.append(axis.nth(at))
        return self.settings_of(reversed(values))

    def walk(self, seed: int, but: Container[Key] = ()) -> Iterator[Settings]:
        """All settings but these, each once and in a scattered order. Not where an axis is continuous."""
        size = self.size
        assert size is not None
        random = Random(seed)  # noqa: S311
        start, step = random.randrange(size), random.randrange(size) + 1
        # Steps that share no factor with the size meet every number before any comes again.
        while math.gcd(step, size) > 1:
            step = random.randrange(size) + 1
        for index in range(size):
            settings = self.nth((start + index * step) % size)
            if self.key_of(settings) not in but:
                yield settings


def generator(seed: int) -> np.random.Generator:
    """Random numbers from any whole number as a seed, negative ones too."""
    return np.random.default_rng([abs(seed), int(seed < 0)])
