"""How far each search strategy comes on known functions, against random draws as many, and how long a choice takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from itertools import islice
from statistics import geometric_mean, median
from typing import Any

import numpy as np

from analysis.candidates import Interval, Space
from analysis.strategies import STRATEGIES, Search, begin
from benchmarks.figures import Budget, arguments, present

Objective = Callable[[Mapping[str, Any]], float]
# How much nearer to the best value than random, at least; and how long a choice may take with 1,000 results known.
BUDGETS = {
    "tpe_gain": Budget(1.2, is_floor=True),
    "gaussian_process_gain": Budget(2.0, is_floor=True),
    "cma_es_gain": Budget(1.2, is_floor=True),
    "tpe_ask_1000_ms": Budget(100),
    "gaussian_process_ask_1000_ms": Budget(3_000),
    "cma_es_ask_1000_ms": Budget(10),
}
# What is told apart from the best value; below, all have arrived.
RESOLUTION = 1e-6


def bowl(settings: Mapping[str, Any]) -> float:
    """A shifted sphere in four dimensions."""
    return float(sum((value - 0.2 - 0.15 * index) ** 2 for index, value in enumerate(settings.values())))


def branin(settings: Mapping[str, Any]) -> float:
    """Three valleys equally deep, in two dimensions."""
    x, y = settings["x"], settings["y"]
    curve = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788736)


def hartmann(settings: Mapping[str, Any]) -> float:
    """Six dimensions, several hollows and one that is the deepest."""
    inner = (HARTMANN_WIDTHS * (np.array(list(settings.values())) - HARTMANN_MIDDLES) ** 2).sum(axis=1)
    return float(3.32236801 - np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-inner))


HARTMANN_WIDTHS = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_MIDDLES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def network(settings: Mapping[str, Any]) -> float:
    """Shaped like a network's loss: rate and batch size depend on each other, words matter, one number hardly does."""
    best_rate = {"adam": -3.0, "sgd": -1.5, "rmsprop": -3.5}[settings["optimizer"]]
    rate = math.log10(settings["learning_rate"]) - best_rate - 0.5 * math.log2(settings["batch_size"] / 64) / 4
    return float(
        0.3 * rate**2
        + {"adam": 0.0, "sgd": 0.05, "rmsprop": 0.1}[settings["optimizer"]]
        + 0.02 * abs(math.log2(settings["batch_size"] / 64))
        + (settings["dropout"] - 0.25) ** 2
        + 0.001 * abs(settings["layers"] - 4)
    )


FUNCTIONS: dict[str, tuple[Objective, Space]] = {
    "bowl": (bowl, {f"x{index}": Interval(0, 1) for index in range(4)}),
    "branin": (branin, {"x": Interval(-5, 10), "y": Interval(0, 15)}),
    "hartmann": (hartmann, {f"x{index}": Interval(0, 1) for index in range(6)}),
    "network": (
        network,
        {
            "learning_rate": Interval(1e-5, 1, is_log=True),
            "batch_size": (16, 32, 64, 128, 256),
            "dropout": Interval(0, 0.8),
            "optimizer": ("adam", "sgd", "rmsprop"),
            "layers": Interval(1, 8, is_whole=True),
        },
    ),
}


def nearest(name: str, objective: Objective, search: Search) -> float:
    """How far the best of a search is from the best there is."""
    strategy = begin(name, search)
    values = []
    for settings in iter(strategy.ask, None):
        values.append(objective(settings))
        strategy.tell(settings, values[-1])
    return max(min(values), RESOLUTION)


def gain(name: str, function: str, count: int, seeds: int, by_chance: float) -> float:
    """How many times nearer than random, at the median over seeds."""
    objective, space = FUNCTIONS[function]
    searches = (Search(space, count, seed, "minimize") for seed in range(seeds))
    return by_chance / median(nearest(name, objective, search) for search in searches)


def milliseconds_per_ask(name: str, known: int, asks: int) -> float:
    """With so many results known, and what was asked for since under way."""
    objective, space = FUNCTIONS["network"]
    strategy = begin(name, Search(space, 10_000, 1, "minimize"))
    for settings in islice(iter(begin("random", Search(space, known)).ask, None), known) if known else ():
        strategy.tell(settings, objective(settings))
    began = time.perf_counter()
    for _ in range(asks):
        strategy.ask()
    return (time.perf_counter() - began) / asks * 1000


def measure(name: str, *, is_quick: bool, by_chance: Mapping[str, float], count: int) -> dict[str, float]:
    """All figures of one strategy."""
    seeds = (1 if is_quick else 3) if name == "gaussian_process" else 15
    figures = {function: gain(name, function, count, seeds, by_chance[function]) for function in FUNCTIONS}
    figures["gain"] = geometric_mean(figures.values())
    for known in (0, 100, 1000):
        figures[f"ask_{known}_ms"] = milliseconds_per_ask(name, known, asks=1 if is_quick else 5)
    return figures


def main() -> None:
    """Each strategy that takes intervals, against random."""
    is_quick = arguments(__doc__ or "").quick
    count = 30 if is_quick else 60
    by_chance = {
        function: median(nearest("random", objective, Search(space, count, seed, "minimize")) for seed in range(51))
        for function, (objective, space) in FUNCTIONS.items()
    }
    drawing = [name for name, kind in STRATEGIES.items() if not kind.counts_itself]
    seen = {name: measure(name, is_quick=is_quick, by_chance=by_chance, count=count) for name in drawing}
    columns = list(next(iter(seen.values())))
    present(
        "strategies",
        [f"{count} experiments", *columns],
        [[STRATEGIES[name].title, *map(float, figures.values())] for name, figures in seen.items()],
        {f"{name}_{column}": value for name, figures in seen.items() for column, value in figures.items()},
        BUDGETS,
    )


if __name__ == "__main__":
    main()
