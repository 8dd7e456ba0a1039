"""Random: every candidate with the same chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.strategies.cube import generator
from analysis.strategies.planned import Drawn


class Random(Drawn):
    """Independent draws; a longer search begins with the settings of a shorter one."""

    name = "random"
    title = "Random"
    advice = (
        "Draws every hyperparameter on its own, which is hard to beat as a first look and can be extended at any time. "
        "With few experiments it leaves gaps and clusters; a Latin hypercube or Sobol covers the space more evenly."
    )

    def points(self, dimensions: int) -> Iterator[Sequence[float]]:
        numbers = generator(self.search.seed)
        while True:
            yield numbers.random(dimensions).tolist()
