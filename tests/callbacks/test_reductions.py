"""A page that wants another number of a metric than the last: what it is answered, and what is explained to it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from app.packing import pack
from callbacks.run_changes import changes
from storage.store import Store
from tests.callbacks.conftest import Laboratory
from tests.callbacks.test_run import listed


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
    assert set(answer) == {"reduced", "cursor"}
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
