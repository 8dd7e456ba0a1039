"""Fields and command of the launch dialog stay in step, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dash import Patch, no_update

from analysis.candidates import Interval, Span, Written
from analysis.command_line import CommandLineError
from analysis.hyperparameters import Hyperparameter
from analysis.numbers import CandidateError
from callbacks.launch.editing import offer_found, show_editors, write_command
from callbacks.launch.project import read_command
from layouts import launch_ids as ids
from layouts.launch.editor import Fields, read_fields
from storage.projects import register_project
from storage.store import Store
from tests.callbacks.conftest import triggered_by
from tests.laboratory import COMMAND, HYPERPARAMETERS, Laboratory
from tests.text import text_of

BATCH_SIZE, LR, OPTIMIZER, AUGMENT = HYPERPARAMETERS
CONTEXT = {"slug": "digits", "key": "once"}


@pytest.mark.parametrize(
    ("hyperparameter", "fields", "expected"),
    [
        (BATCH_SIZE, Fields("list", "28, 56"), Written((28, 56))),
        (BATCH_SIZE, Fields("list", "[28,56]"), Written((28, 56))),
        (BATCH_SIZE, Fields("range", "", "28", "112", "*2"), Written((28, 56, 112), Span("28", "112", "*2"))),
        (BATCH_SIZE, Fields("range", "", " 28 ", "256", "2*"), Written((28, 56, 112, 224), Span("28", "256", "2*"))),
        (LR, Fields("range", "", "0.1", "0.4", "0.1"), Written((0.1, 0.2, 0.3, 0.4), Span("0.1", "0.4", "0.1"))),
        (LR, Fields("range", "", "0.1", "0.4", "log"), Written(Interval(0.1, 0.4, is_log=True), Span("0.1", "0.4", "log"))),
        (OPTIMIZER, Fields("choices", choices=("sgd",)), Written(("sgd",))),
        (AUGMENT, Fields("choices", choices=("False", "True")), Written((False, True))),
        (AUGMENT, Fields("choices", choices=("False", "gone")), Written((False,))),
    ],
)  # fmt: skip
def test_fields_become_candidates(hyperparameter: Hyperparameter, fields: Fields, expected: Written) -> None:
    assert read_fields(hyperparameter, fields) == expected


@pytest.mark.parametrize(
    ("hyperparameter", "fields", "sentence"),
    [
        (BATCH_SIZE, Fields("list", ""), "no value"),
        (BATCH_SIZE, Fields("list", "many"), "many"),
        (BATCH_SIZE, Fields("range", "", "28", "", "2"), "Fill in from and to."),
        (BATCH_SIZE, Fields("range", "", "28", "56", "0"), "0"),
        (BATCH_SIZE, Fields("range", "", "1", "9e9", "1"), ""),
        (BATCH_SIZE, Fields("range", "", "56", "28", ""), "goes nowhere"),
        (OPTIMIZER, Fields("choices"), "Click at least one value."),
    ],
)
def test_fields_that_mean_nothing_say_why(hyperparameter: Hyperparameter, fields: Fields, sentence: str) -> None:
    with pytest.raises(CandidateError) as caught:
        read_fields(hyperparameter, fields)
    assert sentence in caught.value.message


# --- fields to command ----------------------------------------------------------------------------------------------


def written(store: Store, command: str, rows: Sequence[tuple[str, Fields]]) -> dict[str, Any]:
    columns = [
        [getattr(fields, name) for _, fields in rows] for name in ("mode", "list", "start", "stop", "step", "choices")
    ]
    names = ("modes", "lists", "starts", "stops", "steps", "choices")
    editors = [{"name": name} for name, _ in rows]
    answer = write_command(
        store, **dict(zip(names, columns, strict=True)), editors=editors, command=command, context=CONTEXT
    )
    shown = ("no_list", "no_range", "chips", "errors", "command", "problems")
    return dict(zip(shown, answer, strict=True))


def test_fields_write_the_command_as_one_types_it(store: Store, laboratory: Laboratory) -> None:
    rows = [
        ("batch_size", Fields("range", "", "28", "256", "*2")),
        ("optimizer", Fields("choices", choices=("sgd", "adam"))),
    ]
    seen = written(store, "python train.py data.csv", rows)
    expected = "python train.py data.csv --batch_size [28:256:*2] --optimizer [sgd,adam]"
    assert seen["command"] == expected
    assert (seen["no_list"], seen["no_range"]) == ([True, True], [False, True])
    assert (seen["errors"], seen["problems"]) == (["", ""], [])
    chips = text_of(seen["chips"][0])
    assert [f'"{value}"' in chips for value in (28, 56, 112, 224, 256)] == [True, True, True, True, False]
    assert "256 is not reached" in chips
    # What is clicked shows itself.
    assert seen["chips"][1] == []


def test_a_command_that_says_the_same_already_is_left_as_it_is_typed(store: Store, laboratory: Laboratory) -> None:
    typed = "python  train.py --lr   [0.10,0.2]"
    seen = written(store, typed, [("lr", Fields("list", "0.1, 0.2"))])
    assert seen["command"] is no_update


def test_a_command_that_cannot_be_read_is_written_anew(store: Store, laboratory: Laboratory) -> None:
    seen = written(store, "python train.py --lr [", [("lr", Fields("list", "0.1, 0.2"))])
    assert seen["command"] == "python train.py --lr [0.1,0.2]"


def test_fields_with_a_slip_leave_the_command_and_name_the_problem(store: Store, laboratory: Laboratory) -> None:
    rows = [("lr", Fields("list", "0.1, x")), ("batch_size", Fields("list", "28"))]
    seen = written(store, "python train.py --lr 0.1", rows)
    assert seen["command"] is no_update
    assert seen["problems"] == ["lr"]
    assert [bool(each) for each in seen["errors"]] == [True, False]
    assert "fixed" in text_of(seen["chips"][1])


def test_an_editor_of_a_hyperparameter_that_the_script_lost_counts_for_nothing(
    store: Store, laboratory: Laboratory
) -> None:
    """The script was edited under the open dialog."""
    register_project(
        store, "Digits", directory="/tmp", command=COMMAND,
        hyperparameters=[each.to_json() for each in (BATCH_SIZE, OPTIMIZER, AUGMENT)],
    )  # fmt: skip
    rows = [("lr", Fields("list", "0.1")), ("batch_size", Fields("list", "28, 56"))]
    seen = written(store, "python train.py --lr 0.1 --batch_size [28,56]", rows)
    assert seen["command"] == "python train.py --batch_size [28,56]"
    assert seen["errors"] == ["The script has no such option any more.", ""]
    assert seen["chips"][0] == []
    assert seen["problems"] == []


def test_a_closed_dialog_writes_nothing(store: Store, laboratory: Laboratory) -> None:
    nothing: list[Any] = []
    answer = write_command(
        store, modes=nothing, lists=nothing, starts=nothing, stops=nothing, steps=nothing, choices=nothing,
        editors=[], command="", context=None,
    )  # fmt: skip
    assert set(map(id, answer)) == {id(no_update)}


# --- picking, and command to fields ---------------------------------------------------------------------------------


def shown(
    store: Store,
    *,
    picked: Sequence[str] = (),
    command: str | None = None,
    present: Sequence[str] = (),
    by: str = ids.TYPED,
) -> tuple[Any, Any]:
    with triggered_by(by, "data"):
        return show_editors(
            store,
            picked=list(picked),
            typed={"command": command, "edits": 1} if command else None,
            editors=[{"name": name} for name in present],
            command=command,
            context=CONTEXT,
        )


def test_picking_adds_an_editor_and_leaves_the_others_alone(store: Store, laboratory: Laboratory) -> None:
    editors, picked = shown(store, picked=["lr", "optimizer"], present=["lr"], by=ids.PICKED)
    assert picked is no_update
    assert isinstance(editors, Patch)
    operations = editors.to_plotly_json()["operations"]
    assert [each["operation"] for each in operations] == ["Append"]
    assert '"name": "optimizer"' in text_of(operations[0]["params"]["value"])


def test_unpicking_removes_just_that_editor(store: Store, laboratory: Laboratory) -> None:
    editors, _ = shown(store, picked=["optimizer"], present=["lr", "optimizer", "batch_size"], by=ids.PICKED)
    operations = editors.to_plotly_json()["operations"]
    assert [(each["operation"], each["location"]) for each in operations] == [("Delete", [2]), ("Delete", [0])]


def test_what_is_picked_already_or_unknown_changes_nothing(store: Store, laboratory: Laboratory) -> None:
    assert shown(store, picked=["lr"], present=["lr"], by=ids.PICKED) == (no_update, no_update)
    editors, _ = shown(store, picked=["lr", "gone"], present=["lr"], by=ids.PICKED)
    assert editors.to_plotly_json()["operations"] == []


def test_a_command_edited_by_hand_picks_and_fills(store: Store, laboratory: Laboratory) -> None:
    command = "python train.py --batch_size [28:112:2*] --optimizer sgd --augment [true,false] --lr [0.1:0.5]"
    editors, picked = shown(store, command=command, present=["lr"])
    assert picked == ["batch_size", "optimizer", "augment", "lr"]
    text = [text_of(each) for each in editors]
    assert '"value": "28"' in text[0]
    assert '"value": "2*"' in text[0]
    assert '"value": ["sgd"]' in text[1]
    assert '"value": ["True", "False"]' in text[2]
    assert '"value": "0.5"' in text[3]


def test_a_command_with_a_slip_lets_the_fields_wait(store: Store, laboratory: Laboratory) -> None:
    assert shown(store, command="python train.py --lr [0.1,", present=["lr"]) == (no_update, no_update)


def test_what_nobody_typed_fills_nothing(store: Store, laboratory: Laboratory) -> None:
    assert shown(store, present=["lr"]) == (no_update, no_update)


def test_a_required_hyperparameter_cannot_be_left_out(store: Store, laboratory: Laboratory) -> None:
    required = replace(LR, is_required=True, default=None)
    register_project(
        store, "Digits", directory="/tmp", command=COMMAND,
        hyperparameters=[each.to_json() for each in (BATCH_SIZE, required)],
    )  # fmt: skip
    seen = written(store, "python train.py", [("batch_size", Fields("list", "28"))])
    assert seen["command"] == "python train.py --batch_size 28"


# --- what no parser declares ------------------------------------------------------------------------------------------


@pytest.fixture
def opened(store: Store) -> None:
    """A project whose program takes more than anybody declared; `depth` was in brackets before."""
    depth = Hyperparameter("depth", "model.depth", "int", place=2)
    register_project(
        store, "Digits", directory="/tmp", command=COMMAND, hyperparameters=[LR.to_json(), depth.to_json()],
        options_from="source", takes_more=True,
    )  # fmt: skip


@pytest.mark.usefixtures("opened")
def test_the_form_grows_from_the_brackets(store: Store) -> None:
    editors, picked = shown(store, command="python train.py --lr 0.1 width=[2,4] x", present=["lr"])
    assert picked == ["lr", "width"]
    assert '"value": "2, 4"' in text_of(editors[1])
    seen = written(store, "python train.py width=[2,4] x", [("width", Fields("list", "2, 0.5"))])
    assert (seen["command"], seen["problems"]) == ("python train.py width=[2,0.5] x", [])
    offered = offer_found(store, {"command": "python train.py --lr 0.1 width=[2,4] x", "edits": 1}, CONTEXT)
    assert [each["value"] for each in offered] == ["lr", "width", "depth"]
    for nothing_new in ("python train.py --lr 0.1", "python train.py --lr [0.1"):
        assert offer_found(store, {"command": nothing_new, "edits": 1}, CONTEXT) is no_update


@pytest.mark.usefixtures("opened")
def test_what_was_in_brackets_before_can_be_picked_again_and_stands_at_its_place(store: Store) -> None:
    editors, _ = shown(store, picked=["depth"], command="python train.py x", by=ids.PICKED)
    assert '"name": "depth"' in text_of(editors.to_plotly_json()["operations"][0]["params"]["value"])
    seen = written(store, "python train.py x", [("depth", Fields("range", "", "2", "8", "*2"))])
    assert seen["command"] == "python train.py model.depth=[2:8:*2] x"


def test_a_key_that_no_file_has_is_named_at_its_place(store: Store, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("depth: 2\n")
    project = register_project(
        store, "Digits", directory=str(tmp_path), command=COMMAND, hyperparameters=[LR.to_json()], takes_more=True
    )
    command = "python train.py c.yaml c.yaml:dept=[1,2]"
    with pytest.raises(CommandLineError, match=r"c\.yaml has no dept; did you mean depth") as refused:
        read_command(project, command)
    assert refused.value.column == command.index("c.yaml:dept")
    [depth] = read_command(project, command.replace("dept", "depth")).found
    assert (depth.name, depth.help) == ("depth", "2 in c.yaml")
