"""The address that a page asks for a view of the project's own."""

from __future__ import annotations

import json
from pathlib import Path

from storage.store import Store
from tests.app.conftest import Browser
from tests.laboratory import SCRIPT, Laboratory, run_four

ADDRESS = "/custom-views/digits/2"
VIEW = "def view(data):\n    return {'data': [{'y': [data.number]}]}\n"


def test_a_view_comes_as_json_to_those_who_are_let_in(
    browser: Browser, stranger: Browser, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "mine.py").write_text(VIEW)
    run_four(Laboratory(store, tmp_path))
    question = {"data": json.dumps({"file": "views/mine.py"}), "content_type": "application/json"}
    answer = browser.ask("POST", ADDRESS, **question)
    assert answer.status_code == 200
    assert answer.get_json()["figure"]["data"][0]["y"] == [2]
    assert stranger.ask("POST", ADDRESS, **question).status_code == 401
    # What a form of another site could send, and what names no experiment.
    assert browser.ask("POST", ADDRESS, data={"file": "views/mine.py"}).status_code == 415
    for path in ("/custom-views/digits/99", "/custom-views/digits/99999999999", "/custom-views/nothing/1"):
        assert browser.ask("POST", path, **question).status_code == 404
