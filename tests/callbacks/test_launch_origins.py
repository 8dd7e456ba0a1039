"""Opening the launch dialog: what it can start from, what it is filled with, and what it says of changed code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dash import no_update

from analysis.candidates import Interval, Span, Written
from analysis.hyperparameters import Hyperparameter
from callbacks.launch.opening import form_of, start_elsewhere
from callbacks.launch.origins import Opened, Start, choices, known_metrics, read_parts, start
from storage.locks import set_lock
from storage.projects import change_project, find_project, register_project
from storage.records import Project
from storage.runs import NewRun, create_run, find_run
from storage.store import Store
from tests.callbacks.conftest import opened
from tests.laboratory import COMMAND, HYPERPARAMETERS, Laboratory
from tests.text import text_of

BATCH_SIZE, LR, OPTIMIZER, AUGMENT = HYPERPARAMETERS
KNOWN = {each.name: each for each in HYPERPARAMETERS}


def now(store: Store) -> Project:
    project = find_project(store, "digits")
    assert project
    return project


def started(store: Store, word: str, **origin: Any) -> Start:
    return start(store, now(store), Opened.read({"mode": origin.pop("mode", "new"), "origin": origin}), word)


# --- what there is to start from --------------------------------------------------------------------------------------


def test_a_project_without_runs_starts_from_its_defaults(store: Store, laboratory: Laboratory) -> None:
    assert choices(store, laboratory.project, Opened()) == [("last", "Defaults")]
    begun = started(store, "last")
    assert (begun.written, begun.command, begun.like) == ({}, "python train.py", None)


def test_what_the_page_has_comes_before_the_last_run_and_the_best(store: Store, finished: Laboratory) -> None:
    assert choices(store, finished.project, Opened()) == [("last", "Run 1"), ("experiment:2", "Best (experiment 2)")]
    picked = Opened(picked=[3, 4], brush={"lr": {"values": [0.1]}}, selected=2)
    assert [word for word, _ in choices(store, finished.project, picked)] == ["experiment:3", "brush", "last", "experiment:2"]  # fmt: skip
    # The best one stands there only once.
    assert [word for word, _ in choices(store, finished.project, Opened(picked=[2]))] == ["experiment:2", "last"]


def test_locks_are_offered(store: Store, finished: Laboratory) -> None:
    set_lock(store, finished.project.id, "lr", {"range": [0.1, 0.15]}, "ann")
    assert ("locks", "Locks (1)") in choices(store, now(store), Opened())


def test_a_run_is_extended_and_duplicated_from_itself_only(store: Store, finished: Laboratory) -> None:
    assert choices(store, finished.project, Opened("extend", run=1)) == [("run", "Run 1")]
    assert choices(store, finished.project, Opened("draft", run=1)) == [("run", "Draft 1")]


def test_on_the_page_of_an_older_run_that_run_is_meant(store: Store, finished: Laboratory) -> None:
    finished.launch({"optimizer": ["adam", "sgd"]})
    assert choices(store, finished.project, Opened(run=1))[0] == ("last", "Run 1")
    assert set(started(store, "last", run=1).written) == {"batch_size", "lr"}
    assert choices(store, finished.project, Opened())[0] == ("last", "Run 2")
    assert set(started(store, "last").written) == {"optimizer"}


def test_the_best_is_the_best_by_the_projects_own_objective(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.9]})
    laboratory.report({"accuracy": [0.8]})
    assert choices(store, laboratory.project, Opened())[-1][0] == "experiment:1"
    assert choices(store, replace(laboratory.project, objective="loss"), Opened()) == [("last", "Run 1")]


# --- what it starts with ----------------------------------------------------------------------------------------------


def test_the_last_run_is_taken_over_as_it_was_typed(store: Store, finished: Laboratory) -> None:
    begun = started(store, "last")
    assert begun.written == {"batch_size": Written((28, 56)), "lr": Written((0.1, 0.2))}
    assert begun.command == "python train.py --batch_size [28,56] --lr [0.1,0.2]"
    assert begun.like
    assert begun.like.number == 1


def test_a_brush_gives_values_and_ranges_and_keeps_what_was_fixed(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"optimizer": ["sgd"], "batch_size": [28, 56, 112], "lr": [0.1, 0.2], "augment": [True, False]})
    brush = {"batch_size": {"values": [56, 112]}, "lr": {"range": [0.1, 0.19999999999999998]}, "augment": {"values": ["True"]}}  # fmt: skip
    begun = started(store, "brush", brush=brush, selected=3)
    assert begun.written == {
        "optimizer": Written(("sgd",)),
        "batch_size": Written((56, 112)),
        "lr": Written(Interval(0.1, 0.2), Span("0.1", "0.2")),
        "augment": Written((True,)),
    }
    assert begun.command == "python train.py --optimizer sgd --batch_size [56,112] --lr [0.1:0.2] --augment"
    # A grid has nothing to enumerate in an interval.
    assert begun.strategy.name == "random"
    assert started(store, "brush", brush={"batch_size": {"values": [56]}}, selected=1).strategy.name == "grid"


def test_locks_narrow_what_the_last_run_had(store: Store, finished: Laboratory) -> None:
    set_lock(store, finished.project.id, "lr", {"range": [0.1, 0.15]}, "ann")
    set_lock(store, finished.project.id, "optimizer", {"values": ["sgd"]}, "ann")
    begun = started(store, "locks")
    assert begun.written["batch_size"] == Written((28, 56))
    assert begun.written["lr"].candidates == Interval(0.1, 0.15)
    assert begun.written["optimizer"] == Written(("sgd",))


def test_an_experiment_fixes_all_that_it_had(store: Store, finished: Laboratory) -> None:
    begun = started(store, "experiment:2", picked=[2])
    assert begun.command == "python train.py --batch_size 28 --lr 0.2"
    assert begun.strategy.name == "grid"


@pytest.mark.parametrize("word", ["experiment:99", "experiment:x", "experiment:99999999999999", "nothing"])
def test_what_cannot_be_found_gives_the_last_run(store: Store, finished: Laboratory, word: str) -> None:
    assert started(store, word).written == started(store, "last").written


def test_hyperparameters_that_the_script_lost_are_left_behind(store: Store, finished: Laboratory) -> None:
    register_project(
        store, "Digits", directory="/tmp", command=COMMAND,
        hyperparameters=[each.to_json() for each in (BATCH_SIZE, OPTIMIZER)],
    )  # fmt: skip
    assert started(store, "last").command == "python train.py --batch_size [28,56]"
    assert started(store, "experiment:1").command == "python train.py --batch_size 28"
    brush = {"lr": {"values": [0.1]}, "batch_size": {"values": [28]}}
    assert started(store, "brush", brush=brush, selected=1).command == "python train.py --batch_size 28"


def test_a_required_hyperparameter_is_asked_for(store: Store, laboratory: Laboratory) -> None:
    required = replace(LR, is_required=True, default=None)
    register_project(
        store, "Digits", directory="/tmp", command=COMMAND, hyperparameters=[required.to_json()],
    )  # fmt: skip
    begun = started(store, "last")
    assert begun.written == {"lr": Written(())}
    assert begun.command == "python train.py"


@pytest.mark.parametrize(
    ("hyperparameter", "part", "written"),
    [
        (BATCH_SIZE, {"values": [28, 56.0, 28]}, Written((28, 56))),
        (BATCH_SIZE, {"range": [8, 64]}, Written(Interval(8, 64, is_whole=True), Span("8", "64"))),
        (LR, {"range": [0.1, 0.1]}, Written((0.1,))),
        (OPTIMIZER, {"values": ["sgd"]}, Written(("sgd",))),
        (AUGMENT, {"values": ["True", "False"]}, Written((True, False))),
        (OPTIMIZER, {"values": ["gone"]}, None),
        (BATCH_SIZE, {"values": ["many"]}, None),
        (BATCH_SIZE, {"range": ["a", "b"]}, None),
        (BATCH_SIZE, {"values": []}, None),
        (BATCH_SIZE, {}, None),
    ],
)
def test_parts_of_a_page_are_read_as_the_scripts_own_types(
    hyperparameter: Hyperparameter, part: dict[str, Any], written: Written | None
) -> None:
    assert read_parts({hyperparameter.name: part}, KNOWN) == ({hyperparameter.name: written} if written else {})


@pytest.mark.parametrize(
    "data", [None, {}, {"origin": None}, {"mode": "burn", "origin": {"run": "1", "picked": ["x"]}}]
)
def test_whatever_a_browser_sends_opens_a_new_run(data: Any) -> None:
    assert replace(Opened.read(data), picked=()) == Opened()
    assert list(Opened.read(data).picked) == []


def test_metrics_are_those_that_were_reported_or_named(store: Store, finished: Laboratory) -> None:
    metrics = [{"name": "seconds", "goal": "minimize"}]
    create_run(store, finished.project, NewRun("python train.py", {}, [], [], metrics=metrics))
    assert known_metrics(store, finished.project) == ["accuracy", "loss", "seconds"]


# --- filling ----------------------------------------------------------------------------------------------------------


def test_the_dialog_is_filled_for_the_project_of_the_page(store: Store, known: Laboratory) -> None:
    seen = opened(store, path="/projects/digits/experiments/2", picked=[2])
    assert seen["title"] == "New run of Digits"
    assert (seen["word"], seen["choices"][0]["label"]) == ("experiment:2", "Experiment 2")
    assert "--batch_size 28 --lr 0.2" in text_of(seen["body"])
    context = seen["context"]
    assert (context["slug"], context["mode"], context["run"], context["notes"]) == ("digits", "new", None, [])
    assert context["code"] == known.project.code_digest
    assert (seen["decisions"], seen["error"]) == ({}, "")
    assert opened(store)["context"]["key"] != context["key"]


def test_elsewhere_there_is_nothing_to_fill(store: Store, known: Laboratory) -> None:
    assert set(map(id, opened(store, path="/").values())) == {id(no_update)}
    assert set(map(id, opened(store, path="/projects/other").values())) == {id(no_update)}


def test_an_extension_hides_what_belongs_to_the_run(store: Store, known: Laboratory) -> None:
    seen = opened(store, "extend", path="/projects/digits/runs/1", run=1)
    assert seen["title"] == "Add experiments to run 1 of Digits"
    assert (seen["context"]["mode"], seen["context"]["run"]) == ("extend", 1)
    assert text_of(seen["body"]).count('"className": "launch-part", "hidden": true') == 3
    assert opened(store, "duplicate", run=1)["context"]["run"] is None


def test_resources_and_strategy_of_the_last_run_are_taken_over(store: Store, known: Laboratory) -> None:
    strategy = {"name": "sobol", "count": 7, "seed": 2, "repeats": 3, "options": {"is_scrambled": False}}
    new = NewRun(
        "python train.py --lr [0.1:0.2]", {"lr": {"low": 0.1, "high": 0.2}}, [LR.to_json()], [], strategy=strategy,
        objective="loss", goal="minimize", metrics=[{"name": "loss", "goal": "minimize"}], cpus=0.5, gpus=0.25,
        concurrency=3, priority=4, weight=0.5, time_limit_s=90, retries=2, has_terminal=True,
    )  # fmt: skip
    create_run(store, known.project, new)
    project = now(store)
    context = {"mode": "new", "notes": [], "is_here": True, "code": project.code_digest}
    filled = form_of(store, project, started(store, "last"), context)
    assert (filled.cpus, filled.gpus, filled.concurrency, filled.time_limit_s, filled.retries) == (0.5, 0.25, 3, 90, 2)
    assert filled.has_terminal
    assert (filled.priority, filled.weight) == (4, 0.5)
    assert (filled.objective, filled.goal, filled.metrics) == ("loss", "minimize", ["loss"])
    assert (filled.strategy.name, filled.strategy.count, filled.strategy.repeats) == ("sobol", 7, 3)
    assert filled.strategy.options == {"is_scrambled": False}
    assert filled.written["lr"].candidates == Interval(0.1, 0.2)
    assert not filled.has_difference


def test_a_draft_brings_its_decisions(store: Store, known: Laboratory) -> None:
    decisions = {"by_status": {"done": "reuse"}, "by_fingerprint": {}}
    create_run(
        store, known.project, NewRun("python train.py --lr 0.1", {"lr": [0.1]}, [LR.to_json()], [], decisions=decisions),
        is_draft=True,
    )  # fmt: skip
    seen = opened(store, "draft", run=2)
    assert (seen["title"], seen["decisions"]) == ("Draft of run 2 of Digits", decisions)
    assert (seen["context"]["mode"], seen["context"]["run"]) == ("draft", 2)
    assert [each["label"] for each in seen["choices"]] == ["Draft 2"]


def test_starting_from_something_else_fills_the_form_anew(store: Store, known: Laboratory) -> None:
    seen = opened(store)
    body, context = start_elsewhere(store, "experiment:2", {"mode": "new"}, seen["context"])
    assert "--batch_size 28 --lr 0.2" in text_of(body)
    again, _ = start_elsewhere(store, seen["word"], {"mode": "new"}, context)
    assert "--batch_size [28,56] --lr [0.1,0.2]" in text_of(again)
    assert context["key"] == seen["context"]["key"]


def test_filling_does_not_fill_twice(store: Store, known: Laboratory) -> None:
    """The choice that the dialog was filled with arrives as an input, too."""
    seen = opened(store)
    assert start_elsewhere(store, seen["word"], {"mode": "new"}, seen["context"]) == (no_update, no_update)


# --- changed code and data --------------------------------------------------------------------------------------------


def test_code_that_changed_since_the_last_run_is_told(store: Store, known: Laboratory) -> None:
    known.script.write_text(known.script.read_text() + "# another\n")
    seen = opened(store)
    assert seen["context"]["notes"] == ["train.py or a module that it imports has changed since run 1."]
    shown = text_of(seen["body"])
    assert "has changed since run 1" in shown
    assert seen["context"]["code"] != known.project.code_digest


def test_a_module_that_the_script_imports_belongs_to_its_code(store: Store, known: Laboratory) -> None:
    known.script.write_text("import layers\n" + known.script.read_text())
    (known.script.parent / "layers.py").write_text("SIZE = 1\n")
    first = opened(store)["context"]["code"]
    (known.script.parent / "layers.py").write_text("SIZE = 2\n")
    assert opened(store)["context"]["code"] != first


def test_options_of_an_edited_script_are_read_anew(store: Store, known: Laboratory) -> None:
    edited = known.script.read_text().replace(
        'parser.add_argument("--lr", type=float, default=0.1)', 'parser.add_argument("--momentum", type=float, default=0.9)'
    )  # fmt: skip
    known.script.write_text(edited)
    seen = opened(store)
    assert seen["context"]["notes"][0] == "train.py has gained momentum and lost lr since its options were last read."
    assert [each["name"] for each in now(store).hyperparameters] == ["batch_size", "momentum", "optimizer", "augment"]
    shown = text_of(seen["body"])
    assert '"value": "momentum"' in shown
    assert '"value": "lr"' not in shown


def test_a_script_that_cannot_be_read_keeps_its_options(store: Store, known: Laboratory) -> None:
    known.script.write_text("import argparse\nthis is no Python\n")
    seen = opened(store)
    assert seen["context"]["notes"][0].startswith("The options of train.py are those of its last reading:")
    assert "batch_size" in text_of(seen["body"])


def test_a_script_that_is_not_here_launches_the_code_of_the_last_run(store: Store, known: Laboratory) -> None:
    known.script.unlink()
    context = opened(store)["context"]
    assert context["notes"] == ["train.py is not on this machine; the code of run 1 is launched."]
    run = find_run(store, known.project.id, 1)
    assert run
    assert (context["code"], context["is_here"]) == (run.code_digest, False)


def test_without_a_script_and_a_run_nothing_can_be_launched(store: Store, laboratory: Laboratory) -> None:
    assert opened(store)["context"]["notes"] == ["train.py is not on this machine; nothing can be launched from here."]


def test_data_that_changed_is_told(store: Store, known: Laboratory) -> None:
    (known.script.parent / "data.csv").write_text("1,2\n")
    change_project(store, known.project.id, data_paths=["data.csv"])
    context = opened(store)["context"]
    assert context["notes"] == ["The declared data has changed since run 1."]
    assert context["data"]


def test_data_that_is_missing_is_told(store: Store, known: Laboratory) -> None:
    change_project(store, known.project.id, data_paths=["gone.csv"])
    [note] = opened(store)["context"]["notes"]
    assert "gone.csv" in note
