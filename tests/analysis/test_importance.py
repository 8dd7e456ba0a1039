"""Importance, interaction and effects against functions whose answers are known."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.effects import Effects, effects
from analysis.importance import Ranking, TooFew, rank
from analysis.surrogate import Goal, Sample, sample

Settings = list[dict[str, Any]]
ROOT = Path(__file__).parents[2]


def drawn(count: int, names: str = "abcd", seed: int = 0) -> Settings:
    """Settings anywhere in the unit cube."""
    chance = random.Random(seed)
    return [{name: chance.random() for name in names} for _ in range(count)]


def of(settings: Settings, function: Callable[[dict[str, Any]], float], goal: Goal = "minimize") -> Sample:
    return sample(settings, [function(each) for each in settings], goal)


def ranking(given: Sample) -> Ranking:
    found = rank(given)
    assert isinstance(found, Ranking), found
    return found


def shares(found: Ranking, part: str = "together") -> dict[str, float]:
    return {each.name: getattr(each, part).value for each in found.importances}


# --- known answers ---------------------------------------------------------------------------------------------------


def test_a_sum_is_shared_as_its_variances_are() -> None:
    # Var(2a) : Var(b) = 4 : 1.
    found = ranking(of(drawn(400), lambda s: 2 * s["a"] + s["b"]))
    assert [each.name for each in found.importances[:2]] == ["a", "b"]
    assert shares(found)["a"] == pytest.approx(0.8, abs=0.06)
    assert shares(found)["b"] == pytest.approx(0.2, abs=0.06)
    assert shares(found, "alone")["a"] == pytest.approx(0.8, abs=0.06)
    assert all(pair.share.value < 0.02 for pair in found.pairs)


def test_what_does_nothing_is_told_from_what_does_little() -> None:
    found = ranking(of(drawn(400), lambda s: 2 * s["a"] + s["b"]))
    assert {each.name for each in found.importances if each.together.is_clear} == {"a", "b"}


def test_what_matters_only_together_is_no_less_important() -> None:
    # Neither alone moves the mean; as a pair they are everything.
    found = ranking(of(drawn(300, "abc"), lambda s: (s["a"] - 0.5) * (s["b"] - 0.5)))
    assert shares(found, "alone") == pytest.approx({"a": 0, "b": 0, "c": 0}, abs=0.05)
    assert shares(found) == pytest.approx({"a": 1, "b": 1, "c": 0}, abs=0.05)
    best = found.pairs[0]
    assert {best.first, best.second} == {"a", "b"}
    assert best.share.value == pytest.approx(1, abs=0.08)
    assert all(pair.share.value < 0.05 for pair in found.pairs[1:])


def test_the_interval_holds_the_truth() -> None:
    for seed in range(2):
        settings = drawn(300, "abc", seed=seed)
        found = ranking(of(settings, lambda s: 2 * s["a"] + s["b"] + 0.1 * math.sin(1e6 * s["c"])))
        shown = {each.name: each.together for each in found.importances}
        assert shown["a"].low <= 0.8 <= shown["a"].high
        assert shown["b"].is_clear


def test_words_stay_one_hyperparameter() -> None:
    words = {"adam": 0.0, "sgd": 1.0, "rmsprop": 0.5, "lamb": 0.2, "lion": 0.8}
    chance = random.Random(0)
    settings: Settings = [{"optimizer": chance.choice(list(words)), "x": chance.random()} for _ in range(200)]
    found = ranking(of(settings, lambda s: words[s["optimizer"]] + 0.1 * s["x"]))
    # Var over the five words 0.136; Var(0.1 x) = 0.1² / 12.
    assert shares(found)["optimizer"] == pytest.approx(0.136 / (0.136 + 0.01 / 12), abs=0.02)
    line = effects(of(settings, lambda s: words[s["optimizer"]])).lines["optimizer"]
    assert dict(zip(sorted(words), line.mean, strict=True)) == pytest.approx(words, abs=0.05)


def test_booleans_and_missing_values_count() -> None:
    chance = random.Random(0)
    settings: Settings = [
        {"augment": chance.random() < 0.5, "decay": chance.choice([None, 0.1, 0.2]), "x": chance.random()}
        for _ in range(200)
    ]
    found = ranking(of(settings, lambda s: float(s["decay"] is None) + 0.5 * s["augment"]))
    # Var of a third that is set apart: 2/9; of half of them: 1/16.
    whole = 2 / 9 + 1 / 16
    assert shares(found) == pytest.approx({"decay": 2 / 9 / whole, "augment": 1 / 16 / whole, "x": 0}, abs=0.04)


def test_values_that_span_decades_lie_on_a_log_scale() -> None:
    chance = random.Random(0)
    settings: Settings = [{"lr": 10 ** chance.uniform(-5, -1), "x": chance.random()} for _ in range(200)]
    given = of(settings, lambda s: math.log10(s["lr"]) + s["x"])
    assert [axis.kind for axis in given.axes] == ["log", "number"]
    # Var of 4 decades : Var of x = 16 : 1.
    assert shares(ranking(given))["lr"] == pytest.approx(16 / 17, abs=0.04)


def test_a_range_that_begins_near_zero_spans_no_decades() -> None:
    assert {axis.kind for axis in of(drawn(2_000), lambda s: s["a"]).axes} == {"number"}
    [axis] = sample([{"a": value} for value in (1, 10, 100)], [1, 2, 3], "minimize", is_log={"a": False}).axes
    assert axis.kind == "number"


# --- one answer ------------------------------------------------------------------------------------------------------


def test_minimize_and_maximize_see_the_same() -> None:
    settings = drawn(80)
    down = ranking(of(settings, lambda s: 2 * s["a"] + s["b"]))
    up = ranking(of(settings, lambda s: -2 * s["a"] - s["b"], "maximize"))
    assert [each.name for each in down.importances] == [each.name for each in up.importances]
    assert shares(down) == pytest.approx(shares(up), abs=0.1)


def test_far_worse_values_are_cut_on_the_bad_side_only() -> None:
    settings = drawn(60)
    values = [each["a"] for each in settings]
    values[7] = 1e9
    assert sample(settings, values, "minimize").clipped == 1
    assert sample(settings, [-value for value in values], "maximize").clipped == 1
    assert sample(settings, values, "maximize").clipped == 0
    assert shares(ranking(sample(settings, values, "minimize")))["a"] > 0.8


def test_neither_the_order_of_experiments_nor_of_hyperparameters_matters() -> None:
    settings = drawn(60)
    values = [each["a"] + each["b"] ** 2 for each in settings]
    one = sample(settings, values, "minimize")
    order = random.Random(1).sample(range(60), 60)
    other = sample(
        [dict(reversed(settings[place].items())) for place in order], [values[place] for place in order], "minimize"
    )
    assert rank(one, repeats=8) == rank(other, repeats=8)
    assert effects(one, repeats=8).lines == effects(other, repeats=8).lines


PROGRAM = """
from tests.analysis.test_importance import drawn, of
from analysis.importance import rank
print(rank(of(drawn(30), lambda s: s["a"] + s["b"] * s["c"]), repeats=8))
"""


def test_every_process_says_the_same() -> None:
    command = [sys.executable, "-c", PROGRAM]
    said = subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": "7"}, check=True, capture_output=True, text=True)
    assert said.stdout == f"{rank(of(drawn(30), lambda s: s['a'] + s['b'] * s['c']), repeats=8)}\n"


# --- too few ---------------------------------------------------------------------------------------------------------


def test_below_three_per_hyperparameter_it_says_how_many_are_missing() -> None:
    assert rank(of(drawn(8), lambda s: s["a"])) == TooFew(8, 4)
    assert rank(of(drawn(1, "a"), lambda s: s["a"])) == TooFew(1, 1)


def test_a_dozen_experiments_are_enough_for_a_clear_answer() -> None:
    settings = [{"lr": 10.0**-rate, "size": 16 * 2**size} for rate in range(4) for size in range(3)]
    found = ranking(of(settings, lambda s: abs(math.log10(s["lr"]) + 2)))
    assert found.importances[0].name == "lr"
    assert not found.importances[1].together.is_clear


def test_noise_is_not_ranked() -> None:
    for seed in range(3):
        settings = drawn(40, seed=seed)
        assert isinstance(rank(of(settings, lambda s: math.sin(1e6 * s["a"]))), TooFew)


def test_a_weak_effect_says_about_how_many_more_would_do() -> None:
    found = rank(of(drawn(32, "ab"), lambda s: s["a"] + 0.6 * math.sin(1e6 * s["b"])))
    assert isinstance(found, TooFew)
    assert found.more is not None
    assert 5 < found.more < 100


def test_of_a_handful_nobody_says_that_nothing_matters() -> None:
    settings = [{"a": at} for at in range(6)]
    found = rank(sample(settings, [1, 0, 1, 0, 1, 0], "minimize"))
    assert isinstance(found, TooFew)
    assert found.more


def test_a_metric_or_settings_that_never_change_explain_nothing() -> None:
    assert rank(of(drawn(40), lambda s: 1.0)) == TooFew(40, None)
    assert rank(of([{"a": 1}] * 40, lambda s: random.random())) == TooFew(40, None)
    assert rank(sample([], [], "minimize")) == TooFew(0, 2)


def test_constant_hyperparameters_are_left_out() -> None:
    settings = [{**each, "epochs": 12, "mode": "fast"} for each in drawn(40, "ab")]
    assert {each.name for each in ranking(of(settings, lambda s: s["a"])).importances} == {"a", "b"}


# --- what is learned from --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_of_too_many_the_best_are_kept(goal: Goal) -> None:
    settings = drawn(5_000)
    values = [each["a"] for each in settings]
    given = sample(settings, values, goal, most=500)
    assert (given.size, given.of) == (500, 5_000)
    ordered = sorted(values, reverse=goal == "maximize")
    assert set(ordered[:100]) <= set(given.y)


def test_experiments_without_a_value_are_counted() -> None:
    settings: Sequence[Mapping[str, Any]] = drawn(6)
    given = sample(settings, [1.0, None, math.nan, math.inf, 2.0, 3.0], "minimize")
    assert (given.size, given.without) == (3, 3)


# --- effects ---------------------------------------------------------------------------------------------------------


def test_an_effect_follows_the_function_in_its_own_unit() -> None:
    found = effects(of(drawn(400), lambda s: (s["a"] - 0.5) ** 2 + s["b"]))
    places = np.array(of(drawn(400), lambda s: 0.0).axes[0].values, dtype=float)
    line = found.lines["a"]
    # At the ends a forest knows neighbours on one side only.
    assert np.abs(line.mean - ((places - 0.5) ** 2 + 0.5))[1:-1].max() < 0.05
    assert all(low <= mean <= high for low, mean, high in zip(line.low, line.mean, line.high, strict=True))
    assert found.quality > 0.8


def test_a_surface_is_the_mean_over_all_other_hyperparameters() -> None:
    given = of(drawn(400, "abc"), lambda s: s["a"] * s["b"] + s["c"])
    surface = effects(given, [("a", "b")]).surfaces["a", "b"]
    places = np.array(given.axes[0].values, dtype=float)
    others = np.array(given.axes[1].values, dtype=float)
    assert np.abs(surface - (np.outer(places, others) + 0.5)).mean() < 0.05
    # A surface is the effect of the first, once it is averaged over the second.
    assert effects(given).lines["a"].mean == pytest.approx(surface.mean(axis=1))


def test_noise_is_not_foreseen() -> None:
    chance = random.Random(0)
    found: Effects = effects(of(drawn(60), lambda s: chance.gauss(0, 1)))
    assert found.quality < 0.2


# --- against Optuna --------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_optuna_ranks_alike() -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = drawn(120)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(0, 1) for name in "abcd"
    }
    study = optuna.create_study()
    for each in settings:
        study.add_trial(
            optuna.trial.create_trial(params=each, distributions=space, value=3 * each["a"] + 2 * each["b"] + each["c"])
        )
    theirs = optuna.importance.FanovaImportanceEvaluator(seed=0, n_trees=12).evaluate(study)
    ours = shares(ranking(of(settings, lambda s: 3 * s["a"] + 2 * s["b"] + s["c"])), "alone")
    assert ours == pytest.approx(theirs, abs=0.12)
    assert list(ours)[:3] == sorted(theirs, key=lambda name: -theirs[name])[:3]
