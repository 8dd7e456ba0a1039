"""The seed of a script's random numbers, by the names that options for it commonly have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.hyperparameters import Hyperparameter, Value

# The most common first.
SEED_NAMES = ("seed", "random_seed", "manual_seed", "random_state", "rng_seed")


@dataclass(frozen=True)
class Seed:
    """A seed, the hyperparameter that it is the value of, and whether that only kept its default."""

    value: Value
    name: str
    is_default: bool


def seed_of(settings: Mapping[str, Value], hyperparameters: Sequence[Hyperparameter]) -> Seed | None:
    """The seed that an experiment ran with, set or by default; None where no hyperparameter is one."""
    defaults = {each.name: each.default for each in hyperparameters}
    for name in SEED_NAMES:
        if settings.get(name) is not None:
            return Seed(settings[name], name, is_default=False)
    for name in SEED_NAMES:
        if defaults.get(name) is not None:
            return Seed(defaults[name], name, is_default=True)
    return None
