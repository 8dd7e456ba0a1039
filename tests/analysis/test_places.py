"""Where the values of a curve lie along its axis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from analysis.places import batch_ends, epoch_places, partner_values, step_places

NAN = math.nan


def places(count: int, epochs: ArrayLike | None = None, batches: ArrayLike | None = None) -> tuple[list[float], str]:
    named = None if batches is None else np.array(batches, float)
    found, unit = epoch_places(count, None if epochs is None else np.array(epochs, float), named, batch_ends(named))
    return found.tolist(), unit


def test_a_value_per_epoch_lies_at_its_epoch() -> None:
    assert places(3, [1, 2, 3]) == ([1, 2, 3], "epoch")


def test_batches_divide_the_way_to_the_end_of_their_epoch() -> None:
    assert places(4, [1, 1, 2, 2], [0, 1, 0, 1]) == ([0.5, 1.0, 1.5, 2.0], "epoch")
    assert places(4, [1, 1, 2, 2], [1, 2, 1, 2]) == ([0.5, 1.0, 1.5, 2.0], "epoch")


def test_without_epochs_batches_or_the_order_of_arrival_count() -> None:
    assert places(3) == ([1, 2, 3], "report")
    assert places(2, None, [10, 20]) == ([10, 20], "batch")


def test_epochs_may_repeat_and_go_back() -> None:
    assert places(3, [2, 1, 1]) == ([2, 1, 1], "epoch")


def test_steps_count_arrivals_unless_the_script_counts_them() -> None:
    order = np.array([1.0, 2.0, 3.0])
    assert step_places(order, np.array([1.0, 1.0, 2.0]), np.array([5.0, 6.0, 5.0]))[0].tolist() == [1, 2, 3]
    assert step_places(order, None, np.array([10.0, NAN, 5.0]))[0].tolist() == [10, 2, 5]


def test_another_metric_gives_its_last_value_at_the_same_epoch() -> None:
    keys, others = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 2.0, 4.0])
    found = partner_values(keys, others, np.array([0.5, 0.7, 0.6, NAN]))
    np.testing.assert_array_equal(found, [0.7, 0.6, NAN, NAN])
    np.testing.assert_array_equal(partner_values(keys[:1], np.array([]), np.array([])), [NAN])
