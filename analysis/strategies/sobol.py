"""Sobol: a sequence of points that fills the space evenly at every length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.strategies.base import Option
from analysis.strategies.cube import generator
from analysis.strategies.planned import Drawn

SCRAMBLE = Option(
    "is_scrambled",
    "Scramble",
    "bool",
    True,
    "Shuffles the sequence by the seed and keeps its evenness; without it every seed gives the same settings, "
    "beginning with the lowest of each.",
)
# SciPy warns of a first draw that is no power of 2.
POINTS_AT_ONCE = 64


class Sobol(Drawn):
    """A longer search begins with the settings of a shorter one."""

    name = "sobol"
    title = "Sobol"
    advice = (
        "Covers the space evenly, pairs of hyperparameters included, and can be extended; it is at its best when the "
        "number of experiments is a power of two (16, 32, 64). It learns nothing from results."
    )
    options = (SCRAMBLE,)

    def points(self, dimensions: int) -> Iterator[Sequence[float]]:
        # Here, because the web's start must not wait for SciPy.
        from scipy.stats import qmc

        sequence = qmc.Sobol(dimensions, scramble=self.chosen["is_scrambled"], rng=generator(self.search.seed))
        while True:
            yield from sequence.random(POINTS_AT_ONCE).tolist()
