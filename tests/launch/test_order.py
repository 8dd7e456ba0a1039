"""From a plan to a run, queued or kept as a draft; and everything that may come between."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.candidates import Interval, space_from_json
from launch.code import CodeError
from launch.order import OrderError, save_draft, start
from launch.plan import Decisions
from storage.experiments import fetch_experiments
from storage.projects import fetch_snapshot
from storage.records import Project
from storage.runs import RunError, fetch_runs, find_run
from storage.store import Store
from tests.launch.conftest import LR, SEED, Finisher, Planner, order, renewed, settings_of


def test_a_run_has_what_the_plan_schedules_and_what_the_order_says(
    store: Store, project: Project, plan: Planner
) -> None:
    wanted = order(
        objective="accuracy", metrics=[{"name": "accuracy", "goal": "maximize"}], cpus=0.5, gpus=0.25, concurrency=3, priority=2, weight=0.5,
        time_limit_s=60.0, retries=2, data_paths=["data.csv"], shared_paths=["MNIST"], in_place=True,
    )  # fmt: skip
    decided = Decisions(by_fingerprint={plan({"lr": (0.2,)}).drawn.fingerprints[0]: "skip"})
    made = plan({"lr": (0.1, 0.2, 0.3)}, decisions=decided, data_paths=["data.csv"], repeats=2)
    run, note = start(store, project, made, wanted)
    assert (run.state, note) == ("queued", "")
    assert settings_of(store, run) == [{"lr": 0.1}, {"lr": 0.1}, {"lr": 0.2}, {"lr": 0.3}, {"lr": 0.3}]
    assert [each.repeat for each in fetch_experiments(store, project.id)] == [0, 1, 1, 0, 1]
    assert (run.priority, run.weight) == (2, 0.5)
    assert (run.cpus, run.gpus, run.concurrency, run.time_limit_s, run.retries) == (0.5, 0.25, 3, 60.0, 2)
    assert (run.objective, run.goal, run.metrics) == ("accuracy", "maximize", list(wanted.metrics))
    assert run.strategy == made.demand.strategy.to_json()
    assert run.decisions == decided.to_json()
    assert run.left_out == [{"reason": "left out by hand", "count": 1}]
    assert (run.code_digest, run.data_digest) == (made.code.code_digest, made.code.data_digest)
    assert [each["name"] for each in run.hyperparameters] == ["lr"]
    assert run.created_by
    assert renewed(store, project).data_paths == ["data.csv"]
    assert (renewed(store, project).shared_paths, renewed(store, project).in_place) == (["MNIST"], True)
    assert (run.shared_paths, run.in_place) == (["MNIST"], True)
    assert run.snapshot_digest is not None
    assert fetch_snapshot(store, run.snapshot_digest) is not None


def test_an_option_for_seeds_is_remembered_with_repeats(store: Store, project: Project, plan: Planner) -> None:
    run, _ = start(store, project, plan({"lr": (0.2,)}, known=(LR, SEED), repeats=2), order())
    assert [each["name"] for each in run.hyperparameters] == ["lr", "seed"]
    assert settings_of(store, run) == [{"lr": 0.2}, {"lr": 0.2, "seed": 8}]


def test_the_next_launch_starts_with_this_objective(store: Store, project: Project, plan: Planner) -> None:
    start(store, project, plan({"lr": (0.1,)}), order(objective="loss", goal="minimize"))
    found = renewed(store, project)
    assert (found.objective, found.goal) == ("loss", "minimize")


def test_an_adaptive_run_begins_without_experiments(store: Store, project: Project, plan: Planner) -> None:
    run, _ = start(store, project, plan({"lr": Interval(0, 1)}, name="tpe", count=5), order())
    assert run.state == "queued"
    assert settings_of(store, run) == []
    assert space_from_json(run.candidates) == {"lr": Interval(0, 1)}


def test_reused_results_are_there_at_once_and_cost_nothing(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    finish([0.5])
    made = plan({"lr": (0.1, 0.2)}, decisions=Decisions(by_status={"done": "reuse"}))
    run, _ = start(store, project, made, order())
    reused, queued = fetch_experiments(store, project.id, run_id=run.id)
    assert (reused.state, reused.metrics["accuracy"].last, queued.state) == ("finished", 0.5, "queued")
    # A reuse of a reuse points at the one that really ran.
    again, _ = start(store, project, plan({"lr": (0.1,)}, decisions=Decisions(by_status={"done": "reuse"})), order())
    assert fetch_experiments(store, project.id, run_id=again.id)[0].reused_from == reused.reused_from


def test_nothing_to_run_is_refused(store: Store, project: Project, plan: Planner, finish: Finisher) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    finish([0.5])
    with pytest.raises(OrderError, match="nothing to run"):
        start(store, project, plan({"lr": (0.1,)}), order())
    assert len(fetch_runs(store, project.id)) == 1


def test_a_million_combinations_are_refused(store: Store, project: Project, plan: Planner) -> None:
    made = plan({"lr": tuple(map(float, range(1000))), "epochs": tuple(range(1000))})
    with pytest.raises(OrderError, match="makes 1,000,000 experiments, and a run has at most 100,000"):
        start(store, project, made, order())
    draft = save_draft(store, project, made, order())
    assert (draft.state, len(draft.candidates["lr"])) == ("draft", 1000)


@pytest.mark.parametrize("edited", ["train.py", "model.py"])
def test_code_that_was_edited_after_the_preview_is_not_launched(
    store: Store, project: Project, plan: Planner, folder: Path, edited: str
) -> None:
    made = plan({"lr": (0.1,)})
    (folder / edited).write_text((folder / edited).read_text() + "# edited\n")
    with pytest.raises(CodeError, match="edited in the meantime"):
        start(store, project, made, order())
    assert fetch_runs(store, project.id) == []


def test_one_key_makes_one_run(store: Store, project: Project, plan: Planner) -> None:
    made = plan({"lr": (0.1,)})
    first, _ = start(store, project, made, order(key="once"))
    second, _ = start(store, project, made, order(key="once"))
    assert first.id == second.id
    assert len(fetch_experiments(store, project.id)) == 1


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_a_draft_keeps_the_launch_and_starts_later(store: Store, project: Project, plan: Planner, folder: Path) -> None:
    made = plan({"lr": (0.1, 0.2)}, decisions=Decisions(by_status={"done": "run"}))
    draft = save_draft(store, project, made, order(data_paths=["data.csv"]))
    assert (draft.state, settings_of(store, draft), draft.code_digest) == ("draft", [], None)
    assert Decisions.from_json(draft.decisions) == made.decisions
    assert renewed(store, project).data_paths == ["data.csv"]
    changed = save_draft(store, project, plan({"lr": (0.3,)}), order(), draft=draft)
    assert (changed.id, changed.candidates) == (draft.id, {"lr": [0.3]})
    # What was edited since is what runs.
    (folder / "model.py").write_text("WIDTH = 5\n")
    now = plan({"lr": (0.3,)})
    run, _ = start(store, project, now, order(), draft=draft)
    assert (run.id, run.state, run.code_digest) == (draft.id, "queued", now.code.code_digest)
    assert settings_of(store, run) == [{"lr": 0.3}]


def test_of_two_people_who_launch_one_draft_one_does(store: Store, project: Project, plan: Planner) -> None:
    made = plan({"lr": (0.1, 0.2)})
    draft = save_draft(store, project, made, order())
    ready, outcomes = threading.Barrier(2), []

    def launch(key: str) -> None:
        ready.wait()
        try:
            outcomes.append(start(store, project, made, order(key=key), draft=draft)[0].state)
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=launch, args=(key,)) for key in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["This draft was launched or discarded by somebody else in the meantime.", "queued"]
    assert len(fetch_experiments(store, project.id)) == 2


def test_a_launch_after_its_own_draft_was_kept_starts_it(store: Store, project: Project, plan: Planner) -> None:
    made = plan({"lr": (0.1,)})
    draft = save_draft(store, project, made, order(key="dialog"))
    run, _ = start(store, project, made, order(key="dialog"))
    assert (run.id, run.state, len(settings_of(store, run))) == (draft.id, "queued", 1)


def test_a_launched_draft_cannot_be_kept_again(store: Store, project: Project, plan: Planner) -> None:
    made = plan({"lr": (0.1,)})
    draft = save_draft(store, project, made, order())
    start(store, project, made, order(), draft=draft)
    with pytest.raises(RunError, match="in the meantime"):
        save_draft(store, project, made, order(), draft=draft)


# --- a script that is not here ----------------------------------------------------------------------------------------


def test_a_script_that_is_gone_runs_from_its_last_snapshot(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path
) -> None:
    first, _ = start(store, project, plan({"lr": (0.1,)}), order())
    finish([0.5])
    (folder / "train.py").unlink()
    made = plan({"lr": (0.1, 0.2)})
    assert ([status for status, _ in made.known], made.code.is_here) == (["done", "new"], False)
    run, _ = start(store, project, made, order())
    assert (run.code_digest, run.snapshot_digest) == (first.code_digest, first.snapshot_digest)


def test_a_script_that_was_never_here_cannot_run(store: Store, project: Project, plan: Planner) -> None:
    elsewhere = replace(project, directory="/nowhere")
    with pytest.raises(CodeError, match="is not on this machine, and no run has kept it"):
        start(store, elsewhere, plan({"lr": (0.1,)}), order())


def test_a_script_that_comes_back_has_to_be_looked_at(
    store: Store, project: Project, plan: Planner, folder: Path
) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    text = (folder / "train.py").read_text()
    (folder / "train.py").unlink()
    made = plan({"lr": (0.2,)})
    (folder / "train.py").write_text(text)
    with pytest.raises(CodeError, match="edited in the meantime"):
        start(store, project, made, order())
    assert find_run(store, project.id, 2) is None


def test_what_cannot_be_packed_runs_from_where_it_is(
    store: Store, project: Project, plan: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.snapshot.MOST_FILES", 1)
    run, note = start(store, project, plan({"lr": (0.1,)}), order())
    assert run.snapshot_digest is None
    assert run.code_digest is not None
    assert note.endswith("So the script runs from where it is.")
