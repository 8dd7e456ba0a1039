"""The overview and a project's runs: right numbers, and nothing sent when nothing changed."""

from __future__ import annotations

import pytest
from dash import no_update

from callbacks.projects import page, refresh_projects, refresh_runs, runs_page, slug_of_path
from storage.requests import request_pause
from storage.runs import NewRun, create_run
from storage.store import Store
from tests.laboratory import Laboratory
from tests.text import text_of


def test_a_project_shows_its_counts_and_best_value(store: Store, finished: Laboratory) -> None:
    shown = text_of(page(store))
    assert "best accuracy" in shown
    assert "0.9" in shown
    assert "4, 1 failed" in shown


def test_runs_come_newest_first(store: Store, finished: Laboratory) -> None:
    finished.launch({"lr": [0.5]})
    shown = text_of(runs_page(store, "digits"))
    assert shown.index("/projects/digits/runs/2") < shown.index("/projects/digits/runs/1")
    assert "28 56" in shown
    assert "experiment 2" in shown


def test_drafts_and_paused_runs_are_marked_as_such(store: Store, laboratory: Laboratory) -> None:
    paused = laboratory.launch({"lr": [0.5]})
    request_pause(store, paused.id)
    candidates = {"lr": {"low": 0.01, "high": 0.1}, "batch_size": [28, 56]}
    new = NewRun("x", candidates, [], [], strategy={"name": "random", "count": 30, "repeats": 2})
    create_run(store, laboratory.project, new, is_draft=True)
    shown = text_of(runs_page(store, "digits"))
    for words in ("state is-paused", "state is-draft", "60 planned", "0.01 to 0.1"):
        assert words in shown


def test_an_unknown_project_has_no_page(store: Store) -> None:
    assert runs_page(store, "nothing") is None


def test_a_poll_sends_the_list_only_when_it_changed(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    children, cursor = refresh_runs(store, 1, "", "/projects/digits")
    assert children is not no_update
    assert refresh_runs(store, 2, cursor, "/projects/digits") == (no_update, no_update)
    laboratory.start()
    children, later = refresh_runs(store, 3, cursor, "/projects/digits")
    assert "1 running, 1 queued" in text_of(children)
    assert later != cursor
    assert refresh_runs(store, 3, "", "/projects/gone") == (no_update, no_update)
    _, overview = refresh_projects(store, 1, "")
    assert refresh_projects(store, 2, overview) == (no_update, no_update)


@pytest.mark.parametrize(
    ("path", "slug"),
    [("/projects/a-1", "a-1"), ("/projects/a/runs/3", "a"), ("/", None), (None, None), ("/projects/A", None)],
)
def test_the_project_is_read_from_the_address(path: str | None, slug: str | None) -> None:
    assert slug_of_path(path) == slug
