"""What the name of a metric usually says."""

import pytest

from analysis.metrics import known_goal, usual_goal


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("loss", "minimize"),
        ("validation_loss", "minimize"),
        ("Test/RMSE", "minimize"),
        ("epoch time", "minimize"),
        ("accuracy", "maximize"),
        ("val_f1", "maximize"),
        ("valLoss", "minimize"),
        ("MSELoss", "minimize"),
        ("testRMSE", "minimize"),
        ("valAccuracy", "maximize"),
        ("lossless_ratio", "maximize"),
        ("", "maximize"),
    ],
)
def test_losses_errors_and_costs_are_minimized(name: str, goal: str) -> None:
    assert usual_goal(name) == goal


@pytest.mark.parametrize(
    ("name", "goal"),
    [("val_f1", "maximize"), ("R2", "maximize"), ("trainAcc", "maximize"), ("valLoss", "minimize"),
     ("loss_score", "minimize"), ("lr", None), ("epochs", None), ("f12", None), ("", None)],
)  # fmt: skip
def test_a_name_that_says_nothing_has_no_goal(name: str, goal: str | None) -> None:
    assert known_goal(name) == goal
