"""Attempts whose owner is gone: their spools are read to the end before anything is decided, without Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.configuration import fetch_attempts
from storage.embedded import EmbeddedServer
from storage.experiments import fetch_curves
from storage.files import fetch_files
from storage.leases import INTERRUPTED, NODE_LOST, VANISHED
from storage.records import Experiment, Run
from storage.requests import request_stop
from storage.run_leases import claim_runs
from storage.store import Store
from tests.training.conftest import Workshop, kill, processes_with, wait_until
from training.salvage import Salvaged, Salvager
from training.spool_folders import END, guard_of

# A worker in a process of its own, so that it can be killed.
OWNER = """
import sys
from training.experiment import ExperimentWorker
ExperimentWorker(sys.argv[1], "owner", database_url=sys.argv[2]).work()
"""
# Waits for the gate between its values and its end.
GATED = """
for i in range(3): hypertuner.log(loss=x + i, epoch=i)
while not os.path.exists({gate!r}): time.sleep(0.01)
hypertuner.log(loss=x + 3, epoch=3)
"""

StartOwner = Callable[[Run], "subprocess.Popen[bytes]"]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def start_owner(workshop: Workshop, database_url: str) -> StartOwner:
    def start(run: Run) -> subprocess.Popen[bytes]:
        claim_runs(workshop.store, "dispatcher")
        code = textwrap.dedent(OWNER)
        owner = subprocess.Popen([sys.executable, "-c", code, str(workshop.data_dir), database_url])
        wait_until(lambda: workshop.experiments(run)[0].value_count == 3, what="its values")
        return owner

    return start


@pytest.fixture
def salvager(workshop: Workshop, database_url: str) -> Salvager:
    return Salvager(workshop.data_dir, database_url=database_url)


def folder_of(workshop: Workshop, experiment: Experiment) -> Path:
    return workshop.data_dir / "spool" / f"{experiment.id}-{experiment.attempt}"


def freeze(process: subprocess.Popen[bytes], store: Store) -> None:
    """SIGSTOP between two transactions: within one its locks would hold everybody up until the database ends it."""

    def is_idle() -> bool:
        process.send_signal(signal.SIGSTOP)
        with store.read() as connection:
            others = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state <> 'idle'"
            if connection.scalar(text(others)) == 0:
                return True
        process.send_signal(signal.SIGCONT)
        return False

    wait_until(is_idle, what="a moment without a transaction")


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def test_a_training_that_ended_while_its_owner_was_frozen_is_not_repeated(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    try:
        freeze(owner, workshop.store)
        gate.touch()
        folder = folder_of(workshop, workshop.experiments(run)[0])
        wait_until((folder / END).exists, what="the end beside the spool")
        assert salvager.salvage(VANISHED) == Salvaged(), "its lease is good"
        assert salvager.salvage(VANISHED, owners=["owner"]) == Salvaged(ended=1)
    finally:
        end(owner)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.attempt, experiment.exit_code, experiment.value_count) == ("finished", 1, 0, 4)
    (loss,) = fetch_curves(workshop.store, experiment.id)
    assert (list(loss.values), list(loss.epochs)) == ([1, 2, 3, 4], [0, 1, 2, 3])


def test_what_a_script_wrote_and_logged_into_files_is_salvaged_too(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    wait = f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
    # A script that does not import hypertuner has no such file, and nothing waits for it.
    action = (
        "os.remove(os.environ['HYPERTUNER_METRICS']); file = open('log.csv', 'w'); print('epoch,acc\\n0,1\\n1,2\\n2,3', file=file, flush=True)\n"
        + wait
    )
    run = workshop.launch(action + "print('3,4', file=file); file.close()")
    owner = start_owner(run)
    try:
        experiment = workshop.experiments(run)[0]
        wait_until(lambda: fetch_files(workshop.store, experiment.id), what="the first look at its files")
        freeze(owner, workshop.store)
        gate.touch()
        wait_until((folder_of(workshop, experiment) / END).exists, what="the end beside the spool")
        assert salvager.salvage(VANISHED, owners=["owner"]) == Salvaged(ended=1)
    finally:
        end(owner)
    (curve,) = fetch_curves(workshop.store, experiment.id)
    assert (curve.metric, list(curve.values)) == ("acc", [1, 2, 3, 4])
    kept = fetch_files(workshop.store, experiment.id)
    assert kept
    assert ([file.name for file in kept.found.files], kept.kind) == (["log.csv"], "overlay")


def test_an_owner_that_wakes_up_writes_nothing_more_and_begins_nothing(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    freeze(owner, workshop.store)
    gate.touch()
    wait_until((folder_of(workshop, workshop.experiments(run)[0]) / END).exists)
    assert salvager.salvage(VANISHED, owners=["owner"]) == Salvaged(ended=1)
    owner.send_signal(signal.SIGCONT)
    assert owner.wait(30) == 0
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.attempt, experiment.value_count) == ("finished", 1, 4)


def test_a_cut_attempt_keeps_its_values_and_is_repeated(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    end(owner)
    assert salvager.salvage(NODE_LOST, owners=["owner"]) == Salvaged(cut=1)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.reason) == ("queued", "lost: its node is gone")
    assert processes_with(workshop.spool_mark(experiment)) == []
    (attempt,) = fetch_attempts(workshop.store, experiment.id)
    assert (attempt.ending, attempt.epoch, attempt.value_count) == ("lost", 2, 3)
    (loss,) = fetch_curves(workshop.store, experiment.id)
    assert list(loss.values) == [1, 2, 3]


def test_what_was_handed_over_and_not_read_is_read_before_an_attempt_is_given_up(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    action = GATED.format(gate=str(gate)) + "\nfor i in range(5000): hypertuner.log(more=i)\ntime.sleep(600)"
    run = workshop.launch(action)
    owner = start_owner(run)
    freeze(owner, workshop.store)
    gate.touch()
    (experiment,) = workshop.experiments(run)
    metrics = folder_of(workshop, experiment) / "metrics.jsonl"
    wait_until(lambda: metrics.read_bytes().count(b'"more"') == 5000, what="the script's values")
    owner.kill()
    owner.wait()
    assert salvager.salvage(VANISHED, owners=["owner"]) == Salvaged(cut=1)
    (attempt,) = fetch_attempts(workshop.store, experiment.id)
    assert attempt.value_count == 5004
    _loss, more = fetch_curves(workshop.store, experiment.id)
    assert list(more.values) == list(range(5000))


def test_a_script_whose_owner_is_frozen_is_ended_before_its_experiment_is_tried_again(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    try:
        freeze(owner, workshop.store)
        (experiment,) = workshop.experiments(run)
        assert guard_of(folder_of(workshop, experiment)) is not None
        assert salvager.salvage(VANISHED, owners=["owner"]) == Salvaged(cut=1)
        wait_until(lambda: not processes_with(workshop.spool_mark(experiment)), what="the end of the script")
    finally:
        end(owner)
    assert workshop.experiments(run)[0].state == "queued"


def test_what_was_to_stop_is_stopped_with_its_values(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    freeze(owner, workshop.store)
    request_stop(workshop.store, run.id)
    end(owner)
    assert salvager.salvage(INTERRUPTED, everything=True) == Salvaged(cut=1)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.reason, experiment.value_count) == ("stopped", "stopped by request", 3)


def test_scripts_that_ended_while_the_database_was_away_are_not_repeated(
    workshop: Workshop, start_owner: StartOwner, salvager: Salvager, gate: Path, postgres: EmbeddedServer
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    owner = start_owner(run)
    (experiment,) = workshop.experiments(run)
    postgres.stop()
    try:
        gate.touch()
        wait_until((folder_of(workshop, experiment) / END).exists)
        kill([owner.pid])
        owner.wait()
    finally:
        postgres.start()
    assert salvager.salvage(INTERRUPTED, everything=True) == Salvaged(ended=1)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.attempt, experiment.value_count) == ("finished", 1, 4)


def test_two_who_salvage_at_once_see_to_each_attempt_once(
    workshop: Workshop, start_owner: StartOwner, database_url: str, gate: Path
) -> None:
    run = workshop.launch(GATED.format(gate=str(gate)))
    end(start_owner(run))
    found: list[Salvaged] = []

    def salvage() -> None:
        found.append(Salvager(workshop.data_dir, database_url=database_url).salvage(NODE_LOST, owners=["owner"]))

    threads = [threading.Thread(target=salvage) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(each.cut for each in found) == [0, 0, 1]
    assert workshop.experiments(run)[0].attempt == 1
    assert os.path.isdir(folder_of(workshop, workshop.experiments(run)[0]))
