"""The launch dialog: fields and command in step, repeats found, and one run per launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from dash import no_update

from callbacks.launch import (
    Candidates,
    Fields,
    LaunchError,
    form_of,
    launch,
    new_run,
    read_fields,
    read_number,
    review,
    write_command,
)
from storage.experiments import fetch_experiments
from storage.projects import find_project
from storage.runs import fetch_runs
from storage.store import Store
from tests.callbacks.conftest import HYPERPARAMETERS, Laboratory
from tests.callbacks.test_pages import text_of

BATCH_SIZE, LR, OPTIMIZER, AUGMENT = HYPERPARAMETERS
CONTEXT = {"slug": "digits", "key": "once"}


@pytest.mark.parametrize(
    ("hyperparameter", "fields", "expected"),
    [
        (BATCH_SIZE, Fields("list", "28, 56"), Candidates([28, 56])),
        (BATCH_SIZE, Fields("range", "", "28", "112", "*2"), Candidates([28, 56, 112])),
        (BATCH_SIZE, Fields("range", "", "28", "256", "2*"), Candidates([28, 56, 112, 224], "256")),
        (LR, Fields("range", "", "0.1", "0.4", "0.1"), Candidates([0.1, 0.2, 0.3, 0.4])),
        (OPTIMIZER, Fields("choices", choices=["sgd"]), Candidates(["sgd"])),
        (AUGMENT, Fields("choices", choices=["False", "True"]), Candidates([True, False])),
    ],
)
def test_fields_become_candidates(hyperparameter: Any, fields: Fields, expected: Candidates) -> None:
    assert read_fields(hyperparameter, fields) == expected


@pytest.mark.parametrize(
    ("hyperparameter", "fields"),
    [
        (BATCH_SIZE, Fields("list", "")),
        (BATCH_SIZE, Fields("list", "many")),
        (BATCH_SIZE, Fields("range", "", "28", "", "2")),
        (BATCH_SIZE, Fields("range", "", "28", "56", "0")),
        (BATCH_SIZE, Fields("range", "", "1", "9e9", "1")),
        (OPTIMIZER, Fields("choices")),
    ],
)
def test_fields_that_mean_nothing_say_why(hyperparameter: Any, fields: Fields) -> None:
    found = read_fields(hyperparameter, fields)
    assert found.error
    assert not found.values


def test_the_dialog_starts_from_the_newest_run(store: Store, finished: Laboratory) -> None:
    form = form_of(store, finished.project)
    assert form.candidates == {"batch_size": [28, 56], "lr": [0.1, 0.2]}
    assert form.command == "python train.py --batch_size [28,56] --lr [0.1,0.2]"
    assert (form.objective, form.goal, form.metrics) == ("accuracy", "maximize", ["accuracy", "loss"])


def test_a_required_hyperparameter_is_asked_for(store: Store, laboratory: Laboratory) -> None:
    required = replace(LR, is_required=True, default=None)
    project = replace(laboratory.project, hyperparameters=[required.to_json()])
    assert form_of(store, project).candidates == {"lr": ()}


def written(store: Store, command: str, rows: Sequence[tuple[str, Fields]]) -> tuple[Any, ...]:
    columns = [
        [getattr(fields, name) for _, fields in rows] for name in ("mode", "list", "start", "stop", "step", "choices")
    ]
    names = ("modes", "lists", "starts", "stops", "steps", "choices")
    editors = [{"name": name} for name, _ in rows]
    return write_command(
        store, **dict(zip(names, columns, strict=True)), editors=editors, command=command, context=CONTEXT
    )


def test_fields_write_the_command_as_one_types_it(store: Store, laboratory: Laboratory) -> None:
    rows = [
        ("batch_size", Fields("range", "", "28", "256", "*2")),
        ("optimizer", Fields("choices", choices=["sgd", "adam"])),
    ]
    lists, ranges, chips, errors, command, last, problems = written(store, "python train.py data.csv", rows)
    expected = "python train.py data.csv --batch_size [28,56,112,224] --optimizer [adam,sgd]"
    assert command == last == expected
    assert (lists, ranges, errors, problems) == ([True, True], [False, True], ["", ""], [])
    assert "256 is not reached" in text_of(chips[0])


def test_a_command_that_says_the_same_already_is_left_as_it_is_typed(store: Store, laboratory: Laboratory) -> None:
    typed = "python  train.py --lr   [0.10,0.2]"
    answer = written(store, typed, [("lr", Fields("list", "0.1, 0.2"))])
    assert answer[4] is no_update
    assert answer[5] == typed


def test_fields_with_a_slip_leave_the_command_and_name_the_problem(store: Store, laboratory: Laboratory) -> None:
    answer = written(store, "python train.py --lr 0.1", [("lr", Fields("list", "0.1, x"))])
    assert answer[4] is no_update
    assert answer[6] == ["lr"]
    assert answer[3][0]


def reviewed(store: Store, command: str, *, problems: list[str] | None = None, skip: bool = True) -> dict[str, Any]:
    names = ("error", "count", "repeats", "hidden", "disabled", "label")
    return dict(zip(names, review(store, command, problems, ["skip"] if skip else [], CONTEXT), strict=True))


def test_the_number_of_experiments_is_told_before_launch(store: Store, laboratory: Laboratory) -> None:
    seen = reviewed(store, "python train.py --batch_size [28,56,112] --lr [0.1,0.2] --augment [true,false]")
    assert seen["count"] == "3 × 2 × 2 = 12 experiments"
    assert seen["label"] == "Launch 12 experiments"
    assert not seen["disabled"]
    assert seen["hidden"]


def test_what_was_done_before_is_found_and_skipped(store: Store, finished: Laboratory) -> None:
    """Of run 1's four, three finished and one failed."""
    seen = reviewed(store, "python train.py --batch_size [28,56,112] --lr [0.1,0.2]")
    assert seen["repeats"] == "3 of 6 were done before with the same code."
    assert seen["label"] == "Launch 3 experiments"
    assert reviewed(store, "python train.py --batch_size 28 --lr [0.1,0.2]")["disabled"]
    again = reviewed(store, "python train.py --batch_size 28 --lr [0.1,0.2]", skip=False)
    assert (again["disabled"], again["label"]) == (False, "Launch 2 experiments")


def test_settings_are_the_same_in_whatever_order_they_stand(store: Store, finished: Laboratory) -> None:
    assert reviewed(store, "python train.py --lr 0.1 --batch_size 28")["label"] == "Launch"


@pytest.mark.parametrize(
    "command",
    ["", "python train.py --nothing 1", "python train.py --lr [", "python train.py --lr []", "python other.py --lr 1",
     "python train.py --batch_size [1:99999:1] --lr [1:99999:1]"],
)  # fmt: skip
def test_a_command_that_cannot_run_disables_the_launch(store: Store, laboratory: Laboratory, command: str) -> None:
    seen = reviewed(store, command)
    assert seen["disabled"]
    assert seen["error"]


def test_a_slip_is_shown_at_its_place(store: Store, laboratory: Laboratory) -> None:
    command = "python train.py --batch_siz [1,2]"
    message, place = reviewed(store, command)["error"]
    line, caret = place.children.split("\n")
    assert "--batch_size" in message.children
    assert line[caret.index("^") :].startswith("--batch_siz")


def test_a_problem_in_a_field_disables_the_launch(store: Store, laboratory: Laboratory) -> None:
    assert reviewed(store, "python train.py --lr 0.1", problems=["lr"])["disabled"]


def launched(store: Store, command: str, **options: Any) -> tuple[Any, Any, Any]:
    given: dict[str, Any] = {
        "clicks": 1, "command": command, "objective": "accuracy", "goal": "maximize", "concurrency": "", "retries": "",
        "time_limit": "", "skip": ["skip"], "context": CONTEXT, **options,
    }  # fmt: skip
    return launch(store, **given)


def test_a_launch_queues_the_run_and_leads_to_its_page(store: Store, finished: Laboratory) -> None:
    command = "python train.py fast --batch_size [28,112] --lr [0.1,0.2]"
    options = {"objective": " loss ", "goal": "minimize", "concurrency": "2", "retries": "1", "time_limit": "1.5"}
    assert launched(store, command, **options) == ("/projects/digits/runs/2", False, "")
    run = fetch_runs(store, finished.project.id)[0]
    assert (run.state, run.command_line, run.candidates) == (
        "queued",
        command,
        {"batch_size": [28, 112], "lr": [0.1, 0.2]},
    )
    assert (run.objective, run.goal, run.concurrency, run.retries, run.time_limit_s) == ("loss", "minimize", 2, 1, 90)
    assert run.command == ["python", "train.py", "fast"]
    settings = [each.settings for each in fetch_experiments(store, finished.project.id, run_id=run.id)]
    assert settings == [{"batch_size": 112, "lr": 0.1}, {"batch_size": 112, "lr": 0.2}]
    project = find_project(store, "digits")
    assert project
    assert (project.objective, project.goal) == ("loss", "minimize")


def test_five_clicks_make_one_run(store: Store, laboratory: Laboratory) -> None:
    answers = {launched(store, "python train.py --lr [0.1,0.2]")[0] for _ in range(5)}
    assert answers == {"/projects/digits/runs/1"}
    assert len(fetch_runs(store, laboratory.project.id)) == 1
    assert len(fetch_experiments(store, laboratory.project.id)) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"concurrency": "0"}, "The number at once is '0'"),
        ({"concurrency": "1.5"}, "whole number"),
        ({"retries": "-1"}, "from 0 up"),
        ({"retries": "nan"}, "whole number"),
        ({"time_limit": "soon"}, "The time limit is 'soon'"),
        ({"command": "python train.py --lr x"}, "--lr"),
    ],
)
def test_a_launch_that_cannot_be_says_why(
    store: Store, laboratory: Laboratory, options: dict[str, str], sentence: str
) -> None:
    address, is_open, error = launched(store, **{"command": "python train.py --lr 1", **options})
    assert address is no_update
    assert is_open is no_update
    assert sentence in error
    assert fetch_runs(store, laboratory.project.id) == []


def test_nothing_is_launched_when_all_is_done(store: Store, finished: Laboratory) -> None:
    with pytest.raises(LaunchError, match="nothing to run"):
        new_run(store, finished.project, "python train.py --lr 0.1 --batch_size 28", skip_done=True, key="k")


def test_numbers_may_be_left_out() -> None:
    assert read_number("It", " ", least=1) is None
    assert read_number("It", "2", least=1, is_whole=True) == 2
