"""Latin hypercube: as many slices of every hyperparameter as experiments, and one experiment in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.strategies.base import Option, Search, StrategyError
from analysis.strategies.cube import generator
from analysis.strategies.planned import Drawn

# The time grows with the square of the number: 2 s for these.
MOST_SPREAD = 2_000


class LatinHypercube(Drawn):
    """A design for exactly the search's count; where repeats in lists leave it short, further designs follow."""

    name = "latin_hypercube"
    title = "Latin hypercube"
    advice = (
        "Covers the whole range of each hyperparameter evenly with a number of experiments that you fix beforehand. "
        "Extending the run later adds a second design beside the first; if you may want more, take Sobol or Halton."
    )
    options = (
        Option(
            "is_centred",
            "Middle of each slice",
            "bool",
            False,
            "Takes the middle of each slice instead of a random place within it.",
        ),
        Option(
            "is_spread",
            "Spread out",
            "bool",
            False,
            "Also moves experiments apart where they lie close together; takes seconds for 1,000 experiments.",
        ),
    )

    @classmethod
    def check(cls, search: Search) -> None:
        super().check(search)
        if cls.read_options(search.options)["is_spread"] and search.count > MOST_SPREAD:
            raise StrategyError(
                f"Spreading out {search.count:,} settings takes minutes or hours; ask for at most {MOST_SPREAD:,}."
            )

    def points(self, dimensions: int) -> Iterator[Sequence[float]]:
        # Here, because the web's start must not wait for SciPy.
        from scipy.stats import qmc

        design = qmc.LatinHypercube(
            dimensions,
            scramble=not self.chosen["is_centred"],
            optimization="random-cd" if self.chosen["is_spread"] else None,
            rng=generator(self.search.seed),
        )
        while True:
            yield from design.random(self.search.count).tolist()
