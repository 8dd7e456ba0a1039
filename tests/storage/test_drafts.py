"""Drafts: kept, changed, started once, thrown away."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from storage.experiments import fetch_experiments
from storage.records import Project, Run
from storage.requests import extend_run, queue_again, request_pause, request_resume, request_stop
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, RunError, change_draft, create_run, discard_draft, find_run, start_draft
from storage.store import Store

NEW = NewRun("python train.py --lr [0.1,0.2]", {"lr": [0.1, 0.2]}, [], [NewExperiment({"lr": x}) for x in (0.1, 0.2)])


@pytest.fixture
def draft(store: Store, project: Project) -> Run:
    return create_run(store, project, NEW, is_draft=True)


def test_a_draft_waits_and_has_no_experiments(store: Store, project: Project, draft: Run) -> None:
    assert (draft.state, draft.number) == ("draft", 1)
    assert claim_runs(store, "s") == []
    assert fetch_experiments(store, project.id) == []


def test_a_draft_is_changed_and_then_started(store: Store, project: Project, draft: Run) -> None:
    other = replace(NEW, concurrency=3, strategy={"name": "random", "count": 2}, decisions={"by_status": {}})
    changed = change_draft(store, project, draft.id, other)
    assert (changed.state, changed.concurrency, changed.strategy) == ("draft", 3, other.strategy)
    started = start_draft(store, project, draft.id, other)
    assert (started.id, started.number, started.state) == (draft.id, 1, "queued")
    assert started.created_at > draft.created_at
    assert [one.settings for one in fetch_experiments(store, project.id)] == [{"lr": 0.1}, {"lr": 0.2}]
    assert [run.id for run in claim_runs(store, "s")] == [draft.id]


def test_of_two_people_who_start_a_draft_one_does(store: Store, project: Project, draft: Run) -> None:
    ready, outcomes = threading.Barrier(2), []

    def start() -> None:
        ready.wait()
        try:
            outcomes.append(start_draft(store, project, draft.id, NEW).state)
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["This draft was launched or discarded by somebody else in the meantime.", "queued"]
    assert len(fetch_experiments(store, project.id)) == 2


def test_what_is_no_draft_any_more_is_neither_changed_nor_discarded(store: Store, project: Project, draft: Run) -> None:
    start_draft(store, project, draft.id, NEW)
    for late in (
        lambda: change_draft(store, project, draft.id, NEW),
        lambda: start_draft(store, project, draft.id, NEW),
        lambda: discard_draft(store, draft.id),
    ):
        with pytest.raises(RunError, match="in the meantime"):
            late()


def test_a_discarded_draft_is_gone(store: Store, project: Project, draft: Run) -> None:
    discard_draft(store, draft.id)
    assert find_run(store, project.id, draft.number) is None
    with pytest.raises(RunError, match="in the meantime"):
        discard_draft(store, draft.id)


def test_a_draft_is_asked_for_nothing(store: Store, project: Project, draft: Run) -> None:
    for request in (
        lambda: request_pause(store, draft.id),
        lambda: request_resume(store, draft.id),
        lambda: extend_run(store, project.id, draft.id, NEW.experiments, {}),
        lambda: queue_again(store, draft.id, [1]),
    ):
        with pytest.raises(RunError, match="it is a draft"):
            request()
    request_stop(store, draft.id)
    found = find_run(store, project.id, draft.number)
    assert found is not None
    assert (found.state, found.request) == ("draft", None)
