"""Grid: every combination of the candidates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from analysis.candidates import Interval, Space
from analysis.hyperparameters import text_of
from analysis.strategies.base import Search, Settings, StrategyError
from analysis.strategies.cube import Cube
from analysis.strategies.planned import Planned

MAX_WHOLE_NUMBERS = 1_000


class Grid(Planned):
    """Every combination once; the last hyperparameter changes fastest."""

    name = "grid"
    title = "Grid"
    advice = (
        "Tries every combination, which leaves no gap and makes effects easy to compare. The number of experiments "
        "multiplies with every hyperparameter, so keep it to two or three with few candidates."
    )
    counts_itself = True

    @classmethod
    def count(cls, search: Search) -> int:
        _check_steps(search.space)
        size = Cube(search.space).size
        assert size is not None
        return size

    def ask(self) -> Settings | None:
        # No combination comes twice, so that only those that it was told of need to be told apart.
        if self.known:
            return super().ask()
        return next(self._left, None)

    def settings(self) -> Iterator[Settings]:
        axes = {axis.name: [axis.nth(index) for index in range(axis.size or 0)] for axis in self.cube.axes}
        values = [axes[name] if name in axes else [self.cube.fixed[name]] for name in self.cube.names]
        return (dict(zip(self.cube.names, each, strict=True)) for each in product(*values))


def _check_steps(space: Space) -> None:
    for name, candidates in space.items():
        if isinstance(candidates, Interval) and not _is_listable(candidates):
            raise StrategyError(
                f"{name} has no step: write one, as in {_with_step(candidates)}, or choose a strategy that draws."
            )


def _is_listable(interval: Interval) -> bool:
    if interval.low == interval.high:
        return True
    return interval.is_whole and interval.high - interval.low < MAX_WHOLE_NUMBERS


def _with_step(interval: Interval) -> str:
    low, high = text_of(interval.low), text_of(interval.high)
    if interval.is_log and interval.high >= 2 * interval.low > 0:
        return f"[{low}:{high}:*{10 if interval.high >= 10 * interval.low else 2}]"
    step = (interval.high - interval.low) / 10
    return f"[{low}:{high}:{math.ceil(step) if interval.is_whole else format(step, '.3g')}]"
