"""The address that a page asks for its curves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from storage.store import Store
from tests.app.conftest import Browser
from tests.app.test_packing import unpack
from tests.laboratory import Laboratory, run_four


@pytest.fixture(autouse=True)
def finished(store: Store) -> Laboratory:
    return run_four(Laboratory(store))


def ask(browser: Browser, question: Any, path: str = "/curves/digits") -> TestResponse:
    return browser.ask("POST", path, data=json.dumps(question), content_type="application/json")


def test_curves_come_once_and_then_nothing(browser: Browser) -> None:
    first = ask(browser, {"numbers": "1-2"})
    assert (first.status_code, first.mimetype) == (200, "application/octet-stream")
    answer = unpack(first.get_data())
    assert [(each["experiment"], each["metric"]) for each in answer["curves"]] == [
        (1, "accuracy"), (1, "loss"), (2, "accuracy"), (2, "loss"),
    ]  # fmt: skip
    again = ask(browser, {"numbers": "1-2", "seen": answer["seen"]})
    assert (again.status_code, again.get_data()) == (204, b"")


@pytest.mark.parametrize("question", [None, {}, {"numbers": "x"}])
def test_who_names_no_experiment_gets_none(browser: Browser, question: Any) -> None:
    assert ask(browser, question).status_code == 204
    assert ask(browser, {"numbers": "1"}, "/curves/nothing").status_code == 204


def test_it_is_closed_to_strangers(stranger: Browser) -> None:
    assert ask(stranger, {"numbers": "1"}).status_code == 401
