"""What every search strategy is: one small interface, and what the launch form needs to know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

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
    hyperparameter's type wants it, and that it never asks for more than the search's count.
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

    @abstractmethod
    def __init__(self, search: Search) -> None:
        """Raises StrategyError where the strategy cannot make this search."""

    @abstractmethod
    def ask(self) -> Settings | None:
        """The next settings, or None where there are no more."""

    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:  # noqa: B027
        """Learn what came of settings, whoever asked for them: the objective's value, or None where there is none.

        Told the same results again after a restart, a strategy goes on from there.
        """
