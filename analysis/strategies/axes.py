"""The candidates of one hyperparameter along an axis from 0 to 1: a list, an interval, or the whole numbers of one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from analysis.candidates import Candidates, Interval
from analysis.hyperparameters import Value, tidied
from analysis.strategies.base import StrategyError

SIGNIFICANT_DIGITS = 12  # as text_of writes floats
# Of a number that is drawn: a millionth of its interval tells no results apart, and people read it.
DRAWN_DIGITS = 6


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
    """Every number of an interval, written with 12 digits; those drawn have no more than a person can read."""

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
            return self.rounded(float(f"{math.exp(bottom + place * (top - bottom)):.{DRAWN_DIGITS}g}"))
        span = self.high - self.low
        number = self.low + place * span
        return self.rounded(round(number, DRAWN_DIGITS - math.ceil(math.log10(span))) if span else number)

    def rounded(self, number: float) -> float:
        """A number as the script will see it, within the interval."""
        # + 0.0 turns -0.0 into 0.0, which are the same settings and must read alike.
        return min(max(tidied(float(number)), self.low), self.high) + 0.0

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


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def axis_of(name: str, candidates: Candidates) -> Axis:
    """The axis for any candidates.

    Raises StrategyError for candidates that are none.
    """
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
