"""The experiment worker on a real database with real scripts, without Ray."""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
from pathlib import Path

import pytest

from analysis.environment import Environment
from analysis.hyperparameters import Hyperparameter
from sources.snapshot import take_snapshot
from storage.configuration import fetch_attempts, fetch_environment
from storage.embedded import EmbeddedServer
from storage.experiments import fetch_curves, fetch_log, fetch_views
from storage.leases import Place, claim_experiment, release_lost
from storage.projects import keep_snapshot, register_project
from storage.records import Experiment, Run
from storage.requests import extend_run, interrupt
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.script_secrets import keep_secrets
from storage.store import Store
from tests.training.conftest import Workshop, is_alive, processes_with, wait_until
from training.experiment import ExperimentWorker
from training.script_environment import script_environment


def perform(workshop: Workshop, worker: ExperimentWorker, run: Run) -> list[Experiment]:
    """Let the worker do a whole run."""
    claimed = claim_runs(workshop.store, "scheduler")[0]
    assert claimed.id == run.id
    worker.work()
    return workshop.experiments(run)


def test_it_does_one_script_after_another_and_keeps_what_each_reports(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = "for i in range(3): hypertuner.log(epoch=i + 1, epochs=3, loss=x / (i + 1), accuracy=float('nan'))"
    run = workshop.launch(action + "\nprint('bye')", [1.0, 2.0])
    first, second = perform(workshop, worker, run)
    assert [first.state, second.state] == ["finished", "finished"]
    assert (first.exit_code, first.value_count, first.epoch, first.epochs) == (0, 6, 3, 3)
    accuracy, loss = fetch_curves(workshop.store, second.id)
    assert list(loss.values) == [2.0, 1.0, 2 / 3]
    assert list(loss.epochs) == [1, 2, 3]
    assert all(value != value for value in accuracy.values)
    assert fetch_log(workshop.store, first.id) == ("bye\n", "")


def test_metrics_are_read_from_what_a_script_prints(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("print('Epoch 1/2 loss: 0.5'); print('Epoch 2/2 loss: 0.25', end='')")
    (experiment,) = perform(workshop, worker, run)
    (loss,) = fetch_curves(workshop.store, experiment.id)
    assert (list(loss.values), list(loss.epochs)) == ([0.5, 0.25], [1, 2])
    assert (experiment.epoch, experiment.epochs) == (2, 2)


def test_an_option_that_is_a_word_may_be_called_as_a_metric_is(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("print('depth: 2.5 loss: 0.5')")
    with workshop.store.begin() as connection:
        added = 'command || \'["--loss", "mse", "--depth", "2.5"]\''
        connection.exec_driver_sql(f"UPDATE run SET command = {added}")
    (workshop.folder / "train.py").write_text("print('depth: 2.5 loss: 0.5')")
    (experiment,) = perform(workshop, worker, run)
    assert set(experiment.metrics) == {"loss"}


def test_a_logged_metric_is_not_taken_from_stdout_a_second_time(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(loss=0.5); print('loss: 0.5 acc: 0.1')")
    (experiment,) = perform(workshop, worker, run)
    assert {name: summary.count for name, summary in experiment.metrics.items()} == {"loss": 1}


def test_what_is_printed_long_before_it_is_logged_counts_once(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("print('loss: 0.5'); time.sleep(0.6); hypertuner.log(loss=0.5)")
    (experiment,) = perform(workshop, worker, run)
    assert {name: summary.count for name, summary in experiment.metrics.items()} == {"loss": 1}


def test_a_script_that_puts_a_folder_where_its_metrics_belong_costs_nobody_else_anything(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = "path = os.environ['HYPERTUNER_METRICS']; os.unlink(path); os.mkdir(path); print('loss: 1')"
    first, second = perform(workshop, worker, workshop.launch(action, [1.0, 2.0]))
    assert [first.state, second.state, first.value_count, second.value_count] == ["finished", "finished", 1, 1]


def test_a_failing_script_does_not_stop_the_next(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = "hypertuner.log(loss=x)\nif x == 1: raise ValueError('bad luck')"
    failed, finished = perform(workshop, worker, workshop.launch(action, [1.0, 2.0]))
    assert (failed.state, failed.exit_code, failed.reason) == ("failed", 1, "exit code 1: ValueError: bad luck")
    assert failed.metrics["loss"].last == 1
    assert finished.state == "finished"
    assert "Traceback" in fetch_log(workshop.store, failed.id)[1]


def test_a_killed_script_is_named_by_its_signal(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(loss=x); os.kill(os.getpid(), signal.SIGKILL)")
    (experiment,) = perform(workshop, worker, run)
    assert (experiment.state, experiment.reason) == ("failed", "killed by signal 9 (SIGKILL)")
    assert experiment.exit_code is None
    assert experiment.metrics["loss"].count == 1


def test_half_a_line_of_a_killed_script_is_no_value(workshop: Workshop, worker: ExperimentWorker) -> None:
    torn = (
        "hypertuner.log(loss=1.5); open(os.environ['HYPERTUNER_METRICS'], 'a').write('{\"m\": {\"loss\": 2')"
        "; os.kill(os.getpid(), signal.SIGKILL)"
    )
    (experiment,) = perform(workshop, worker, workshop.launch(torn))
    assert (experiment.value_count, experiment.rejected_lines) == (1, 0)


def test_a_script_is_ended_at_its_time_limit(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(loss=1); time.sleep(60)", time_limit_s=0.5, retries=3)
    (experiment,) = perform(workshop, worker, run)
    assert (experiment.state, experiment.reason) == ("failed", "time limit of 0.5 s reached")
    assert experiment.value_count == 1
    assert experiment.attempt == 1


def test_a_script_that_fails_is_tried_again_as_often_as_the_run_says(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = "hypertuner.log(attempt=int(os.environ['HYPERTUNER_ATTEMPT'])); sys.exit(0 if x == 2 else 3)"
    failed, finished = perform(workshop, worker, workshop.launch(action, [1.0, 2.0], retries=2))
    assert (failed.state, failed.attempt, failed.metrics["attempt"].last) == ("failed", 3, 3)
    assert (finished.state, finished.attempt) == ("finished", 1)


def test_a_request_stops_the_script_and_keeps_what_it_reported(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(loss=1); time.sleep(60)")
    claim_runs(workshop.store, "scheduler")[0]
    thread = threading.Thread(target=worker.work)
    thread.start()
    (running,) = wait_until(lambda: [one for one in workshop.experiments(run) if one.value_count])
    interrupt(workshop.store, running.run_id, [running.number])
    thread.join(30)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.reason, experiment.value_count) == ("stopped", "stopped by request", 1)
    assert processes_with(workshop.spool_mark(experiment)) == []


def test_values_are_readable_while_the_script_runs(workshop: Workshop, worker: ExperimentWorker) -> None:
    gate = workshop.outside / "gate"
    action = f"hypertuner.log(loss=1); print('here')\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    run = workshop.launch(action)
    claim_runs(workshop.store, "scheduler")[0]
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_until(lambda: workshop.experiments(run)[0].value_count == 1)
    wait_until(lambda: fetch_log(workshop.store, workshop.experiments(run)[0].id)[0] == "here\n")
    assert workshop.experiments(run)[0].state == "running"
    gate.touch()
    thread.join(30)
    assert workshop.experiments(run)[0].value_count == 1


def test_a_worker_whose_lease_was_lost_ends_the_script_and_writes_nothing(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    run = workshop.launch("hypertuner.log(loss=1)\nif os.environ['HYPERTUNER_ATTEMPT'] == '1': time.sleep(60)")
    claim_runs(workshop.store, "scheduler")[0]
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_until(lambda: workshop.experiments(run)[0].value_count == 1)
    assert release_lost(workshop.store, owner="worker") == 1
    thread.join(30)
    (experiment,) = workshop.experiments(run)
    # The same worker took the second attempt.
    assert (experiment.state, experiment.attempt, experiment.value_count) == ("finished", 2, 1)


def test_an_experiment_whose_claim_was_never_heard_of_is_done_without_waiting_for_its_lease(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    run = workshop.launch("hypertuner.log(loss=x)", [1.0, 2.0])
    claim_runs(workshop.store, "scheduler")[0]
    # Committed, but its answer never reached the worker.
    assert claim_experiment(workshop.store, worker.place)
    assert worker.work() == 2
    assert [(one.state, one.value_count) for one in workshop.experiments(run)] == [("finished", 1)] * 2


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["no-such-python", "train.py"], "The program no-such-python was not found on this machine."),
        (["/etc/passwd"], "/etc/passwd is not executable."),
    ],
)
def test_what_cannot_be_started_fails_with_a_sentence(
    workshop: Workshop, worker: ExperimentWorker, command: list[str], sentence: str
) -> None:
    run = workshop.launch("pass")
    with workshop.store.begin() as connection:
        connection.exec_driver_sql("UPDATE run SET command = to_jsonb(%s::text[])", (command,))
    (experiment,) = perform(workshop, worker, run)
    assert (experiment.state, experiment.reason) == ("failed", f"It could not be started. {sentence}")


def test_a_missing_working_directory_is_named(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("pass")
    with workshop.store.begin() as connection:
        connection.exec_driver_sql("UPDATE run SET directory = '/no/such/folder'")
    (experiment,) = perform(workshop, worker, run)
    assert "/no/such/folder does not exist" in (experiment.reason or "")


def test_values_reach_the_script_byte_for_byte(workshop: Workshop, worker: ExperimentWorker) -> None:
    text = "; touch /tmp/pwned $(id) `id` \n 'ü' \"😀\" -rf"
    (workshop.folder / "show.py").write_text("import sys; print(ascii(sys.argv[1]))")
    run = workshop.launch("pass")
    command = [sys.executable, str(workshop.folder / "show.py"), text]
    with workshop.store.begin() as connection:
        connection.exec_driver_sql("UPDATE run SET command = to_jsonb(%s::text[])", (command,))
    (experiment,) = perform(workshop, worker, run)
    assert fetch_log(workshop.store, experiment.id)[0] == ascii(text) + "\n"


def test_each_experiment_reads_a_copy_of_a_configuration_file_as_it_was_launched(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    folder = workshop.folder
    script = "import json, sys\nfor name, value in json.load(open(sys.argv[1])).items(): print(f'{name}: {value}')\n"
    (folder / "train.py").write_text(script)
    (folder / "c.json").write_text('{"loss": 1, "accuracy": 0.2}')
    snapshot = take_snapshot(folder / "train.py")
    keep_snapshot(workshop.store, snapshot.digest, snapshot.archive, snapshot.script)
    loss = Hyperparameter("depth", "c.json:loss", "float", place=3, file="c.json").to_json()
    project = register_project(
        workshop.store, "Files", directory=str(folder), command=[sys.executable, "train.py", "c.json"],
        hyperparameters=[loss],
    )  # fmt: skip
    settings = [NewExperiment({"depth": depth}) for depth in (0.5, 7)]
    new = NewRun("python train.py", {}, [loss], settings, snapshot_digest=snapshot.digest)
    workshop.project, run = project, create_run(workshop.store, project, new)
    (folder / "c.json").write_text('{"loss": 1, "accuracy": 0.9}')
    found = perform(workshop, worker, run)
    assert [(each.metrics["loss"].last, each.metrics["accuracy"].last) for each in found] == [(0.5, 0.2), (7, 0.2)]


MODULE = """
import sys, os, late
from multiprocessing import get_context
from . import part

def work(x):
    return part.answer + x

if __name__ == "__main__":
    with get_context("spawn").Pool(1) as pool:
        print("loss:", pool.map(work, [float(sys.argv[2])])[0])
    print(sys.argv[1:], os.getcwd(), late.__file__)
"""


def test_a_module_runs_the_code_that_was_launched_and_finds_the_rest_where_it_was(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    folder, known = workshop.folder, {"name": "x", "flag": "--x", "type": "float", "place": 3, "joint": " "}
    (folder / "pkg").mkdir()
    for name, text in {"__init__": "", "part": "answer = 42", "train": MODULE}.items():
        (folder / "pkg" / f"{name}.py").write_text(text)
    snapshot = take_snapshot(folder / "pkg" / "train.py", folder)
    keep_snapshot(workshop.store, snapshot.digest, snapshot.archive, snapshot.script)
    # Edited, and made, after the launch.
    (folder / "pkg" / "part.py").write_text("answer = 43")
    (folder / "late.py").write_text("")
    project = register_project(
        workshop.store, "Modules", directory=str(folder), command=[sys.executable, "-m", "pkg.train"],
        hyperparameters=[known],
    )  # fmt: skip
    new = NewRun("x", {}, [known], [NewExperiment({"x": 0.5})], snapshot_digest=snapshot.digest)
    workshop.project, run = project, create_run(workshop.store, project, new)
    (experiment,) = perform(workshop, worker, run)
    said = fetch_log(workshop.store, experiment.id)
    assert experiment.metrics["loss"].last == 42.5, said
    assert f"['--x', '0.5'] {folder} " in said[0]
    assert said[0].endswith("/late.py\n")


def test_a_run_with_a_snapshot_runs_the_code_that_was_launched(workshop: Workshop, worker: ExperimentWorker) -> None:
    (workshop.folder / "own.py").write_text("answer = 42")
    snapshot = take_snapshot(workshop.folder / "train.py")
    keep_snapshot(workshop.store, snapshot.digest, snapshot.archive, snapshot.script)
    action = "import own; hypertuner.log(answer=own.answer); print(os.getcwd())"
    run = workshop.launch(action, snapshot_digest=snapshot.digest)
    (workshop.folder / "own.py").write_text("answer = 43")
    (experiment,) = perform(workshop, worker, run)
    assert experiment.metrics["answer"].last == 42
    assert fetch_log(workshop.store, experiment.id)[0] == f"{workshop.folder}\n"


def test_views_travel_with_their_values(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.views.confusion_matrix([0, 1, 1], [0, 1, 0], epoch=2); hypertuner.log(loss=1)")
    (experiment,) = perform(workshop, worker, run)
    (view,) = fetch_views(workshop.store, experiment.id)
    assert (view.name, view.kind, view.epoch) == ("confusion matrix", "confusion_matrix", 2)
    folder = workshop.data_dir / "spool" / f"{experiment.id}-1"
    assert sorted(entry.name for entry in folder.iterdir()) == ["end.json", "lock", "read", "stderr", "stdout"]


def test_a_database_that_goes_away_costs_the_script_nothing(
    workshop: Workshop, worker: ExperimentWorker, postgres: EmbeddedServer, store: Store
) -> None:
    action = "for i in range(100): hypertuner.log(loss=i); time.sleep(0.01)"
    run = workshop.launch(action)
    claim_runs(store, "scheduler")[0]
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_until(lambda: workshop.experiments(run)[0].value_count)
    mark = workshop.spool_mark(workshop.experiments(run)[0])
    postgres.stop()
    try:
        wait_until(lambda: not processes_with(mark), what="the end of the script")
    finally:
        postgres.start()
    thread.join(60)
    (experiment,) = workshop.experiments(run)
    (loss,) = fetch_curves(store, experiment.id)
    assert (experiment.state, experiment.duration_s is not None and experiment.duration_s < 30) == ("finished", True)
    assert list(loss.values) == [float(i) for i in range(100)]


def test_a_script_sees_nothing_of_ray_or_of_our_secrets(workshop: Workshop, worker: ExperimentWorker) -> None:
    workshop.launch("pass")
    claim_runs(workshop.store, "scheduler")[0]
    claim = claim_experiment(workshop.store, Place("worker", "here"))
    assert claim
    environment = {
        "RAY_AUTH_TOKEN_PATH": "/secret",
        "HYPERTUNER_DATABASE_URL": "postgresql://u:secret@h/d",
        "HYPERTUNER_RAY_TOKEN_FILE": "/secret",
        "PYTHONBREAKPOINT": "ray.util.rpdb.set_trace",
        "CUDA_VISIBLE_DEVICES": "1",
        "PYTHONPATH": "/mine",
        "HOME": "/home/me",
    }
    seen = script_environment(environment, Path("/spool/1-1"), claim, Path("/data"), Environment(), has_hooks=False)
    assert seen == {
        "CUDA_VISIBLE_DEVICES": "1",
        "PYTHONPATH": f"/mine{os.pathsep}/data/client",
        "HOME": "/home/me",
        "PYTHONUNBUFFERED": "1",
        "HYPERTUNER_METRICS": "/spool/1-1/metrics.jsonl",
        "HYPERTUNER_EXPERIMENT_ID": str(claim.experiment_id),
        "HYPERTUNER_ATTEMPT": "1",
    }


def test_a_script_has_the_variables_of_its_launch(workshop: Workshop, worker: ExperimentWorker) -> None:
    key = keep_secrets(workshop.data_dir, {"HF_TOKEN": "7"})
    environment = Environment({"MINE": "5", "PYTHONPATH": str(workshop.folder)}, ("HF_TOKEN",), key)
    action = "hypertuner.log(mine=int(os.environ['MINE']), token=int(os.environ['HF_TOKEN']), at=len(os.environ['PYTHONPATH']))"
    run = workshop.launch(action, environment=environment.to_json())
    claim_runs(workshop.store, "dispatcher")
    worker.work()
    (experiment,) = workshop.experiments(run)
    assert experiment.state == "finished", experiment.reason
    metrics = {name: each.last for name, each in experiment.metrics.items()}
    # Our own client stands behind the user's paths.
    client = workshop.data_dir / "client"
    path = os.pathsep.join(map(str, (client / "hypertuner" / "hooks", workshop.folder, client)))
    assert metrics == {"mine": 5, "token": 7, "at": len(path)}


def test_an_experiment_whose_supervisor_is_killed_is_tried_again_and_given_up_after_three(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = (
        "hypertuner.log(loss=1, supervisor=os.getppid())\n"
        "if x == 1 or os.environ['HYPERTUNER_ATTEMPT'] == '1': time.sleep(60)"
    )
    run = workshop.launch(action, [1.0, 2.0])
    claim_runs(workshop.store, "dispatcher")

    def kill_supervisor_of(place: int, attempt: int) -> Experiment:
        thread = threading.Thread(target=worker.work)
        thread.start()

        def reported() -> Experiment | None:
            one = workshop.experiments(run)[place]
            return one if one.attempt == attempt and one.value_count else None

        experiment = wait_until(reported)
        os.kill(int(experiment.metrics["supervisor"].last), signal.SIGKILL)
        thread.join(30)
        return workshop.experiments(run)[place]

    assert [kill_supervisor_of(0, attempt).state for attempt in (1, 2, 3)] == ["queued", "queued", "failed"]
    first = workshop.experiments(run)[0]
    assert first.reason == "lost: its supervisor was killed, and the script with it"
    assert processes_with(workshop.spool_mark(first)) == []
    assert kill_supervisor_of(1, 1).state == "queued"
    worker.work()
    assert (workshop.experiments(run)[1].state, workshop.experiments(run)[1].attempt) == ("finished", 2)
    kept = fetch_attempts(workshop.store, workshop.experiments(run)[1].id)
    assert [(each.ending, each.value_count) for each in kept] == [("lost", 2), ("finished", 2)]


def test_a_worker_passes_hyperparameters_that_came_with_an_extension(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    gate = workshop.outside / "gate"
    run = workshop.launch(f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)")
    claim_runs(workshop.store, "scheduler")[0]
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_until(lambda: workshop.experiments(run)[0].state == "running")
    changes = {"hyperparameters": [*run.hyperparameters, {"name": "y", "flag": "--y", "type": "float"}]}
    extend_run(workshop.store, run.project_id, run.id, [NewExperiment({"x": 1.0, "y": 7.0})], changes)
    gate.touch()
    thread.join(30)
    first, second = workshop.experiments(run)
    assert (first.state, second.state) == ("finished", "failed")
    # The script does not know it, which shows that it was passed.
    assert "unrecognized arguments: --y=7" in (second.reason or "")


def test_experiments_that_failed_alike_have_one_failure_in_common(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "if x == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if x == 4: print('Traceback (most recent call last):\\nValueError: no', file=sys.stderr); time.sleep(60)\n"
        "raise ValueError(f'no data in /tmp/x{x} after {x} s')"
    )
    found = perform(workshop, worker, workshop.launch(action, [1.0, 2.0, 3.0, 4.0], time_limit_s=1))
    assert [each.failure for each in found] == [
        "ValueError: no data in … after … (train.py:12, in <module>)",
        "ValueError: no data in … after … (train.py:12, in <module>)",
        "killed by signal 9 (SIGKILL)",
        "time limit of 1 s reached",
    ]


def test_attempts_and_environment_are_kept_and_the_users_variables_are_not(
    workshop: Workshop, worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    first, second = perform(workshop, worker, workshop.launch("sys.exit(int(x == 1))", [1.0, 2.0], retries=1))
    assert [(each.attempt, each.ending, each.exit_code) for each in fetch_attempts(workshop.store, first.id)] == [
        (1, "failed", 1),
        (2, "failed", 1),
    ]
    environment = fetch_environment(workshop.store, second.id)
    assert environment
    assert environment["python"] == platform.python_version()
    assert dict(environment["packages"])["pytest"] == pytest.__version__
    assert "hunter2" not in str(environment)


def test_a_training_that_ended_just_before_its_supervisor_was_killed_is_not_repeated(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    # Its supervisor is stopped, and so does not see its end.
    action = f"hypertuner.log(loss=1, script=os.getpid(), supervisor=os.getppid())\nos.kill(os.getppid(), {signal.SIGSTOP:d})"
    run = workshop.launch(action)
    claim_runs(workshop.store, "dispatcher")
    thread = threading.Thread(target=worker.work)
    thread.start()
    (experiment,) = wait_until(lambda: [one for one in workshop.experiments(run) if one.value_count == 3])
    script, supervisor = (int(experiment.metrics[name].last) for name in ("script", "supervisor"))
    wait_until(lambda: not is_alive(script))
    os.kill(supervisor, signal.SIGKILL)
    thread.join(60)
    (experiment,) = workshop.experiments(run)
    assert (experiment.state, experiment.attempt, experiment.exit_code) == ("finished", 1, 0)


def test_what_was_read_while_the_database_was_away_is_kept_when_the_attempt_is_cut(
    workshop: Workshop, worker: ExperimentWorker, postgres: EmbeddedServer
) -> None:
    gate = workshop.outside / "gate"
    action = (
        "for i in range(3): hypertuner.log(loss=i, supervisor=os.getppid())\n"
        f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
        "for i in range(3, 6): hypertuner.log(loss=i)\ntime.sleep(60)"
    )
    run = workshop.launch(action)
    claim_runs(workshop.store, "dispatcher")
    thread = threading.Thread(target=worker.work)
    thread.start()
    (experiment,) = wait_until(lambda: [one for one in workshop.experiments(run) if one.value_count == 6])
    supervisor = int(experiment.metrics["supervisor"].last)
    postgres.stop()
    try:
        gate.touch()
        # By then it has read the values and failed to write them, more than once.
        wait_until(lambda: worker.backoff.pause_s > 2)
        os.kill(supervisor, signal.SIGKILL)
    finally:
        postgres.start()
    thread.join(60)
    (attempt,) = fetch_attempts(workshop.store, experiment.id)
    assert (attempt.ending, attempt.value_count) == ("lost", 9)
    loss, _supervisor = fetch_curves(workshop.store, experiment.id)
    assert list(loss.values) == [0, 1, 2, 3, 4, 5]
