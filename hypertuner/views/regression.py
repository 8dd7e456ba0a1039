"""What a regression gets wrong: predictions against the truth, and their residuals."""

from __future__ import annotations

import math
from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.values import finite_rows, numbers, rounded, same_length

# What is drawn of many points; the numbers come from all of them.
MOST_POINTS = 2_000
LARGEST_KEPT = 50


def residuals(true: Any, predicted: Any, *, epoch: float | None = None, name: str = "residuals") -> None:
    """Attach predictions against the truth and residuals (true minus predicted) against predictions.

    true, predicted: one number per example. Of more than 2,000 examples, evenly spaced ones and those with the 50
    largest residuals are drawn; the numbers in the title come from all of them.
    """
    with harmless(name):
        truth, guesses = numbers("true", true), numbers("predicted", predicted)
        same_length("true", truth, "predicted", guesses)
        (truth, guesses), left_out = finite_rows(truth, guesses)
        if not truth:
            raise ViewError("no example has finite numbers" if left_out else "there are no examples")
        errors = [one - other for one, other in zip(truth, guesses)]  # noqa: B905  `strict` is newer than Python 3.8.
        drawn = _drawn(errors)
        payload = {
            "true": rounded(truth[at] for at in drawn),
            "predicted": rounded(guesses[at] for at in drawn),
            **_numbers(truth, errors),
            "count": len(truth),
            "left_out": left_out,
        }
        attach(name, "residuals", payload, epoch)


def _numbers(truth: list[float], errors: list[float]) -> dict[str, float | None]:
    """R², the root of the mean square, the mean size and the mean of the residuals."""
    count = len(truth)
    mean = math.fsum(truth) / count
    squares = math.fsum(error * error for error in errors)
    total = math.fsum((value - mean) ** 2 for value in truth)
    found = {
        "r2": 1 - squares / total if total else math.nan,
        "rmse": math.sqrt(squares / count),
        "mae": math.fsum(map(abs, errors)) / count,
        "bias": math.fsum(errors) / count,
    }
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def _drawn(errors: list[float]) -> list[int]:
    count = len(errors)
    if count <= MOST_POINTS:
        return list(range(count))
    largest = sorted(range(count), key=lambda at: -abs(errors[at]))[:LARGEST_KEPT]
    step = count / (MOST_POINTS - LARGEST_KEPT)
    return sorted({*largest, *(int(at * step) for at in range(MOST_POINTS - LARGEST_KEPT))})
