"""Strategies that learn: they find planted truth, work side by side, and survive a restart."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping
from itertools import islice
from statistics import median

import pytest

from analysis.candidates import Interval, Space
from analysis.hyperparameters import Value
from analysis.strategies import Search, Strategy, StrategyError, begin
from analysis.strategies.gaussian_process import GaussianProcess, notable

PLANE: Space = {"x": Interval(0, 1), "rate": Interval(1e-4, 1, is_log=True)}
ADAPTIVE = ["tpe", "gaussian_process", "cma_es"]
Objective = Callable[[Mapping[str, Value]], float]


def distance(settings: Mapping[str, Value]) -> float:
    """Lowest, 0, at x = 0.7 and rate = 0.001."""
    x, rate = settings["x"], settings["rate"]
    assert isinstance(x, float)
    assert isinstance(rate, float)
    return (x - 0.7) ** 2 + ((math.log10(rate) + 3) / 4) ** 2


def best(strategy: Strategy, objective: Objective, side_by_side: int = 1) -> float:
    """The lowest value, with so many experiments under way at any time."""
    running: list[dict[str, Value]] = []
    values = []
    sign = -1 if strategy.search.goal == "maximize" else 1
    while True:
        while len(running) < side_by_side and (settings := strategy.ask()) is not None:
            running.append(settings)
        if not running:
            return min(values)
        done = running.pop(0)
        values.append(objective(done))
        strategy.tell(done, sign * values[-1])


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
@pytest.mark.parametrize(
    ("name", "count", "seeds", "side_by_side", "gain"),
    [
        ("tpe", 60, 9, 1, 2),
        ("tpe", 60, 9, 8, 1.5),
        ("cma_es", 60, 9, 1, 3),
        ("cma_es", 60, 9, 4, 2),
        ("gaussian_process", 18, 3, 1, 3),
        ("gaussian_process", 18, 3, 4, 3),
    ],
)
def test_learning_beats_random(name: str, count: int, seeds: int, side_by_side: int, gain: float, goal: str) -> None:
    lowest = [best(begin(name, Search(PLANE, count, seed, goal)), distance, side_by_side) for seed in range(seeds)]
    by_chance = [best(begin("random", Search(PLANE, count, seed, goal)), distance) for seed in range(25)]
    assert median(lowest) * gain < median(by_chance)


@pytest.mark.parametrize("name", ["tpe", "gaussian_process"])
def test_words_and_lists_are_learnt(name: str) -> None:
    space: Space = {
        "optimizer": ("adam", "sgd", "rmsprop", "lion"),
        "batch_size": tuple(2**power for power in range(1, 11)),
        "bn": (False, True),
    }

    def loss(settings: Mapping[str, Value]) -> float:
        batch_size = settings["batch_size"]
        assert isinstance(batch_size, int)
        return abs(math.log2(batch_size) - 7) + 2 * (settings["optimizer"] != "sgd") + (settings["bn"] is True)

    counts = []
    for seed in range(3):
        strategy = begin(name, Search(space, 40, seed, "minimize", options={"startup": 8}))
        counts.append(next(number for number in range(1, 41) if _step(strategy, loss) == 0))
    # Of 80 settings, chance needs 40 at the median.
    assert median(counts) <= 30


def _step(strategy: Strategy, objective: Objective) -> float:
    settings = strategy.ask()
    if settings is None:
        return math.inf
    strategy.tell(settings, objective(settings))
    return objective(settings)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_restart_goes_on_where_it_was(name: str) -> None:
    search = Search(PLANE, 24, 5, "minimize")
    first = begin(name, search)
    asked = [first.ask() for _ in range(20)]
    again = begin(name, search)
    for settings in asked[:16]:
        assert settings is not None
        again.tell(settings, distance(settings))
    for settings in asked[16:]:
        assert settings is not None
        again.tell_running(settings)
    rest = list(iter(again.ask, None))
    assert len(rest) == 4
    assert not [settings for settings in rest if settings in asked]
    # What was under way may come back, once.
    assert asked[16] is not None
    again.tell(asked[16], 0.1)
    again.tell(rest[0], 0.2)
    assert again.ask() is None


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_restart_does_not_draw_the_first_settings_again(name: str) -> None:
    search = Search(PLANE, 10, 5)
    first = [begin(name, search).ask()]
    again = begin(name, search)
    again.tell({"x": 0.25, "rate": 0.5}, 1.0)
    assert again.ask() not in first


@pytest.mark.parametrize("name", ADAPTIVE)
def test_results_from_elsewhere_are_learnt(name: str) -> None:
    space: Space = {"x": Interval(0, 1), "y": Interval(0, 1)}
    strategy = begin(name, Search(space, 100, 2, "minimize"))
    for index in range(80):
        x, y = (0.9, 0.15) if index % 2 else ((index * 0.37) % 1, (index * 0.71) % 1)
        x, y = round(x + index / 5000, 6), round(y - index / 5000, 6)
        if y >= 0:
            strategy.tell({"x": x, "y": y}, (x - 0.9) ** 2 + (y - 0.15) ** 2)
    asked = [strategy.ask() for _ in range(6)]
    away = [math.dist((s["x"], s["y"]), (0.9, 0.15)) for s in asked if s]  # type: ignore[arg-type]
    assert median(away) < 0.25


@pytest.mark.parametrize("name", ADAPTIVE)
def test_failures_and_results_outside_the_space_do_no_harm(name: str) -> None:
    options: dict[str, Value] = {"population": 4} if name == "cma_es" else {"startup": 3}
    strategy = begin(name, Search(PLANE, 18, 1, options=options))
    awkward = [None, math.nan, math.inf, -math.inf, 1e300, -1e300, 1.0]
    for index in range(18):
        settings = strategy.ask()
        assert settings is not None
        strategy.tell({**settings, "x": 7.0}, 99.0)
        strategy.tell({"x": settings["x"]}, 99.0)
        strategy.tell(settings, awkward[index % len(awkward)])
        strategy.tell(settings, 0.5)
    assert strategy.ask() is None


def test_experiments_side_by_side_spread_out() -> None:
    for name in ("tpe", "gaussian_process"):
        strategy = begin(name, Search(PLANE, 100, 3, "minimize"))
        for _ in range(15):
            settings = strategy.ask()
            assert settings is not None
            strategy.tell(settings, distance(settings))
        batch = [strategy.ask() for _ in range(4)]
        assert len({settings["x"] for settings in batch if settings}) == 4


@pytest.mark.parametrize("dimensions", [1, 2])
def test_cma_es_starts_anew_where_it_has_converged(dimensions: int) -> None:
    space: Space = {f"x{number}": Interval(0, 1) for number in range(dimensions)}
    search = Search(space, 1200, 4, "minimize")

    def sphere(settings: Mapping[str, Value]) -> float:
        return sum((value - 0.3) ** 2 for value in settings.values())  # type: ignore[operator, misc]

    strategy = begin("cma_es", search)
    asked = []
    while (settings := strategy.ask()) is not None:
        strategy.tell(settings, sphere(settings))
        asked.append(settings)
    assert min(map(sphere, asked)) < 1e-12
    assert len(asked) == 1200
    # Told in one go, the second cloud's results are far outside the first, which must not burst.
    again = begin("cma_es", Search(space, 1210, 4, "minimize"))
    for settings in asked:
        again.tell(settings, sphere(settings))
    assert len(list(iter(again.ask, None))) == 10


def test_cma_es_refuses_words_alone_and_names_what_to_use() -> None:
    with pytest.raises(
        StrategyError, match="moves along numbers, and none are among the candidates of optimizer, bn; choose TPE"
    ):
        begin("cma_es", Search({"optimizer": ("adam", "sgd"), "bn": (False, True), "epochs": (3,)}))


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize(
    "candidates",
    [
        Interval(0, 2**62, is_whole=True),
        Interval(1, 2**40, is_log=True, is_whole=True),
        Interval(-1e300, 1e300),
        Interval(1e-300, 1e300, is_log=True),
        tuple(range(10_000)),
    ],
)
def test_vast_ranges_are_searched_like_others(name: str, candidates: Interval | tuple[int, ...]) -> None:
    options: dict[str, Value] = {"population": 4} if name == "cma_es" else {"startup": 3}
    strategy = begin(name, Search({"x": candidates}, 7, 1, options=options))
    for index in range(7):
        settings = strategy.ask()
        assert settings is not None
        strategy.tell(settings, float(index % 3))


def test_a_missing_torch_is_named_before_the_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "analysis.strategies.gaussian_process.find_spec", lambda name: None if name == "torch" else find(name)
    )
    with pytest.raises(StrategyError, match="needs PyTorch, which is not installed: run `pip install torch`"):
        begin("gaussian_process", Search(PLANE))


def test_the_gaussian_process_considers_the_best_and_the_latest() -> None:
    results = [((index,), float(value)) for index, value in enumerate((9, 1, 8, 7, 2, 6, 5, 4))]
    assert [key[0] for key, _ in notable(results, 4, "minimize")] == [1, 4, 6, 7]
    assert [key[0] for key, _ in notable(results, 4, "maximize")] == [0, 2, 6, 7]
    assert notable(results, 20, "minimize") == results


def test_the_gaussian_process_goes_on_with_fewer_results() -> None:
    strategy = begin("gaussian_process", Search(PLANE, 400, 3, "minimize", options={"most_results": 50}))
    for settings in islice(iter(begin("sobol", Search(PLANE, 120)).ask, None), 120):
        strategy.tell(settings, distance(settings))
    waiting = {"x": 0.1, "rate": 0.1}
    strategy.tell_running(waiting)
    asked = [strategy.ask() for _ in range(3)]
    assert min(distance(settings) for settings in asked if settings) < 0.01
    strategy.tell(waiting, distance(waiting))
    for settings in asked:
        assert settings is not None
        strategy.tell(settings, distance(settings))
    assert isinstance(strategy, GaussianProcess)
    assert len(strategy.study.trials) == 54


def test_the_gaussian_process_leaves_torch_its_threads() -> None:
    import torch

    before = torch.get_num_threads()
    best(begin("gaussian_process", Search(PLANE, 4, options={"startup": 2})), distance)
    assert torch.get_num_threads() == before
