"""The launch dialog's parts: editors by type, chips, counts and the place of a slip."""

from __future__ import annotations

import pytest

from analysis.hyperparameters import Hyperparameter, Value
from layouts import launch
from layouts.launch import Form, Repeats
from tests.callbacks.conftest import HYPERPARAMETERS
from tests.callbacks.test_pages import text_of

BATCH_SIZE, LR, OPTIMIZER, AUGMENT = HYPERPARAMETERS
MANY = Hyperparameter("model", "--model", "choice", "m0", choices=tuple(f"m{at}" for at in range(100)))
TEXT = Hyperparameter("data", "--data", "text", None)


@pytest.mark.parametrize(
    ("hyperparameter", "mode"),
    [(BATCH_SIZE, "list"), (LR, "list"), (OPTIMIZER, "choices"), (AUGMENT, "choices"), (MANY, "list"), (TEXT, "list")],
)
def test_what_can_be_clicked_is_clicked(hyperparameter: Hyperparameter, mode: str) -> None:
    assert launch.mode_of(hyperparameter) == mode


@pytest.mark.parametrize(
    ("hyperparameter", "values"),
    [(BATCH_SIZE, [64]), (OPTIMIZER, ["adam", "sgd"]), (AUGMENT, [True, False]), (MANY, ["m0"]), (TEXT, [])],
)
def test_a_fresh_pick_starts_with_something_sensible(hyperparameter: Hyperparameter, values: list[Value]) -> None:
    assert launch.first_candidates(hyperparameter) == values


def test_every_editor_has_every_field() -> None:
    for hyperparameter in (*HYPERPARAMETERS, MANY, TEXT):
        shown = text_of(launch.editor(hyperparameter, launch.first_candidates(hyperparameter)))
        for field in (
            "mode",
            "list-place",
            "list",
            "range-place",
            "start",
            "stop",
            "step",
            "choices",
            "chips",
            "error",
        ):
            assert f'"type": "candidates-{field}"' in shown


def test_a_hundred_hyperparameters_are_listed_with_the_tuned_ones_first() -> None:
    many = [Hyperparameter(f"option_{at}", f"--option_{at}", "float", 0.1) for at in range(150)]
    form = Form(many, {"option_99": [0.1]}, "python train.py", None, "maximize", [], None, 0, None)
    shown = text_of(launch.body(form))
    assert shown.index('"value": "option_99"') < shown.index('"value": "option_0"')
    assert "150" in shown


def test_a_script_without_arguments_is_said_to_be_one() -> None:
    assert "nothing to tune" in text_of(launch.body(Form([], {}, "python x.py", None, "maximize", [], None, 0, None)))


def test_lists_are_written_as_one_types_them() -> None:
    assert launch.list_text([28, 56]) == "28, 56"
    assert launch.list_text(["a,b", "c"]) == '"a,b",c'


def test_long_series_of_chips_are_cut() -> None:
    shown = text_of(launch.chips(list(range(1000))))
    assert "and 960 more" in shown


@pytest.mark.parametrize(
    ("sizes", "text"),
    [([3, 2, 3], "3 × 2 × 3 = 18 experiments"), ([1], "1 experiment"), ([], "1 experiment"), ([4], "4 experiments")],
)
def test_the_count_shows_its_factors(sizes: list[int], text: str) -> None:
    assert launch.count_text(sizes) == text


def test_repeats_are_told_in_a_sentence() -> None:
    assert launch.done_before(Repeats(0, 3)) == ""
    assert launch.done_before(Repeats(1, 3)) == "1 of 3 was done before with the same code."
    assert launch.done_before(Repeats(3, 3)) == "3 of 3 were done before with the same code: nothing new to run."


@pytest.mark.parametrize("column", [0, 5, 200, 399])
def test_the_caret_stands_under_the_slip(column: int) -> None:
    command = "".join(chr(97 + at % 26) for at in range(400))
    _, place = launch.command_error(command, "No.", column)
    line, caret = place.children.split("\n")  # type: ignore[attr-defined]
    assert line[caret.index("^")] == command[column]
