"""Whatever people ask and whoever dies, a run ends or waits for a person: random lives of runs, without Ray."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from analysis.hyperparameters import Value
from analysis.strategies import Search
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import LeaseLost, Place, claim_experiment, release_everything, release_lost, renew_experiment
from storage.projects import register_project
from storage.records import Claim, Project, Run
from storage.requests import (
    drop_queued,
    extend_run,
    interrupt,
    move_first,
    move_last,
    queue_again,
    request_pause,
    request_resume,
    request_stop,
)
from storage.run_leases import claim_runs, open_experiments, renew_runs, settle_paused
from storage.runs import NewExperiment, NewRun, RunError, create_run, fetch_run
from storage.schema import ENDED_STATES
from storage.store import Store
from training.asking import ADAPTIVE
from training.conductor import Conductor

X = {"name": "x", "flag": "--x", "type": "float"}
NOTHING = Batch({}, {})
COUNT = 4
names = itertools.count()
some = st.lists(st.integers(1, 12), max_size=4)


class Counting:
    """A strategy that asks for 100, 101, ..."""

    def __init__(self, search: Search) -> None:
        self.known: set[float] = set()

    def ask(self) -> dict[str, Value] | None:
        self.known.add(following := max(self.known, default=99.0) + 1)
        return {"x": following}

    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:
        self.tell_running(settings)

    def tell_running(self, settings: Mapping[str, Value]) -> None:
        if isinstance(x := settings["x"], float):
            self.known.add(x)


class Owner:
    """A dispatcher that conducts the run, and a worker, as far as the database knows them."""

    def __init__(self, store: Store, run: Run, name: str) -> None:
        self.store, self.run, self.name = store, run, name
        self.conductor = Conductor(store, run, begin=lambda name, search: Counting(search))  # type: ignore[arg-type, return-value]
        self.claims: list[Claim] = []
        self.is_gone = False

    def look(self) -> None:
        run_id = self.run.id
        while not self.is_gone:
            standing = renew_runs(self.store, {run_id: self.run.fence}).get(run_id)
            work = open_experiments(self.store, [run_id])[run_id]
            self.is_gone = standing is None or self.conductor.look(standing, work)
            if self.is_gone:
                return
            try:
                self.conductor.ask(work, 2, patience_s=0.5)
            except LeaseLost:
                self.is_gone = True
            if not self.conductor.is_thinking:
                return

    def take(self) -> None:
        claim = claim_experiment(self.store, Place(self.name, "here"))
        self.claims += [claim] if claim else []

    def end(self, state: str, *, retry: bool = False) -> None:
        claim = self.claims.pop(0)
        with suppress(LeaseLost):
            if renew_experiment(self.store, claim) == "stop":
                state, retry = "stopped", False
            ending = Ending(state, 1.0, retry=retry)
            following = finish_experiment(self.store, claim, NOTHING, ending, then=Place(self.name, "here"))
            self.claims += [following] if following else []


class Life(RuleBasedStateMachine):
    """One run, the people who ask things of it, and the processes that own it or think that they do."""

    def __init__(self, store: Store, project: Project) -> None:
        super().__init__()
        self.store, self.project = store, project
        self.owner: Owner | None = None
        self.frozen: list[Owner] = []
        self.id = create_run(store, project, NewRun("x", {}, [X], self.experiments(3), objective="loss")).id

    @staticmethod
    def experiments(count: int) -> list[NewExperiment]:
        return [NewExperiment({"x": float(place)}) for place in range(count)]

    @property
    def run_now(self) -> Run:
        return fetch_run(self.store, self.id)

    def numbers(self, places: list[int]) -> list[int]:
        with self.store.read() as connection:
            known = list(
                connection.scalars(
                    text("SELECT number FROM experiment WHERE run_id = :id ORDER BY number"), {"id": self.id}
                )
            )
        return [known[place % len(known)] for place in places]

    def expire(self) -> None:
        with self.store.begin() as connection:
            for table in ("run", "experiment"):
                connection.execute(
                    text(f"UPDATE {table} SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
                )

    # --- people -------------------------------------------------------------------------------------------------------

    @rule()
    def pause(self) -> None:
        with suppress(RunError):
            request_pause(self.store, self.id)

    @rule()
    def resume(self) -> None:
        with suppress(RunError):
            request_resume(self.store, self.id)

    @rule()
    def stop(self) -> None:
        request_stop(self.store, self.id)

    @rule(count=st.integers(0, 3))
    def extend(self, count: int) -> None:
        with suppress(RunError):
            extend_run(self.store, self.project.id, self.id, self.experiments(count), {})

    @rule()
    def widen(self) -> None:
        count = len(self.numbers(list(range(100)))) and COUNT + int(self.run_now.strategy.get("count", 0))
        strategy: dict[str, Any] = {"name": "tpe", "count": min(count, 3 * COUNT)}
        with suppress(RunError):
            extend_run(self.store, self.project.id, self.id, [], {"strategy": strategy})

    @rule(places=some)
    def again(self, places: list[int]) -> None:
        with suppress(RunError):
            queue_again(self.store, self.id, self.numbers(places))

    @rule(places=some)
    def drop(self, places: list[int]) -> None:
        drop_queued(self.store, self.id, self.numbers(places))

    @rule(places=some)
    def interrupt(self, places: list[int]) -> None:
        interrupt(self.store, self.id, self.numbers(places))

    @rule(places=some, is_first=st.booleans())
    def move(self, places: list[int], is_first: bool) -> None:
        (move_first if is_first else move_last)(self.store, self.id, self.numbers(places))

    # --- processes ----------------------------------------------------------------------------------------------------

    @rule()
    def dispatch(self) -> None:
        for run in claim_runs(self.store, "dispatcher"):
            if run.id == self.id:
                self.freeze()
                self.owner = Owner(self.store, run, f"worker-{next(names)}")
        release_lost(self.store)
        settle_paused(self.store, adaptive=ADAPTIVE)

    @precondition(lambda self: self.owner)
    @rule()
    def look(self) -> None:
        assert self.owner
        self.owner.look()
        if self.owner.is_gone:
            # Its workers end with it.
            self.owner = None

    @precondition(lambda self: self.owner and len(self.owner.claims) < 2)
    @rule()
    def take(self) -> None:
        assert self.owner
        self.owner.take()

    @precondition(lambda self: self.owner and self.owner.claims)
    @rule(state=st.sampled_from(["finished", "failed"]), retry=st.booleans())
    def end(self, state: str, retry: bool) -> None:
        assert self.owner
        self.owner.end(state, retry=retry and state == "failed")

    @precondition(lambda self: self.owner)
    @rule()
    def kill(self) -> None:
        self.owner = None
        self.expire()

    @precondition(lambda self: self.owner)
    @rule()
    def freeze(self) -> None:
        """It is thought dead, and wakes up later."""
        if self.owner:
            self.frozen.append(self.owner)
            self.owner = None
            self.expire()

    @precondition(lambda self: self.frozen)
    @rule()
    def wake(self) -> None:
        owner = self.frozen.pop()
        owner.take()
        if owner.claims:
            owner.end("finished")
        owner.look()
        if not owner.is_gone and self.owner is None:
            self.owner = owner

    @rule()
    def restart(self) -> None:
        self.owner, self.frozen = None, []
        release_everything(self.store)

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def nothing_of_an_ended_run_is_open(self) -> None:
        with self.store.read() as connection:
            row = connection.execute(
                text(
                    """SELECT state, owner, lease_until, ended_at,
                        (SELECT count(*) FROM experiment WHERE run_id = run.id AND experiment.state = 'queued') AS queued,
                        (SELECT count(*) FROM experiment WHERE run_id = run.id AND experiment.state = 'running') AS running
                    FROM run WHERE id = :id"""
                ),
                {"id": self.id},
            ).one()
        if row.state in ENDED_STATES:
            assert (row.owner, row.lease_until, row.queued, row.running) == (None, None, 0, 0)
        assert (row.ended_at is not None) == (row.state in ENDED_STATES)
        if row.state == "queued":
            assert row.owner is None

    @invariant()
    def a_search_never_exceeds_its_count(self) -> None:
        with self.store.read() as connection:
            asked = connection.scalar(
                text("SELECT count(*) FROM experiment WHERE run_id = :id AND (settings->>'x')::float >= 100"),
                {"id": self.id},
            )
        assert asked <= 3 * COUNT

    def teardown(self) -> None:
        """Left alone, the run ends, or it is paused and goes on when somebody resumes it."""
        if not self.settles():
            raise AssertionError(f"It is open, and nobody ends it: {self.run_now}")
        if self.run_now.state == "paused":
            self.resume()
            assert self.settles()
            assert self.run_now.state in ENDED_STATES

    def settles(self) -> bool:
        self.frozen = []
        for _ in range(60):
            if self.owner is None:
                # Whoever held something is dead, and its lease runs out.
                self.expire()
            self.dispatch()
            if self.owner:
                self.take()
                while self.owner.claims:
                    self.owner.end("finished")
                self.look()
            run = self.run_now
            if run.state in ENDED_STATES or (run.state == "paused" and self.owner is None):
                return True
        return False


def test_no_life_of_a_run_leaves_it_open_with_nobody_to_end_it(store: Store) -> None:
    project = register_project(store, "P", directory="/tmp", command=["python", "t.py"], hyperparameters=[X])
    few = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Life(store, project), settings=few)


def test_people_and_processes_at_once_neither_block_nor_confuse_each_other(store: Store) -> None:
    project = register_project(store, "P", directory="/tmp", command=["python", "t.py"], hyperparameters=[X])
    life, until = Life(store, project), time.monotonic() + 2

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            places = [chance.randrange(12) for _ in range(chance.randrange(8))]
            requests = [life.pause, life.resume, life.resume, life.stop, partial(life.extend, count=1)]
            requests += [partial(each, places=places) for each in (life.again, life.drop, life.interrupt)]
            chance.choice([*requests, partial(life.move, places=places, is_first=True)])()

    with ThreadPoolExecutor(3) as people:
        asking = [people.submit(ask, seed) for seed in range(3)]
        chance = random.Random(0)
        while time.monotonic() < until:
            life.dispatch()
            life.nothing_of_an_ended_run_is_open()
            if life.owner and len(life.owner.claims) < 2:
                life.take()
            if life.owner and life.owner.claims and chance.random() < 0.7:
                life.end(state=chance.choice(["finished", "failed"]), retry=chance.random() < 0.5)
            if life.owner:
                life.look()
    for each in asking:
        each.result()
    life.teardown()
