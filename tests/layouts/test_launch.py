"""The launch dialog's parts: editors by type, chips, sums, rows, and the place of a slip."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dash_ag_grid as dag
import pytest

from analysis.candidates import Interval, Span, Written
from analysis.hyperparameters import Hyperparameter, Value
from analysis.strategies import STRATEGIES
from layouts import launch
from layouts import launch_ids as ids
from layouts.launch import editor, frame, options, preview
from layouts.launch.editor import Fields
from layouts.launch.form import Form, Strategy
from layouts.launch.preview import Known, PlanRow, Totals
from tests.laboratory import HYPERPARAMETERS
from tests.text import text_of

BATCH_SIZE, LR, OPTIMIZER, AUGMENT = HYPERPARAMETERS
MANY = Hyperparameter("model", "--model", "choice", "m0", choices=tuple(f"m{at}" for at in range(100)))
TEXT = Hyperparameter("data", "--data", "text", None)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FORM = Form(
    [], {}, "python train.py", Strategy(), None, "maximize", [], [], 1, 0, None, 0, 1, 0, None, False, [], [], False, True,
)  # fmt: skip
TOTALS = Totals(
    total=18, scheduled=18, reused=0, statuses=[("new", 18, "run", ("run", "skip"))], left_out=[], sizes=[3, 2, 3],
    duration_s=90, at_once=2, history=4, cpus=1, gpus=0, is_adaptive=False, is_too_large=False, shown=18,
)  # fmt: skip


# --- picking ----------------------------------------------------------------------------------------------------------


def test_a_hundred_hyperparameters_are_listed_with_the_tuned_ones_first() -> None:
    many = [Hyperparameter(f"option_{at}", f"--option_{at}", "float", 0.1) for at in range(150)]
    shown = text_of(launch.body(replace(FORM, hyperparameters=many, written={"option_99": Written((0.1,))})))
    assert shown.index('"value": "option_99"') < shown.index('"value": "option_0"')
    assert "150" in shown


def test_what_is_searched_is_name_help_and_group() -> None:
    [option] = editor.picker_options([replace(BATCH_SIZE, group="Training")], [])
    assert option["search"] == "batch_size examples per step training"
    assert option["title"] == "examples per step"


def test_a_secret_says_where_its_value_is() -> None:
    [option] = editor.picker_options([Hyperparameter("api_key", "--api-key", "str")], [])
    assert "secret" in text_of(option["label"])
    assert "stays in the command" in option["title"]


def test_a_script_without_arguments_is_said_to_be_one() -> None:
    assert "nothing to tune" in text_of(launch.body(FORM))


@pytest.mark.parametrize(
    ("hyperparameter", "text"),
    [
        (BATCH_SIZE, "64"),
        (AUGMENT, "False"),
        (TEXT, "no default"),
        (replace(TEXT, default=""), "(empty)"),
        (replace(TEXT, is_required=True), "required"),
    ],
)
def test_a_default_is_written_beside_its_name(hyperparameter: Hyperparameter, text: str) -> None:
    assert editor.default_text(hyperparameter) == text


def test_an_editor_says_what_it_is_about() -> None:
    assert editor.about(BATCH_SIZE) == "default 64 · examples per step"
    assert editor.about(LR) == "default 0.1"
    assert editor.about(TEXT) == "no default"
    assert editor.about(replace(TEXT, is_required=True, help="a folder")) == "required · a folder"


# --- editors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hyperparameter", "mode"),
    [(BATCH_SIZE, "list"), (LR, "list"), (OPTIMIZER, "choices"), (AUGMENT, "choices"), (MANY, "list"), (TEXT, "list")],
)
def test_what_can_be_clicked_is_clicked(hyperparameter: Hyperparameter, mode: str) -> None:
    assert editor.mode_of(hyperparameter) == mode


@pytest.mark.parametrize(
    ("hyperparameter", "values"),
    [(BATCH_SIZE, (64,)), (OPTIMIZER, ("adam", "sgd")), (AUGMENT, (True, False)), (MANY, ("m0",)), (TEXT, ())],
)
def test_a_fresh_pick_starts_with_something_sensible(hyperparameter: Hyperparameter, values: tuple[Value, ...]) -> None:
    assert editor.first_candidates(hyperparameter) == Written(values)


def test_every_editor_has_every_field() -> None:
    fields = ("mode", "list-place", "list", "range-place", "start", "stop", "step", "choices", "chips", "error")
    for hyperparameter in (*HYPERPARAMETERS, MANY, TEXT):
        shown = text_of(editor.editor(hyperparameter, editor.first_candidates(hyperparameter)))
        assert [field for field in fields if f'"type": "candidates-{field}"' not in shown] == []


@pytest.mark.parametrize(
    ("hyperparameter", "written", "fields"),
    [
        (BATCH_SIZE, Written((28, 56)), Fields("list", list="28, 56")),
        (BATCH_SIZE, Written((28, 56, 112), Span("28", "112", "2*")), Fields("range", start="28", stop="112", step="2*")),
        (LR, Written(Interval(0.1, 0.5, is_log=True)), Fields("range", start="0.1", stop="0.5", step="log")),
        (OPTIMIZER, Written(("sgd",)), Fields("choices", choices=("sgd",))),
        (AUGMENT, Written((False, True)), Fields("choices", choices=("False", "True"))),
        (TEXT, Written(("a,b", "c")), Fields("list", list='"a,b",c')),
    ],
)  # fmt: skip
def test_fields_say_what_is_written_and_read_back(
    hyperparameter: Hyperparameter, written: Written, fields: Fields
) -> None:
    assert editor.fields_of(hyperparameter, written) == fields
    assert editor.read_fields(hyperparameter, fields).candidates == written.candidates


def test_lists_are_written_as_one_types_them() -> None:
    assert editor.list_text((28, 56)) == "28, 56"
    assert editor.list_text(("a,b", "c")) == '"a,b",c'


def test_long_series_of_chips_are_cut() -> None:
    assert "and 960 more" in text_of(editor.chips(BATCH_SIZE, Written(tuple(range(1000)))))


def test_chips_name_the_end_that_a_range_does_not_meet() -> None:
    shown = text_of(editor.chips(BATCH_SIZE, Written((28, 56, 112, 224), Span("28", "256", "*2"))))
    assert "256 is not reached" in shown
    assert "not reached" not in text_of(editor.chips(BATCH_SIZE, Written((28, 56), Span("28", "56", "*2"))))
    assert "fixed" in text_of(editor.chips(BATCH_SIZE, Written((28,))))


def test_an_interval_is_told_in_words() -> None:
    assert editor.interval_words(Interval(1, 8, is_whole=True)) == "any whole number from 1 to 8"
    assert editor.interval_words(Interval(0.1, 0.5, is_log=True)) == "any number from 0.1 to 0.5, evenly on a log scale"


# --- options ----------------------------------------------------------------------------------------------------------


def test_every_strategy_says_when_to_use_it_and_offers_its_options() -> None:
    for kind in STRATEGIES.values():
        shown = text_of(options.strategy_form(kind.name, {}))
        assert kind.advice in json.loads(json.dumps(shown.replace('\\"', '"')))
        for option in kind.options:
            assert option.label in shown
            assert option.help.replace('"', '\\"') in shown
    assert options.strategy_form("gone", {}) == []


def test_a_strategy_keeps_the_options_that_were_chosen() -> None:
    assert '"value": "7"' in text_of(options.strategy_form("tpe", {"startup": 7}))
    assert '"value": []' in text_of(options.strategy_form("sobol", {"is_scrambled": False}))
    shown = text_of(options.strategy(Strategy("sobol", 12, 3, 2)))
    assert all(f'"value": "{number}"' in shown for number in (12, 3, 2))
    assert '"value": "grid"' in text_of(options.strategy(Strategy("gone")))


def test_resources_are_written_as_one_types_them() -> None:
    shown = text_of(options.run_options(replace(FORM, cpus=0.5, gpus=0.25, concurrency=3, time_limit_s=90)))
    for value in ("0.5", "0.25", "3", "1.5"):
        assert f'"value": "{value}"' in shown


def test_wanted_metrics_are_offered_though_nothing_reported_them() -> None:
    shown = text_of(options.run_options(replace(FORM, known_metrics=["loss"], metrics=["loss", "f1"])))
    assert '"options": [{"label": "loss", "value": "loss"}, {"label": "f1", "value": "f1"}]' in shown


# --- the frame --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", [0, 5, 200, 399])
def test_the_caret_stands_under_the_slip(column: int) -> None:
    command = "".join(chr(97 + at % 26) for at in range(400))
    _, place = frame.command_error(command, "No.", column)
    line, caret = place.children.split("\n")  # type: ignore[attr-defined]
    assert line[caret.index("^")] == command[column]


def test_a_mistake_without_a_place_is_only_a_sentence() -> None:
    assert len(frame.command_error("python train.py", "No.", None)) == 1


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ((0,), "Launch"),
        ((1,), "Launch 1 experiment"),
        ((1200,), "Launch 1,200 experiments"),
        ((3, 2), "Launch 3 experiments"),
        ((0, 1), "Take over 1 result"),
        ((0, 2), "Take over 2 results"),
    ],
)
def test_the_button_says_what_it_does(given: Sequence[int], label: str) -> None:
    assert frame.start_label(*given) == label
    assert frame.start_label(2, is_extension=True) == "Add 2 experiments"


def test_notes_about_the_code_are_shown_where_there_are_any() -> None:
    shown = text_of(launch.body(replace(FORM, notes=["train.py has changed."], has_difference=True)))
    assert "train.py has changed." in shown
    assert '"id": "launch-code-note", "className": "code-note", "hidden": true' in text_of(launch.body(FORM))


def test_every_id_of_the_dialog_stands_in_it_once() -> None:
    shown = text_of([launch.dialog(), launch.body(FORM)])
    known = [value for name, value in vars(ids).items() if name.isupper()]
    counts = {id_: len(re.findall(rf'"id": "{id_}"', shown)) for id_ in known}
    assert {id_: count for id_, count in counts.items() if count != 1} == {}


# --- sums -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "total", "text"),
    [
        ([3, 2, 3], 18, "3 × 2 × 3 = 18 experiments"),
        ([1000, 2], 2000, "1,000 × 2 = 2,000 experiments"),
        ([], 1, "1 experiment"),
        ([4], 4, "4 experiments"),
    ],
)
def test_the_count_shows_its_factors(sizes: list[int], total: int, text: str) -> None:
    assert preview.count_text(replace(TOTALS, sizes=sizes, total=total)) == text


def test_sums_say_how_many_are_left_out_and_why() -> None:
    shown = text_of(preview.summary(replace(
        TOTALS, scheduled=12, reused=2, left_out=[{"reason": "done before", "count": 3}, {"reason": "by hand", "count": 1}]
    )))  # fmt: skip
    assert "12 of 18 scheduled" in shown
    assert "2 reused" in shown
    assert shown.index("3 left out: done before") < shown.index("1 left out: by hand")
    assert "about 1 min 30 s, 2 at once" in shown
    assert "Predicted from 4 finished experiments; up to 0.05 CPU hours" in shown


def test_time_that_nobody_can_tell_is_unknown() -> None:
    assert "duration unknown" in text_of(preview.summary(replace(TOTALS, duration_s=None)))
    assert "about" not in text_of(preview.summary(replace(TOTALS, scheduled=0)))
    assert "at once" not in text_of(preview.summary(replace(TOTALS, at_once=None)))
    assert "GPU hours" in text_of(preview.summary(replace(TOTALS, gpus=0.5)))


def test_what_is_too_large_says_what_to_do() -> None:
    shown = text_of(preview.summary(replace(TOTALS, total=200_000, is_too_large=True, shown=1000)))
    assert "200,000 combinations" in shown
    assert "remove values, or choose a" in shown


def test_only_what_is_not_new_is_asked_about() -> None:
    statuses = [("new", 2, "run", ("run", "skip")), ("done", 3, "skip", ("skip", "reuse", "run"))]
    [row] = preview.statuses(replace(TOTALS, statuses=statuses))
    shown = text_of(row)
    assert "3 done with this code and data" in shown
    assert '"value": "skip"' in shown
    assert [each["label"] for each in preview.show_options(replace(TOTALS, statuses=statuses))] == ["all 18", "new 2", "done 3"]  # fmt: skip
    assert len(preview.show_options(TOTALS)) == 1


# --- rows -------------------------------------------------------------------------------------------------------------


def planned(**changes: Any) -> PlanRow:
    known = Known(7, 2, "finished", 0.12345, NOW - timedelta(hours=2), "ann")
    given: dict[str, Any] = {
        "place": 1200, "settings": {"lr": 0.1, "augment": True}, "repeat": 0, "status": "done", "action": "skip",
        "actions": ("skip", "reuse", "run"), "fingerprint": "f", "known": known, "curve": [0.1, None], "duration_s": 3.0,
    }  # fmt: skip
    return PlanRow(**given | changes)


def test_a_row_is_plain_data() -> None:
    row = preview.row(planned(), ["lr", "augment"], NOW)
    assert json.loads(json.dumps(row)) == row
    assert (row["id"], row["place"], row["h0"], row["h1"], row["value"]) == ("f", "1,200", "0.1", "True", "0.1235")
    assert (row["status"], row["expected"], row["repeat"]) == ("done: #7, 2 h ago", "", 1)
    assert row["detail"] == (
        "Experiment 7 of run 2 finished with the same code, data and settings, launched by ann, 2026-05-04 10:00 UTC"
    )


def test_a_row_that_runs_says_how_long() -> None:
    assert preview.row(planned(action="run"), ["lr"], NOW)["expected"] == "3.0 s"
    assert preview.row(planned(action="run", duration_s=None), ["lr"], NOW)["expected"] == "–"


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        ("waiting", "queued", "queued: #7"),
        ("waiting", "running", "running: #7"),
        ("failed", "failed", "failed: #7, 2 h ago"),
        ("other code", "finished", "other code: #7, 2 h ago"),
        ("other data", "finished", "other data: #7, 2 h ago"),
    ],
)
def test_what_is_known_of_a_row_is_said_in_few_words(status: str, state: str, text: str) -> None:
    known = Known(7, 2, state, None, NOW - timedelta(hours=2), None)
    row = planned(status=status, known=known)
    assert preview.status_text(row, NOW) == text
    assert preview.status_detail(row).startswith("Experiment 7 of run 2 ")


def test_a_new_row_was_never_run() -> None:
    row = planned(status="new", known=None)
    assert (preview.status_text(row, NOW), preview.status_detail(row)) == ("new", "Never run with these settings")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (-5, "just now"), (61, "1 min ago"), (3 * 3600 + 59, "3 h ago"), (50 * 3600, "2 d ago")],
)
def test_the_past_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert preview.ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_columns_are_those_that_have_something_to_say() -> None:
    given: dict[str, Any] = {"count": 18, "has_repeats": False, "has_past": False, "objective": "accuracy"}
    fields = [each["field"] for each in preview.columns({"lr": 4, "a.b": 12}, **given)]
    assert fields == ["place", "action", "h0", "h1", "status", "expected"]
    given |= {"has_repeats": True, "has_past": True}
    assert {"repeat", "value", "curve"} <= {each["field"] for each in preview.columns({"lr": 4}, **given)}
    assert "value" not in [each["field"] for each in preview.columns({"lr": 4}, **{**given, "objective": None})]
    dag.AgGrid(columnDefs=preview.columns({"lr": 4}, **given))


def test_a_difference_has_its_colours() -> None:
    lines = ["--- a.py", "+++ a.py", "@@ -1 +1 @@", "-old", "+new", " same"]
    shown = preview.difference(lines)
    kinds = [each.className for each in shown.children]  # type: ignore[attr-defined]
    assert kinds == ["is-file", "is-file", "is-place", "is-removed", "is-added", ""]
    assert "No difference" in text_of(preview.difference([]))


def test_an_adaptive_search_shows_what_it_searches() -> None:
    space = {"lr": Interval(0.1, 0.5), "batch_size": tuple(range(20)), "optimizer": ("sgd",)}
    shown = text_of(preview.search_space(space, ""))
    assert "any number from 0.1 to 0.5" in shown
    assert "and 8 more" in shown
    assert "sgd (fixed)" in shown
