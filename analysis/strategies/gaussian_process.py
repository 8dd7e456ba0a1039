"""Gaussian process: a smooth model of the objective with its uncertainty, from Optuna."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from analysis.strategies.base import Search, StrategyError
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
        "Makes the most of few, costly experiments with up to about 15 numeric hyperparameters. A choice takes a "
        "fraction of a second with 100 results, but several seconds with 1,000; take TPE for many quick experiments."
    )
    options = (STARTUP,)
    # Asked again it wishes for nearly the same, and takes its time.
    tries: ClassVar[int] = 2

    @classmethod
    def check(cls, search: Search) -> None:
        if find_spec("torch") is None:
            raise StrategyError(
                "The Gaussian process needs PyTorch, which is not installed: run `pip install torch`, or choose TPE."
            )
        super().check(search)

    def propose(self) -> Key:
        import torch

        # Between its own limits Optuna leaves torch all threads, which wait for each other by spinning: with one of two
        # cores busy that made a choice five times slower.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return super().propose()
        finally:
            torch.set_num_threads(threads)

    def sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed, n_startup_trials=self.choices["startup"], warn_independent_sampling=False)
