"""Which strategy chooses a run's settings, and how each setting is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.candidates import Space
from analysis.hyperparameters import Hyperparameter, Value
from analysis.seeds import SEED_NAMES
from analysis.strategies import STRATEGIES
from analysis.strategies.base import Search


@dataclass(frozen=True)
class StrategyChoice:
    """A strategy with its options. `repeats`: how many experiments each setting gets, to see its noise."""

    name: str = "grid"
    count: int = 20
    seed: int = 0
    repeats: int = 1
    options: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_adaptive(self) -> bool:
        """Whether its settings follow from results."""
        return self.name in STRATEGIES and STRATEGIES[self.name].is_adaptive

    def to_json(self) -> dict[str, Any]:
        """As plain data, for `run.strategy`."""
        return {**asdict(self), "options": dict(self.options)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StrategyChoice:
        """Back from plain data; what is missing has its default."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})

    def search(self, space: Space, goal: str, hyperparameters: Sequence[Hyperparameter]) -> Search:
        """What the strategy is to search."""
        base = {each.name: each.default for each in hyperparameters if each.default is not None}
        return Search(space, count=self.count, seed=self.seed, goal=goal, options=self.options, base=base)


def seed_hyperparameter(hyperparameters: Sequence[Hyperparameter], space: Space) -> Hyperparameter | None:
    """The option by which repeats get different random numbers; None where the script has none, or it is set."""
    found = (each for name in SEED_NAMES for each in hyperparameters if each.name == name and each.type == "int")
    return next((each for each in found if each.name not in space), None)


def repeated(
    settings: Mapping[str, Value], repeats: int, seed_option: Hyperparameter | None
) -> Iterator[tuple[dict[str, Value], int]]:
    """Each repeat of a setting as (settings, repeat); all but the first name a seed of their own, if they can."""
    first = int(seed_option.default or 0) if seed_option else 0
    for repeat in range(repeats):
        yield {**settings, seed_option.name: first + repeat} if seed_option and repeat else dict(settings), repeat
