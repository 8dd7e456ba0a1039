"""What is kept around an experiment: attempts and how each ended, revisions, environments."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from storage.configuration import (
    fetch_attempts,
    fetch_diff,
    fetch_environment,
    fetch_revision,
    keep_environment,
    keep_revision,
    knows_environment,
    wants_environment,
)
from storage.experiments import fetch_experiments, find_experiment
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment, release_everything, release_lost
from storage.records import Claim, Project, Run
from storage.requests import interrupt, queue_again
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

NOTHING = Batch({}, {})
FAILED = Ending("failed", 2.0, 1, "exit code 1: no", failure="ValueError: no (train.py:1)")


def endings(store: Store, experiment_id: int) -> list[tuple[object, ...]]:
    return [
        (each.attempt, each.host, each.exit_code, each.ending, each.reason)
        for each in fetch_attempts(store, experiment_id)
    ]


def test_every_attempt_keeps_its_host_and_end(store: Store, claimed: tuple[Run, Claim]) -> None:
    _run, claim = claimed
    (begun,) = fetch_attempts(store, claim.experiment_id)
    assert (begun.ending, begun.ended_at, begun.host) == (None, None, "here")
    retried = Ending("failed", 2.0, 1, "exit code 1: no", retry=True, failure="ValueError: no")
    again = finish_experiment(store, claim, NOTHING, retried, then=Place("worker", "there"))
    assert again
    assert again.attempt == 2
    finish_experiment(store, again, NOTHING, Ending("finished", 1.0, 0), then=Place("worker", "there"))
    assert endings(store, claim.experiment_id) == [
        (1, "here", 1, "failed", "exit code 1: no"),
        (2, "there", 0, "finished", None),
    ]
    first, second = fetch_attempts(store, claim.experiment_id)
    assert first.ended_at
    assert second.duration_s == 1.0


def test_who_was_lost_interrupted_or_stopped_says_so(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    assert release_lost(store, owner="worker") == 1
    assert claim_experiment(store, Place("other", "there"))
    assert release_everything(store) == 1
    with store.begin() as connection:
        connection.execute(text("UPDATE run SET owner = 'scheduler', state = 'running'"))
    assert claim_experiment(store, Place("third", "there"))
    interrupt(store, run.id, [1], "stopped by rule: loss > 2")
    assert release_lost(store, owner="third") == 1
    assert endings(store, claim.experiment_id) == [
        (1, "here", None, "lost", "lost: the process that ran it vanished"),
        (2, "there", None, "interrupted", "interrupted"),
        (3, "there", None, "stopped", "stopped by rule: loss > 2"),
    ]


def test_a_failure_is_that_of_the_newest_attempt(store: Store, claimed: tuple[Run, Claim], project: Project) -> None:
    run, claim = claimed
    finish_experiment(store, claim, NOTHING, FAILED, then=Place("worker", "here"))
    experiment = find_experiment(store, project.id, 1)
    assert experiment
    assert experiment.failure == "ValueError: no (train.py:1)"
    queue_again(store, run.id, [1])
    experiment = find_experiment(store, project.id, 1)
    assert experiment
    assert experiment.failure is None


def test_one_that_reuses_results_has_the_attempts_of_the_other(
    store: Store, claimed: tuple[Run, Claim], project: Project
) -> None:
    run, claim = claimed
    finish_experiment(store, claim, NOTHING, Ending("finished", 1.0, 0), then=Place("worker", "here"))
    keep_environment(store, run.id, "here", {"cpus": 2}) if wants_environment(store, run.id, "here") else None
    reuse = NewExperiment({"lr": 0.1}, reuse=claim.experiment_id)
    other = create_run(store, project, NewRun("python train.py", {}, [], [reuse]))
    (reused,) = fetch_experiments(store, project.id, run_id=other.id)
    assert endings(store, reused.id) == endings(store, claim.experiment_id)
    assert fetch_environment(store, reused.id) == {"cpus": 2}


def test_an_environment_is_asked_for_once_per_run_and_host(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    assert [wants_environment(store, run.id, host) for host in ("here", "here", "there")] == [True, False, True]
    assert not knows_environment(store, claim.experiment_id)
    assert fetch_environment(store, claim.experiment_id) is None
    keep_environment(store, run.id, "here", {"cpus": 4})
    assert knows_environment(store, claim.experiment_id)
    assert fetch_environment(store, claim.experiment_id) == {"cpus": 4}


def test_equal_revisions_are_kept_once(store: Store, make_run: Callable[..., Run]) -> None:
    digest = keep_revision(store, {"commit": "abc"}, "+x\n")
    assert keep_revision(store, {"commit": "abc"}, "+x\n") == digest
    assert keep_revision(store, {"commit": "abc"}, "+y\n") != digest
    assert (fetch_revision(store, digest), fetch_diff(store, digest)) == ({"commit": "abc"}, "+x\n")
    assert make_run(revision_digest=digest).revision_digest == digest
    assert (fetch_revision(store, "none"), fetch_diff(store, "none")) == (None, None)
