"""How long experiments will take, judged by those that ran before."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.hyperparameters import Value

Settings = Mapping[str, Value]
Numbers = NDArray[np.float64]
# With fewer past experiments the median says as much as any model.
FEWEST_FOR_MODEL = 4
# No prediction leaves what was seen by more than this factor.
MOST_BEYOND = 4.0
SHRINKAGE = 0.3


def predict_durations(history: Sequence[tuple[Settings, float]], settings: Sequence[Settings]) -> Numbers:
    """Seconds that each of `settings` will take; NaN where nothing ever ran.

    history: settings, complete with defaults, and seconds. Durations multiply (twice the epochs, half the batch), so a
    ridge regression on logarithms is fitted: numbers by their logarithm, words by one column each.
    """
    past = [(each, seconds) for each, seconds in history if seconds > 0]
    if not past:
        return np.full(len(settings), np.nan)
    logs = np.log([seconds for _, seconds in past])
    if len(past) < FEWEST_FOR_MODEL:
        return np.full(len(settings), float(np.exp(np.median(logs))))
    columns = [column for name in _names(past) for column in _columns(name, [each for each, _ in past])]
    known = _matrix(columns, [each for each, _ in past])
    mean, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale == 0] = 1.0
    x = (known - mean) / scale
    weights = np.linalg.solve(x.T @ x + SHRINKAGE * np.eye(x.shape[1]), x.T @ (logs - logs.mean()))
    predicted = logs.mean() + ((_matrix(columns, settings) - mean) / scale) @ weights
    seconds = np.exp(np.clip(predicted, logs.min() - np.log(MOST_BEYOND), logs.max() + np.log(MOST_BEYOND)))
    return np.asarray(seconds, dtype=np.float64)


def _names(past: Iterable[tuple[Settings, float]]) -> list[str]:
    return sorted({name for each, _ in past for name in each})


# A column of the regression: the hyperparameter, and the word that it stands for, or None for its number.
Column = tuple[str, str | None]


def _columns(name: str, past: Sequence[Settings]) -> list[Column]:
    values = {each.get(name) for each in past}
    if len(values) < 2:
        return []
    if all(_is_number(value) for value in values):
        return [(name, None)]
    return [(name, word) for word in sorted(map(str, values))]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matrix(columns: Sequence[Column], settings: Sequence[Settings]) -> Numbers:
    matrix = np.zeros((len(settings), len(columns)))
    for place, (name, word) in enumerate(columns):
        values = [each.get(name) for each in settings]
        if word is None:
            numbers = np.array([float(value) if _is_number(value) else np.nan for value in values])  # type: ignore[arg-type]
            # Symmetric, so that 0 and negative numbers have a place, too.
            matrix[:, place] = np.nan_to_num(np.arcsinh(numbers * 1e6))
        else:
            matrix[:, place] = [str(value) == word for value in values]
    return matrix


def total_duration(durations: Sequence[float], at_once: int) -> float:
    """Seconds until the last has ended, where each starts as soon as one of `at_once` places is free."""
    places = [0.0] * max(1, min(at_once, len(durations)))
    for seconds in durations:
        heapq.heapreplace(places, places[0] + seconds)
    return max(places, default=0.0)
