"""A page that wants another number of a metric than the last: what it is answered, and what is explained to it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from answers.run_changes import changes
from app.packing import pack
from callbacks.insights import draw_front, explain
from storage.store import Store
from tests.callbacks.test_insights import spec
from tests.callbacks.test_run import listed
from tests.laboratory import Laboratory


def poll(store: Store, cursor: dict[str, Any], **reductions: str) -> tuple[Any, dict[str, Any]]:
    """An answer and the next cursor; None where there is no news."""
    found = changes(store, "digits", 1, cursor, json.dumps(reductions))
    if found is None:
        return None, cursor
    assert pack(found)
    return listed(found), json.loads(json.dumps(found["cursor"]))


def column(part: Any, name: str) -> Any:
    return next(each for each in part["metrics"] if each["name"] == name)


@pytest.fixture
def running(laboratory: Laboratory) -> Laboratory:
    """Four experiments, of which the first has ended: accuracy 0.9, 0.5, 0.7; loss falls."""
    laboratory.launch({"batch_size": [28, 56], "lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.9, 0.5, 0.7], "loss": [3.0, 2.0, 1.0]})
    return laboratory


def test_the_first_answer_is_reduced_as_the_page_wants_it(store: Store, running: Laboratory) -> None:
    answer, _ = poll(store, {}, accuracy="largest", loss="mean 2", nothing="smallest")
    accuracy, loss = (column(answer["experiments"], name) for name in ("accuracy", "loss"))
    assert (accuracy["title"], accuracy["values"]) == ("accuracy (best)", [0.9, None, None, None])
    assert (loss["title"], loss["values"]) == ("loss (mean of last 2)", [1.5, None, None, None])
    assert (accuracy["level"], loss["level"]) == (None, None)


def test_what_nobody_reduced_is_the_last(store: Store, running: Laboratory) -> None:
    answer, _ = poll(store, {})
    accuracy = column(answer["experiments"], "accuracy")
    assert (accuracy["title"], accuracy["reduction"], accuracy["values"][0]) == ("accuracy", "last", 0.7)


def test_another_reduction_brings_its_column_anew_and_nothing_else(store: Store, running: Laboratory) -> None:
    running.report({"accuracy": [0.3, math.nan]})
    _, cursor = poll(store, {})
    answer, cursor = poll(store, cursor, accuracy="epoch 2")
    assert set(answer) == {"reduced", "table", "cursor"}
    assert [each["headerName"] for each in answer["table"]][-2:] == ["accuracy (at epoch 2)", "loss"]
    assert answer["reduced"]["number"] == [1, 2, 3, 4]
    (accuracy,) = answer["reduced"]["metrics"]
    assert (accuracy["reduction"], accuracy["hasEpochs"]) == ("epoch 2", True)
    assert (accuracy["values"], accuracy["nan"]) == ([0.5, None, None, None], [1])
    assert poll(store, cursor, accuracy="epoch 2")[0] is None
    answer, cursor = poll(store, cursor)
    assert column(answer["reduced"], "accuracy")["title"] == "accuracy"
    assert poll(store, cursor)[0] is None


def test_news_are_reduced_as_before(store: Store, running: Laboratory) -> None:
    _, cursor = poll(store, {}, accuracy="largest", speed="smallest")
    running.report({"accuracy": [0.8, 0.6], "speed": [2.0, 1.0, 3.0]})
    answer, cursor = poll(store, cursor, accuracy="largest", speed="smallest")
    assert "reduced" not in answer
    news = dict(zip(answer["experiments"]["number"], column(answer["experiments"], "accuracy")["values"], strict=True))
    assert news[2] == 0.8
    assert column(answer["experiments"], "speed")["title"] == "speed (smallest)"
    assert poll(store, cursor, accuracy="largest", speed="smallest")[0] is None


def test_news_and_another_reduction_come_together(store: Store, running: Laboratory) -> None:
    _, cursor = poll(store, {})
    running.report({"accuracy": [0.8, 0.6]})
    answer, cursor = poll(store, cursor, accuracy="largest")
    assert (
        dict(zip(answer["experiments"]["number"], column(answer["experiments"], "accuracy")["values"], strict=True))[2]
        == 0.8
    )
    assert column(answer["reduced"], "accuracy")["values"][:2] == [0.9, 0.8]
    assert poll(store, cursor, accuracy="largest")[0] is None


@pytest.mark.parametrize(
    "asked", ["", "{", '{"accuracy": "mean 0"}', '{"accuracy": ["mean", 2]}', '{"other": "largest"}']
)
def test_what_cannot_be_read_reduces_nothing(store: Store, running: Laboratory, asked: str) -> None:
    first = changes(store, "digits", 1, {}, asked)
    assert first is not None
    assert column(first["experiments"], "accuracy")["values"][0] == 0.7
    assert changes(store, "digits", 1, first["cursor"], asked) is None


def test_what_matters_is_about_the_same_number_as_the_page(store: Store, laboratory: Laboratory) -> None:
    rates = [0.0001, 0.001, 0.01, 0.1]
    laboratory.launch({"batch_size": [16, 32, 64, 128], "lr": rates})
    claim: Any = laboratory.start()
    for _ in range(16):
        # The last values follow one hyperparameter, the largest ones another.
        best, last = 2 + rates.index(claim.settings["lr"]), claim.settings["batch_size"] / 128
        claim = laboratory.report({"accuracy": [best, last], "loss": [best / 10, last]})
    request = {"metric": "accuracy", "numbers": None, "tab": "t", "at": 1}
    matters = [
        explain(store, {**request, "reduce": json.dumps(reductions)}, spec(store))
        for reductions in ({}, {"accuracy": "largest"}, {"accuracy": "epoch 1"}, {"loss": "epoch 1"})
    ]
    first = [next(iter(each["importance"]["data"][0]["customdata"])) for each in matters]
    assert first == ["batch_size", "lr", "lr", "batch_size"]
    titles = [json.dumps(each["effects"]) for each in matters]
    assert ["accuracy (best)" in titles[1], "accuracy (at epoch 1)" in titles[2], "accuracy (" in titles[3]] == [
        True,
        True,
        False,
    ]
    both = {"metrics": ["accuracy", "loss"], "goals": ["", ""], "numbers": None, "at": 2}
    reduced = {**both, "reduce": json.dumps({"accuracy": "largest", "loss": "mean 2"})}
    front = json.dumps(draw_front(store, reduced, spec(store)))
    assert "accuracy (best)" in front
    assert "loss (mean of last 2)" in front


def test_what_is_explained_follows_the_news(store: Store, running: Laboratory) -> None:
    both = {"metrics": ["accuracy", "loss"], "goals": ["", ""], "numbers": None, "at": 2}
    reduced = {**both, "reduce": json.dumps({"accuracy": "largest"})}
    assert "0.9" in json.dumps(draw_front(store, reduced, spec(store)))
    running.report({"accuracy": [0.98, 0.1], "loss": [0.5]})
    assert "0.98" in json.dumps(draw_front(store, reduced, spec(store)))
