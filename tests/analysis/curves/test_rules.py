"""Every rule on curves whose truth is planted, and all of them on curves that nobody would plant."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.axes import Floats
from analysis.curves import RULES, Case, Curve, Flag, curve, flags, noise_level
from analysis.curves.trend import Goal, trend

NAN, INF = math.nan, math.inf
EPOCHS = np.arange(1.0, 61)
FALLING = 2.0 * np.exp(-EPOCHS / 8)


def said(*curves: Curve, **levels: list[float]) -> dict[tuple[str, str], Flag]:
    return {(flag.rule, flag.metric): flag for flag in flags(curves, levels)}


def noisy(values: Floats, deviation: float, seed: int = 0) -> Floats:
    return values + np.random.default_rng(seed).normal(0, deviation, len(values))


def overfitted(count: int = 60, turn: int = 20, slope: float = 0.01, seed: int = 0) -> tuple[Curve, Curve]:
    t = np.arange(1.0, count + 1)
    falling = 2.0 * np.exp(-t / turn * 2)
    return (
        curve("val_loss", t, noisy(0.4 + falling + slope * np.maximum(0, t - turn), 0.01, seed)),
        curve("loss", t, noisy(0.02 + falling + 0.5 * np.exp(-t / 60), 0.005, seed + 1)),
    )


# --- overfitting -----------------------------------------------------------------------------------------------------


def test_overfitting_says_since_when_and_both_directions() -> None:
    x = np.arange(1.0, 21)
    down = np.array([1.2, 0.8, 0.55, 0.42, 0.35, 0.32, 0.31])
    validation = np.r_[down, 0.31 + 0.0085 * np.arange(1, 14)]
    flag = said(curve("val_loss", x, validation), curve("loss", x, 0.2 * 0.9**x))["overfitting", "val_loss"]
    assert flag.began == 7
    assert flag.sentence == (
        "Validation loss rose from about 0.316 at epoch 7 to 0.412 at epoch 20,"
        " while training loss fell from 0.0967 to 0.0271."
    )
    assert flag.evidence["best_at"] == 7
    assert flag.evidence["last"] > flag.evidence["best"]


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_it_is_seen_in_either_direction(goal: Goal) -> None:
    sign = 1 if goal == "minimize" else -1
    validation, training = (
        curve(each.metric, each.x, sign * each.values, goal) for each in overfitted(turn=20, slope=0.01)
    )
    assert said(validation, training)["overfitting", "val_loss"].began == pytest.approx(25, abs=6)


def test_it_takes_training_that_goes_on_improving() -> None:
    validation, training = overfitted()
    assert ("overfitting", "val_loss") in said(validation, training)
    both_rise = curve("loss", training.x, validation.values - 0.3)
    assert ("overfitting", "val_loss") not in said(validation, both_rise)
    assert ("overfitting", "val_loss") not in said(validation)


def test_training_may_be_logged_at_other_epochs_than_validation() -> None:
    validation, training = overfitted()
    rare = curve("val_loss", validation.x[4::5], validation.values[4::5])
    assert ("overfitting", "val_loss") in said(rare, training)
    gone = curve("loss", training.x + 1_000, training.values)
    assert ("overfitting", "val_loss") not in said(validation, gone)
    steps = curve("loss", training.x, training.values, unit="step")
    assert ("overfitting", "val_loss") not in said(validation, steps)


def test_a_new_best_withdraws_it() -> None:
    validation, training = overfitted()
    recovered = np.r_[validation.values, np.linspace(0.7, 0.2, 20)]
    x = np.arange(1.0, 81)
    longer = curve("loss", x, np.r_[training.values, np.full(20, 0.01)])
    assert ("overfitting", "val_loss") not in said(curve("val_loss", x, recovered), longer)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(10, 40), st.floats(0.008, 0.03))
def test_it_stays_while_the_trend_goes_on(seed: int, turn: int, slope: float) -> None:
    validation, training = overfitted(150, turn, slope, seed)
    # With margin: the rise has reached thirty deviations of the noise.
    sure = turn + math.ceil(0.3 / slope) + 10
    for count in range(sure, 151, 7):
        beginning = (curve(each.metric, each.x[:count], each.values[:count]) for each in (validation, training))
        assert ("overfitting", "val_loss") in said(*beginning), count


# --- the other rules -------------------------------------------------------------------------------------------------


def test_noise_is_judged_by_other_curves() -> None:
    levels = [0.01, 0.012, 0.009, 0.011, 0.01, 0.008]
    loud, calm = (curve("loss", EPOCHS, noisy(FALLING, size)) for size in (0.06, 0.012))
    flag = said(loud, loss=levels)["noise", "loss"]
    assert flag.evidence["level"] == pytest.approx(0.06, rel=0.3)
    assert flag.evidence["usual"] == pytest.approx(0.01, rel=0.01)
    assert "6 other curves" in flag.sentence
    assert ("noise", "loss") not in said(calm, loss=levels)
    assert ("noise", "loss") not in said(loud, loss=levels[:4])
    assert ("noise", "loss") not in said(loud)
    assert noise_level(calm) == pytest.approx(0.012, rel=0.3)
    assert noise_level(curve("loss", EPOCHS[:5], FALLING[:5])) is None


def test_a_plateau_stands_still_after_it_improved() -> None:
    flag = said(curve("loss", EPOCHS, noisy(0.3 + 2 * np.exp(-EPOCHS / 3), 0.01)))["plateau", "loss"]
    assert 8 < flag.began < 25
    assert flag.evidence["level"] == pytest.approx(0.3, abs=0.01)
    assert ("plateau", "loss") not in said(curve("loss", EPOCHS, noisy(np.full(60, 0.3), 0.01)))
    assert ("plateau", "loss") not in said(curve("loss", EPOCHS, noisy(2 - 0.02 * EPOCHS, 0.01)))


def test_batches_stand_still_only_where_their_epochs_do() -> None:
    batches = curve("batch_loss", EPOCHS, noisy(0.3 + 2 * np.exp(-EPOCHS / 3), 0.01), unit="step")
    assert ("plateau", "batch_loss") in said(batches)
    falling, resting = ([1.0, 0.4, 0.139, 0.045], [1.0, 0.4, 0.3, 0.3005])
    for name in ("loss", "training_loss", "train_loss_epoch", "validation_loss"):
        assert ("plateau", "batch_loss") not in said(batches, curve(name, np.arange(1.0, 5), falling))
        assert ("plateau", "batch_loss") in said(batches, curve(name, np.arange(1.0, 5), resting))
    assert ("plateau", "batch_loss") in said(batches, curve("accuracy", np.arange(1.0, 5), [0.1, 0.2, 0.5, 0.9]))


def test_what_comes_to_rest_above_its_best_is_no_plateau() -> None:
    values = np.r_[np.linspace(2, 0.3, 20), np.linspace(0.3, 0.8, 10), np.full(30, 0.8)]
    assert ("plateau", "loss") not in said(curve("loss", EPOCHS, noisy(values, 0.01)))


def test_still_improving_is_said_of_slopes_and_not_of_steps() -> None:
    flag = said(curve("accuracy", EPOCHS, noisy(0.1 + 0.01 * EPOCHS, 0.01)))["improving", "accuracy"]
    assert flag.began == 41
    assert flag.sentence.startswith("Accuracy still improves: it rose from about 0.5")
    step = np.where(EPOCHS < 48, 1.0, 0.5)
    assert ("improving", "loss") not in said(curve("loss", EPOCHS, noisy(step, 0.01)))
    assert ("improving", "loss") not in said(curve("loss", EPOCHS, noisy(0.1 + FALLING[::-1], 0.01)))


@pytest.mark.parametrize("sign", [1, -1])
def test_divergence_leaves_all_that_was_before(sign: int) -> None:
    goal: Goal = "minimize" if sign > 0 else "maximize"
    values = np.r_[np.linspace(2.3, 0.5, 20), 0.5 * 1.6 ** np.arange(1, 11)]
    flag = said(curve("score", np.arange(30.0), sign * values, goal))["divergence", "score"]
    assert flag.began == pytest.approx(20, abs=4)
    assert ("grew" if sign > 0 else "fell") in flag.sentence


def test_a_short_curve_may_diverge_and_one_spike_does_not() -> None:
    assert ("divergence", "loss") in said(curve("loss", range(5), [2.3, 2.1, 40.0, 9e3, 1e7]))
    assert ("divergence", "loss") in said(curve("loss", range(5), [2.3, 2.1, 2.0, 1e5, NAN]))
    assert ("divergence", "loss") not in said(curve("loss", range(5), [2.3, 2.1, 2.0, 1.9, 1e5]))
    bump = FALLING + 1.5 * np.exp(-(((EPOCHS - 4) / 2) ** 2))
    for count in range(3, 61):
        assert ("divergence", "loss") not in said(curve("loss", EPOCHS[:count], bump[:count]))


def test_overfitting_is_no_divergence() -> None:
    x = np.arange(1.0, 61)
    rules = {rule for rule, _ in said(curve("val_loss", x, 0.1 + 0.02 * x), curve("loss", x, 0.1 * 0.9**x))}
    assert "overfitting" in rules
    assert "divergence" not in rules


@pytest.mark.parametrize(
    ("values", "began", "sentence"),
    [
        ([1, 2, NAN, NAN], 3, "Loss is NaN from epoch 3 on."),
        ([1, 2, 3, INF], 4, "Loss is infinite at epoch 4, its last value."),
        ([1, NAN, 3, -INF], 2, "Loss is NaN at epoch 2; 2 of 4 values are NaN or infinite."),
    ],
)
def test_what_is_not_finite_is_said_with_its_first_epoch(values: list[float], began: float, sentence: str) -> None:
    flag = said(curve("loss", range(1, 5), values))["not_finite", "loss"]
    assert (flag.began, flag.sentence) == (began, sentence)


# --- what curves are like --------------------------------------------------------------------------------------------


def test_the_last_of_repeated_epochs_counts_whatever_their_order() -> None:
    made = curve("loss", [3, 1, 2, 2, NAN], [0.3, 1.0, NAN, 0.5, 7.0])
    assert made.x.tolist() == [1, 2, 3]
    assert made.values.tolist() == [1.0, 0.5, 0.3]
    assert made.goal == "minimize"
    with pytest.raises(ValueError, match="2 places for 1 values"):
        curve("loss", [1, 2], [1])


def test_order_changes_nothing() -> None:
    validation, training = overfitted()
    mixed = np.random.default_rng(0).permutation(60)
    shuffled = [curve(each.metric, each.x[mixed], each.values[mixed]) for each in (training, validation)]
    assert said(*shuffled) == said(validation, training)


def test_a_million_points_are_aggregated_and_say_the_same() -> None:
    count = 1_000_000
    x = np.arange(count, dtype=float)
    falling = 2 * np.exp(-x / 50_000)
    chance = np.random.default_rng(0)
    validation = curve(
        "val_loss", x, 0.4 + falling + 1e-6 * np.maximum(0, x - 3e5) + chance.normal(0, 0.1, count), unit="step"
    )
    training = curve("loss", x, 0.1 + falling + np.exp(-x / 3e5) + chance.normal(0, 0.1, count), unit="step")
    assert len(trend(x, validation.values, "minimize")) <= 1_000
    start = time.perf_counter()
    flag = said(validation, training)["overfitting", "val_loss"]
    # Anything worse than linear would take minutes.
    assert time.perf_counter() - start < 20
    assert 2.5e5 < flag.began < 4e5
    assert "step" in flag.sentence


@pytest.mark.parametrize("make", [np.zeros, np.ones, lambda n: np.full(n, 1e300), lambda n: np.full(n, 5e-324)])
def test_a_constant_has_no_flag(make: Callable[[int], Floats]) -> None:
    for count in (1, 2, 5, 8, 15, 100, 2_500):
        t = np.arange(float(count))
        assert not said(curve("val_loss", t, make(count)), curve("loss", t, make(count)), loss=[0.1] * 9)


ODD = st.sampled_from([0.0, -0.0, 1e-300, -1e-300, 1e300, -1e300, 5e-324, 1.7e308, -1.7e308, NAN, INF, -INF, 1.0, 0.5])
VALUES = arrays(np.float64, st.integers(0, 60), elements=ODD | st.floats(allow_nan=True) | st.floats(0, 1))


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES, st.sampled_from(["minimize", "maximize"]), st.lists(st.floats(), max_size=8))
def test_nothing_raises_or_warns_and_answers_stay_the_same(
    validation: Floats, training: Floats, goal: Goal, levels: list[float]
) -> None:
    both = [
        curve("val_loss", np.arange(float(len(validation))) // 1.1, validation, goal),
        curve("loss", np.arange(float(len(training))), training, goal),
    ]
    found = flags(both, {"val_loss": levels})
    assert repr(flags(both, {"val_loss": levels})) == repr(found)
    for flag in found:
        assert math.isfinite(flag.began)
        assert flag.sentence.endswith(".")
        assert "nan" not in flag.sentence


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, st.integers(0, 7), elements=st.floats(-1e3, 1e3)), st.integers(0, 100))
def test_short_curves_have_no_flag_but_divergence(values: Floats, seed: int) -> None:
    x = np.arange(float(len(values)))
    other = np.random.default_rng(seed).normal(size=len(values))
    rules = {rule for rule, _ in said(curve("val_loss", x, values), curve("loss", x, other), val_loss=[0.1] * 9)}
    assert rules <= {"divergence"}


@pytest.mark.parametrize("size", [1e-300, 1.7e308, 1.86e154])
def test_huge_and_tiny_values_are_values_like_others(size: float) -> None:
    chance = np.random.default_rng(0)
    values = size * chance.choice([-1.0, 0.0, 1.0, 1e-154], 2_500)
    for part in (values, values[:33], np.where(np.arange(33) < 24, size, values[:33])):
        made = curve("val_loss", np.arange(float(len(part))), part)
        assert flags([made, curve("loss", made.x, part[::-1])], {"val_loss": [1e-300] * 9}) is not None
        assert 0 < (noise_level(made) or 0) < INF


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1e-200, 1e-6, 1e6, 1e200]))
def test_the_unit_of_a_metric_does_not_matter(unit: float) -> None:
    validation, training = overfitted()
    scaled = [curve(each.metric, each.x, each.values * unit) for each in (validation, training)]
    assert said(*scaled).keys() == said(validation, training).keys()


def test_a_rule_is_a_function_of_one_case() -> None:
    for rule in RULES:
        assert rule(Case(curve("loss", [], []))) is None
        assert rule.__doc__
