"""The address at which an experiment's page writes its note."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage.store import Store
from tests.app.conftest import Browser
from tests.laboratory import Laboratory, run_four


@pytest.fixture(autouse=True)
def finished(store: Store) -> Laboratory:
    return run_four(Laboratory(store))


def ask(browser: Browser, path: str = "/notes/digits/2", **request: Any) -> Any:
    answer = browser.ask("POST", path, data=json.dumps(request), content_type="application/json")
    return answer.get_json() if answer.status_code == 200 else answer.status_code


def test_two_people_at_one_note_lose_nothing(browser: Browser) -> None:
    first = ask(browser, do="save", text="<b>mine</b>", version=0)["note"]
    assert (first["text"], first["version"]) == ("<b>mine</b>", 1)
    assert first["by"]
    assert first["at"].endswith("+00:00")
    assert ask(browser, do="save", text="theirs", version=0) == {"note": first, "changed": True}
    assert ask(browser, do="delete", version=1)["note"]["text"] == ""
    assert ask(browser, do="restore", version=2)["note"] == first | {"version": 3}


def test_what_is_wrong_is_said_and_what_is_not_there_is_not_found(browser: Browser) -> None:
    assert "at most 10,000" in ask(browser, do="save", text="x" * 10_001, version=0)["error"]
    assert ask(browser, do="save", text=None, version=0) == {"error": "A note is a text."}
    assert ask(browser, do="burn", version=0) == 404
    assert ask(browser, do="save", text="a", version="0") == 404
    assert ask(browser, do="save", text="a", version=2**40) == 404
    assert ask(browser, "/notes/digits/99", do="save", text="a", version=0) == 404
    assert ask(browser, "/notes/nothing/1", do="save", text="a", version=0) == 404
    assert ask(browser, f"/notes/digits/{2**40}", do="save", text="a", version=0) == 404


def test_it_is_closed_to_strangers(stranger: Browser) -> None:
    assert ask(stranger, do="save", text="a", version=0) == 401
