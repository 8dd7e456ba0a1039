"""What every search strategy is: one small interface, and what the launch form needs to know of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from analysis.candidates import Space
from analysis.hyperparameters import Value

Settings = dict[str, Value]


class StrategyError(ValueError):
    """A search that cannot be made; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Option:
    """One option of a strategy, as the launch form shows it; `least` and `most` bound a number, both included."""

    name: str
    label: str
    kind: Literal["int", "float", "bool", "choice"]
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def read(self, value: Value) -> Value:
        """The value as this option wants it.

        Raises StrategyError.
        """
        if self.kind == "bool":
            return self._bool(value)
        if self.kind == "choice":
            return self._choice(value)
        return self._number(value)

    def _bool(self, value: Value) -> bool:
        if isinstance(value, bool):
            return value
        raise StrategyError(f"{self.label} is either on or off, and {value!r} is neither.")

    def _choice(self, value: Value) -> Value:
        if value in self.choices:
            return value
        raise StrategyError(f"{self.label} takes {' or '.join(self.choices)}, and {value!r} is neither.")

    def _number(self, value: Value) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise StrategyError(f"{self.label} takes a number, which {value!r} is not; write one like {self.default}.")
        if self.kind == "int" and value != int(value):
            raise StrategyError(f"{self.label} takes a whole number, which {value} is not; write {round(value)}.")
        if self.least is not None and value < self.least:
            raise StrategyError(f"{self.label} is at least {self.least:g}, and {value} is less; write a larger number.")
        if self.most is not None and value > self.most:
            raise StrategyError(f"{self.label} is at most {self.most:g}, and {value} is more; write a smaller number.")
        return int(value) if self.kind == "int" else float(value)


@dataclass(frozen=True)
class Search:
    """What to search: `space` in the order of the command line, each with its candidates (one value is fixed).

    count: how many settings are wanted; of no meaning to a strategy that `counts_itself`. base: the script's own
    defaults, where it has any. The same search gives the same settings, whenever and wherever it is asked.
    """

    space: Space
    count: int = 20
    seed: int = 0
    goal: str = "maximize"
    options: Mapping[str, Value] = field(default_factory=dict)
    base: Mapping[str, Value] = field(default_factory=dict)


class Strategy(ABC):
    """Chooses settings one after another.

    Guarantees that every value it asks for is one of the candidates or lies in their interval, as the
    hyperparameter's type wants it, that no settings come twice, and that it never asks for more than the search's
    count, to which settings count that it was told of.
    """

    # The word in the database and on the command line, the words on the screen, and when to use it.
    name: ClassVar[str]
    title: ClassVar[str]
    advice: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    # Whether settings depend on results, so that they cannot be drawn in advance.
    is_adaptive: ClassVar[bool] = False
    # Whether the number of settings follows from the candidates.
    counts_itself: ClassVar[bool] = False

    def __init__(self, search: Search) -> None:
        """Raises StrategyError where the strategy cannot make this search."""
        self.check(search)
        self.search = search
        self.chosen = self.read_options(search.options)

    @classmethod
    def check(cls, search: Search) -> None:
        """Find out whether this search can be made, without loading a library or drawing anything.

        Raises StrategyError.
        """
        cls.read_options(search.options)
        if search.goal not in ("maximize", "minimize"):
            raise StrategyError(f"The goal is maximize or minimize, and {search.goal!r} is neither.")
        if search.count < 1 and not cls.counts_itself:
            raise StrategyError(f"{search.count} experiments are no search; ask for at least 1.")
        cls.count(search)

    @classmethod
    @abstractmethod
    def count(cls, search: Search) -> int:
        """How many settings this search gives, known without drawing them.

        Raises StrategyError where the candidates do not suit the strategy.
        """

    @classmethod
    def read_options(cls, given: Mapping[str, Value]) -> dict[str, Any]:
        """Every option with its value: the given one, or else its default.

        Raises StrategyError.
        """
        names = [option.name for option in cls.options]
        for name in given:
            if name not in names:
                known = f"its options are {', '.join(names)}" if names else "it has none"
                raise StrategyError(f"{cls.title} has no option {name!r}; {known}.")
        return {option.name: option.read(given.get(option.name, option.default)) for option in cls.options}

    @abstractmethod
    def ask(self) -> Settings | None:
        """The next settings, or None where there are no more."""

    @abstractmethod
    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:
        """Learn what came of settings, whoever asked for them: the objective's value, or None where there is none.

        Told the same results again after a restart, a strategy goes on from there. Settings outside the space are
        ignored.
        """

    @abstractmethod
    def tell_running(self, settings: Mapping[str, Value]) -> None:
        """Learn that settings wait or are under way: they count, and are not asked for again.

        Needed after a restart only; whatever this strategy asked for itself, it remembers.
        """
