"""How long experiments will take, judged by those that ran before."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.hyperparameters import Value

Settings = Mapping[str, Value]
Numbers = NDArray[np.float64]
# What the regression sees of a hyperparameter: a column per word, or where it is None, a single one for its number.
Words = Sequence[str] | None
# With fewer past experiments the median says as much as any model.
FEWEST_FOR_MODEL = 4
# No prediction leaves what was seen by more than this factor.
MOST_BEYOND = 4.0
SHRINKAGE = 0.3
# Rarer words of one hyperparameter are taken together: a free text may have as many as there are experiments.
MOST_WORDS = 20


def predict_durations(
    history: Sequence[tuple[Settings, float]], settings: Sequence[Settings], defaults: Settings | None = None
) -> Numbers:
    """Seconds that each of `settings` will take, (settings,); NaN where nothing ever ran.

    history: settings and seconds. defaults: what holds for settings that do not name a hyperparameter. Durations
    multiply (twice the epochs, half the batch), so a ridge regression on logarithms is fitted: numbers by their
    logarithm, words by one column each.
    """
    ran = [(each, seconds) for each, seconds in history if seconds > 0]
    if not ran:
        return np.full(len(settings), np.nan)
    logs = np.log([seconds for _, seconds in ran])
    if len(ran) < FEWEST_FOR_MODEL:
        return np.full(len(settings), float(np.exp(np.median(logs))))
    past, usual = [each for each, _ in ran], defaults or {}
    names = sorted({name for each in past for name in each})
    seen = {name: values for name in names if len(set(values := _values(name, past, usual))) > 1}
    words = {name: _words(values) for name, values in seen.items()}
    known = _matrix(words, past, usual)
    mean, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale == 0] = 1.0
    x = (known - mean) / scale
    weights = np.linalg.solve(x.T @ x + SHRINKAGE * np.eye(x.shape[1]), x.T @ (logs - logs.mean()))
    predicted = logs.mean() + ((_matrix(words, settings, usual) - mean) / scale) @ weights
    seconds = np.exp(np.clip(predicted, logs.min() - np.log(MOST_BEYOND), logs.max() + np.log(MOST_BEYOND)))
    return np.asarray(seconds, dtype=np.float64)


def _values(name: str, settings: Sequence[Settings], defaults: Settings) -> list[Value]:
    usual = defaults.get(name)
    return [each.get(name, usual) for each in settings]


def _words(values: Sequence[Value]) -> Words:
    if all(map(_is_number, set(values))):
        return None
    return [word for word, _ in Counter(map(str, values)).most_common(MOST_WORDS)]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matrix(words: Mapping[str, Words], settings: Sequence[Settings], defaults: Settings) -> Numbers:
    """What the regression sees, (settings, columns)."""
    blocks = [np.zeros((len(settings), 0))]
    for name, known in words.items():
        values = _values(name, settings, defaults)
        # Settings are many, and their different values few.
        places = {value: place for place, value in enumerate(dict.fromkeys(values))}
        rows = [[_scaled(value)] if known is None else [str(value) == word for word in known] for value in places]
        width = 1 if known is None else len(known)
        at = np.fromiter(map(places.__getitem__, values), dtype=np.intp, count=len(values))
        blocks.append(np.array(rows, dtype=np.float64).reshape(-1, width)[at])
    return np.hstack(blocks)


def _scaled(value: Value) -> float:
    # Symmetric, so that 0 and negative numbers have a place, too.
    return float(np.arcsinh(float(value) * 1e6)) if _is_number(value) else 0.0  # type: ignore[arg-type]


def total_duration(durations: Sequence[float], at_once: int) -> float:
    """Seconds until the last has ended, where each starts as soon as one of `at_once` places is free."""
    places = [0.0] * max(1, min(at_once, len(durations)))
    for seconds in durations:
        heapq.heapreplace(places, places[0] + seconds)
    return max(places, default=0.0)
