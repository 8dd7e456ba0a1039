"""Rules on curves: where a condition begins to hold, and that a growing experiment fires where the whole one would."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.curves.reported import Reported
from analysis.rules import (
    FLAGS,
    LEAST_OTHERS,
    Condition,
    Subject,
    firing,
    look_places,
    looked_until,
    others_of,
    settled,
)

NAN, INF = math.nan, math.inf


def told(
    values: Sequence[float],
    epochs: Sequence[float] | None = None,
    *,
    metric: str = "loss",
    is_by_batch: bool = False,
    times: Sequence[float] | None = None,
) -> Reported:
    count = len(values)
    return Reported(
        metric,
        np.array(values, float),
        np.array(epochs if epochs is not None else range(1, count + 1), float),
        np.array(times if times is not None else range(count), float),
        is_by_batch,
    )


def began(condition: Condition, *reported: Reported, has_ended: bool = False) -> float | None:
    found = firing(condition, Subject(reported, has_ended))
    return found.began if found else None


def loss(comparison: str, value: float | None = None, **more: object) -> Condition:
    return Condition(comparison, "loss", value, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("condition", "values", "epoch"),
    [
        (loss(">", 2.0), [3.0, 1.0], 1),
        (loss(">", 2.0), [2.0, 2.0, 2.1], 3),
        (loss(">=", 2.0), [1.0, 2.0], 2),
        (loss("<", 1.0), [1.0, 0.9], 2),
        (loss("<=", 1.0), [1.0], 1),
        (loss(">", 2.0), [1.0, 1.0], None),
        (loss(">", 2.0), [NAN, NAN], None),
        (loss(">", 2.0), [1.0, INF], 2),
        (loss(">", 2.0, times=3), [3, 3, 1, 3, 3, 3, 3], 6),
        (loss(">", 2.0, times=3), [3, 3, NAN, 3, 3], None),
        (loss(">", 2.0, times=9), [3, 3], None),
        (loss(">", 2.0, after=3), [3, 3, 3, 3], 4),
        (loss(">", 2.0, times=2, after=3), [3, 3, 3, 3, 3], 5),
        (loss("rises", 50.0), [4, 2, 1, 1.5, 1.6], 5),
        (loss("rises", 0.0), [4, 4, 4], None),
        (loss("rises", 10.0), [NAN, 1, 2], 3),
        (loss("rises", 50.0), [-1, -0.4], 2),
        (loss("falls", 50.0), [0.5, 0.9, 0.5, 0.4], 4),
        (Condition(">", "other", 0.0), [1.0], None),
    ],
)
def test_where_a_comparison_begins_to_hold(condition: Condition, values: list[float], epoch: float | None) -> None:
    assert began(condition, told(values)) == epoch


def test_without_epochs_values_are_counted() -> None:
    found = firing(loss(">", 2.0), Subject([Reported("loss", np.array([1.0, 3.0]), None, np.array([5.0, 6.0]))], False))
    assert found
    assert (found.began, found.unit, found.at, found.words()) == (2.0, "step", 6.0, "at step 2")


def test_by_batch_an_epoch_counts_once_it_is_over_by_its_last_value() -> None:
    by_batch = told([9, 1, 9, 3], [1, 1, 2, 2], is_by_batch=True)
    assert settled(by_batch, has_ended=False).values.tolist() == [1.0]
    assert settled(by_batch, has_ended=True).values.tolist() == [1.0, 3.0]
    assert began(loss(">", 2.0), by_batch) is None
    assert began(loss(">", 2.0), by_batch, has_ended=True) == 2


# --- compared with others ---------------------------------------------------------------------------------------------


def worse(values: Sequence[float], others: list[Reported], goal: str = "minimize", **more: object) -> float | None:
    subject = Subject([told(values)], False, "loss", goal, {"loss": others_of(dict(enumerate(others)))})
    found = firing(loss("worse", **more), subject)
    return found.began if found else None


def test_worse_than_the_median_of_those_that_were_as_far_by_then() -> None:
    others = [told([level, level, level], times=[0, 0, 0]) for level in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert worse([3.0, 3.0, 3.1], others) == 3
    assert worse([3.0, 3.0, 3.1], others, "maximize") is None
    assert worse([3.0, 2.9, 3.1], others, "maximize") == 2
    assert worse([9.0, 9.0, 9.0], others, after=2) == 3
    assert worse([9.0, 9.0, 9.0], others[1:]) is None
    assert worse([3.0, NAN], others) == 2
    late = [told([1.0], times=[99]) for _ in range(LEAST_OTHERS)]
    assert worse([9.0], late) is None


def test_nobody_is_compared_with_itself() -> None:
    everybody = others_of({owner: told([float(owner)]) for owner in range(6)})
    assert everybody.without(3).values.tolist() == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert others_of({}).without(1).values.tolist() == []


# --- flags ------------------------------------------------------------------------------------------------------------

TRAINING = told([1 / (1 + 0.3 * epoch) for epoch in range(40)], metric="train_loss")
VALIDATION = told(
    [1 / (1 + 0.3 * min(epoch, 12)) + 0.02 * max(0, epoch - 12) for epoch in range(40)], metric="val_loss"
)


def test_a_flag_fires_when_it_is_first_seen_on_its_metric_or_on_any() -> None:
    found = began(Condition("present", "val_loss", flag="overfitting"), TRAINING, VALIDATION, has_ended=True)
    assert found is not None
    assert 14 <= found <= 24
    assert began(Condition("present", flag="overfitting"), TRAINING, VALIDATION, has_ended=True) == found
    assert began(Condition("present", "train_loss", flag="overfitting"), TRAINING, VALIDATION, has_ended=True) is None
    later = Condition("present", "val_loss", flag="overfitting", after=30)
    assert began(later, TRAINING, VALIDATION, has_ended=True) == 31


def test_the_last_epoch_counts_for_a_flag_once_it_is_over() -> None:
    broken = told([1.0, 0.9, NAN])
    condition = Condition("present", "loss", flag="not_finite")
    assert began(condition, broken) is None
    assert began(condition, broken, has_ended=True) == 3
    assert looked_until(condition, Subject([broken], False)) == 2


def test_looks_grow_rarer_and_those_of_a_beginning_are_those_of_the_whole() -> None:
    whole = look_places(5000)
    assert whole[:64] == list(range(64))
    assert len(whole) < 64 + 32 * 7
    for count in (0, 1, 63, 64, 65, 66, 200, 1111):
        assert look_places(count) == [place for place in whole if place < count]


def test_every_flag_that_can_be_asked_for_has_a_detector() -> None:
    assert set(FLAGS) == {"not_finite", "divergence", "overfitting", "noise", "plateau", "improving"}


# --- a growing experiment ---------------------------------------------------------------------------------------------

VALUES = st.lists(st.sampled_from([-2.0, 0.0, 0.5, 1.0, 1.5, 3.0, NAN, INF]), min_size=1, max_size=25)
CONDITIONS = st.builds(
    Condition,
    st.sampled_from([">", ">=", "<", "<=", "rises", "falls", "worse"]),
    st.just("loss"),
    st.sampled_from([0.0, 0.5, 1.0, 20.0]),
    times=st.integers(1, 3),
    after=st.none() | st.integers(0, 6).map(float),
)


@given(values=VALUES, condition=CONDITIONS, per_epoch=st.integers(1, 3), is_named=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_growing_experiment_fires_where_the_whole_one_would(
    values: list[float], condition: Condition, per_epoch: int, is_named: bool
) -> None:
    epochs = [1.0 + at // per_epoch for at in range(len(values))]
    peers = others_of({at: told([1.0, 0.5, 1.5, 0.5] * 3, times=[at] * 12) for at in range(6)})

    def found(count: int, has_ended: bool) -> float | None:
        one = told(values[:count], epochs[:count], is_by_batch=is_named)
        fired = firing(condition, Subject([one], has_ended, "loss", "minimize", {"loss": peers}))
        return fired.began if fired else None

    live = [found(count, False) for count in range(1, len(values) + 1)]
    whole = found(len(values), True)
    fired = [each for each in live if each is not None]
    assert set(fired) <= {whole}
    # Once it has fired it has; what has not fired by the last value fires at the end or not at all.
    first = next((at for at, each in enumerate(live) if each is not None), len(live))
    assert all(each is not None for each in live[first:])


@given(rise=st.floats(0.0, 0.1), turn=st.integers(4, 30), flag=st.sampled_from(FLAGS))
@settings(max_examples=25, deadline=None)
def test_a_flag_fires_on_a_growing_experiment_where_it_would_on_the_whole_one(
    rise: float, turn: int, flag: str
) -> None:
    rough = [0.01 * math.sin(7.3 * epoch) for epoch in range(40)]
    training = [1 / (1 + 0.3 * epoch) + rough[epoch] for epoch in range(40)]
    validation = [training[min(epoch, turn)] + rise * max(0, epoch - turn) + rough[epoch] for epoch in range(40)]
    condition = Condition("present", "val_loss", flag=flag)

    def subject(count: int, has_ended: bool) -> Subject:
        parts = [told(training[:count], metric="train_loss"), told(validation[:count], metric="val_loss")]
        return Subject(parts, has_ended, noise={"val_loss": [0.001 + 0.0001 * at for at in range(8)]})

    whole = firing(condition, subject(40, True))
    since = -math.inf
    for count in range(1, 41):
        one = subject(count, count == 40)
        found = firing(condition, one, since=since)
        if found:
            assert whole
            assert found.began == whole.began
            return
        since = looked_until(condition, one)
    assert whole is None
