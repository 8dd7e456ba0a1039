"""How strategies are chosen and settings repeated."""

from __future__ import annotations

import pytest

from analysis.hyperparameters import Hyperparameter
from launch.choice import StrategyChoice, repeated, seed_hyperparameter


def test_a_choice_survives_plain_data() -> None:
    choice = StrategyChoice("random", 7, 3, 2, {"is_centred": True})
    assert StrategyChoice.from_json(choice.to_json()) == choice
    assert StrategyChoice.from_json({"name": "random", "unknown": 1}) == StrategyChoice("random")


def test_a_search_starts_from_the_scripts_defaults() -> None:
    known = [Hyperparameter("lr", "--lr", "float", 0.1), Hyperparameter("name", "--name", "text")]
    search = StrategyChoice("random", 7, 3).search({"lr": (0.1, 0.2)}, "minimize", known)
    assert (search.count, search.seed, search.goal, search.base) == (7, 3, "minimize", {"lr": 0.1})


@pytest.mark.parametrize(
    ("known", "space", "found"),
    [
        (["lr", "random_state", "seed"], {}, "seed"),
        (["random_state"], {}, "random_state"),
        (["seed"], {"seed": (1, 2)}, None),
        (["seeds"], {}, None),
    ],
)
def test_the_option_for_seeds_is_known_by_its_name(
    known: list[str], space: dict[str, tuple[int, ...]], found: str | None
) -> None:
    hyperparameters = [Hyperparameter(name, f"--{name}", "int", 0) for name in known]
    option = seed_hyperparameter(hyperparameters, space)  # type: ignore[arg-type]
    assert (option.name if option else None) == found


def test_a_seed_that_is_text_is_none() -> None:
    assert seed_hyperparameter([Hyperparameter("seed", "--seed", "text", "")], {}) is None


def test_only_further_repeats_name_a_seed() -> None:
    seed = Hyperparameter("seed", "--seed", "int", 5)
    assert list(repeated({"lr": 1}, 3, seed)) == [({"lr": 1}, 0), ({"lr": 1, "seed": 6}, 1), ({"lr": 1, "seed": 7}, 2)]
    assert list(repeated({"lr": 1}, 2, None)) == [({"lr": 1}, 0), ({"lr": 1}, 1)]
