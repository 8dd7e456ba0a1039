"""Leases, fences, and values that count exactly once."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from storage.experiments import fetch_curves, fetch_experiments, fetch_log, fetch_views, find_experiment
from storage.ingestion import Batch, Ending, NewView, Values, finish_experiment, record
from storage.leases import (
    MAX_LOSSES,
    NODE_LOST,
    VANISHED,
    LeaseLost,
    Place,
    claim_experiment,
    release_claim,
    release_lost,
    renew_experiment,
    take_lost,
)
from storage.projects import metric_ids
from storage.records import Claim, Project, Run
from storage.requests import request_stop
from storage.run_leases import claim_runs, end_run, open_experiments, renew_runs
from storage.runs import NewRun, create_run, fetch_runs, find_run
from storage.store import Store

MakeRun = Callable[..., Run]
FINISHED = Ending("finished", duration_s=1.5, exit_code=0)


def batch_of(store: Store, claim: Claim, numbers: list[float], *, start: int = 0, offset: int = 0) -> Batch:
    loss = metric_ids(store, claim.project_id, ["loss"])["loss"]
    count = len(numbers)
    values = Values(loss, start, numbers, [float(i) for i in range(count)], [None] * count, [0.0] * count)
    return Batch({"metrics": offset}, {"metrics": offset + 10 * count}, [values])


def expire(store: Store, table: str) -> None:
    with store.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET lease_until = now() - interval '1 second'"))


def test_an_open_run_is_claimed_once_and_again_only_after_its_lease_ran_out(store: Store, make_run: MakeRun) -> None:
    make_run()
    first = claim_runs(store, "a")
    assert [run.fence for run in first] == [1]
    assert claim_runs(store, "b") == []
    expire(store, "run")
    assert [run.fence for run in claim_runs(store, "b")] == [2]
    assert renew_runs(store, {first[0].id: 1}) == {}
    assert list(renew_runs(store, {first[0].id: 2})) == [first[0].id]


def test_experiments_are_taken_in_order_and_none_twice(store: Store, make_run: MakeRun) -> None:
    make_run(3)
    claim_runs(store, "s")
    taken = [claim_experiment(store, Place("w", "h")) for _ in range(4)]
    assert [claim and claim.number for claim in taken] == [1, 2, 3, None]


def test_places_go_to_runs_in_turn(store: Store, make_run: MakeRun) -> None:
    long, short = make_run(5), make_run(2)
    claim_runs(store, "s")
    taken = [claim_experiment(store, Place(f"w{place}", "h")) for place in range(7)]
    assert [claim and claim.run_id for claim in taken] == [
        long.id,
        short.id,
        long.id,
        short.id,
        long.id,
        long.id,
        long.id,
    ]


def test_a_weight_of_two_gets_twice_the_places_and_a_priority_all(store: Store, make_run: MakeRun) -> None:
    plain, heavy = make_run(6), make_run(6, weight=2.0)
    claim_runs(store, "s")
    taken = [claim_experiment(store, Place(f"w{place}", "h")) for place in range(6)]
    assert sum(claim is not None and claim.run_id == heavy.id for claim in taken) == 4
    urgent = make_run(2, priority=1)
    claim_runs(store, "s")
    taken = [claim_experiment(store, Place(f"v{place}", "h")) for place in range(3)]
    assert [claim and claim.run_id for claim in taken] == [urgent.id, urgent.id, plain.id]


def test_only_runs_that_want_a_worker_s_resources_are_served_by_it(store: Store, make_run: MakeRun) -> None:
    run = make_run(1, cpus=0.5, gpus=0.25)
    claim_runs(store, "s")
    assert claim_experiment(store, Place("w", "h")) is None
    claim = claim_experiment(store, Place("w", "h", 0.5, 0.25))
    assert claim is not None
    assert claim.run_id == run.id


def test_a_limit_holds_however_many_workers_claim_at_once(store: Store, make_run: MakeRun) -> None:
    limited, free = make_run(20, concurrency=3), make_run(4)
    claim_runs(store, "s")
    with ThreadPoolExecutor(8) as workers:
        taken = list(workers.map(lambda place: claim_experiment(store, Place(f"w{place}", "h")), range(12)))
    runs = [claim.run_id for claim in taken if claim is not None]
    assert (runs.count(limited.id), runs.count(free.id)) == (3, 4)
    ended = next(claim for claim in taken if claim and claim.run_id == limited.id)
    following = finish_experiment(store, ended, Batch({}, {}), FINISHED, then=Place("w", "h"))
    assert following is not None
    assert claim_experiment(store, Place("x", "h")) is None


def test_work_goes_on_while_nobody_conducts_the_run(store: Store, make_run: MakeRun) -> None:
    make_run()
    claim_runs(store, "s")
    expire(store, "run")
    assert claim_experiment(store, Place("w", "h")) is not None


def test_an_attempt_that_is_taken_over_is_closed_to_its_former_owner(store: Store, claimed: tuple[Run, Claim]) -> None:
    _run, claim = claimed
    record(store, claim, batch_of(store, claim, [0.5, 0.25]))
    assert take_lost(store, "salvage", "here") == []
    assert take_lost(store, "salvage", "there", owners=["worker"]) == []
    (lost,) = take_lost(store, "salvage", "here", owners=["worker"])
    assert (lost.claim.attempt, lost.offsets, lost.counts) == (1, {"metrics": 20}, {"loss": 2})
    with pytest.raises(LeaseLost):
        renew_experiment(store, claim)
    renew_experiment(store, lost.claim)
    assert release_claim(store, lost.claim, VANISHED)
    assert not release_claim(store, lost.claim, VANISHED)


def test_lost_nodes_are_no_fault_of_an_experiment(store: Store, project: Project, claimed: tuple[Run, Claim]) -> None:
    _run, claim = claimed
    for _ in range(2 * MAX_LOSSES):
        assert release_lost(store, owner="worker", cause=NODE_LOST) == 1
        assert claim_experiment(store, Place("worker", "h")) is not None
    found = find_experiment(store, project.id, claim.number)
    assert found is not None
    assert (found.state, found.attempt) == ("running", 2 * MAX_LOSSES + 1)


def test_values_come_back_in_arrival_order_with_nan_and_infinity(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    _, claim = claimed
    numbers = [0.5, math.nan, math.inf, -math.inf, 5e-324, -0.0]
    record(store, claim, batch_of(store, claim, numbers))
    record(store, claim, batch_of(store, claim, [0.25], start=6, offset=60))
    (curve,) = fetch_curves(store, claim.experiment_id)
    assert [repr(value) for value in curve.values] == [repr(value) for value in [*numbers, 0.25]]
    experiment = find_experiment(store, project.id, claim.number)
    assert experiment is not None
    summary = experiment.metrics["loss"]
    assert (summary.count, summary.last, summary.minimum, summary.maximum) == (7, 0.25, 0.0, 0.5)
    with store.begin() as connection:
        rows = connection.execute(text("SELECT seq, value FROM metric_value ORDER BY seq")).all()
    assert [row.seq for row in rows] == list(range(7))


def test_a_batch_sent_twice_counts_once(store: Store, claimed: tuple[Run, Claim]) -> None:
    _, claim = claimed
    batch = batch_of(store, claim, [1.0, 2.0])
    record(store, claim, batch)
    record(store, claim, batch)
    assert list(fetch_curves(store, claim.experiment_id)[0].values) == [1.0, 2.0]


def test_a_batch_that_would_leave_a_hole_is_refused(store: Store, claimed: tuple[Run, Claim]) -> None:
    _, claim = claimed
    with pytest.raises(LeaseLost):
        record(store, claim, batch_of(store, claim, [1.0], offset=500))


def test_whoever_lost_the_lease_writes_nothing_more(store: Store, claimed: tuple[Run, Claim]) -> None:
    _run, claim = claimed
    expire(store, "experiment")
    assert release_lost(store) == 1
    for attempt in (
        lambda: record(store, claim, batch_of(store, claim, [1.0])),
        lambda: renew_experiment(store, claim),
        lambda: finish_experiment(store, claim, Batch({}, {}), FINISHED, then=Place("worker", "h")),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    assert fetch_curves(store, claim.experiment_id) == []


def test_a_new_attempt_starts_from_nothing(store: Store, project: Project, claimed: tuple[Run, Claim]) -> None:
    _run, claim = claimed
    record(store, claim, batch_of(store, claim, [1.0, 2.0]))
    release_lost(store, owner="worker")
    again = claim_experiment(store, Place("other", "h"))
    assert again is not None
    assert (again.number, again.attempt) == (claim.number, 2)
    record(store, again, batch_of(store, again, [3.0]))
    assert list(fetch_curves(store, claim.experiment_id)[0].values) == [3.0]
    found = find_experiment(store, project.id, claim.number)
    assert found is not None
    assert found.metrics["loss"].count == 1


def test_an_experiment_that_kills_its_owners_is_given_up(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    _run, claim = claimed
    for _ in range(MAX_LOSSES):
        release_lost(store, owner="worker")
        claim_experiment(store, Place("worker", "h"))
    found = find_experiment(store, project.id, claim.number)
    assert found is not None
    assert found.state == "failed"
    assert "vanished" in (found.reason or "")


def test_finishing_writes_the_end_and_takes_the_next(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    _run, claim = claimed
    last = replace(
        batch_of(store, claim, [0.1]),
        views=[NewView("cm", "confusion_matrix", 2.0, b"{}")],
        stdout_tail="bye",
        stderr_tail="",
    )
    following = finish_experiment(store, claim, last, FINISHED, then=Place("worker", "h"))
    assert following is not None
    assert following.number == 2
    done = find_experiment(store, project.id, 1)
    assert done is not None
    assert (done.state, done.exit_code, done.duration_s, done.value_count) == ("finished", 0, 1.5, 1)
    assert [view.name for view in fetch_views(store, done.id)] == ["cm"]
    assert fetch_log(store, done.id) == ("bye", "")


def test_a_failed_experiment_leaves_its_run_open_and_a_retry_queues_it(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    failed = Ending("failed", 1.0, exit_code=3, reason="exit code 3", retry=True)
    following = finish_experiment(store, claim, Batch({}, {}), failed, then=Place("worker", "h"))
    assert following is not None
    assert (following.number, following.attempt) == (1, 2)
    assert not end_run(store, run.id, run.fence, state="finished")
    found = open_experiments(store, [run.id])[run.id]
    assert (found.queued, found.running, found.served > 0) == (2, 1, True)


def test_a_run_ends_when_nothing_of_it_is_open(store: Store, project: Project, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    following: Claim | None = claim
    while following:
        following = finish_experiment(store, following, Batch({}, {}), FINISHED, then=Place("worker", "h"))
    assert end_run(store, run.id, run.fence, state="finished")
    ended = find_run(store, project.id, run.number)
    assert ended is not None
    assert ended.state == "finished"
    assert claim_runs(store, "s") == []


def test_stopping_a_run_stops_what_waits_and_asks_what_runs(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    request_stop(store, run.id)
    assert renew_runs(store, {run.id: run.fence})[run.id].is_stopping
    assert renew_experiment(store, claim) == "stop"
    states = [experiment.state for experiment in fetch_experiments(store, project.id)]
    assert states == ["running", "stopped", "stopped"]


def test_one_idempotency_key_makes_one_run(store: Store, project: Project, make_run: MakeRun) -> None:
    first, second = make_run(idempotency_key="k"), make_run(idempotency_key="k")
    assert first.id == second.id
    assert len(fetch_runs(store, project.id)) == 1


def test_numbers_go_on_through_the_project(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(2)
    make_run(2)
    assert [experiment.number for experiment in fetch_experiments(store, project.id)] == [1, 2, 3, 4]
    assert [run.number for run in fetch_runs(store, project.id)] == [2, 1]


def test_a_run_without_experiments_can_be_made(store: Store, project: Project) -> None:
    run = create_run(store, project, NewRun("python train.py", {}, [], []))
    assert run.number == 1
