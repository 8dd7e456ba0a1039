"""What a metric does on average as one hyperparameter moves, or two: partial dependence with a band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.axes import Floats
from analysis.surrogate import INTERVAL, REPEATS, SEED, Sample, bootstrap, grow, rounded

# Forests of other experiments than those that rank hyperparameters begin here, so that no two have the same seed.
FIRST_SEED = 1_000


@dataclass(frozen=True)
class Line:
    """A mean per cell of an axis with its 90 % band, in the metric's own unit."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Effects:
    """The mean metric by one hyperparameter and by two, all others averaged over their ranges.

    lines: by name. surfaces: by two names, (cells of the first, cells of the second).
    quality: the share of the metric's variance that is foreseen in experiments which a forest has not seen; it is
    below 0 where guessing the mean would do better.
    """

    lines: dict[str, Line]
    surfaces: dict[tuple[str, str], Floats]
    quality: float


def effects(
    given: Sample,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    proceed: Callable[[], None] = lambda: None,
    repeats: int = REPEATS,
) -> Effects:
    """Average forests on bootstraps of the sample; `proceed` is called between steps, and may raise to give up.

    Source: Friedman 2001 (partial dependence), here over the ranges searched and not over the experiments.
    """
    names = [axis.name for axis in given.axes]
    wanted = [(names.index(one), names.index(two)) for one, two in pairs]
    curves: list[list[Floats]] = [[] for _ in names]
    surfaces = [np.zeros((len(given.axes[one].cells), len(given.axes[two].cells))) for one, two in wanted]
    seen, guesses = np.zeros(given.size), np.zeros(given.size)
    for seed in range(repeats):
        proceed()
        weights = bootstrap(given.size, np.random.default_rng([SEED, FIRST_SEED + seed]))
        forest = grow(given, weights, FIRST_SEED + seed)
        for at, found in enumerate(curves):
            found.append(forest.effect(at))
        for at, pair in enumerate(wanted):
            surfaces[at] += forest.surface(*pair) / repeats
        outside = np.flatnonzero(weights == 0)
        if len(outside):
            guesses[outside] += forest.predict(given.x[outside])
            seen[outside] += 1
    is_seen = seen > 0
    quality = _quality(given.y[is_seen], guesses[is_seen] / seen[is_seen])
    lines = {name: _line(np.array(found)) for name, found in zip(names, curves, strict=True)}
    return Effects(lines, dict(zip(pairs, surfaces, strict=True)), quality)


def _line(curves: Floats) -> Line:
    low, high = np.quantile(curves, INTERVAL, axis=0)
    mean, low, high = (tuple(map(rounded, part)) for part in (curves.mean(axis=0), low, high))
    return Line(mean, low, high)


def _quality(truth: Floats, guesses: Floats) -> float:
    spread = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
    return 1 - float(((truth - guesses) ** 2).sum()) / spread if spread else 0.0
