"""What happens to a script from outside: its children killed, itself frozen, short of memory, its folder gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.configuration import fetch_attempts
from storage.experiments import fetch_curves
from storage.records import Experiment, Run
from storage.run_leases import claim_runs
from tests.training.conftest import Workshop, small_disk, wait_until
from training.experiment import ExperimentWorker

GATED = "while not os.path.exists({gate!r}): time.sleep(0.01)"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@contextmanager
def at_work(workshop: Workshop, worker: ExperimentWorker) -> Iterator[None]:
    """The worker works in a thread of its own; at the end of the block it is waited for."""
    claim_runs(workshop.store, "dispatcher")
    thread = threading.Thread(target=worker.work)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


def await_first(workshop: Workshop, run: Run, are_so: Callable[[Experiment], bool]) -> Experiment:
    found: list[Experiment] = wait_until(lambda: [one for one in workshop.experiments(run)[:1] if are_so(one)])
    return found[0]


def values_of(workshop: Workshop, experiment: Experiment, name: str) -> list[float]:
    return next(list(curve.values) for curve in fetch_curves(workshop.store, experiment.id) if curve.metric == name)


def test_a_killed_child_of_a_script_is_the_script_s_own_affair(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "child = subprocess.Popen(['sleep', '60']); hypertuner.log(child=child.pid)\n"
        "hypertuner.log(status=child.wait()); sys.exit(5 if x == 2 else 0)"
    )
    run = workshop.launch(action, [1.0, 2.0])
    with at_work(workshop, worker):
        for place in (0, 1):
            loader: Experiment = wait_until(
                lambda place=place: next((one for one in workshop.experiments(run)[place:] if one.value_count), None)  # type: ignore[misc]
            )
            os.kill(int(loader.metrics["child"].last), signal.SIGKILL)
            wait_until(lambda place=place: workshop.experiments(run)[place].ended_at)  # type: ignore[misc]
    first, second = workshop.experiments(run)
    assert [(each.state, each.exit_code) for each in (first, second)] == [("finished", 0), ("failed", 5)]
    assert [each.metrics["status"].last for each in (first, second)] == [-9, -9]


def test_a_frozen_script_is_held_and_goes_on_when_it_is_thawed(
    workshop: Workshop, worker: ExperimentWorker, gate: Path
) -> None:
    run = workshop.launch(f"hypertuner.log(pid=os.getpid())\n{GATED.format(gate=str(gate))}\nhypertuner.log(pid=0)")
    with at_work(workshop, worker):
        pid = int(await_first(workshop, run, lambda one: one.value_count == 1).metrics["pid"].last)
        os.kill(pid, signal.SIGSTOP)
        lease = leased_until(workshop, run)
        wait_until(lambda: leased_until(workshop, run) > lease + 2, what="a lease that is renewed")
        assert [one.state for one in workshop.experiments(run)] == ["running"]
        gate.touch()
        os.kill(pid, signal.SIGCONT)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.attempt, values_of(workshop, experiment, "pid")) == ("finished", 1, [pid, 0])


def leased_until(workshop: Workshop, run: Run) -> float:
    with workshop.store.read() as connection:
        query = "SELECT extract(epoch FROM lease_until) FROM experiment WHERE run_id = %s"
        return float(connection.exec_driver_sql(query, (run.id,)).scalar_one())


def test_a_script_without_memory_fails_with_its_error_and_the_next_goes_on(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))\n"
        "hypertuner.log(loss=1)\nif x == 1: bytearray(1_000_000_000)"
    )
    run = workshop.launch(action, [1.0, 2.0])
    with at_work(workshop, worker):
        pass
    hungry, modest = workshop.experiments(run)
    assert (hungry.state, hungry.reason, hungry.value_count) == ("failed", "exit code 1: MemoryError", 1)
    assert modest.state == "finished"


def test_a_spool_that_is_deleted_while_a_script_runs_costs_only_what_was_in_it(
    workshop: Workshop, worker: ExperimentWorker, gate: Path
) -> None:
    action = f"hypertuner.log(loss=x)\n{GATED.format(gate=str(gate))}\nhypertuner.log(loss=x + 1); print('bye')"
    run = workshop.launch(action, [1.0, 2.0])
    with at_work(workshop, worker):
        await_first(workshop, run, lambda one: one.value_count == 1)
        shutil.rmtree(workshop.data_dir / "spool")
        gate.touch()
    first, second = workshop.experiments(run)
    # What came after the deletion went into a file without a name.
    assert (first.state, values_of(workshop, first, "loss")) == ("finished", [1])
    assert (second.state, values_of(workshop, second, "loss")) == ("finished", [2, 3])


def test_a_spool_in_which_nothing_can_be_made_fails_experiments_with_the_reason_and_later_ones_go_on(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    spool = workshop.data_dir / "spool"
    shutil.rmtree(spool, ignore_errors=True)
    spool.write_text("in the way")
    run = workshop.launch("hypertuner.log(loss=x)")
    with at_work(workshop, worker):
        pass
    spool.unlink()
    later = workshop.launch("hypertuner.log(loss=x)")
    with at_work(workshop, worker):
        pass
    (failed,), (finished,) = workshop.experiments(run), workshop.experiments(later)
    assert (failed.state, finished.state) == ("failed", "finished")
    assert (failed.reason or "").startswith("It could not be started. ")
    assert "spool" in (failed.reason or "")


@pytest.mark.parametrize("options", ["size=1m,nr_inodes=4", "size=16k,nr_inodes=1000"], ids=["inodes", "bytes"])
def test_a_full_disk_of_the_spool_ends_no_training_and_no_worker(
    workshop: Workshop, worker: ExperimentWorker, options: str
) -> None:
    action = "hypertuner.log(loss=x)\nfor _ in range(20): print('y' * 4096)\nopen(os.environ['DONE'] + str(x), 'w')"
    done = workshop.outside / "done"
    with pytest.MonkeyPatch.context() as patch, small_disk(workshop.data_dir / "spool", options):
        patch.setenv("DONE", str(done))
        run = workshop.launch(action, [1.0, 2.0, 3.0])
        with at_work(workshop, worker):
            pass
    states = [(one.state, one.reason) for one in workshop.experiments(run)]
    # A script hears of a full disk where it prints, as it would anywhere, and has no room to say so; nobody else does.
    said = ("exit code 1", "No space left on device")
    assert all(state == "finished" or any(each in (reason or "") for each in said) for state, reason in states), states
    # With room again the same worker works on.
    later = workshop.launch("hypertuner.log(loss=x)")
    with at_work(workshop, worker):
        pass
    assert [one.state for one in workshop.experiments(later)] == ["finished"]


@pytest.mark.parametrize("limit", [0, 1, 100, 5_000, 70_000])
def test_whatever_write_fails_the_end_is_told_and_no_value_is_half(
    workshop: Workshop, database_url: str, limit: int
) -> None:
    """Files may grow to so many bytes only, for the worker, its supervisor and the script."""
    action = "for step in range(1000): hypertuner.log(step=step)\nfor _ in range(1000): print('x' * 100)"
    run = workshop.launch(action)
    claim_runs(workshop.store, "dispatcher")
    code = (
        "import resource, signal, sys\nfrom training.experiment import ExperimentWorker\n"
        "worker = ExperimentWorker(sys.argv[1], 'limited', database_url=sys.argv[2])\n"
        "limit = int(sys.argv[3])\nresource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\nworker.work()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(workshop.data_dir), database_url, str(limit)],
        timeout=60, check=False, capture_output=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (experiment,) = workshop.experiments(run)
    assert experiment.ended_at is not None
    # Of a failure that is longer than its own file only the beginning can be read.
    assert experiment.state == "finished" or (experiment.reason or "").startswith(("exit code 1", "It could not be"))
    steps = values_of(workshop, experiment, "step") if experiment.value_count else []
    assert steps == list(range(len(steps)))


def test_a_script_whose_clock_jumps_has_its_values_in_order_and_no_negative_duration(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = (
        "import json; now = time.time(); file = open(os.environ['HYPERTUNER_METRICS'], 'a')\n"
        "for i, day in enumerate([0, 1, -1, 2, -2]):\n"
        "    file.write(json.dumps({'t': now + day * 86400, 'm': {'loss': i}, 'epoch': i}) + '\\n')"
    )
    run = workshop.launch(action)
    with at_work(workshop, worker):
        pass
    (experiment,) = workshop.experiments(run)
    assert values_of(workshop, experiment, "loss") == [0, 1, 2, 3, 4]
    (attempt,) = fetch_attempts(workshop.store, experiment.id)
    for each in (experiment.duration_s, attempt.duration_s):
        assert each is not None
        assert 0 <= each < 60
