"""Projects of experiments, each with a training and a validation curve, and what is true of every one of them.

Truth is read from the curves before noise is added. What people would argue about (a rise of two standard deviations)
is neither true nor false: it is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.planted.noises import KINDS, SCHEDULES, Floats, noise, scheduled

# What happens to an experiment, and how often.
STORIES = {"healthy": 0.45, "overfitting": 0.25, "noisy": 0.1, "diverging": 0.1, "broken": 0.05, "flat": 0.05}
# What nobody overlooks: a change of so many standard deviations, and of such a share of all that was gained.
PLAIN_DEVIATIONS = 6.0
PLAIN_SHARE = 0.1
# Less than this share of a chart's height is a line's width, and nobody calls it noisy.
SEEN_JITTER = 0.01
# How many times the usual noise is plainly more, and what is plainly alike.
PLAIN_TIMES, ALIKE = 4.0, 1.7
# In fewer points nobody tells a jump from a bend.
LEAST_FOR_NOISE = 20
# What nobody would call a change.
NOTHING = 0.005


@dataclass(frozen=True, eq=False)
class Planted:
    """One experiment. truth: by rule, of the validation curve; rules that are arguable are absent. began: by rule."""

    x: Floats
    training: Floats
    validation: Floats
    goal: str
    story: str
    kind: str
    schedule: str
    truth: Mapping[str, bool]
    began: Mapping[str, float] = field(default_factory=dict)
    # The usual size of its noise, as a share of the span.
    jitter: float = math.nan


@dataclass(frozen=True, eq=False)
class Events:
    """Where validation turns, where both explode, and what a schedule does to both for a while."""

    turn: int | None
    onset: int | None
    bumps: Floats


Truth = tuple[dict[str, bool], dict[str, float]]


@dataclass(frozen=True)
class Task:
    """What the experiments of a project share: length, scale, goal, and the size and kind of noise."""

    count: int
    goal: str
    top: float
    span: float
    deviation: float
    kind: str
    counted: int


def project(seed: int, count: int | None = None, experiments: int = 24) -> list[Planted]:
    """Experiments of one project, of `count` epochs or of any number from 8 to 500."""
    chance = np.random.default_rng([20_260_101, seed])
    task = _task(chance, count or round(math.exp(chance.uniform(math.log(8), math.log(500)))))
    stories = chance.choice(list(STORIES), experiments, p=list(STORIES.values()))
    made = [_experiment(task, str(story), chance) for story in stories]
    if task.count < LEAST_FOR_NOISE:
        return made
    usual = float(np.median([each.jitter for each in made]))
    return [replace(each, truth={**each.truth, **_truth_of_noise(each, usual)}) for each in made]


def _truth_of_noise(experiment: Planted, usual: float) -> dict[str, bool]:
    """An exploding or broken curve has no noise of its own to speak of."""
    times = experiment.jitter / usual
    is_seen = times >= PLAIN_TIMES and experiment.jitter >= SEEN_JITTER
    return {} if experiment.story in ("diverging", "broken") or not (times <= ALIKE or is_seen) else {"noise": is_seen}


def _task(chance: np.random.Generator, count: int) -> Task:
    kind = str(chance.choice(KINDS))
    goal = "maximize" if kind == "counted" else str(chance.choice(["minimize", "maximize"], p=[0.7, 0.3]))
    span = chance.uniform(0.3, 6) if goal == "minimize" else chance.uniform(0.2, 0.85)
    top = span * chance.uniform(1.05, 1.5) if goal == "minimize" else chance.uniform(0.02, 0.14)
    counted = int(chance.choice([100, 200, 500, 1000, 10_000]))
    return Task(count, goal, top, span, span * math.exp(chance.uniform(math.log(0.002), math.log(0.04))), kind, counted)


def _experiment(task: Task, story: str, chance: np.random.Generator) -> Planted:
    """Everything is a loss from 1 down to about 0 first; scale and direction come last."""
    count, schedule = task.count, str(chance.choice(SCHEDULES))
    decay, bumps = scheduled(_decay(count, chance), schedule, chance)
    if story == "flat":
        decay = np.full(count, 1.0)
    # Validation bends off earlier than training, and is hit by the schedule as training is, more or less.
    kept = chance.uniform(0.0, 0.4) if story != "flat" else 0.0
    validation, training = kept + (1 - kept) * decay, decay.copy()
    turn = None
    if story == "overfitting":
        validation, training, turn = _overfit(validation, training, chance)
    onset = None
    if story == "diverging":
        onset = int(chance.integers(1, max(2, math.ceil(0.85 * count))))
        growth = _explosion(count, onset, chance)
        validation, training = validation + growth, training + growth * chance.uniform(0.5, 1.5)
    calm, calm_training = validation, training
    validation, training = validation + bumps * chance.uniform(0.6, 1.4), training + bumps
    times = math.exp(chance.normal(0, 0.2)) * (chance.uniform(5, 12) if story == "noisy" else 1.0)
    deviations = [_deviations(task, each, times) for each in (training, validation)]
    noisy = [
        each + noise(task.kind, size, chance) for each, size in zip((training, validation), deviations, strict=True)
    ]
    logged = [_logged(task, each) for each in noisy]
    x = np.arange(1.0, count + 1)
    sizes = [float(np.median(each[-max(count // 3, 5) :])) for each in deviations]
    truth, began = _truth(story, calm, calm_training, sizes, Events(turn, onset, bumps))
    if story == "broken":
        place = int(chance.integers(0, count))
        stop = count if chance.random() < 0.7 else place + 1
        logged[1][place:stop] = chance.choice([math.nan, math.inf, -math.inf])
        truth, began = {"not_finite": True}, {"not_finite": x[place]}
    return Planted(
        x, logged[0], logged[1], task.goal, story, task.kind, schedule, truth, began, float(np.median(deviations[1]))
    )


def _decay(count: int, chance: np.random.Generator) -> Floats:
    t = np.arange(count) / max(count - 1, 1)
    shape = chance.integers(3)
    if shape == 0:
        return np.exp(-t / chance.uniform(0.03, 0.4))
    if shape == 1:
        return (1 + t / chance.uniform(0.01, 0.2)) ** -chance.uniform(0.5, 1.5)
    share = chance.uniform(0.3, 0.9)
    return share * np.exp(-t / chance.uniform(0.02, 0.1)) + (1 - share) * np.exp(-t / chance.uniform(0.2, 1))


def _overfit(validation: Floats, training: Floats, chance: np.random.Generator) -> tuple[Floats, Floats, int]:
    count = len(validation)
    start = chance.uniform(0.0, 0.7) * count
    after = np.maximum(np.arange(count) - start, 0) / (count - start)
    rise = chance.uniform(0.15, 1.0) * after ** chance.uniform(1, 1.6)
    if chance.random() < 0.3:
        # It gets worse ever more slowly.
        rise = chance.uniform(0.15, 1.0) * (1 - np.exp(-3 * after))
    falling = training * np.exp(-np.maximum(np.arange(count) - start, 0) / count * chance.uniform(1, 4))
    turned = validation + rise
    return turned, falling, int(np.argmin(turned))


def _explosion(count: int, onset: int, chance: np.random.Generator) -> Floats:
    after = np.maximum(np.arange(count) - onset + 1, 0)
    final = chance.uniform(6, 12) if chance.random() < 0.3 else math.exp(chance.uniform(math.log(10), math.log(1e8)))
    return final * (np.exp(np.minimum(after * math.log(1 + final) / max(after[-1], 1), 60)) - 1) / final


def _deviations(task: Task, clean: Floats, times: float) -> Floats:
    """In units of the span; a kind that shrinks is a tenth at the bottom of what it is at the top."""
    size = np.full(len(clean), task.deviation / task.span * times)
    if task.kind == "shrinking":
        size = size * (0.1 + 0.9 * np.clip(clean, 0, 1))
    if task.kind == "counted":
        share = np.clip(1 - task.top - task.span * (1 - clean), 0.01, 0.99)
        size = np.hypot(size, np.sqrt(share * (1 - share) / task.counted) / task.span)
    return size


def _logged(task: Task, values: Floats) -> Floats:
    if task.goal == "minimize":
        return task.top - task.span + task.span * values
    accuracy = task.top + task.span * (1 - values)
    return np.round(accuracy * task.counted) / task.counted if task.kind == "counted" else accuracy


def _truth(story: str, calm: Floats, training: Floats, sizes: Sequence[float], events: Events) -> Truth:
    """What is plain of a validation curve before noise; sizes: of training's and validation's noise in the end."""
    count = len(calm)
    truth: dict[str, bool] = {"not_finite": False, "divergence": events.onset is not None}
    began: dict[str, float] = {}
    if story in ("healthy", "noisy", "flat"):
        truth["overfitting"] = False
    if events.turn is not None:
        turn = events.turn
        rise, fallen = calm[-1] - calm[turn], calm[0] - calm[turn]
        is_plain = rise >= max(PLAIN_DEVIATIONS * sizes[1], PLAIN_SHARE * fallen) and count - turn > 5
        if is_plain and training[turn] - training[-1] >= PLAIN_DEVIATIONS * sizes[0]:
            truth["overfitting"], began["overfitting"] = True, turn + 1.0
    if events.onset is not None:
        began["divergence"] = float(events.onset)
    elif events.bumps[-max(count // 2, 1) :].max() < NOTHING:
        _truth_of_ending(calm, sizes[1], truth, began)
    return truth, began


def _truth_of_ending(calm: Floats, size: float, truth: dict[str, bool], began: dict[str, float]) -> None:
    count = len(calm)
    gained = float(calm[0] - calm.min())
    stretch = calm[-max(count // 3, 5) :]
    halves = stretch[0] - stretch[len(stretch) // 2], stretch[len(stretch) // 2] - stretch[-1]
    plain = max(PLAIN_SHARE * gained, PLAIN_DEVIATIONS * size)
    is_improving = sum(halves) >= plain and min(halves) >= sum(halves) / 4
    is_still = float(np.ptp(stretch)) <= NOTHING * max(gained, NOTHING)
    if count >= 15 and (is_improving or is_still or sum(halves) <= 0):
        truth["improving"] = is_improving
    moving = np.flatnonzero(np.abs(calm - calm[-1]) > 0.01 * gained)
    since = int(moving[-1]) + 1 if len(moving) else 0
    if is_improving or sum(halves) < -plain:
        truth["plateau"] = False
    elif count >= 15 and count - since >= max(10, count / 2) and gained >= PLAIN_DEVIATIONS * size and since:
        truth["plateau"], began["plateau"] = True, since + 1.0
