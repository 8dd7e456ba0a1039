"""Launching what the dialog shows: one run per launch, drafts, extensions, and what is asked back or refused."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Barrier, Thread
from typing import Any

import pytest
from dash import no_update

from callbacks.launch.launching import launch, save
from callbacks.launch.previewing import look_at_data
from storage.experiments import fetch_experiments
from storage.heartbeats import beat
from storage.projects import find_project
from storage.records import Run
from storage.runs import discard_draft, fetch_runs, find_run
from storage.store import Store
from tests.callbacks.conftest import form, opened
from tests.laboratory import Laboratory
from tests.text import text_of

EVERY = "python train.py --batch_size [28,56,112] --lr [0.1,0.2]"


def launched(
    store: Store,
    command: str = EVERY,
    *,
    context: Mapping[str, Any] | None = None,
    decisions: Mapping[str, Any] | None = None,
    confirmed: int | None = None,
    **changes: Any,
) -> dict[str, Any]:
    context = context or opened(store)["context"]
    return launch(
        store, clicks=1, form=form(command, **changes), decisions=decisions, confirmed=confirmed, context=context
    )


def saved(store: Store, command: str = EVERY, *, context: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    context = context or opened(store)["context"]
    return save(store, clicks=1, form=form(command, **changes), decisions=None, context=context)


def runs(store: Store) -> list[Run]:
    project = find_project(store, "digits")
    assert project
    return fetch_runs(store, project.id)


def settings_of(store: Store, run: Run) -> list[dict[str, Any]]:
    return [dict(each.settings) for each in fetch_experiments(store, run.project_id, run_id=run.id)]


# --- a new run --------------------------------------------------------------------------------------------------------


def test_a_launch_queues_the_run_and_leads_to_its_page(store: Store, known: Laboratory) -> None:
    command = "python train.py --batch_size [28,112] --lr [0.1,0.2]"
    context = look_at_data(store, "train.py", opened(store)["context"])
    answer = launched(
        store, command, context=context, objective=" loss ", goal="minimize", concurrency="2", retries="1", time_limit="1.5",
        cpus="0.5", metrics=["accuracy"], data="train.py",
    )  # fmt: skip
    assert (answer["path"], answer["is_open"], answer["error"]) == ("/projects/digits/runs/2", False, "")
    assert answer["notice"] is no_update
    run = runs(store)[0]
    assert (run.state, run.command_line, run.candidates) == (
        "queued",
        command,
        {"batch_size": [28, 112], "lr": [0.1, 0.2]},
    )
    assert (run.objective, run.goal, run.concurrency, run.retries, run.time_limit_s, run.cpus) == ("loss", "minimize", 2, 1, 90, 0.5)  # fmt: skip
    assert [each["name"] for each in run.metrics] == ["loss", "accuracy"]
    assert run.code_digest == known.project.code_digest
    assert run.snapshot_digest
    assert run.data_digest
    project = find_project(store, "digits")
    assert project
    # What the next launch starts with.
    assert (project.objective, project.goal, project.data_paths) == ("loss", "minimize", ["train.py"])


def test_what_is_left_out_is_not_queued_and_the_run_says_why(store: Store, known: Laboratory) -> None:
    launched(store)
    run = runs(store)[0]
    assert settings_of(store, run) == [
        {"batch_size": 56, "lr": 0.2}, {"batch_size": 112, "lr": 0.1}, {"batch_size": 112, "lr": 0.2},
    ]  # fmt: skip
    assert run.left_out == [{"reason": "done before with the same code and data", "count": 3}]


def test_positional_items_travel_with_the_run(store: Store, workshop: Laboratory) -> None:
    launched(store, "python train.py fast --lr [0.1,0.2]")
    assert runs(store)[0].command == ["python", "train.py", "fast"]


def test_five_clicks_make_one_run(store: Store, workshop: Laboratory) -> None:
    context = opened(store)["context"]
    answers = {launched(store, context=context)["path"] for _ in range(5)}
    assert answers == {"/projects/digits/runs/1"}
    assert len(runs(store)) == 1
    assert len(fetch_experiments(store, workshop.project.id)) == 6


def test_before_a_click_nothing_happens(store: Store, workshop: Laboratory) -> None:
    context = opened(store)["context"]
    for clicks, given in ((None, context), (0, context), (1, None)):
        answer = launch(store, clicks=clicks, form=form(), decisions=None, confirmed=None, context=given)
        assert set(map(id, answer.values())) == {id(no_update)}
        kept = save(store, clicks=clicks, form=form(), decisions=None, context=given)
        assert set(map(id, kept.values())) == {id(no_update)}
    assert runs(store) == []


def test_results_can_be_taken_over_without_running_anything(store: Store, known: Laboratory) -> None:
    command = "python train.py --batch_size 28 --lr [0.1,0.2]"
    answer = launched(store, command, decisions={"by_status": {"done": "reuse"}})
    assert answer["path"] == "/projects/digits/runs/2"
    taken = fetch_experiments(store, known.project.id, run_id=runs(store)[0].id)
    assert [each.state for each in taken] == ["finished", "finished"]
    assert [each.metrics["accuracy"].last for each in taken] == [0.8, 0.9]
    assert all(each.reused_from for each in taken)


def test_an_adaptive_search_is_queued_without_experiments(store: Store, workshop: Laboratory) -> None:
    launched(store, "python train.py --lr [0.1:0.9]", strategy="tpe", count="12", options={"startup": "4"})
    run = runs(store)[0]
    assert (run.strategy["name"], run.strategy["count"], run.strategy["options"]) == ("tpe", 12, {"startup": 4})
    assert settings_of(store, run) == []


def test_drawn_settings_are_those_of_the_seed(store: Store, workshop: Laboratory) -> None:
    for seed in ("3", "3", "4"):
        launched(store, "python train.py --lr [0.1:0.9]", strategy="sobol", count="4", seed=seed, decisions={"by_status": {"waiting": "run"}})  # fmt: skip
    last, second, first = (settings_of(store, run) for run in runs(store))
    assert len(first) == 4
    assert first == second != last


# --- asked back, or refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"concurrency": "0"}, "The number at once is '0'"),
        ({"retries": "nan"}, "whole number"),
        ({"time_limit": "soon"}, "The time limit is 'soon'"),
        ({"command": "python train.py --lr x"}, "--lr"),
        ({"command": "python train.py --lr [0.1:0.2]"}, "0.1"),
        ({"command": "python train.py --batch_size [1:9999:1] --lr [1:999:1]"}, "9,989,001 experiments"),
        ({"data": "gone.csv"}, "gone.csv"),
        ({"strategy": "sobol", "count": "-3"}, "The number of settings"),
    ],
)
def test_a_launch_that_cannot_be_says_why(
    store: Store, workshop: Laboratory, changes: dict[str, str], sentence: str
) -> None:
    answer = launched(store, **{"command": "python train.py --lr 1", **changes})
    assert answer["path"] is answer["is_open"] is no_update
    assert sentence in answer["error"]
    assert runs(store) == []


def test_nothing_is_launched_when_all_is_done(store: Store, known: Laboratory) -> None:
    answer = launched(store, "python train.py --lr 0.1 --batch_size 28")
    assert "nothing to run" in answer["error"]
    assert len(runs(store)) == 1


def test_what_fits_nowhere_is_not_launched(store: Store, workshop: Laboratory) -> None:
    beat(store, "dispatcher", {"per_node": [{"CPU": 2.0}]})
    assert launched(store, gpus="1")["error"] == "Each experiment wants 1 GPU; the cluster has none."
    assert runs(store) == []


def test_more_than_a_thousand_are_asked_back_once(store: Store, workshop: Laboratory) -> None:
    command = "python train.py --batch_size [1:1001:1]"
    context = opened(store)["context"]
    asked = launched(store, command, context=context)
    assert "These are 1,001 experiments" in asked["error"]
    assert (asked["confirm"], asked["label"]) == (1001, "Yes, launch 1,001 experiments")
    assert runs(store) == []
    # A yes to another number is no yes to this one.
    more = launched(store, "python train.py --batch_size [1:1002:1]", context=context, confirmed=1001)
    assert more["confirm"] == 1002
    answer = launched(store, command, context=context, confirmed=1001)
    assert answer["path"] == "/projects/digits/runs/1"
    assert len(settings_of(store, runs(store)[0])) == 1001


def test_a_thousand_are_not_asked_about(store: Store, workshop: Laboratory) -> None:
    assert launched(store, "python train.py --batch_size [1:1000:1]")["path"] == "/projects/digits/runs/1"


def test_a_script_edited_after_the_preview_refreshes_it_and_launches_nothing(store: Store, known: Laboratory) -> None:
    context = opened(store)["context"]
    known.script.write_text(known.script.read_text() + 'parser.add_argument("--late", type=int, default=1)\n')
    answer = launched(store, context=context)
    assert "The script was edited meanwhile" in answer["error"]
    assert len(runs(store)) == 1
    anew = answer["context"]
    assert anew["code"] != context["code"]
    assert anew["key"] == context["key"]
    again = launched(store, context=anew)
    assert again["path"] == "/projects/digits/runs/2"
    # With another code nothing was done before.
    assert len(settings_of(store, runs(store)[0])) == 6


def test_options_of_a_script_edited_after_the_preview_can_be_picked(store: Store, known: Laboratory) -> None:
    context = opened(store)["context"]
    known.script.write_text(known.script.read_text().replace(
        "parser.parse_args()", 'parser.add_argument("--late", type=int, default=1)\nparser.parse_args()'
    ))  # fmt: skip
    answer = launched(store, context=context)
    assert "gained late" in answer["error"]
    assert "late" in text_of(answer["offered"])
    launched(store, "python train.py --late [1,2]", context=answer["context"])
    assert settings_of(store, runs(store)[0]) == [{"late": 1}, {"late": 2}]


def test_data_that_changes_after_the_preview_launches_nothing(store: Store, known: Laboratory) -> None:
    table = known.script.parent / "data.csv"
    table.write_text("1\n")
    context = look_at_data(store, "data.csv", opened(store)["context"])
    table.write_text("2\n")
    answer = launched(store, context=context, data="data.csv")
    assert "The data has changed meanwhile" in answer["error"]
    assert len(runs(store)) == 1
    assert launched(store, context=answer["context"], data="data.csv")["path"] == "/projects/digits/runs/2"


def test_a_script_that_is_not_here_runs_as_it_was_kept(store: Store, known: Laboratory) -> None:
    known.script.unlink()
    assert launched(store)["path"] == "/projects/digits/runs/2"
    second, first = runs(store)
    assert (second.code_digest, second.snapshot_digest) == (first.code_digest, first.snapshot_digest)
    assert len(settings_of(store, second)) == 3


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_changed_and_started(store: Store, known: Laboratory) -> None:
    assert saved(store, concurrency="3", priority="2", weight="4") == {
        "path": "/projects/digits/runs/2",
        "is_open": False,
        "error": "",
    }
    draft = runs(store)[0]
    assert (draft.priority, draft.weight) == (2, 4)
    assert (draft.state, draft.concurrency, draft.command_line, settings_of(store, draft)) == ("draft", 3, EVERY, [])

    context = opened(store, "draft", run=2)["context"]
    assert saved(store, "python train.py --lr [0.1,0.3]", context=context)["path"] == "/projects/digits/runs/2"
    draft = runs(store)[0]
    assert (draft.state, draft.candidates, len(runs(store))) == ("draft", {"lr": [0.1, 0.3]}, 2)

    context = opened(store, "draft", run=2)["context"]
    assert launched(store, "python train.py --lr [0.1,0.3]", context=context)["path"] == "/projects/digits/runs/2"
    started = runs(store)[0]
    assert (started.state, len(settings_of(store, started)), len(runs(store))) == ("queued", 2, 2)


def test_a_draft_may_be_what_cannot_be_launched_yet(store: Store, known: Laboratory) -> None:
    assert saved(store, "python train.py --lr 0.1 --batch_size 28")["path"] == "/projects/digits/runs/2"


def test_a_draft_that_cannot_be_read_says_why(store: Store, workshop: Laboratory) -> None:
    answer = saved(store, "python train.py --lr [")
    assert answer["path"] is no_update
    assert "never closed" in answer["error"]
    assert runs(store) == []


def test_a_draft_that_is_gone_is_told(store: Store, workshop: Laboratory) -> None:
    saved(store)
    context = opened(store, "draft", run=1)["context"]
    discard_draft(store, runs(store)[0].id)
    assert "Run 1 was discarded in the meantime" in launched(store, context=context)["error"]
    # Its number may belong to somebody else's draft by now.
    saved(store, "python train.py --lr [0.7,0.8]")
    assert "Run 1 was discarded" in launched(store, context=context)["error"]
    assert "Run 1 was discarded" in saved(store, context=context)["error"]
    [other] = runs(store)
    assert (other.state, other.candidates) == ("draft", {"lr": [0.7, 0.8]})


def test_of_two_people_who_launch_a_draft_one_does(store: Store, workshop: Laboratory) -> None:
    saved(store)
    contexts = [opened(store, "draft", run=1)["context"] for _ in range(2)]
    together, answers = Barrier(2), []

    def start(context: Mapping[str, Any]) -> None:
        together.wait()
        answers.append(launched(store, context=context))

    people = [Thread(target=start, args=[context]) for context in contexts]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(answer["path"] == "/projects/digits/runs/1" for answer in answers) == [False, True]
    [late] = [answer["error"] for answer in answers if answer["path"] is no_update]
    assert "by somebody else in the meantime" in late
    [run] = runs(store)
    assert len(settings_of(store, run)) == 6


def test_a_draft_that_somebody_else_has_launched_is_told(store: Store, workshop: Laboratory) -> None:
    saved(store)
    mine, theirs = (opened(store, "draft", run=1)["context"] for _ in range(2))
    launched(store, context=theirs)
    assert "Run 1 was launched by somebody else in the meantime" in launched(store, context=mine)["error"]


# --- more for a run ---------------------------------------------------------------------------------------------------


def test_a_run_is_extended_by_what_it_did_not_have(store: Store, known: Laboratory) -> None:
    context = opened(store, "extend", run=1)["context"]
    answer = launched(store, context=context)
    assert (answer["path"], answer["is_open"]) == ("/projects/digits/runs/1", False)
    [run] = runs(store)
    assert run.candidates == {"batch_size": [28, 56, 112], "lr": [0.1, 0.2]}
    numbered = fetch_experiments(store, run.project_id, run_id=run.id)
    assert [each.number for each in numbered] == [1, 2, 3, 4, 5, 6, 7]


def test_a_run_with_other_code_is_not_extended(store: Store, known: Laboratory) -> None:
    known.script.write_text(known.script.read_text() + "# another\n")
    context = opened(store, "extend", run=1)["context"]
    answer = launched(store, context=context)
    assert "a run has one code" in answer["error"]
    assert len(fetch_experiments(store, known.project.id)) == 4


def test_a_run_that_is_gone_is_not_extended(store: Store, known: Laboratory) -> None:
    context = {**opened(store, "extend", run=1)["context"], "run": 9}
    assert "Run 9 was discarded" in launched(store, context=context)["error"]


def test_an_extension_is_no_draft(store: Store, known: Laboratory) -> None:
    context = opened(store, "extend", run=1)["context"]
    assert saved(store, context=context)["error"]
    assert len(runs(store)) == 1


def test_a_duplicate_is_a_run_of_its_own(store: Store, known: Laboratory) -> None:
    context = opened(store, "duplicate", run=1)["context"]
    assert launched(store, context=context)["path"] == "/projects/digits/runs/2"
    first = find_run(store, known.project.id, 1)
    assert first
    assert first.candidates == {"batch_size": [28, 56], "lr": [0.1, 0.2]}
