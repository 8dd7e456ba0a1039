"""Gaussian process: a smooth model of the objective with its uncertainty, from Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from analysis.strategies.base import Option, Search, StrategyError
from analysis.strategies.cube import Key
from analysis.strategies.study import StudyLearner
from analysis.strategies.tpe import STARTUP

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class GaussianProcess(StudyLearner):
    """Asks where improvement over the best result is expected most; experiments under way are averaged over."""

    name = "gaussian_process"
    title = "Gaussian process"
    advice = (
        "Makes the most of few, costly experiments with up to about 15 numeric hyperparameters. A choice takes up "
        "to a second or so and looks at a few hundred results only; take TPE for many quick experiments."
    )
    options = (
        STARTUP,
        Option(
            "most_results",
            "Results considered",
            "int",
            400,
            "The model is made from the best and the latest results, so many in all: with 400 a choice takes about "
            "a second, with 1,000 ten.",
            least=50,
            most=10_000,
        ),
    )
    # Asked again it wishes for nearly the same, and takes its time.
    tries: ClassVar[int] = 2

    @classmethod
    def check(cls, search: Search) -> None:
        if find_spec("torch") is None:
            raise StrategyError(
                "The Gaussian process needs PyTorch, which is not installed: run `pip install torch`, or choose TPE."
            )
        super().check(search)

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self._results: list[tuple[Key, float]] = []
        self._considered = 0

    def on_result(self, key: Key, value: float | None) -> None:
        super().on_result(key, value)
        if value is not None:
            self._results.append((key, value))
            self._considered += 1

    def propose(self) -> Key:
        import torch

        # Not at every result: a new study begins to fit from nothing.
        if self._considered > 1.1 * self.chosen["most_results"]:
            self._consider_fewer()

        # Between its own limits Optuna leaves torch all threads, which wait for each other by spinning: with one of two
        # cores busy that made a choice five times slower.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return super().propose()
        finally:
            torch.set_num_threads(threads)

    def _consider_fewer(self) -> None:
        kept = notable(self._results, self.chosen["most_results"], self.search.goal)
        under_way, self.running = list(self.running), {}
        self.study = self.new_study()
        self.on_start(self.seed + len(self._results))
        for key, value in kept:
            super().on_result(key, value)
        for key in under_way:
            self.on_running(key)
        self._considered = len(kept)

    def sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import GPSampler

        startup = min(self.chosen["startup"], self.chosen["most_results"])
        return GPSampler(seed=seed % 2**32, n_startup_trials=startup, warn_independent_sampling=False)


def notable(results: Sequence[tuple[Key, float]], most: int, goal: str) -> list[tuple[Key, float]]:
    """The best results and the latest others, half of each, in the order in which they came."""
    sign = -1 if goal == "maximize" else 1
    by_value = sorted(range(len(results)), key=lambda index: sign * results[index][1])
    best = set(by_value[: most // 2])
    others = [index for index in range(len(results)) if index not in best]
    latest = others[max(0, len(others) - (most - len(best))) :]
    return [results[index] for index in sorted(best.union(latest))]
