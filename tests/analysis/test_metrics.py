"""What the name of a metric usually says."""

import pytest

from analysis.metrics import usual_goal


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("loss", "minimize"),
        ("validation_loss", "minimize"),
        ("Test/RMSE", "minimize"),
        ("epoch time", "minimize"),
        ("accuracy", "maximize"),
        ("val_f1", "maximize"),
        ("lossless_ratio", "maximize"),
        ("", "maximize"),
    ],
)
def test_losses_errors_and_costs_are_minimized(name: str, goal: str) -> None:
    assert usual_goal(name) == goal
