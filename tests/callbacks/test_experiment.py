"""The experiment page: what it starts with, what a poll brings, and views that can and cannot be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from dash import no_update

from answers.experiment_changes import experiment_changes, known_hyperparameters
from callbacks.experiment import page, picked_in, stop
from layouts import ids
from storage.configuration import keep_environment, wants_environment
from storage.experiments import find_experiment
from storage.ingestion import NewView
from storage.notes import save_note
from storage.runs import find_run
from storage.store import Store
from tests.laboratory import Laboratory
from tests.text import text_of

PARTS = {
    "header": (ids.EXPERIMENT_HEADER, "children"),
    "stop_hidden": (ids.EXPERIMENT_STOP, "hidden"),
    "stop_disabled": (ids.EXPERIMENT_STOP, "disabled"),
    "configuration": (ids.CONFIGURATION, "children"),
    "failure": (ids.EXPERIMENT_FAILURE, "children"),
    "without_curves": (ids.CURVES_NOTE, "children"),
    "note": (ids.NOTE, "data"),
    "stdout": (ids.LOG_STDOUT, "children"),
    "views": (ids.VIEW_LIST, "data"),
}


def poll(store: Store, number: int, picked: list[int] | None = None, revision: Mapping[str, str] | None = None) -> Any:
    """What a page that has `revision` gets, by the names of its parts."""
    found = experiment_changes(store, "digits", number, picked or [number], revision or {})
    if found is None:
        return dict.fromkeys(PARTS, no_update)
    shown = found["properties"]
    parts = {name: shown.get(id_, {}).get(key, no_update) for name, (id_, key) in PARTS.items()}
    return parts | {"revision": found["cursor"], "is_open": found["isOpen"]}


def test_the_page_knows_its_settings_and_the_experiments_to_compare(store: Store, finished: Laboratory) -> None:
    shown = text_of(page(store, "digits", 2, "?with=3,99,x"))
    assert '"value": [2, 3]' in shown
    assert "--batch_size=28" in shown
    assert "2 more keep their defaults" in shown


def test_an_unknown_experiment_has_no_page(store: Store, finished: Laboratory) -> None:
    assert page(store, "digits", 99) is None
    assert page(store, "other", 1) is None


@pytest.mark.parametrize(
    ("search", "numbers"),
    [("?with=3,7", [3, 7]), ("?with=1-3,7", [1, 2, 3, 7]), ("", []), ("?with=", []), ("?with=1;2,-3,4.5,٣,5", [5]), ("?with=9999999999", []),
     ("?with=1&with=2", [1, 2])],
)  # fmt: skip
def test_the_address_adds_experiments(search: str, numbers: list[int]) -> None:
    assert picked_in(search) == numbers


def test_the_first_poll_brings_everything_and_the_next_nothing(store: Store, finished: Laboratory) -> None:
    first = poll(store, 2)
    assert first["without_curves"] is None
    assert [view["epoch"] for view in first["views"]] == [1.0, 2.0]
    assert not first["is_open"]
    assert first["stop_hidden"] is True
    second = poll(store, 2, revision=first["revision"])
    assert all(value is no_update for value in second.values())


def test_picking_another_experiment_brings_only_its_numbers(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.75]})
    laboratory.report({"accuracy": [0.5]})
    revision = poll(store, 1)["revision"]
    answer = poll(store, 1, [1, 2], revision)
    assert "0.75" in text_of(answer["without_curves"])
    assert "0.5" in text_of(answer["without_curves"])
    assert answer["header"] is no_update
    assert answer["stdout"] is no_update


def test_a_running_experiment_changes_while_it_reports(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1]})
    queued = poll(store, 1)
    assert "Queued" in text_of(queued["without_curves"])
    laboratory.start()
    running = poll(store, 1, revision=queued["revision"])
    assert running["stop_hidden"] is False
    assert running["is_open"]
    laboratory.report({"loss": [2.0, 1.0]}, stdout="done\n")
    ended = poll(store, 1, revision=running["revision"])
    assert ended["stdout"] == "done\n"
    assert ended["without_curves"] is None


def test_a_script_without_metrics_gets_a_hint_and_its_first_lines(store: Store, finished: Laboratory) -> None:
    answer = poll(store, 3)
    note = text_of(answer["without_curves"])
    assert "loss: 0.3" in note
    assert "first line" in note


def test_a_failure_is_lifted_out_with_the_end_of_stderr(store: Store, finished: Laboratory) -> None:
    failure = text_of(poll(store, 4)["failure"])
    assert "Failed: exit code 3" in failure
    assert "ValueError: no" in failure
    assert "2 lines were left out of the metrics" in failure


def test_single_numbers_become_a_table(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1]})
    laboratory.start()
    laboratory.report({"accuracy": [0.75]})
    answer = poll(store, 1)
    assert "0.75" in text_of(answer["without_curves"])


def test_a_colleague_s_note_comes_with_the_poll(store: Store, finished: Laboratory) -> None:
    first = poll(store, 2)
    assert first["note"] == {"text": "", "version": 0, "by": None, "at": None}
    save_note(store, id_of(store, finished, 2), "fine", 0, "anna")
    assert '"text": "fine"' in text_of(page(store, "digits", 2))
    answer = poll(store, 2, revision=first["revision"])
    assert (answer["note"]["text"], answer["note"]["by"]) == ("fine", "anna")
    assert answer["header"] is no_update
    save_note(store, id_of(store, finished, 3), "theirs", 0, "anna")
    assert poll(store, 2, revision=answer["revision"])["note"] is no_update


def id_of(store: Store, laboratory: Laboratory, number: int) -> int:
    experiment = find_experiment(store, laboratory.project.id, number)
    assert experiment
    return experiment.id


def test_stop_asks_for_the_end_of_this_experiment_only(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    stop(store, None, {"slug": "digits", "number": 1})
    assert not poll(store, 1)["stop_disabled"]
    stop(store, 1, {"slug": "digits", "number": 1})
    assert poll(store, 1)["stop_disabled"] is True
    other = find_experiment(store, laboratory.project.id, 2)
    assert other
    assert other.state == "queued"


def test_a_learner_with_views_but_without_metrics_gets_no_hint_to_print_some(
    store: Store, laboratory: Laboratory
) -> None:
    laboratory.launch({"lr": [0.1]})
    laboratory.start()
    laboratory.report({}, views=[NewView("elbow", "elbow", None, b"{}")])
    note = text_of(poll(store, 1)["without_curves"])
    assert "No metric has been reported." in note
    assert "hypertuner.log" not in note


def test_the_configuration_comes_with_the_first_poll_and_again_when_it_is_another(
    store: Store, laboratory: Laboratory
) -> None:
    run = laboratory.launch({"lr": [0.1]})
    queued = poll(store, 1)
    assert "It has not been started." in text_of(queued["configuration"])
    laboratory.start()
    running = poll(store, 1, revision=queued["revision"])
    assert "are being looked at" in text_of(running["configuration"])
    assert wants_environment(store, run.id, "here")
    assert poll(store, 1, revision=running["revision"])["configuration"] is no_update
    keep_environment(store, run.id, "here", {"python": "3.12.1", "implementation": "CPython", "packages": [["x", "1"]]})
    known = poll(store, 1, revision=running["revision"])
    assert "3.12.1" in text_of(known["configuration"])
    laboratory.report({"loss": [1.0]})
    ended = poll(store, 1, revision=known["revision"])
    assert "is-finished" in text_of(ended["configuration"])
    assert poll(store, 1, revision=ended["revision"])["configuration"] is no_update


def test_other_hyperparameters_of_the_script_are_known_while_its_code_is_the_same(
    store: Store, known: Laboratory
) -> None:
    project = known.project
    run = find_run(store, project.id, 1)
    assert run
    own = [each.name for each in known_hyperparameters(project, replace(run, hyperparameters=[]))]
    assert own == ["batch_size", "lr", "optimizer", "augment"]
    assert known_hyperparameters(project, replace(run, hyperparameters=[], code_digest="other")) == []
