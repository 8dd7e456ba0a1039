"""Reductions as they stand in an address, and as people read them."""

from __future__ import annotations

import pytest

from analysis.reductions import LAST, Reduction, read_reductions, title_of


@pytest.mark.parametrize("written", ["last", "smallest", "largest", "mean 3", "mean 100000", "epoch 0", "epoch 2.5"])
def test_what_is_written_reads_back(written: str) -> None:
    found = Reduction.read(written)
    assert found is not None
    assert found.written() == written


@pytest.mark.parametrize(
    "written",
    [None, 3, [], "", "median", "mean", "mean 0", "mean -1", "mean 2.5", "mean 1000001", "epoch", "epoch x", "epoch -1",
     "epoch nan", "epoch 1e3", "mean ３", "last 3", " last"],
)  # fmt: skip
def test_what_is_no_reduction_is_none(written: object) -> None:
    assert Reduction.read(written) is None


def test_an_address_names_reductions_by_metric() -> None:
    found = read_reductions('{"loss": "smallest", "accuracy": "mean 3", "speed": "last", "noise": "median", "more": 3}')
    assert found == {"loss": Reduction("smallest"), "accuracy": Reduction("mean", 3)}


@pytest.mark.parametrize("written", [None, 7, "", "{", "[]", '"loss"', "null", "[" * 100_000, "\ud800"])
def test_an_address_edited_by_hand_may_say_anything(written: object) -> None:
    assert read_reductions(written) == {}


def test_a_title_says_what_a_column_holds() -> None:
    assert title_of("loss", LAST) == "loss"
    assert title_of("loss", Reduction("smallest")) == "loss (smallest)"
    assert title_of("accuracy", Reduction("mean", 3)) == "accuracy (mean of last 3)"
    assert title_of("accuracy", Reduction("epoch", 10)) == "accuracy (at epoch 10)"


@pytest.mark.parametrize(
    ("by", "goal", "words"),
    [("smallest", "minimize", "best"), ("largest", "maximize", "best"), ("smallest", "maximize", "smallest"),
     ("largest", "minimize", "largest"), ("largest", None, "largest"), ("last", "maximize", "last")],
)  # fmt: skip
def test_the_better_extreme_of_the_objective_is_the_best(by: str, goal: str | None, words: str) -> None:
    assert Reduction(by).words(goal) == words
