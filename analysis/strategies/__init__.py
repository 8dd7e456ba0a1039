"""Search strategies: which settings to try next, one file each and one line each below.

May import: the rest of `analysis/`, and NumPy, SciPy, Optuna and cmaes, all but NumPy only when a strategy begins.
Start reading at `base.py`, then `cube.py`, in which most strategies draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from analysis.strategies.base import Option, Search, Settings, Strategy, StrategyError
from analysis.strategies.cma_es import CMAES
from analysis.strategies.gaussian_process import GaussianProcess
from analysis.strategies.grid import Grid
from analysis.strategies.halton import Halton
from analysis.strategies.latin_hypercube import LatinHypercube
from analysis.strategies.one_at_a_time import OneAtATime
from analysis.strategies.random import Random
from analysis.strategies.sobol import Sobol
from analysis.strategies.tpe import TPE

__all__ = [
    "STRATEGIES",
    "Option",
    "Search",
    "Settings",
    "Strategy",
    "StrategyError",
    "begin",
    "check",
    "count_of",
    "draw",
    "strategy",
]

# In the order in which a form lists them.
STRATEGIES: Mapping[str, type[Strategy]] = {
    kind.name: kind
    for kind in (
        Grid,
        Random,
        LatinHypercube,
        Sobol,
        Halton,
        OneAtATime,
        TPE,
        GaussianProcess,
        CMAES,
    )
}


def strategy(name: str) -> type[Strategy]:
    """The strategy of this name.

    Raises StrategyError where there is none.
    """
    if name not in STRATEGIES:
        raise StrategyError(f"There is no strategy {name!r}; choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def check(name: str, search: Search) -> None:
    """Find out whether a strategy can make this search, without loading what it needs to do so.

    Raises StrategyError.
    """
    strategy(name).check(search)


def count_of(name: str, search: Search) -> int:
    """How many settings a strategy will give, known without drawing them.

    Raises StrategyError.
    """
    check(name, search)
    return strategy(name).count(search)


def begin(name: str, search: Search) -> Strategy:
    """A strategy that is ready to be asked.

    Raises StrategyError.
    """
    return strategy(name)(search)


def draw(name: str, search: Search, most: int) -> list[Settings]:
    """The settings that a strategy gives, at most so many; never of an adaptive one, which waits for results.

    Raises StrategyError.
    """
    chosen = strategy(name)
    if chosen.is_adaptive:
        raise StrategyError(f"{chosen.title} chooses from results, so its settings are not known in advance.")
    return list(islice(iter(chosen(search).ask, None), most))
