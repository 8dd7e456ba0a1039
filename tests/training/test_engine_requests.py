"""Pauses, extensions, interruptions and adaptive searches on a real local Ray with real scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from storage.experiments import fetch_experiments
from storage.heartbeats import last_beat
from storage.projects import register_project
from storage.records import Experiment, Run
from storage.requests import extend_run, interrupt, move_first, queue_again, request_pause, request_resume
from storage.runs import NewExperiment, NewRun, create_run
from tests.training.conftest import LocalRay, Workshop, X, kill, processes_with, wait_until

pytestmark = pytest.mark.ray

Y = {"name": "y", "flag": "--y", "type": "float"}


def gated(folder: Path) -> str:
    """Each experiment waits for a file of its own name, or for the one that opens all."""
    return (
        f"hypertuner.log(loss=x)\nfolder = {str(folder)!r}\n"
        "while not {'all', f'{x:g}'} & set(os.listdir(folder)): time.sleep(0.01)"
    )


def states(engine: Workshop, run: Run) -> list[str]:
    return [one.state for one in engine.experiments(run)]


def running(engine: Workshop, run: Run, count: int) -> Callable[[], bool]:
    return lambda: sum(one.state == "running" and one.value_count > 0 for one in engine.experiments(run)) == count


def owner(engine: Workshop, run: Run) -> str | None:
    with engine.store.read() as connection:
        found: str | None = connection.scalar(text("SELECT owner FROM run WHERE id = :id"), {"id": run.id})
    return found


def test_a_pause_lets_what_runs_end_frees_the_cluster_and_is_resumed(engine: Workshop, local_ray: LocalRay) -> None:
    run = engine.launch(gated(engine.outside), [1.0, 2.0, 3.0, 4.0, 5.0])
    wait_until(running(engine, run, 2))
    request_pause(engine.store, run.id)
    (engine.outside / "1").touch()
    wait_until(lambda: states(engine, run)[0] == "finished")
    # A request in between reaches the owner that still has an experiment.
    request_resume(engine.store, run.id)
    wait_until(running(engine, run, 2), what="a start after the resumption")
    move_first(engine.store, run.id, [engine.experiments(run)[4].number])
    request_pause(engine.store, run.id)
    (engine.outside / "2").touch()
    (engine.outside / "3").touch()
    wait_until(lambda: states(engine, run) == ["finished"] * 3 + ["queued"] * 2)
    wait_until(lambda: owner(engine, run) is None, what="its being handed back")
    assert engine.run(run).state == "paused"
    # Neither a restart of the dispatcher nor time changes that; the new one takes it up when it is resumed.
    kill(local_ray.processes("-m training.dispatcher"))
    wait_until(lambda: not local_ray.processes("-m training.dispatcher"))
    local_ray.start_dispatcher()
    request_resume(engine.store, run.id)
    wait_until(running(engine, run, 2))
    started = [one.started_at for one in engine.experiments(run)]
    assert started[4] is not None
    assert started[3] is not None
    assert started[4] < started[3], "it was moved to the front"
    (engine.outside / "all").touch()
    experiments = engine.await_run(run)
    assert [(one.state, one.attempt) for one in experiments] == [("finished", 1)] * 5
    assert (engine.run(run).state, engine.run(run).fence) == ("finished", 2)


def test_a_run_whose_workers_die_while_it_is_paused_stays_paused(engine: Workshop, local_ray: LocalRay) -> None:
    run = engine.launch(gated(engine.outside), [1.0, 2.0])
    (experiment, _) = wait_until(lambda: running(engine, run, 2)() and engine.experiments(run))
    request_pause(engine.store, run.id)
    kill(local_ray.processes("ray::ExperimentActor"))
    wait_until(lambda: not processes_with(engine.spool_mark(experiment)), what="the end of its script")
    wait_until(lambda: states(engine, run) == ["queued"] * 2)
    assert engine.run(run).state == "paused"
    (engine.outside / "all").touch()
    request_resume(engine.store, run.id)
    assert [(one.state, one.attempt) for one in engine.await_run(run)] == [("finished", 2)] * 2


def test_a_run_is_extended_while_it_goes_on_and_after_it_ended(engine: Workshop) -> None:
    run = engine.launch(gated(engine.outside), [1.0])
    wait_until(running(engine, run, 1))
    extend_run(engine.store, engine.project.id, run.id, [NewExperiment({"x": 2.0})], {})
    wait_until(running(engine, run, 2), what="the start of the new one")
    (engine.outside / "all").touch()
    engine.await_run(run)
    # Its script knows no --y, which only shows that it was passed.
    changes = {"candidates": {"x": [1.0], "y": [7.0]}, "hyperparameters": [X, Y]}
    extend_run(engine.store, engine.project.id, run.id, [NewExperiment({"x": 3.0, "y": 7.0})], changes)
    assert engine.run(run).ended_at is None
    refused = engine.await_run(run)[2]
    assert (refused.state, refused.exit_code) == ("failed", 2)
    assert "unrecognized arguments: --y=7" in (refused.reason or "")
    assert queue_again(engine.store, run.id, [refused.number]) == 1
    assert [one.attempt for one in engine.await_run(run)] == [1, 1, 2]
    assert engine.run(run).state == "finished"


def test_one_experiment_is_interrupted_and_the_others_go_on(engine: Workshop) -> None:
    run = engine.launch(gated(engine.outside), [1.0, 2.0, 3.0])
    wait_until(running(engine, run, 2))
    first = engine.experiments(run)[0]
    interrupt(engine.store, run.id, [first.number], "the wrong one")
    assert engine.experiments(run)[0].request == "stop"
    wait_until(lambda: states(engine, run)[0] == "stopped", what="its end")
    wait_until(running(engine, run, 2))
    (engine.outside / "all").touch()
    experiments = engine.await_run(run)
    assert [one.state for one in experiments] == ["stopped", "finished", "finished"]
    assert experiments[0].reason == "the wrong one"


SEARCH = {"x": {"low": 0.0, "high": 10.0, "is_log": False, "is_whole": False}}


def launch_search(engine: Workshop, action: str, **strategy: Any) -> Run:
    command = [sys.executable, str(engine.folder / "train.py"), action]
    engine.project = register_project(
        engine.store, "Workshop", directory=str(engine.folder), command=command, hyperparameters=[X]
    )
    choice = {"name": "tpe", "count": 8, "seed": 0, "repeats": 1, "options": {"startup": 4}} | strategy
    new = NewRun("python train.py --x 0..10", SEARCH, [X], [], objective="loss", goal="minimize", strategy=choice)
    return create_run(engine.store, engine.project, new)


def test_tpe_searches_two_at_a_time_and_survives_its_dispatcher(engine: Workshop, local_ray: LocalRay) -> None:
    run = launch_search(engine, "print('loss:', (x - 3) ** 2, flush=True); time.sleep(0.3)")
    seen: list[int] = []

    def look(count: int) -> list[Experiment]:
        experiments = engine.experiments(run)
        seen.append(sum(one.state in ("queued", "running") for one in experiments))
        return experiments if sum(one.state == "finished" for one in experiments) >= count else []

    before = wait_until(lambda: look(3))
    kill(local_ray.processes("-m training.dispatcher"))
    wait_until(lambda: not local_ray.processes("-m training.dispatcher"))
    local_ray.start_dispatcher()
    wait_until(lambda: engine.run(run).fence == 2)
    wait_until(lambda: look(8))
    experiments = engine.await_run(run)
    assert engine.run(run).state == "finished"
    assert [one.state for one in experiments] == ["finished"] * 8
    assert len({one.settings["x"] for one in experiments}) == 8
    assert [one.settings for one in before] == [one.settings for one in experiments[: len(before)]]
    assert max(seen) <= 2
    for one in experiments:
        x = one.settings["x"]
        assert isinstance(x, float)
        assert one.metrics["loss"].last == pytest.approx((x - 3) ** 2)


def test_a_search_repeats_each_setting_and_is_extended(engine: Workshop) -> None:
    run = launch_search(engine, "print('loss:', x)", count=1, repeats=2)
    assert [one.repeat for one in engine.await_run(run)] == [0, 1]
    extend_run(engine.store, engine.project.id, run.id, [], {"strategy": {**run.strategy, "count": 2}})
    assert engine.run(run).ended_at is None
    experiments = engine.await_run(run)
    assert [(one.state, one.repeat) for one in experiments] == [("finished", place % 2) for place in range(4)]
    assert len({one.settings["x"] for one in experiments}) == 2


def test_what_is_reused_is_shown_and_does_not_run(engine: Workshop) -> None:
    (done,) = engine.await_run(engine.launch("hypertuner.log(loss=x)"))
    new = NewRun("python train.py", {}, [X], [NewExperiment({"x": 1.0}, reuse=done.id), NewExperiment({"x": 2.0})])
    experiments = engine.await_run(create_run(engine.store, engine.project, new))
    assert [(one.state, one.reused_from, one.metrics["loss"].last) for one in experiments] == [
        ("finished", done.id, 1.0),
        ("finished", None, 2.0),
    ]
    assert len(fetch_experiments(engine.store, engine.project.id)) == 3


def test_the_dispatcher_says_what_each_node_has(engine: Workshop) -> None:
    # Its first word comes before its first look at the cluster.
    _, detail = wait_until(lambda: (beat := last_beat(engine.store, "dispatcher")) and "per_node" in beat[1] and beat)
    assert detail["per_node"] == [{"CPU": 2, "GPU": 0}]
