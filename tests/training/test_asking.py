"""Adaptive strategies at work on a real database, without Ray: what they are told, and what becomes of their wishes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from analysis.hyperparameters import Value
from analysis.identity import fingerprint
from analysis.strategies import TPE, Search, StrategyError
from storage.experiments import fetch_experiments
from storage.ingestion import Batch, Ending, Values, finish_experiment, record
from storage.leases import LeaseLost, Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.records import Experiment, Project, Run
from storage.requests import extend_run, interrupt, queue_again, request_pause, request_resume, request_stop
from storage.run_leases import claim_runs, open_experiments, renew_runs
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.store import Store
from training.asking import ADAPTIVE, Asking, RunFailure
from training.conductor import Conductor

X = {"name": "x", "flag": "--x", "type": "float"}
SEED = {"name": "seed", "flag": "--seed", "type": "int", "default": 7}
INTERVAL = {"x": {"low": 0.0, "high": 10.0, "is_log": False, "is_whole": False}}


class Counting:
    """Asks for 1, 2, 3 ... as often as wanted, and writes down what it is told."""

    told: list[tuple[float, float | None]]
    running: list[float]

    def __init__(self, search: Search, most: int = 1000) -> None:
        self.search, self.most = search, most
        self.told, self.running, self.known = [], [], set[float]()

    def ask(self) -> dict[str, Value] | None:
        following = 1.0 + max(self.known, default=0.0)
        if following > self.most:
            return None
        self.known.add(following)
        return {"x": following}

    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:
        x = settings["x"]
        assert isinstance(x, float)
        assert set(settings) == {"x"}
        self.known.add(x)
        self.told.append((x, value))

    def tell_running(self, settings: Mapping[str, Value]) -> None:
        x = settings["x"]
        assert isinstance(x, float)
        self.known.add(x)
        self.running.append(x)


class Bench:
    """A claimed adaptive run, whose experiments give whatever value is said."""

    def __init__(self, store: Store, project: Project, **options: Any) -> None:
        self.store, self.project = store, project
        choice = {"name": "tpe", "count": 5, "seed": 0, "repeats": 1, "options": {}} | options.pop("strategy", {})
        options = {"hyperparameters": [X], "objective": "loss", "goal": "minimize"} | options
        new = NewRun("python train.py --x 0..10", INTERVAL, experiments=[], strategy=choice, **options)
        create_run(store, project, new)
        (self.run,) = claim_runs(store, "scheduler")
        self.begun: list[Counting] = []
        self.most, self.places = 1000, 2

    def begin(self, name: str, search: Search) -> Any:
        self.begun.append(Counting(search, self.most))
        return self.begun[-1]

    def conductor(self, places: int = 2) -> Conductor:
        self.places = places
        return Conductor(self.store, self.run, begin=self.begin)

    def look(self, conductor: Conductor) -> bool:
        """Looks until the strategy thinks no more, however slow the machine is, and one more that sees what it did.

        Says whether the run is over for us.
        """
        while not (is_over := self.look_once(conductor)) and conductor.is_thinking:
            pass
        return is_over or self.look_once(conductor)

    def look_once(self, conductor: Conductor) -> bool:
        """One look of an engine that has no other run."""
        run_id = self.run.id
        standing = renew_runs(self.store, {run_id: conductor.run.fence}).get(run_id)
        if standing is None:
            raise LeaseLost
        work = open_experiments(self.store, [run_id])[run_id]
        if conductor.look(standing, work):
            return True
        conductor.ask(work, min(self.places, conductor.run.concurrency or self.places), patience_s=0.5)
        return False

    def end_next(self, value: float | None, state: str = "finished") -> Experiment:
        claim = claim_experiment(self.store, Place("worker", "here"))
        assert claim is not None
        if value is not None:
            loss = metric_ids(self.store, self.project.id, ["loss"])["loss"]
            record(self.store, claim, Batch({}, {"metrics": 9}, [Values(loss, 0, [value], [None], [None], [0.0])]))
        moved = 0 if value is None else 9
        finish_experiment(self.store, claim, Batch({"metrics": moved}, {"metrics": moved}), Ending(state, 1.0))
        return next(one for one in self.experiments if one.number == claim.number)

    def loss(self, numbers: list[int]) -> None:
        interrupt(self.store, self.run.id, numbers)

    @property
    def experiments(self) -> list[Experiment]:
        return fetch_experiments(self.store, self.project.id, run_id=self.run.id)

    @property
    def xs(self) -> list[Value]:
        return [one.settings["x"] for one in self.experiments]

    @property
    def state(self) -> Run:
        found = find_run(self.store, self.project.id, self.run.number)
        assert found is not None
        return found


def ask(asking: Asking, room: int) -> None:
    """One look, however slow the machine is."""
    asking.look(room)
    while asking.is_thinking:
        asking.look(room)


@pytest.fixture
def make_bench(store: Store) -> Callable[..., Bench]:
    command = ["python", "train.py", "--", "data"]
    project = register_project(store, "P", directory="/tmp", command=command, hyperparameters=[X], objective="loss")
    return lambda **options: Bench(store, project, **options)


def test_it_asks_for_as_many_as_have_a_place_and_tells_what_came_of_them(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    conductor = bench.conductor(places=2)
    assert not bench.look(conductor)
    assert not bench.look(conductor)
    assert bench.xs == [1.0, 2.0]
    bench.end_next(0.5)
    bench.look(conductor)
    assert bench.xs == [1.0, 2.0, 3.0]
    bench.end_next(None, "failed")
    bench.end_next(float("nan"))
    bench.look(conductor)
    assert bench.xs == [1.0, 2.0, 3.0, 4.0, 5.0]
    bench.end_next(0.25)
    assert not bench.look(conductor)
    bench.end_next(0.125)
    assert bench.look(conductor)
    (strategy,) = bench.begun
    assert strategy.told == [(1.0, 0.5), (2.0, None), (3.0, None)], "what ended last changes nothing any more"
    assert (bench.state.state, strategy.search.count, strategy.search.goal) == ("finished", 5, "minimize")
    known = fingerprint({"x": 1.0}, arguments=["--", "data"])
    with bench.store.begin() as connection:
        assert connection.exec_driver_sql("SELECT min(fingerprint) FROM experiment WHERE number = 1").scalar() == known


def test_concurrency_bounds_what_is_asked_for(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(concurrency=1)
    bench.look(bench.conductor(places=8))
    assert bench.xs == [1.0]


def test_without_a_place_nothing_is_asked_and_the_run_stays_open(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    assert not bench.look(bench.conductor(places=0))
    assert (bench.xs, bench.begun) == ([], [])


def test_a_new_owner_begins_the_strategy_anew_from_the_rows(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.look(bench.conductor())
    bench.end_next(0.5)
    bench.end_next(None, "failed")
    bench.look(first := bench.conductor())
    bench.end_next(0.75)
    with bench.store.begin() as connection:
        connection.exec_driver_sql("UPDATE run SET lease_until = now() - interval '1 second'")
    (bench.run,) = claim_runs(bench.store, "another")
    with pytest.raises(LeaseLost):
        bench.look(first)
    bench.look(bench.conductor())
    strategy = bench.begun[-1]
    assert strategy.told == [(1.0, 0.5), (2.0, None), (3.0, 0.75)]
    assert strategy.running == [4.0]
    assert bench.xs == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_an_owner_that_was_fenced_off_queues_nothing(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    asking = Asking(bench.store, bench.run, begin=bench.begin)
    with bench.store.begin() as connection:
        connection.exec_driver_sql("UPDATE run SET lease_until = now() - interval '1 second'")
    claim_runs(bench.store, "another")
    with pytest.raises(LeaseLost):
        ask(asking, 2)
    assert bench.xs == []


def test_two_who_ask_at_once_never_exceed_the_count(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(strategy={"count": 3})
    one, other = (Asking(bench.store, bench.run, begin=bench.begin) for _ in range(2))
    ask(one, 2)
    ask(other, 8)
    ask(one, 8)
    ask(other, 8)
    assert len(bench.xs) == 3


def test_repeats_are_queued_together_and_told_as_their_mean(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(strategy={"count": 2, "repeats": 3}, hyperparameters=[X, SEED])
    conductor = bench.conductor(places=2)
    bench.look(conductor)
    assert [one.settings for one in bench.experiments] == [
        {"x": 1.0},
        {"x": 1.0, "seed": 8},
        {"x": 1.0, "seed": 9},
    ]
    assert [one.repeat for one in bench.experiments] == [0, 1, 2]
    bench.end_next(1.0)
    bench.end_next(None, "failed")
    bench.look(conductor)
    assert bench.begun[0].told == [], "one repeat is still to come"
    assert len(bench.xs) == 6, "but there is a place for the first repeat of the next"
    bench.end_next(2.0)
    for _ in range(3):
        bench.end_next(4.0)
    assert bench.look(conductor)
    fresh = Asking(bench.store, replace(bench.run, strategy={**bench.run.strategy, "count": 3}), begin=bench.begin)
    with pytest.raises(LeaseLost):
        ask(fresh, 1)
    assert bench.begun[-1].told == [(1.0, 1.5), (2.0, 4.0)]


def test_a_pause_asks_for_nothing_and_a_resumption_goes_on(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    conductor = bench.conductor()
    bench.look(conductor)
    request_pause(bench.store, bench.run.id)
    bench.loss([1, 2])
    assert bench.look(conductor), "it is handed back"
    assert (bench.state.state, bench.xs) == ("paused", [1.0, 2.0])
    request_resume(bench.store, bench.run.id)
    (bench.run,) = claim_runs(bench.store, "another")
    bench.look(bench.conductor())
    assert bench.xs == [1.0, 2.0, 3.0, 4.0]


def test_a_stop_ends_the_search(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    conductor = bench.conductor()
    bench.look(conductor)
    request_stop(bench.store, bench.run.id)
    assert bench.look(conductor)
    assert (bench.state.state, bench.xs) == ("stopped", [1.0, 2.0])


def test_an_extension_raises_the_count_while_the_run_goes_on(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(strategy={"count": 1})
    conductor = bench.conductor()
    bench.look(conductor)
    changes = {"strategy": {**bench.run.strategy, "count": 2}}
    extend_run(bench.store, bench.project.id, bench.run.id, [NewExperiment({"x": 9.0})], changes)
    bench.look(conductor)
    assert bench.xs == [1.0, 9.0], "settings of a person count"
    changes = {"strategy": {**bench.run.strategy, "count": 3}}
    extend_run(bench.store, bench.project.id, bench.run.id, [], changes)
    bench.end_next(0.5)
    bench.look(conductor)
    assert bench.xs == [1.0, 9.0, 10.0]
    assert bench.begun[-1].told == [(1.0, 0.5)]
    assert bench.begun[-1].running[0] == 9.0


def test_a_grid_becomes_a_search_by_its_extension(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(strategy={"name": "grid"})
    conductor = bench.conductor()
    changes = {"strategy": {"name": "tpe", "count": 2}}
    extend_run(bench.store, bench.project.id, bench.run.id, [NewExperiment({"x": 9.0})], changes)
    bench.look(conductor)
    assert bench.xs == [9.0, 10.0]


def test_what_is_queued_again_is_told_again(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    conductor = bench.conductor(places=1)
    bench.look(conductor)
    bench.end_next(None, "failed")
    bench.look(conductor)
    queue_again(bench.store, bench.run.id, [1])
    bench.end_next(0.5)
    bench.end_next(0.25)
    bench.look(conductor)
    assert bench.begun[0].told == [(1.0, None), (1.0, 0.5), (2.0, 0.25)]


def test_a_strategy_that_has_no_more_ends_the_run(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.most = 1
    conductor = bench.conductor()
    bench.look(conductor)
    bench.end_next(0.5)
    assert bench.look(conductor)
    assert (bench.state.state, bench.xs) == ("finished", [1.0])


class Broken(Counting):
    def ask(self) -> dict[str, Value] | None:
        raise ZeroDivisionError("division by zero\nand more")


def test_a_strategy_that_fails_fails_its_run_and_nothing_that_runs(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.look(bench.conductor())
    claim = claim_experiment(bench.store, Place("worker", "here"))
    assert claim is not None
    broken = Conductor(bench.store, bench.run, begin=lambda name, search: Broken(search))  # type: ignore[arg-type, return-value]
    bench.places = 4
    assert not bench.look(broken)
    assert not bench.look(broken)
    assert [one.state for one in bench.experiments] == ["running", "stopped"]
    finish_experiment(bench.store, claim, Batch({}, {}), Ending("finished", 1.0))
    assert bench.look(broken)
    assert (bench.state.state, bench.state.reason) == ("failed", "TPE failed: division by zero")
    assert [one.state for one in bench.experiments] == ["finished", "stopped"]


def test_a_search_that_cannot_be_made_fails_the_run_with_its_sentence(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(strategy={"options": {"nonsense": 1}})
    conductor = Conductor(bench.store, bench.run)
    assert bench.look(conductor)
    assert bench.state.state == "failed"
    assert (bench.state.reason or "").startswith("TPE has no option 'nonsense'")


def test_a_search_without_an_objective_fails_the_run_with_a_sentence(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(objective=None)
    assert bench.look(bench.conductor())
    assert bench.state.reason == "TPE chooses by results, and this run names no metric to optimize."


def test_a_strategy_that_thinks_long_holds_nobody_up(make_bench: Callable[..., Bench]) -> None:
    bench, may_answer = make_bench(), threading.Event()

    class Slow(Counting):
        def ask(self) -> dict[str, Value] | None:
            assert may_answer.wait(60)
            return super().ask()

    conductor = Conductor(bench.store, bench.run, begin=lambda name, search: Slow(search))  # type: ignore[arg-type, return-value]
    assert not bench.look_once(conductor)
    assert conductor.is_thinking
    request_pause(bench.store, bench.run.id)
    may_answer.set()
    assert bench.look(conductor), "it answers into a pause"
    assert bench.xs == []
    request_resume(bench.store, bench.run.id)
    (bench.run,) = claim_runs(bench.store, "another")
    bench.look(bench.conductor())
    assert bench.xs == [1.0, 2.0]


def test_an_insertion_whose_answer_was_lost_is_not_repeated(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    import training.asking as module

    bench, original = make_bench(), module.add_asked

    def lose_the_answer(*arguments: Any, **options: Any) -> int:
        original(*arguments, **options)
        raise ConnectionError

    asking = Asking(bench.store, bench.run, begin=bench.begin)
    monkeypatch.setattr(module, "add_asked", lose_the_answer)
    with pytest.raises(ConnectionError):
        ask(asking, 2)
    monkeypatch.setattr(module, "add_asked", original)
    ask(asking, 1)
    assert bench.xs == [1.0, 2.0]


@pytest.mark.parametrize("name", ADAPTIVE)
def test_every_adaptive_strategy_goes_on_where_another_owner_left_off(
    make_bench: Callable[..., Bench], name: str
) -> None:
    bench = make_bench(strategy={"name": name, "count": 14})
    conductor = Conductor(bench.store, bench.run)
    while not bench.look(conductor):
        x = next(one.settings["x"] for one in bench.experiments if one.state == "queued")
        assert isinstance(x, float)
        bench.end_next((x - 3) ** 2)
        if len(bench.xs) == 8:
            conductor = Conductor(bench.store, bench.run)
    assert len(set(bench.xs)) == 14
    assert min(one.metrics["loss"].last for one in bench.experiments) < 4


def test_a_failure_is_a_sentence(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()

    def refuse(name: str, search: Search) -> Any:
        raise StrategyError("It cannot be done.")

    with pytest.raises(RunFailure, match="It cannot be done"):
        ask(Asking(bench.store, bench.run, begin=refuse), 1)
    assert TPE.is_adaptive
