"""Overfitting: validation turns worse while training goes on improving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.curves.base import Case, Flag
from analysis.curves.comparison import difference, third
from analysis.curves.trend import Trend, running_mean
from analysis.curves.words import moved, numbers, place, spoken

# With fewer points a bend is not told from noise.
LEAST_POINTS = 8
# Three thirds of fewer points compare single values.
LEAST_AFTER = 5
# Shared out over all points, because any of them may pass for the best one; many share their thirds, so that far fewer
# than five in a hundred healthy curves are flagged (Bonferroni).
CHANCE = 0.05
# Training is looked at in one place only, which validation has chosen.
CHANCE_OF_TRAINING = 0.05
# Nobody sees less than this on a chart, be it of the fall before or of the level itself.
VISIBLE = 0.02
# The narrowest mean.
NARROW = 3


def overfitting(case: Case) -> Flag | None:
    """Compare the thirds of what follows the best validation level: the last is worse, and in training it is better.

    As validation goes on getting worse, the flag stays. It is withdrawn when validation reaches a new best level or
    comes back to the old one, and when training gets worse than it was at validation's best.
    """
    if case.training is None or min(len(case.trend), len(case.training.trend)) < LEAST_POINTS:
        return None
    # Of equal ones the last: only then it turns.
    best = int(len(case.trend) - 1 - np.argmin(case.trend.smooth[::-1]))
    if not _is_worse_after(case.trend, best):
        return None
    if not _is_training_better(case.trend, case.training.trend, best):
        return None
    turn = _turn(case.trend, best)
    trained = _levels(case.training.trend, float(case.trend.x[turn.at]))
    # What is said must be true of the very epochs that are named.
    is_improving = (trained[1] < trained[0]) == (case.training.trend.scale > 0)
    return _flag(case, case.training, turn, trained) if is_improving else None


def _is_worse_after(validation: Trend, best: int) -> bool:
    after = validation.y[best:]
    if len(after) < LEAST_AFTER:
        return False
    part = third(len(after))
    # The noise of today: it may have been larger while the metric was far from its best.
    noise = validation.noise(-max(len(after), LEAST_POINTS))
    worse = difference(after[-part:], after[:part], noise, noise)
    return worse.chance <= CHANCE / len(validation) and worse.value >= _visible(validation, best)


def _is_training_better(validation: Trend, training: Trend, best: int) -> bool:
    """Whether the same last third is better than the same first one; training may have more points."""
    part = third(len(validation) - best)
    since = int(np.searchsorted(training.x, validation.x[best]))
    first = training.y[since : int(np.searchsorted(training.x, validation.x[best + part - 1], side="right"))]
    last = training.y[int(np.searchsorted(training.x, validation.x[-part])) :]
    if not len(first) or not len(last):
        return False
    noise = training.noise(min(since, len(training) - LEAST_POINTS))
    return difference(first, last, noise, noise).chance <= CHANCE_OF_TRAINING


@dataclass(frozen=True)
class _Turn:
    """The point where validation turns, and its level there in the metric's own unit."""

    at: int
    level: float


def _turn(validation: Trend, best: int) -> _Turn:
    """The best point nearby: a wide mean is drawn from a sharp turn towards its flatter side."""
    reach = validation.width // 2
    first = max(best - reach, 0)
    narrow = running_mean(validation.y, min(validation.width, NARROW))
    at = first + int(np.argmin(narrow[first : best + reach + 1]))
    return _Turn(at, float(narrow[at]) * validation.scale)


def _levels(training: Trend, since: float) -> tuple[float, float]:
    """Then and now; where training was not logged then, the next time it was."""
    return training.level(min(int(np.searchsorted(training.x, since)), len(training) - 1)), training.level(-1)


def _visible(validation: Trend, best: int) -> float:
    level = abs(float(validation.smooth[best]))
    fall = float(validation.smooth[: best + 1].max() - validation.smooth[best])
    return VISIBLE * (min(fall, level) if fall and level else max(fall, level))


def _flag(case: Case, partner: Case, turn: _Turn, trained: tuple[float, float]) -> Flag:
    name, unit = spoken(case.curve.metric).capitalize(), case.curve.unit
    began, end = float(case.trend.x[turn.at]), float(case.trend.x[-1])
    levels = turn.level, case.trend.level(-1)
    (first, last), (then, now) = numbers(*levels), numbers(*trained)
    sentence = (
        f"{name} {moved(*levels)} from about {first} at {place(began, unit)} to {last} at {place(end, unit)},"
        f" while {_of_training(partner.curve.metric)} {moved(*trained)} from {then} to {now}."
    )
    evidence = {
        "best": levels[0],
        "best_at": began,
        "last": levels[1],
        "last_at": end,
        "training_then": trained[0],
        "training_last": trained[1],
    }
    return Flag("overfitting", case.curve.metric, began, sentence, evidence)


def _of_training(metric: str) -> str:
    name = spoken(metric)
    return name if name.startswith("training") else f"training {name}"
