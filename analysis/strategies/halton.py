"""Halton: a sequence that fills the space evenly, each hyperparameter by a prime number of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.strategies.cube import generator
from analysis.strategies.planned import Drawn
from analysis.strategies.sobol import POINTS_AT_ONCE, SCRAMBLE


class Halton(Drawn):
    """A longer search begins with the settings of a shorter one."""

    name = "halton"
    title = "Halton"
    advice = (
        "Covers the space evenly with any number of experiments and can be extended. From about ten hyperparameters on "
        "its points line up in stripes; take Sobol or a Latin hypercube there."
    )
    options = (SCRAMBLE,)

    def points(self, dimensions: int) -> Iterator[Sequence[float]]:
        # Here, because the web's start must not wait for SciPy.
        from scipy.stats import qmc

        sequence = qmc.Halton(dimensions, scramble=self.chosen["is_scrambled"], rng=generator(self.search.seed))
        while True:
            yield from sequence.random(POINTS_AT_ONCE).tolist()
