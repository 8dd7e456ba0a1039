"""A search space as a unit cube: one axis for each hyperparameter that has more than one candidate."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from random import Random

import numpy as np

from analysis.candidates import Candidates, Interval, Space
from analysis.hyperparameters import Value, text_of
from analysis.strategies.base import Settings, StrategyError

# What tells settings apart: the values of the axes, in their order.
Key = tuple[Value, ...]

SIGNIFICANT_DIGITS = 12  # as text_of writes floats


class Axis(ABC):
    """The candidates of one hyperparameter along 0 to 1."""

    # How many candidates there are; None where they are continuous.
    size: int | None
    # Whether a step along the axis means something.
    is_ordered: bool = True

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def value_at(self, place: float) -> Value:
        """The candidate at a place between 0 and 1; those of a list have equal shares."""

    @abstractmethod
    def place_of(self, value: Value) -> float:
        """The middle of a candidate's share, or its place on a continuous axis."""

    @abstractmethod
    def read(self, value: Value) -> Value:
        """The candidate that equals this value.

        Raises LookupError where there is none.
        """

    def nth(self, index: int) -> Value:
        """A candidate by its number, from 0; not on a continuous axis."""
        assert self.size is not None
        return self.value_at((index + 0.5) / self.size)


class Listed(Axis):
    """A list of candidates. Numbers that go up or down are in order, words are not."""

    size: int

    def __init__(self, name: str, values: Sequence[Value]) -> None:
        super().__init__(name)
        self.values = values
        self.size = len(values)
        self.has_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        self.is_ordered = self.has_numbers and list(values) in (
            sorted(values, key=_number),
            sorted(values, key=_number, reverse=True),
        )
        self._index = {value: index for index, value in enumerate(values)}

    def value_at(self, place: float) -> Value:
        return self.values[min(int(place * self.size), self.size - 1)]

    def place_of(self, value: Value) -> float:
        return (self._index[value] + 0.5) / self.size

    def read(self, value: Value) -> Value:
        return self.values[self._index[value]]

    def index_of(self, value: Value) -> int:
        """The number of a candidate, from 0."""
        return self._index[value]

    def nth(self, index: int) -> Value:
        return self.values[index]


class Numbers(Axis):
    """What an interval's two kinds share."""

    low: float
    high: float
    is_log: bool

    def _read_number(self, value: Value) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise LookupError(value)
        return value


class Continuous(Numbers):
    """Every number of an interval, written with 12 digits."""

    size = None

    def __init__(self, name: str, interval: Interval) -> None:
        super().__init__(name)
        self.is_log = interval.is_log
        # Ends with more digits than are written move inwards, so that rounding never leaves the interval.
        self.low = float(Context(SIGNIFICANT_DIGITS, ROUND_CEILING).create_decimal(repr(float(interval.low))))
        self.high = float(Context(SIGNIFICANT_DIGITS, ROUND_FLOOR).create_decimal(repr(float(interval.high))))
        if self.low > self.high:
            raise StrategyError(f"{name} has no number with 12 digits between {interval.low} and {interval.high}.")

    def value_at(self, place: float) -> float:
        if self.is_log:
            bottom, top = math.log(self.low), math.log(self.high)
            return self.rounded(math.exp(bottom + place * (top - bottom)))
        return self.rounded(self.low + place * (self.high - self.low))

    def rounded(self, number: float) -> float:
        """A number as the script will see it, within the interval."""
        # + 0.0 turns -0.0 into 0.0, which are the same settings and must read alike.
        return min(max(float(text_of(float(number))), self.low), self.high) + 0.0

    def place_of(self, value: Value) -> float:
        number = self._read_number(value)
        if self.is_log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def read(self, value: Value) -> Value:
        return self.rounded(self._read_number(value))


class Whole(Numbers):
    """Every whole number of an interval."""

    low: int
    high: int
    size: int

    def __init__(self, name: str, interval: Interval) -> None:
        super().__init__(name)
        self.is_log = interval.is_log
        self.low, self.high = math.ceil(interval.low), math.floor(interval.high)
        if self.low > self.high:
            raise StrategyError(f"{name} has no whole number between {interval.low:g} and {interval.high:g}.")
        self.size = self.high - self.low + 1
        # Half a step beyond each end, or the ends would come half as often as the others.
        self._bottom, self._top = self.low - 0.5, self.high + 0.5

    def value_at(self, place: float) -> int:
        if self.is_log:
            bottom, top = math.log(self._bottom), math.log(self._top)
            number = round(math.exp(bottom + place * (top - bottom)))
        else:
            number = self.low + math.floor(place * self.size)
        return min(max(number, self.low), self.high)

    def place_of(self, value: Value) -> float:
        number = self._read_number(value)
        if self.is_log:
            return math.log(number / self._bottom) / math.log(self._top / self._bottom)
        return (number - self._bottom) / self.size

    def read(self, value: Value) -> Value:
        number = self._read_number(value)
        if number != int(number):
            raise LookupError(value)
        return int(number)

    def nth(self, index: int) -> Value:
        return self.low + index


class Cube:
    """A search space whose axes all run from 0 to 1; what has one candidate only is `fixed` and no axis.

    Raises StrategyError for candidates that are none.
    """

    def __init__(self, space: Space) -> None:
        self.names = list(space)
        self.fixed: Settings = {}
        self.axes: list[Axis] = []
        for name, candidates in space.items():
            axis = _axis(name, candidates)
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


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def _axis(name: str, candidates: Candidates) -> Axis:
    if isinstance(candidates, Interval):
        _check_interval(name, candidates)
        return Whole(name, candidates) if candidates.is_whole else Continuous(name, candidates)
    values = tuple(dict.fromkeys(candidates))
    if not values:
        raise StrategyError(f"{name} has no candidate; give it at least one value.")
    return Listed(name, values)


def _check_interval(name: str, interval: Interval) -> None:
    low, high = interval.low, interval.high
    if not (math.isfinite(low) and math.isfinite(high)):
        raise StrategyError(f"{name} runs from {low:g} to {high:g}; write an interval whose ends are finite.")
    if low > high:
        raise StrategyError(f"{name} runs from {low:g} down to {high:g}; swap the ends.")
    if interval.is_log and low <= 0:
        raise StrategyError(f"{name} begins at {low:g}, where no log scale does; begin above 0.")
