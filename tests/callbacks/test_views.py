"""The views of an experiment's page: what the server makes of a payload, alone and beside another experiment's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callbacks.views import fetch_view
from storage.experiments import fetch_views, find_experiment
from storage.ingestion import NewView
from storage.store import Store
from tests.laboratory import Laboratory, confusion
from tests.text import text_of


def entry(store: Store, laboratory: Laboratory, number: int, at: int = 0) -> dict[str, Any]:
    experiment = find_experiment(store, laboratory.project.id, number)
    assert experiment
    return vars(fetch_views(store, experiment.id)[at])


def answer(store: Store, view: Any, number: int, *, wanted: str | None = None, picked: list[int] | None = None) -> Any:
    return fetch_view(
        store, view=view, wanted=wanted, picked=picked or [number], shown={"slug": "digits", "number": number}
    )


def report(laboratory: Laboratory, *views: NewView) -> None:
    laboratory.launch({"lr": [0.1]})
    laboratory.start()
    laboratory.report({}, views=views)


def test_a_matrix_becomes_a_figure_with_its_examples(store: Store, finished: Laboratory) -> None:
    shown = answer(store, entry(store, finished, 2, 1), 2)
    assert shown["figure"]["data"][1]["type"] == "heatmap"
    assert shown["payload"] == {
        "labels": ["cat", "dog"],
        "examples": [{"true": 0, "predicted": 1, "id": "", "text": "x"}],
        "first": [0, 1],
        "view": ["confusion matrix", "confusion_matrix", "counts"],
    }
    assert shown["modes"] == [{"value": name, "label": name} for name in ("counts", "row shares")]
    assert "87.50% right" in shown["summary"]


def test_a_mode_changes_the_figure_and_an_unknown_one_is_the_first(store: Store, finished: Laboratory) -> None:
    view = entry(store, finished, 2)
    assert answer(store, view, 2, wanted="row shares")["figure"]["data"][1]["text"][0][0] == "75%"
    assert answer(store, view, 2, wanted="difference-99")["mode"] == "counts"


def test_a_component_comes_without_a_figure(store: Store, laboratory: Laboratory) -> None:
    payload = {"columns": ["a"], "rows": [["<b>"]], "count": 1, "column_count": 1}
    report(laboratory, NewView("mine", "table", None, json.dumps(payload).encode()))
    shown = answer(store, entry(store, laboratory, 1), 1)
    assert shown["figure"] is None
    assert "<b>" in text_of(shown["content"])
    assert (shown["modes"], shown["mode"], shown["summary"]) == ([], None, "1 row")


def test_another_experiment_s_view_of_that_name_and_epoch_can_be_subtracted(
    store: Store, laboratory: Laboratory
) -> None:
    laboratory.launch({"lr": [0.1, 0.2, 0.3]})
    laboratory.start()
    laboratory.report({}, views=[confusion(1.0), confusion(2.0)])
    other = {"labels": ["cat", "dog"], "counts": [[4, 0], [1, 3]], "examples": []}
    laboratory.report({}, views=[NewView("confusion matrix", "confusion_matrix", 2.0, json.dumps(other).encode())])
    laboratory.report({}, views=[NewView("confusion matrix", "table", 2.0, b"{}")])
    view = entry(store, laboratory, 1, 1)
    shown = answer(store, view, 1, wanted="difference-2", picked=[1, 2, 3])
    assert [each["label"] for each in shown["modes"]] == ["counts", "row shares", "difference to 2"]
    assert shown["figure"]["data"][0]["text"] == [["−1", "+1"], ["−1", "+1"]]
    assert shown["summary"].startswith("Experiment 1 minus experiment 2")
    assert shown["payload"]["why_not"] == "which examples changed is not known"
    assert answer(store, view, 1, wanted="difference-2", picked=[1])["mode"] == "counts"
    earlier = answer(store, entry(store, laboratory, 1, 0), 1, wanted="difference-2", picked=[2])
    assert earlier["summary"].startswith("Experiment 1 minus experiment 2 at epoch 2")


def test_a_view_of_another_experiment_is_not_given(store: Store, finished: Laboratory) -> None:
    shown = answer(store, entry(store, finished, 2, 1), 1)
    assert shown["figure"] is None
    assert "not there" in shown["payload"]["error"]


def test_without_a_view_nothing_is_shown(store: Store, finished: Laboratory) -> None:
    shown = answer(store, None, 2)
    assert shown["payload"] is None
    assert shown["figure"] is None


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("confusion_matrix", b"{", "cannot be drawn"),
        ("confusion_matrix", b"[]", "cannot be drawn"),
        ("confusion_matrix", b'{"labels": ["a"], "counts": [[1, 2]]}', "cannot be drawn"),
        ("confusion_matrix", b'{"labels": ["a"], "counts": [["x"]]}', "cannot be drawn"),
        ("confusion_matrix", b"\xff", "cannot be drawn"),
        ("roc", b'{"curves": [{}]}', "cannot be drawn"),
        ("images", b'{"images": [{"image": "https://evil.example/x.png"}]}', "cannot be drawn"),
        ("table", b'{"columns": ["a"], "rows": [[1, 2]]}', "cannot be drawn"),
        ("plotly", b'{"figure": {"data": [{"type": "scattergeo"}]}}', "Maps are not shown"),
        ("unheard_of", b"{}", "no picture for this kind"),
    ],
)
def test_a_view_that_cannot_be_drawn_says_so(
    store: Store, laboratory: Laboratory, kind: str, content: bytes, sentence: str
) -> None:
    report(laboratory, NewView("mine", kind, None, content))
    shown = answer(store, entry(store, laboratory, 1), 1)
    assert shown["figure"] is None
    assert sentence in shown["payload"]["error"]
