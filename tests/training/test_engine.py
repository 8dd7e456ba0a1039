"""Runs on a real local Ray: dispatcher, scheduler, experiment actors, scripts, and what is killed among them."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace

import pytest

from launch.code import CodeState, freeze_code
from sources.identity import code_of
from storage.configuration import fetch_attempts, fetch_diff, fetch_environment, fetch_revision
from storage.experiments import fetch_curves
from storage.heartbeats import last_beat
from storage.requests import request_stop
from tests.sources.test_git import run_git
from tests.training.conftest import LocalRay, Workshop, kill, processes_with, wait_until

pytestmark = pytest.mark.ray

# Logs 1 and 2, and in its first attempt waits in between until it is killed.
ONCE_KILLED = """
hypertuner.log(loss=1)
if os.environ["HYPERTUNER_ATTEMPT"] == "1":
    subprocess.Popen(["setsid", "sleep", "600"])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
hypertuner.log(loss=2)
"""


def waiting_action(gate: object) -> str:
    return f"hypertuner.log(loss=x)\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\nhypertuner.log(loss=-x)"


def test_a_run_with_a_failing_experiment_ends_right(engine: Workshop) -> None:
    run = engine.launch("hypertuner.log(loss=x)\nif x == 2: sys.exit(7)", [1.0, 2.0, 3.0, 4.0, 5.0])
    experiments = engine.await_run(run)
    assert [one.state for one in experiments] == ["finished", "failed", "finished", "finished", "finished"]
    assert [one.metrics["loss"].last for one in experiments] == [1, 2, 3, 4, 5]
    assert experiments[1].reason == "exit code 7"
    assert engine.run(run).state == "finished"
    # No two experiments at once were done by one worker, and each was tried once.
    assert {one.attempt for one in experiments} == {1}


def test_a_killed_worker_costs_one_attempt_and_leaves_no_process(engine: Workshop, local_ray: LocalRay) -> None:
    run = engine.launch(ONCE_KILLED)
    (experiment,) = wait_until(lambda: [one for one in engine.experiments(run) if one.value_count])
    mark = engine.spool_mark(experiment)
    assert len(wait_until(lambda: len(found := processes_with(mark)) == 2 and found)) == 2
    kill(local_ray.processes("ray::ExperimentActor"))
    (experiment,) = engine.await_run(run)
    assert (experiment.state, experiment.attempt, experiment.value_count) == ("finished", 2, 2)
    (loss,) = fetch_curves(engine.store, experiment.id)
    assert list(loss.values) == [1, 2]
    wait_until(lambda: not processes_with(mark), what="the end of every process")


def test_a_run_goes_on_without_the_dispatcher_and_a_new_one_takes_over(engine: Workshop, local_ray: LocalRay) -> None:
    gate = engine.outside / "gate"
    run = engine.launch(waiting_action(gate), [1.0, 2.0, 3.0])
    wait_until(lambda: [one for one in engine.experiments(run) if one.value_count])
    kill(local_ray.processes("-m training.dispatcher"))
    wait_until(lambda: not local_ray.processes("-m training.dispatcher"))
    gate.touch()
    done = [("finished", 1, 2)] * 3
    wait_until(lambda: [(one.state, one.attempt, one.value_count) for one in engine.experiments(run)] == done)
    assert engine.run(run).state == "running", "nobody is there to end it"
    local_ray.start_dispatcher()
    engine.await_run(run)
    assert (engine.run(run).state, engine.run(run).fence) == ("finished", 2)
    assert engine.await_run(engine.launch("hypertuner.log(loss=x)"))[0].state == "finished"


def test_a_new_dispatcher_finds_the_workers_of_the_last_and_starts_no_others(
    engine: Workshop, local_ray: LocalRay
) -> None:
    gate = engine.outside / "gate"
    run = engine.launch(waiting_action(gate), [1.0, 2.0, 3.0, 4.0])
    wait_until(lambda: sum(one.value_count for one in engine.experiments(run)) == 2)
    workers = set(local_ray.processes("ray::ExperimentActor"))
    kill(local_ray.processes("-m training.dispatcher"))
    local_ray.start_dispatcher()
    wait_until(lambda: engine.run(run).fence == 2, what="the new dispatcher's claim")
    gate.touch()
    assert [(one.state, one.attempt) for one in engine.await_run(run)] == [("finished", 1)] * 4
    assert set(local_ray.processes("ray::ExperimentActor")) == workers


def test_a_short_run_starts_beside_a_long_one(engine: Workshop) -> None:
    long = engine.launch("time.sleep(0.05)", [float(x) for x in range(200)])
    wait_until(lambda: any(one.state == "finished" for one in engine.experiments(long)))
    short = engine.launch("pass", [1.0, 2.0, 3.0])
    engine.await_run(short)
    assert sum(one.state == "queued" for one in engine.experiments(long)) > 100
    request_stop(engine.store, long.id)
    engine.await_run(long)


def test_a_run_that_wants_more_gets_its_turn_and_says_what_it_waits_for(engine: Workshop) -> None:
    gate = engine.outside / "gate"
    plain = engine.launch(waiting_action(gate), [1.0, 2.0, 3.0, 4.0])
    wait_until(lambda: sum(one.value_count for one in engine.experiments(plain)) == 2)
    large = engine.launch("hypertuner.log(loss=x)", [1.0], cpus=2)
    waiting = wait_until(lambda: engine.run(large).waiting)
    assert waiting["what"] == "waits for a free CPU: 1 run ahead"
    gate.touch()
    (experiment,) = engine.await_run(large)
    assert (experiment.state, engine.run(large).waiting) == ("finished", None)
    assert [one.state for one in engine.await_run(plain)] == ["finished"] * 4


def test_a_request_ends_a_run_and_keeps_its_values(engine: Workshop) -> None:
    run = engine.launch("hypertuner.log(loss=x); time.sleep(600)", [1.0, 2.0, 3.0, 4.0])
    wait_until(lambda: sum(one.value_count for one in engine.experiments(run)) >= 1)
    request_stop(engine.store, run.id)
    experiments = engine.await_run(run)
    assert engine.run(run).state == "stopped"
    assert {one.state for one in experiments} == {"stopped"}
    assert sum(one.value_count for one in experiments) >= 1
    for experiment in experiments:
        assert processes_with(engine.spool_mark(experiment)) == []


def test_resources_that_nobody_has_fail_the_run_with_a_sentence(engine: Workshop) -> None:
    run = engine.launch("pass", gpus=1)
    (experiment,) = engine.await_run(run)
    ended = engine.run(run)
    assert (ended.state, ended.reason) == ("failed", "Each experiment wants 1 GPU; the cluster has none.")
    assert experiment.state == "stopped"


def test_the_dispatcher_says_what_the_cluster_has(engine: Workshop) -> None:
    # Its first word comes before its first look at the cluster.
    _, detail = wait_until(lambda: (beat := last_beat(engine.store, "dispatcher")) and "cpus" in beat[1] and beat)
    assert (detail["cpus"], detail["gpus"], detail["nodes"]) == (2, 0, 1)


def test_no_secret_stands_in_a_command_line_or_in_ray_s_logs(engine: Workshop, local_ray: LocalRay) -> None:
    engine.await_run(engine.launch("hypertuner.log(loss=x)"))
    password = engine.store.url.password
    assert password
    secrets = [str(password).encode(), local_ray.token.encode()]
    for pid in local_ray.processes(""):
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            text = line.read()
        assert not any(secret in text for secret in secrets)
    for file in (local_ray.data_dir.parent / "ray").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(secret in content for secret in secrets), file


def test_a_run_keeps_commit_changes_environment_and_why_it_failed(engine: Workshop) -> None:
    run_git(engine.folder, "init", "--initial-branch=work")
    run_git(engine.folder, "add", "train.py")
    run_git(engine.folder, "commit", "-m", "As it was")
    script = engine.folder / "train.py"
    script.write_text(script.read_text().replace("exec(", "def act(): exec(") + "act()\n")
    frozen = freeze_code(
        engine.store,
        replace(engine.project, command=[sys.executable, "train.py"]),
        CodeState(code_of(script).digest, None, True),
    )
    run = engine.launch(
        "if x > 1: raise KeyError(f'no {x}')",
        [1.0, 2.0, 3.0],
        snapshot_digest=frozen.snapshot_digest,
        revision_digest=frozen.revision_digest,
    )
    # What is edited after the launch is not what ran.
    script.write_text("raise SystemExit(9)")
    first, second, third = engine.await_run(run)
    assert [each.failure for each in (first, second, third)] == [None, *["KeyError: … (train.py:12, in act)"] * 2]
    revision = fetch_revision(engine.store, run.revision_digest or "")
    assert revision
    assert (revision["commit"], revision["subject"]) == (run_git(engine.folder, "rev-parse", "HEAD"), "As it was")
    assert "+def act(): exec(arguments.action)" in (fetch_diff(engine.store, run.revision_digest or "") or "")
    environment = fetch_environment(engine.store, third.id)
    assert environment
    assert environment["packages"]
    (attempt,) = fetch_attempts(engine.store, second.id)
    assert (attempt.ending, attempt.exit_code, attempt.host) == ("failed", 1, socket.gethostname())
