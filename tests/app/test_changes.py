"""The address that a run's page asks what changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.store import Store
from tests.app.conftest import Browser
from tests.app.test_packing import unpack

RUN = "/changes/digits/runs/1"


@pytest.fixture(autouse=True)
def run(store: Store) -> None:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    create_run(store, project, NewRun("x", {"lr": [0.1, 0.2]}, [], [NewExperiment({"lr": r}) for r in (0.1, 0.2)]))
    assert find_run(store, project.id, 1)


def ask(browser: Browser, question: Any, path: str = RUN) -> TestResponse:
    return browser.ask("POST", path, data=json.dumps(question), content_type="application/json")


def test_everything_comes_once_and_then_nothing(browser: Browser) -> None:
    first = ask(browser, {"cursor": {}})
    assert (first.status_code, first.mimetype) == (200, "application/octet-stream")
    answer = unpack(first.get_data())
    assert answer["experiments"]["number"].tolist() == [1, 2]
    again = ask(browser, {"cursor": answer["cursor"]})
    assert (again.status_code, again.get_data()) == (204, b"")


@pytest.mark.parametrize("question", [None, [], {}, {"cursor": 3}, {"cursor": {"seen": "x"}}])
def test_who_holds_nothing_that_we_know_gets_everything(browser: Browser, question: Any) -> None:
    assert unpack(ask(browser, question).get_data())["experiments"]["number"].tolist() == [1, 2]


@pytest.mark.parametrize("path", ["/changes/nothing/runs/1", "/changes/digits/runs/9", f"/changes/digits/runs/{2**40}"])
def test_where_there_is_no_run_nothing_changes(browser: Browser, path: str) -> None:
    assert ask(browser, {}, path).status_code == 204


def test_it_is_closed_to_strangers_and_other_sites(browser: Browser, stranger: Browser) -> None:
    assert ask(stranger, {}).status_code == 401
    assert (
        browser.ask("POST", RUN, data="{}", content_type="application/json", headers={"Origin": "http://x"}).status_code
        == 403
    )
