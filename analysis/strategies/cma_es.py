"""CMA-ES: a cloud of settings that moves, stretches and shrinks, from the package cmaes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.strategies.axes import Listed
from analysis.strategies.base import Option, Search, StrategyError
from analysis.strategies.cube import Cube, Key
from analysis.strategies.learner import Learner

# With fewer the package divides by zero.
LEAST_POPULATION = 4
# Its own draws lie within the root of the number of axes and three steps more, but for one in a thousand.
STRAY_STEPS = 3.0


class CMAES(Learner):
    """Works in the unit cube, in which the candidates of a list have equal shares.

    Results enter in groups of the population's size, whichever generation they come from. Where the cloud has shrunk
    to a point, another one begins at a random place, twice as large unless the size is given.
    Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial".
    """

    name = "cma_es"
    title = "CMA-ES"
    advice = (
        "Follows the slope of numeric hyperparameters, also where they depend on each other, over a hundred "
        "experiments or more. It knows no order in words and is wasteful with short lists; take TPE for those."
    )
    options = (
        Option(
            "population",
            "Population size",
            "int",
            0,
            "How many results make one step; 0 chooses by the number of hyperparameters (4 to 10 for up to ten).",
            least=0,
            most=10_000,
        ),
        Option(
            "step",
            "First step",
            "float",
            0.2,
            "How far the first settings stray from the middle, as a share of each hyperparameter's range.",
            least=0.001,
            most=1.0,
        ),
    )

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self._population: int = self.chosen["population"]
        self._results: list[tuple[np.ndarray, float]] = []
        self._places: dict[Key, np.ndarray] = {}
        self._cloud = self._new_cloud(np.full(len(self.cube.axes), 0.5))

    @classmethod
    def check(cls, search: Search) -> None:
        super().check(search)
        axes = Cube(search.space).axes
        if all(isinstance(axis, Listed) and not axis.has_numbers for axis in axes):
            names = ", ".join(axis.name for axis in axes)
            where = f"none are among the candidates of {names}" if axes else "there are none to choose from"
            raise StrategyError(f"CMA-ES moves along numbers, and {where}; choose TPE, or random.")
        population = cls.read_options(search.options)["population"]
        if 0 < population < LEAST_POPULATION:
            raise StrategyError(f"A population of {population} is too small to compare; take at least 4, or 0.")

    def _new_cloud(self, middle: np.ndarray) -> Any:
        # Here, because the web's start must not wait for it.
        from cmaes import CMA  # type: ignore[import-untyped]

        return CMA(
            mean=middle,
            sigma=self.chosen["step"],
            bounds=np.array([[0.0, 1.0]] * len(middle)),
            population_size=self._population or None,
        )

    def on_start(self, seed: int) -> None:
        self._numbers = np.random.default_rng(seed)
        self._cloud.reseed_rng(seed)

    def propose(self) -> Key:
        if self._cloud.should_stop():
            self._start_anew()
        place = self._cloud.ask()
        key = self.cube.key_of(self.cube.settings_at(place))
        assert key is not None
        if key not in self.known:
            self._places[key] = place
        return key

    def _start_anew(self) -> None:
        if not self.chosen["population"]:
            self._population = 2 * int(self._cloud.population_size)
        self._cloud = self._new_cloud(self._numbers.random(len(self.cube.axes)))
        self._cloud.reseed_rng(int(self._numbers.integers(2**32)))

    def on_running(self, key: Key) -> None:
        """Nothing to do: what is under way moves the cloud when its result is there."""

    def on_result(self, key: Key, value: float | None) -> None:
        place = self._places.pop(key, None)
        if place is None:
            place = np.array(self.cube.place_of(key))
        # A failure is worse than any result: where settings fail, the cloud should not stay.
        loss = np.inf if value is None else -value if self.search.goal == "maximize" else value
        self._results.append((place, loss))
        if len(self._results) >= self._cloud.population_size:
            self._step()

    def _step(self) -> None:
        size = self._cloud.population_size
        now, self._results = self._results[:size], self._results[size:]
        now.sort(key=lambda result: result[1])
        # Only the order counts; ranks keep infinities out of its arithmetic.
        self._cloud.tell([(self._within_reach(place), float(rank)) for rank, (place, _) in enumerate(now)])

    def _within_reach(self, place: np.ndarray) -> np.ndarray:
        """Nearer to the middle where the cloud would never have drawn this place itself: it would blow up at a blow.

        Source: Hansen 2011, "Injecting external solutions into CMA-ES", with a bound that spares its own draws.
        """
        # The package shows its middle only, not how wide the cloud is.
        axes, lengths = self._cloud._eigen_decomposition()
        way = place - self._cloud.mean
        steps = float(np.linalg.norm(axes.T @ way / lengths)) / self._cloud._sigma
        reach = math.sqrt(len(way)) + STRAY_STEPS
        return place if steps <= reach else self._cloud.mean + way * (reach / steps)
