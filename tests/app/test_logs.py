"""The addresses at which a page asks about whole logs."""

from __future__ import annotations

import pytest

from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser

PROBLEMS = "/logs/digits/experiments/1/problems"
SEARCH = "/logs/digits/experiments/1?stream=stdout&words=x"


@pytest.fixture(autouse=True)
def experiment(store: Store) -> None:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    create_run(store, project, NewRun("python train.py", {}, [], [NewExperiment({})]))


def test_an_empty_log_has_no_matches_and_no_problems(browser: Browser) -> None:
    found = browser.get(SEARCH).get_json()
    assert (found["matches"], found["count"], found["lines"]) == ([], 0, 0)
    assert browser.get(PROBLEMS).get_json() == {"problems": [], "note": ""}


def test_strangers_and_bad_questions_get_nothing(browser: Browser, stranger: Browser) -> None:
    assert {stranger.get(address).status_code for address in (SEARCH, PROBLEMS)} <= {302, 303, 401, 403}
    for address in (
        "/logs/digits/experiments/1", "/logs/digits/experiments/1?stream=..%2Fstdout&words=x",
        "/logs/digits/experiments/9/problems", "/logs/digits/experiments/99999999999/problems",
        "/logs/digits/experiments/99999999999?stream=stdout&words=x", "/logs/none/experiments/1/problems",
    ):  # fmt: skip
        assert browser.get(address).status_code == 404, address
