"""A curve from what a script reported: epochs where it names them, the last value of one that came again, else steps."""

from __future__ import annotations

import numpy as np

from analysis.curves import reported


def read(curve: object) -> tuple[str, list[float], list[float]]:
    return curve.unit, curve.x.tolist(), curve.values.tolist()  # type: ignore[attr-defined]


def test_a_value_per_epoch_is_a_point() -> None:
    assert read(reported("loss", [3.0, 2.0], [1, 2])) == ("epoch", [1.0, 2.0], [3.0, 2.0])


def test_of_an_epoch_that_came_again_the_last_value_counts() -> None:
    assert read(reported("loss", [3.0, 2.0, 2.5, 1.0], [1, 2, 2, 3])) == ("epoch", [1.0, 2.0, 3.0], [3.0, 2.5, 1.0])


def test_without_epochs_values_are_counted() -> None:
    assert read(reported("loss", [3.0, 2.0], None)) == ("step", [1.0, 2.0], [3.0, 2.0])
    assert read(reported("loss", [3.0, 2.0], [1.0, np.nan])) == ("step", [1.0, 2.0], [3.0, 2.0])


def test_a_metric_by_batch_is_the_mean_of_its_epochs_once_there_are_some() -> None:
    epochs = np.repeat(np.arange(1.0, 9.0), 2)
    assert read(reported("loss", np.arange(16.0), epochs))[2] == [0.5 + 2 * place for place in range(8)]
    assert read(reported("loss", np.arange(14.0), epochs[:14]))[0] == "step"


def test_nothing_is_an_empty_curve() -> None:
    assert read(reported("loss", [], None)) == ("step", [], [])
