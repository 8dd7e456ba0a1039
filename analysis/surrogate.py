"""A forest that stands in for the experiments, and what is known of it exactly: its averages over whole ranges.

A forest of trees is a sum of boxes. Its mean over all values of the other hyperparameters (Hutter et al. 2014, fANOVA)
is therefore a product of small matrices: no sampling, no pass through a tree per value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.axes import Axis, Floats, axes

Goal = Literal["minimize", "maximize"]

# The forest is grown from no more experiments than this; the best ones are always among them.
MOST_EXPERIMENTS = 3_000
BEST_KEPT = 100
# Values on the bad side are cut this many quartile ranges beyond the quartile: one diverged loss would outweigh all.
FENCE = 3.0
TREES = 8
SEED = 20_140_622
# How often everything is done anew on other experiments, and what an interval holds of the results.
REPEATS = 32
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Sample:
    """What the forest learns from: rows in an order that depends on nothing but themselves.

    x: (experiments, columns); owners: which axis each column belongs to. y: the metric, smaller or larger as the goal.
    of: how many experiments have a value; without: how many have none; clipped: how many were cut to the fence.
    """

    axes: tuple[Axis, ...]
    x: NDArray[np.float32]
    y: Floats
    owners: NDArray[np.int64]
    goal: Goal
    of: int
    without: int
    clipped: int

    @property
    def size(self) -> int:
        """How many experiments the forest learns from."""
        return len(self.y)


def sample(
    settings: Sequence[Mapping[str, Any]],
    objective: Sequence[float | None],
    goal: Goal,
    *,
    is_log: Mapping[str, bool] | None = None,
    most: int = MOST_EXPERIMENTS,
) -> Sample:
    """Encode settings and values. NaN, infinities and None are experiments without a value.

    is_log: the scale on which some hyperparameters were searched; that of the others is told from their values.
    """
    values = np.array([math.nan if value is None else value for value in objective], dtype=float)
    with_value = np.flatnonzero(np.isfinite(values)).tolist()
    found = axes([settings[at] for at in with_value], is_log)
    columns = [one.encode([settings[at].get(one.name) for at in with_value]) for one in found]
    x = np.hstack(columns) if columns else np.zeros((len(with_value), 0))
    y, clipped = _fenced(values[with_value], goal)
    # By the rows themselves, so that their order on arrival changes nothing.
    order = np.lexsort([y, *x.T[::-1]])
    chosen = order[_chosen(y[order], goal, most)]
    owners = np.repeat(np.arange(len(found)), [one.cells.shape[1] for one in found])
    without = len(values) - len(with_value)
    return Sample(tuple(found), x[chosen].astype(np.float32), y[chosen], owners, goal, len(y), without, clipped)


def _fenced(y: Floats, goal: Goal) -> tuple[Floats, int]:
    """Cut what is far worse than all the rest; what is far better is what one looks for, and stays."""
    if len(y) < 4:
        return y, 0
    low, high = np.quantile(y, [0.25, 0.75])
    reach = FENCE * (high - low)
    if reach == 0:
        return y, 0
    fenced = np.minimum(y, high + reach) if goal == "minimize" else np.maximum(y, low - reach)
    return fenced, int((fenced != y).sum())


def _chosen(y: Floats, goal: Goal, most: int) -> NDArray[np.int64]:
    """The rows to learn from: the best ones, and of the others a seeded draw."""
    if len(y) <= most:
        return np.arange(len(y))
    ranked = np.argsort(y if goal == "minimize" else -y, kind="stable")
    best, rest = ranked[: min(BEST_KEPT, most)], ranked[min(BEST_KEPT, most) :]
    drawn = np.random.default_rng(SEED).choice(np.sort(rest), most - len(best), replace=False)
    return np.sort(np.concatenate([best, drawn]))


# --- the forest ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees as a table of leaves: which cells of every axis each leaf covers, and its value.

    covers: per axis (leaves, cells) of 0 and 1. values: (leaves,), already divided by the number of trees.
    """

    trees: Sequence[Any]
    covers: tuple[Floats, ...]
    values: Floats

    def predict(self, x: NDArray[np.float32]) -> Floats:
        """The mean of the trees at each row."""
        return np.asarray(np.mean([tree.predict(x, check_input=False) for tree in self.trees], axis=0))

    def effect(self, axis: int) -> Floats:
        """(cells,): the mean over all other hyperparameters at each cell of one."""
        shares = self._shares()
        others = self.values * np.prod(np.delete(shares, axis, axis=1), axis=1)
        return np.asarray(others @ self.covers[axis])

    def surface(self, first: int, second: int) -> Floats:
        """(cells of the first, cells of the second): the mean over all but two."""
        shares = self._shares()
        others = self.values * np.prod(np.delete(shares, [first, second], axis=1), axis=1)
        return np.asarray((self.covers[first] * others[:, None]).T @ self.covers[second])

    def _shares(self) -> Floats:
        """(leaves, axes): how much of each axis a leaf covers."""
        return np.column_stack([cover.mean(axis=1) for cover in self.covers])


def rounded(value: float) -> float:
    """Six digits: the last ones of a sum depend on where in memory its parts lie."""
    return float(f"{value:.6g}")


def bootstrap(size: int, chance: np.random.Generator) -> Floats:
    """How often each experiment counts when as many as there are get drawn, with repetition."""
    return np.bincount(chance.integers(size, size=size), minlength=size).astype(float)


def grow(given: Sample, weights: Floats, seed: int, trees: int = TREES) -> Forest:
    """Grow a forest from experiments that count `weights` times each, 0 for never. The same seed, the same forest."""
    from sklearn.tree import ExtraTreeRegressor

    rows = np.flatnonzero(weights)
    x, y, weight = given.x[rows], given.y[rows], weights[rows]
    # Large samples need no leaf per experiment: that would be slow, and the noise of each is of no interest.
    smallest = max(1, given.size // 500)
    grown = [
        ExtraTreeRegressor(max_features=1.0, min_samples_leaf=smallest, random_state=seed * trees + at).fit(
            x, y, sample_weight=weight, check_input=False
        )
        for at in range(trees)
    ]
    tables = [_leaves(tree.tree_, given) for tree in grown]
    covers = tuple(np.vstack([table[0][at] for table in tables]) for at in range(len(given.axes)))
    return Forest(grown, covers, np.concatenate([table[1] for table in tables]) / trees)


def _leaves(tree: Any, given: Sample) -> tuple[list[Floats], Floats]:
    """Go down a tree level by level, and note which cells of each axis reach every node."""
    feature, threshold = tree.feature, tree.threshold
    reach = [np.ones((tree.node_count, len(one.cells)), dtype=bool) for one in given.axes]
    first_column = np.searchsorted(given.owners, np.arange(len(given.axes)))
    parents = np.array([0])
    while len(parents := parents[feature[parents] >= 0]):
        left, right = tree.children_left[parents], tree.children_right[parents]
        owner = given.owners[feature[parents]]
        for at, one in enumerate(given.axes):
            reach[at][left] = reach[at][right] = reach[at][parents]
            split = np.flatnonzero(owner == at)
            if len(split):
                column = feature[parents[split]] - first_column[at]
                # As the trees see them: in single precision.
                goes_left = one.cells.astype(np.float32).T[column] <= threshold[parents[split]][:, None]
                reach[at][left[split]] &= goes_left
                reach[at][right[split]] &= ~goes_left
        parents = np.concatenate([left, right])
    is_leaf = feature < 0
    return [cells[is_leaf].astype(float) for cells in reach], tree.value[is_leaf, 0, 0]
