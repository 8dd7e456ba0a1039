"""What a person changes about an open run reaches the next look of whoever conducts it. Without Ray."""

from __future__ import annotations

from analysis.sharing import share
from storage.projects import register_project
from storage.records import Run
from storage.requests import set_share
from storage.run_leases import claim_runs, open_experiments, renew_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from training.conductor import Conductor
from training.engine import wish_of

NODES = [{"CPU": 6.0}]


class Shared:
    """Two equal runs, conducted side by side on six places, as the engine looks at them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        project = register_project(store, "Mine", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
        for _ in range(2):
            create_run(store, project, NewRun("python train.py", {}, [], [NewExperiment({"x": x}) for x in range(9)]))
        self.runs = sorted(claim_runs(store, "dispatcher"), key=lambda run: run.id)
        self._conductors = {run.id: Conductor(store, run) for run in self.runs}

    def look(self) -> list[int]:
        standings = renew_runs(self.store, {run.id: run.fence for run in self.runs})
        work = open_experiments(self.store, list(standings))
        for id_, conductor in self._conductors.items():
            conductor.look(standings[id_], work[id_])
        wishes = [wish_of(each, standings[id_], work[id_], 0.0) for id_, each in self._conductors.items()]
        return [share(NODES, wishes)[run.id] for run in self.runs]


def test_the_next_look_follows_what_a_person_changed(store: Store) -> None:
    shared = Shared(store)
    first, second = (run.id for run in shared.runs)
    assert shared.look() == [3, 3]
    set_share(store, second, weight=2)
    assert shared.look() == [2, 4]
    set_share(store, first, priority=1)
    assert shared.look() == [6, 0]
    set_share(store, second, priority=1, weight=1)
    assert shared.look() == [3, 3]


def test_an_order_brings_its_priority_along(store: Store) -> None:
    project = register_project(store, "Mine", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    new = NewRun("python train.py", {}, [], [NewExperiment({"x": 1})], priority=7, weight=0.5)
    made: Run = create_run(store, project, new)
    claimed = claim_runs(store, "dispatcher")
    standing = renew_runs(store, {claimed[0].id: claimed[0].fence})[made.id]
    assert (standing.priority, standing.weight) == (7, 0.5)
