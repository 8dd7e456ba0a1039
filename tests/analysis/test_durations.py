"""How long experiments will take, against a planted truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.durations import predict_durations, total_duration
from analysis.hyperparameters import Value

SPEED = {"cpu": 4.0, "gpu": 1.0}


def truth(settings: Mapping[str, Value]) -> float:
    """Twice the epochs take twice as long, twice the batch half as long, and a word has its own speed."""
    epochs, batch = settings["epochs"], settings["batch"]
    assert isinstance(epochs, int)
    assert isinstance(batch, int)
    return 3.0 * epochs * (64 / batch) * SPEED[str(settings["device"])]


def grid(epochs: tuple[int, ...], batches: tuple[int, ...]) -> list[dict[str, Value]]:
    return [
        {"epochs": epoch, "batch": batch, "device": device}
        for epoch, batch, device in itertools.product(epochs, batches, SPEED)
    ]


def test_durations_are_learnt_from_numbers_and_words() -> None:
    history = [(each, truth(each)) for each in grid((1, 2, 4, 8), (16, 32, 64))]
    wanted = grid((3, 6), (24, 48))
    assert predict_durations(history, wanted) == pytest.approx([truth(each) for each in wanted], rel=0.15)


def test_noise_does_not_lead_far_astray() -> None:
    random = np.random.default_rng(3)
    history = [(each, truth(each) * float(np.exp(random.normal(0, 0.2)))) for each in grid((1, 2, 4, 8), (16, 32, 64))]
    wanted = grid((3, 6), (24, 48))
    assert predict_durations(history, wanted) == pytest.approx([truth(each) for each in wanted], rel=0.5)


def test_what_is_not_named_has_its_default() -> None:
    history = [({"epochs": epochs}, 2.0 * epochs) for epochs in (1, 2, 4, 8)] + [({}, 6.0)]
    assert predict_durations(history, [{}, {"epochs": 3}], {"epochs": 3}) == pytest.approx([6.0, 6.0], rel=0.1)


def test_a_few_give_their_median() -> None:
    assert predict_durations([({"epochs": 1}, 1.0), ({"epochs": 9}, 100.0)], [{}, {}]) == pytest.approx([10.0, 10.0])


@pytest.mark.parametrize("history", [[], [({"epochs": 1}, 0.0)]])
def test_nothing_that_ran_gives_no_number(history: list[tuple[Mapping[str, Value], float]]) -> None:
    assert np.isnan(predict_durations(history, [{}, {}])).all()


def test_a_prediction_never_leaves_what_was_seen_by_far() -> None:
    history = [({"epochs": epochs}, float(epochs)) for epochs in (1, 2, 4, 8)]
    assert predict_durations(history, [{"epochs": 10**9}, {"epochs": 0}]) == pytest.approx([32.0, 0.25])


def test_equal_settings_take_their_mean() -> None:
    history = [({"epochs": 2}, seconds) for seconds in (1.0, 2.0, 4.0, 2.0)]
    assert predict_durations(history, [{"epochs": 2}]) == pytest.approx([2.0])


# A column for each of many texts would take gigabytes.
@pytest.mark.timeout(20)
def test_many_different_texts_stay_affordable() -> None:
    history: list[tuple[Mapping[str, Value], float]] = [({"name": f"run {index}"}, 2.0) for index in range(2_000)]
    predicted = predict_durations(history, [{"name": f"other {index}"} for index in range(20_000)])
    assert predicted == pytest.approx(np.full(20_000, 2.0))


SOME = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e299, 1e299) | st.text(max_size=3)
ANY = st.dictionaries(st.sampled_from("abc"), SOME)


@given(st.lists(st.tuples(ANY, st.floats(1e-3, 1e6)), min_size=1, max_size=9), st.lists(ANY, min_size=1, max_size=4))
def test_any_settings_get_a_time_near_those_seen(
    history: list[tuple[dict[str, Value], float]], settings: list[dict[str, Value]]
) -> None:
    seconds = [seconds for _, seconds in history]
    predicted = predict_durations(history, settings)
    assert (predicted >= min(seconds) / 4.001).all()
    assert (predicted <= max(seconds) * 4.001).all()


@pytest.mark.parametrize(
    ("durations", "at_once", "total"),
    [
        ([], 4, 0.0),
        ([5.0], 4, 5.0),
        ([1.0, 1.0, 1.0], 1, 3.0),
        ([1.0, 1.0, 1.0], 2, 2.0),
        ([3.0, 1.0, 1.0, 1.0], 2, 3.0),
        ([1.0, 1.0, 1.0, 3.0], 2, 4.0),
        ([1.0, 1.0], 0, 2.0),
    ],
)
def test_each_starts_as_soon_as_a_place_is_free(durations: list[float], at_once: int, total: float) -> None:
    assert total_duration(durations, at_once) == total


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30), st.integers(1, 10))
def test_a_total_lies_between_perfect_sharing_and_one_after_another(durations: list[float], at_once: int) -> None:
    total = total_duration(durations, at_once)
    assert max(*durations, sum(durations) / at_once) <= total + 1e-6
    assert total <= sum(durations) + 1e-6
    assert math.isfinite(total)
