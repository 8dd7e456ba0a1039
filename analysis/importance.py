"""How much each hyperparameter, and each pair of them, matters: shares of a forest's variance, with intervals.

Two forests that never saw the same experiment agree on what is there and not on noise. Shares are therefore covariances
between the two, not variances of one: what does not matter comes out around zero, sometimes below, and an interval
can tell so. Sources: Hutter et al. 2014 (fANOVA), Jansen 1999 (total effects).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.axes import Floats
from analysis.surrogate import INTERVAL, REPEATS, SEED, Forest, Sample, bootstrap, grow, rounded

POINTS = 512
# Below this no experiment can be spared: intervals come from halving alone, and are a little narrow. Measured on noise:
# 5 % of samples say that something matters, as they should; with bootstraps none, but 12 clear ones say nothing either.
FEW = 30
LEAST_PER_HYPERPARAMETER = 3
# Pairs are many: only those among the hyperparameters that matter most are looked at.
MOST_IN_PAIRS = 8
# Asking for more experiments than this many times what is there would be no advice.
MOST_TIMES = 10


@dataclass(frozen=True)
class Share:
    """A share of the variance, with its 90 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether chance alone would hardly give it."""
        return self.low > 0


@dataclass(frozen=True)
class Importance:
    """One hyperparameter: what it explains alone, and together with the others (which includes alone)."""

    name: str
    alone: Share
    together: Share


@dataclass(frozen=True)
class Pair:
    """What two hyperparameters explain only together."""

    first: str
    second: str
    share: Share


@dataclass(frozen=True)
class TooFew:
    """Why there is no answer, and how many more experiments would probably give one; None where that is unknown."""

    experiments: int
    more: int | None


@dataclass(frozen=True)
class Ranking:
    """Hyperparameters and pairs, both in falling order of what they explain."""

    importances: tuple[Importance, ...]
    pairs: tuple[Pair, ...]


def rank(given: Sample, *, proceed: Callable[[], None] = lambda: None, repeats: int = REPEATS) -> Ranking | TooFew:
    """Rank hyperparameters and pairs by the share of the metric's variance that they explain.

    `proceed` is called between steps, and may raise to give up. The same sample gives the same answer, always.
    """
    least = max(2, LEAST_PER_HYPERPARAMETER * len(given.axes))
    if given.size < least:
        return TooFew(given.size, least - given.size)
    if not given.axes or np.ptp(given.y) == 0:
        return TooFew(given.size, None)
    twins = []
    for seed in range(repeats):
        proceed()
        twins.append(_twins(given, seed))
    variances = [each.variance for each in twins]
    together = _shares([each.together for each in twins], variances)
    if not any(share.is_clear for share in together):
        return TooFew(given.size, _more(given.size, together))
    alone = _shares([np.array([_covariance(*halves) for halves in each.effects]) for each in twins], variances)
    names = [axis.name for axis in given.axes]
    ranked = sorted(range(len(names)), key=lambda at: (-together[at].value, names[at]))
    pairs = _pairs(names, ranked, twins, proceed)
    return Ranking(tuple(Importance(names[at], alone[at], together[at]) for at in ranked), tuple(pairs))


def _pairs(
    names: Sequence[str], ranked: Sequence[int], twins: Sequence[_Twins], proceed: Callable[[], None]
) -> list[Pair]:
    wanted = list(combinations(ranked[:MOST_IN_PAIRS], 2))
    if not wanted:
        return []
    found: list[Floats] = []
    for each in twins:
        proceed()
        found.append(np.array([each.only_together(*pair) for pair in wanted]))
    shares = _shares(found, [each.variance for each in twins])
    pairs = [Pair(names[one], names[two], share) for (one, two), share in zip(wanted, shares, strict=True)]
    return sorted(pairs, key=lambda pair: (-pair.share.value, pair.first, pair.second))


# --- two forests that share no experiment ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Twins:
    """Two forests, the mean effects of both, and what they agree on."""

    forests: tuple[Forest, Forest]
    effects: tuple[tuple[Floats, Floats], ...]
    variance: float
    together: Floats

    def only_together(self, one: int, two: int) -> float:
        """The covariance of what two axes do beyond what each does alone."""
        first, second = (
            surface - surface.mean(axis=0) - surface.mean(axis=1, keepdims=True) + surface.mean()
            for surface in (forest.surface(one, two) for forest in self.forests)
        )
        return float((first * second).mean())


def _twins(given: Sample, seed: int) -> _Twins:
    chance = np.random.default_rng([SEED, seed])
    weights = bootstrap(given.size, chance) if given.size >= FEW else np.ones(given.size)
    is_first = chance.permutation(given.size) % 2 == 0
    forests = (grow(given, weights * is_first, 2 * seed), grow(given, weights * ~is_first, 2 * seed + 1))
    effects = tuple((forests[0].effect(at), forests[1].effect(at)) for at in range(len(given.axes)))
    variance, together = _total_effects(given, forests, chance)
    return _Twins(forests, effects, variance, together)


def _total_effects(given: Sample, forests: tuple[Forest, Forest], chance: np.random.Generator) -> tuple[float, Floats]:
    """The variance that both agree on, and how much of it goes when one hyperparameter stands still."""
    cells = [chance.integers(len(axis.cells), size=(2, POINTS)) for axis in given.axes]
    blocks = [
        np.hstack([axis.cells[cells[at][int(at == moved)]] for at, axis in enumerate(given.axes)])
        for moved in range(-1, len(given.axes))
    ]
    x = np.vstack(blocks).astype(np.float32)
    first, second = (forest.predict(x).reshape(len(blocks), POINTS) for forest in forests)
    moved = ((first[1:] - first[0]) * (second[1:] - second[0])).mean(axis=1) / 2
    return _covariance(first[0], second[0]), moved


def _covariance(first: Floats, second: Floats) -> float:
    return float(((first - first.mean()) * (second - second.mean())).mean())


def _shares(parts: Sequence[Floats], variances: Sequence[float]) -> list[Share]:
    """Shares of the variance, one per column of `parts`; halves that agree on nothing explain nothing."""
    table, whole = np.array(parts), np.array(variances)
    mean = whole.mean()
    if mean <= 0:
        return [Share(0.0, 0.0, 0.0) for _ in range(table.shape[1])]
    # A tenth of the mean keeps a division by next to nothing from making the interval endless.
    shares = table / np.maximum(whole, mean / 10)[:, None]
    low, high = np.quantile(shares, INTERVAL, axis=0)
    return [_share(*parts) for parts in zip(table.mean(axis=0) / mean, low, high, strict=True)]


def _share(value: float, low: float, high: float) -> Share:
    """Shares lie between 0 and 1, but a low end below 0 says that chance alone may give as much."""
    middle = min(max(value, 0.0), 1.0)
    return Share(rounded(middle), rounded(min(low, middle)), rounded(min(max(high, middle), 1.0)))


def _more(size: int, shares: Sequence[Share]) -> int | None:
    """How many more would do: an interval shrinks with the root of their number."""
    times = [((share.value - share.low) / share.value) ** 2 for share in shares if share.value > 0]
    if not times or min(times) > MOST_TIMES:
        # From a handful nobody can say that nothing matters.
        return FEW - size if size < FEW else None
    more = size * max(min(times) - 1, 0.2)
    step = int(10 ** max(0, math.floor(math.log10(more))))
    return math.ceil(more / step) * step
