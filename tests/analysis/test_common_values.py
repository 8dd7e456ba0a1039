"""How settings stand among those of their run, and which of them is a seed."""

from __future__ import annotations

from analysis.common_values import Common, common_values, differing
from analysis.hyperparameters import Hyperparameter
from analysis.seeds import Seed, seed_of

SEED = Hyperparameter("random_state", "--random_state", "int", default=42)


def test_the_value_of_most_is_the_usual_one() -> None:
    common = common_values([{"lr": 0.1, "layers": 2}, {"lr": 0.1, "layers": 2}, {"lr": 0.2, "layers": 2}])
    assert common == {"lr": Common(0.1, 2, 3), "layers": Common(2, 3, 3)}
    assert differing({"lr": 0.2, "layers": 2}, common) == ["lr"]
    assert differing({"lr": 0.1, "layers": 2}, common) == []


def test_where_no_value_is_in_a_majority_whatever_varies_differs() -> None:
    common = common_values([{"lr": lr, "fixed": 1} for lr in (0.1, 0.2, 0.3)])
    assert [differing({"lr": lr, "fixed": 1}, common) for lr in (0.1, 0.3)] == [["lr"], ["lr"]]


def test_what_is_left_out_keeps_its_default_and_true_is_not_one() -> None:
    common = common_values([{}, {}, {"seed": 3}])
    assert differing({"seed": 3}, common) == ["seed"]
    assert differing({"flag": True}, common_values([{"flag": 1}, {"flag": 1}, {"flag": True}])) == ["flag"]
    assert common_values([]) == {}


def test_the_seed_is_the_one_that_was_set_or_the_default() -> None:
    assert seed_of({"lr": 1, "seed": 7}, [SEED]) == Seed(7, "seed", is_default=False)
    assert seed_of({"lr": 1}, [SEED]) == Seed(42, "random_state", is_default=True)
    assert seed_of({"random_state": 0}, [SEED]) == Seed(0, "random_state", is_default=False)
    assert seed_of({"lr": 1}, []) is None
