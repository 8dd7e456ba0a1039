"""Which experiments reuse which, and which were dropped."""

from __future__ import annotations

from collections.abc import Callable

from storage.experiments import fetch_experiments
from storage.lookups import dropped_numbers, source_numbers
from storage.records import Project, Run
from storage.requests import drop_queued, interrupt
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store


def test_a_reused_experiment_leads_to_its_source(store: Store, project: Project, make_run: Callable[..., Run]) -> None:
    make_run(2)
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE experiment SET state = 'finished' WHERE number = 2")
    source = fetch_experiments(store, project.id)[1]
    create_run(store, project, NewRun("x", {}, [], [NewExperiment({}, reuse=source.id), NewExperiment({})]))
    found = fetch_experiments(store, project.id)
    assert source_numbers(store, found) == {source.id: 2}
    assert source_numbers(store, found[:2]) == {}


def test_only_what_was_dropped_counts_as_dropped(store: Store, make_run: Callable[..., Run]) -> None:
    run = make_run(4)
    drop_queued(store, run.id, [4, 2])
    interrupt(store, run.id, [3])
    assert dropped_numbers(store, run.id, [1, 2, 3, 4]) == [2, 4]
    assert dropped_numbers(store, run.id, [4]) == [4]
    assert dropped_numbers(store, run.id + 1, [4]) == []
