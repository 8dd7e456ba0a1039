"""What holds of every strategy, and how the registry speaks of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.candidates import Interval, Space
from analysis.hyperparameters import Value, text_of
from analysis.strategies import STRATEGIES, Search, StrategyError, begin, check, count_of, draw, strategy

ROOT = Path(__file__).parents[3]
# So that an adaptive strategy begins to learn within a few experiments; the Gaussian process has tests of its own.
EARLY: dict[str, dict[str, Value]] = {"tpe": {"startup": 2}, "cma_es": {"population": 4}}
MIXED: Space = {
    "batch_size": (28, 56, 112),
    "learning_rate": Interval(1e-4, 1e-1, is_log=True),
    "optimizer": ("adam", "sgd"),
    "epochs": (3,),
    "layers": Interval(1, 6, is_whole=True),
}
COUNTING = [name for name, kind in STRATEGIES.items() if not kind.counts_itself]

numbers = st.lists(st.integers(-50, 50), min_size=1, max_size=6, unique=True).map(tuple)
words = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5, unique=True).map(tuple)
wholes = st.tuples(st.integers(1, 5), st.integers(0, 9), st.booleans()).map(
    lambda drawn: Interval(drawn[0], drawn[0] + drawn[1], is_log=drawn[2], is_whole=True)
)
floats = st.tuples(st.floats(1e-6, 10), st.floats(1e-3, 100), st.booleans()).map(
    lambda drawn: Interval(drawn[0], drawn[0] + drawn[1], is_log=drawn[2])
)
spaces = st.dictionaries(
    st.text("xyz", min_size=1, max_size=2), st.one_of(numbers, words, wholes, floats), min_size=1, max_size=4
)


def is_candidate(value: Value, candidates: tuple[Value, ...] | Interval) -> bool:
    if not isinstance(candidates, Interval):
        return any(
            value is candidate or (type(value), value) == (type(candidate), candidate) for candidate in candidates
        )
    if not isinstance(value, int if candidates.is_whole else float) or isinstance(value, bool):
        return False
    return candidates.low <= value <= candidates.high and (candidates.is_whole or float(text_of(value)) == value)


@pytest.mark.parametrize("name", STRATEGIES)
@given(
    space=spaces, count=st.integers(1, 12), seed=st.integers(-5, 2**40), goal=st.sampled_from(["maximize", "minimize"])
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_settings_are_distinct_candidates_and_as_many_as_counted(
    name: str, space: Space, count: int, seed: int, goal: str
) -> None:
    search = Search(space, count, seed, goal, options=EARLY.get(name, {}))
    try:
        promised = count_of(name, search)
    except StrategyError:
        # A grid of an interval, or CMA-ES on words.
        assert name in ("grid", "cma_es")
        return
    begun = begin(name, search)
    asked = []
    while len(asked) <= 300 and (chosen := begun.ask()) is not None:
        assert list(chosen) == list(space)
        assert all(is_candidate(value, space[key]) for key, value in chosen.items()), chosen
        asked.append(chosen)
        begun.tell(chosen, float(len(asked) % 5) if len(asked) % 7 else None)
    assert len({tuple(chosen.values()) for chosen in asked}) == len(asked)
    assert len(asked) == promised or len(asked) > 300
    assert promised <= count or strategy(name).counts_itself


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_form_shows_is_there(name: str) -> None:
    kind = STRATEGIES[name]
    assert kind.name == name
    assert kind.title
    assert kind.advice.endswith(".")
    for option in kind.options:
        assert option.label
        assert option.help.endswith(".")
        assert option.read(option.default) == option.default


@pytest.mark.parametrize("name", COUNTING)
def test_a_small_space_is_exhausted_and_not_repeated(name: str) -> None:
    search = Search({"a": (1, 2, 3), "b": ("x", "y"), "c": (False, True)}, count=50, options=EARLY.get(name, {}))
    begun = begin(name, search)
    asked = list(iter(begun.ask, None))
    assert len({tuple(chosen.values()) for chosen in asked}) == len(asked) == count_of(name, search) == 12


@pytest.mark.parametrize("name", COUNTING)
def test_what_was_told_counts_and_is_not_asked_again(name: str) -> None:
    search = Search(MIXED, count=8, options=EARLY.get(name, {}))
    before = [begun_settings for begun_settings, _ in zip(iter(begin(name, search).ask, None), range(5), strict=False)]
    again = begin(name, search)
    for index, chosen in enumerate(before[:3]):
        again.tell(chosen, float(index))
    for chosen in before[3:]:
        again.tell_running(chosen)
        again.tell_running(chosen)
    again.tell({**before[0], "epochs": 4}, 0.5)
    again.tell({"optimizer": "adam"}, 0.5)
    rest = list(iter(again.ask, None))
    assert len(rest) == 3
    assert not [chosen for chosen in rest if chosen in before]


@pytest.mark.parametrize("name", COUNTING)
def test_where_nothing_varies_there_is_one_setting(name: str) -> None:
    search = Search({"epochs": (3,), "rate": Interval(0.1, 0.1)})
    if name == "cma_es":
        with pytest.raises(StrategyError, match="there are none to choose from; choose TPE"):
            begin(name, search)
        return
    assert list(iter(begin(name, search).ask, None)) == [{"epochs": 3, "rate": 0.1}]


def test_settings_are_the_same_in_every_process() -> None:
    script = """
import json
from analysis.candidates import Interval
from analysis.strategies import STRATEGIES, Search, begin
space = {"rate": Interval(1e-4, 1e-1, is_log=True), "batch": (28, 56, 112), "opt": ("adam", "sgd"), "m": Interval(0, 1)}
for name in STRATEGIES:
    options = {"startup": 3} if name in ("tpe", "gaussian_process") else {}
    search = Search(space if name != "grid" else {"batch": (28, 56)}, count=6, seed=3, options=options)
    begun = begin(name, search)
    asked = []
    while (settings := begun.ask()) is not None:
        asked.append(settings)
        begun.tell(settings, settings["batch"] * settings.get("m", 1.0))
    print(json.dumps([name, asked]))
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert outputs[0].stdout == outputs[1].stdout
    assert [json.loads(line)[0] for line in outputs[0].stdout.splitlines()] == list(STRATEGIES)
    assert outputs[0].stderr == ""


def test_nothing_heavy_is_loaded_before_a_strategy_begins() -> None:
    script = """
import sys
from analysis.candidates import Interval
from analysis.strategies import STRATEGIES, Search, check, count_of
for name in STRATEGIES:
    check(name, Search({"n": Interval(1, 10, is_whole=True)}))
    count_of(name, Search({"n": Interval(1, 10, is_whole=True)}))
print({"scipy", "optuna", "torch", "cmaes", "sklearn"} & set(sys.modules))
"""
    seen = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout == "set()\n"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tpe", {"startup": 0}, "Random experiments first is at least 1, and 0 is less"),
        ("tpe", {"startup": 2.5}, "takes a whole number, which 2.5 is not; write 2"),
        ("tpe", {"startup": True}, "takes a number, which True is not; write one like 10"),
        ("tpe", {"startup": "ten"}, "takes a number, which 'ten' is not"),
        ("tpe", {"warp": 9}, "TPE has no option 'warp'; its options are startup, draws"),
        ("random", {"warp": 9}, "Random has no option 'warp'; it has none"),
        ("cma_es", {"step": float("nan")}, "First step takes a number, which nan is not"),
        ("cma_es", {"step": 2}, "First step is at most 1, and 2 is more"),
        ("cma_es", {"population": 1}, "A population of 1 is too small to compare; take at least 4, or 0."),
        ("sobol", {"is_scrambled": 1}, "Scramble is either on or off, and 1 is neither"),
    ],
)
def test_options_are_refused_in_sentences(name: str, options: dict[str, Value], words: str) -> None:
    for refuse in (check, begin):
        with pytest.raises(StrategyError, match=re.escape(words)):
            refuse(name, Search({"x": Interval(0, 1)}, options=options))


def test_whole_numbers_written_as_floats_are_taken() -> None:
    check("tpe", Search({"x": Interval(0, 1)}, options={"startup": 5.0}))


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (Search({"x": (1, 2)}, goal="best"), "The goal is maximize or minimize"),
        (Search({"x": (1, 2)}, count=0), "ask for at least 1"),
    ],
)
def test_a_search_without_sense_is_refused(search: Search, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        begin("random", search)


def test_an_unknown_strategy_is_named_with_those_that_are_there() -> None:
    with pytest.raises(StrategyError, match="no strategy 'annealing'; choose one of grid, random, latin_hypercube"):
        begin("annealing", Search({}))


def test_only_what_is_known_in_advance_can_be_drawn() -> None:
    search = Search(MIXED, count=20)
    assert len(draw("sobol", search, 5)) == 5
    assert draw("random", search, 100) == list(iter(begin("random", search).ask, None))
    with pytest.raises(StrategyError, match="TPE chooses from results"):
        draw("tpe", search, 5)
