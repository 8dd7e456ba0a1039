"""A project's own views: which code of theirs is called, when they are made anew, and what the page gets of them."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from answers.custom_views import custom_view
from callbacks.experiment import page
from layouts import ids
from sources.custom_view_run import Limits
from storage.store import Store
from tests import laboratory as module
from tests.laboratory import SCRIPT, Laboratory, run_four
from tests.product import wait_until

COUNTING = """
def view(data):
    with open("calls", "a") as calls: calls.write("x")
    done = [each for each in data.experiments if "accuracy" in each.metrics]
    return {"data": [{"y": [each.metrics["accuracy"] for each in done], "customdata": [each.number for each in done]}]}
"""


@pytest.fixture
def own(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """Four experiments of a project with one view of its own, `views/mine.py`."""
    monkeypatch.setattr(module, "COMMAND", [sys.executable, "train.py"])
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "mine.py").write_text(COUNTING)
    return run_four(Laboratory(store, tmp_path))


def ask(store: Store, number: int = 2, **question: Any) -> dict[str, Any]:
    found = custom_view(store, "digits", number, {"file": "views/mine.py", "shown": "2", **question})
    assert found is not None
    json.dumps(found, allow_nan=False)
    return found


def calls(laboratory: Laboratory) -> int:
    return len((laboratory.script.parent / "calls").read_text())


def listed(component: Any) -> Any:
    return next(each.data for each in component._traverse() if getattr(each, "id", None) == ids.CUSTOM_LIST)


def test_a_figure_comes_with_the_experiments_of_its_points(store: Store, own: Laboratory) -> None:
    found = ask(store)
    assert found["problem"] == ""
    assert found["figure"]["data"][0]["y"] == [0.8, 0.9]
    assert found["owners"] == [[1, 2]]
    assert found["isLive"]


def test_the_page_lists_the_views_beside_the_script(store: Store, own: Laboratory) -> None:
    (own.script.parent / "views" / "other.py").write_text('"""What it is."""')
    assert listed(page(store, "digits", 1)) == [
        {"name": "mine", "file": "views/mine.py", "hint": ""},
        {"name": "other", "file": "views/other.py", "hint": "What it is."},
    ]


def test_it_is_made_anew_only_for_other_code_data_or_choice_or_on_demand(store: Store, own: Laboratory) -> None:
    first = ask(store)
    assert ask(store)["figure"] == first["figure"]
    assert ask(store, held=first["key"]) == {"same": True, "key": first["key"], "isLive": True}
    assert calls(own) == 1
    ask(store, again=True, held=first["key"])
    assert calls(own) == 2
    ask(store, shown="1,2")
    assert calls(own) == 3
    (own.script.parent / "views" / "mine.py").write_text(f"{COUNTING}# edited\n")
    ask(store, held=first["key"])
    assert calls(own) == 4


def test_attached_views_come_along_and_the_older_ones_only_as_far_as_there_is_room(
    store: Store, own: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = """
def view(data):
    older, newer = data.views["confusion matrix"]
    return {"data": [{"y": newer.payload["counts"][0], "name": str(newer.epoch)}, {"name": older.payload["labels"][0]}]}
"""
    (own.script.parent / "views" / "mine.py").write_text(reading)
    first, second = ask(store)["figure"]["data"]
    assert (first["y"], first["name"], second["name"]) == ([3, 1], "2.0", "cat")
    monkeypatch.setattr("answers.custom_views.MOST_PAYLOAD_BYTES", 150)
    assert "at epoch 1.0 was left out: all together are too large" in ask(store, again=True)["problem"]


def test_news_of_the_run_make_it_anew(store: Store, own: Laboratory) -> None:
    own.launch({"lr": [0.3, 0.4]})
    before = ask(store, 5)
    own.start()
    assert ask(store, 5, held=before["key"])["key"] != before["key"]


def test_without_the_folder_the_snapshot_s_views_are_shown(store: Store, own: Laboratory) -> None:
    shutil.rmtree(own.script.parent)
    assert [each["file"] for each in listed(page(store, "digits", 1))] == ["views/mine.py"]
    found = ask(store)
    assert (found["problem"], found["owners"]) == ("", [[1, 2]])


def test_where_the_interpreter_is_elsewhere_ours_is_taken_and_said(store: Store, own: Laboratory) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql('UPDATE project SET command = \'["/elsewhere/bin/python", "train.py"]\'')
    assert "/elsewhere/bin/python is not on this machine; HyperTuner's own" in ask(store)["summary"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("def view(data): return {'data': [{'type': 'scattergeo'}]}", "Maps are not shown"),
        ("def view(data): return {'data': {'type': 'bar'}}", "views/mine.py returned a figure that Plotly"),
        ("def view(data): return {'data': [{'type': 'bar'}] * 3_000}", "3,000 traces; 2,000 is the most"),
        (
            "def view(data): return {'data': [], 'layout': {'shapes': [{'line': {}}] * 20_000}}",
            "40,002 parts; 20,000 is the most",
        ),
        ("def view(data): raise ValueError('<b>no</b>')", "raised ValueError: <b>no</b>"),
    ],
)
def test_what_cannot_be_shown_says_so(store: Store, own: Laboratory, content: str, sentence: str) -> None:
    (own.script.parent / "views" / "mine.py").write_text(content)
    found = ask(store)
    assert found["figure"] is None
    assert sentence in found["problem"]


def test_markup_in_labels_is_text_and_many_marks_are_thinned(store: Store, own: Laboratory) -> None:
    content = "def view(data): return {'data': [{'mode': 'markers', 'y': [1] * 50_000, 'name': '<a href=x>y</a>',"
    (own.script.parent / "views" / "mine.py").write_text(f"{content} 'customdata': [[2, 'x']] * 50_000}}]}}")
    found = ask(store)
    assert found["figure"]["data"][0]["name"] == "&lt;a href=x>y&lt;/a>"
    assert len(found["figure"]["data"][0]["y"]) == len(found["owners"][0]) <= 20_000
    assert "One in 3 points is drawn" in found["summary"]


def test_a_file_that_is_gone_and_one_outside_the_folder_are_not_called(store: Store, own: Laboratory) -> None:
    for file in ("views/none.py", "train.py", "views/../train.py", 7, None):
        assert "is not there any more" in ask(store, file=file)["problem"]
    assert custom_view(store, "digits", 99, {"file": "views/mine.py"}) is None
    assert custom_view(store, "nothing", 1, {"file": "views/mine.py"}) is None


def test_while_a_view_is_computed_others_wait_without_holding_the_web(store: Store, own: Laboratory) -> None:
    folder = own.script.parent
    for name in ("first", "second"):
        (folder / "views" / f"{name}.py").write_text(
            f"def view(data):\n    open('{name}', 'w')\n    while True: pass\n"
        )
    limits = Limits(timeout_s=3)
    slow = [
        threading.Thread(target=custom_view, args=(store, "digits", 2, {"file": f"views/{name}.py"}, limits))
        for name in ("first", "second")
    ]
    for thread in slow:
        thread.start()
    wait_until(lambda: (folder / "first").exists() and (folder / "second").exists(), "both are called")
    assert ask(store) == {"busy": True}
    for thread in slow:
        thread.join()
    assert ask(store)["problem"] == ""
