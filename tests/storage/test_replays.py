"""What a page gets to replay a run, from a real database."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from answers import run_replay
from answers.run_replay import read_replay_question
from storage.records import Project, Run
from storage.store import Store

Put = Callable[..., None]


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    make_run(1)
    return make_run(3)


def replay(store: Store, project: Project, run: Run, **asked: Any) -> dict[str, Any]:
    found = run_replay.run_replay(store, project.slug, run.number, read_replay_question(asked))
    assert found is not None
    return found


def of(answer: dict[str, Any], name: str) -> list[list[float]]:
    """A metric's frames, one list per epoch."""
    (values,) = [each["values"] for each in answer["metrics"] if each["name"] == name]
    found: list[list[float]] = values.reshape(len(answer["epochs"]), len(answer["numbers"])).tolist()
    return found


def test_each_frame_has_what_was_known_at_its_epoch(store: Store, project: Project, run: Run, put: Put) -> None:
    put(2, ([3.0, 1.0], [1, 2]), ([2.0], [3]))
    put(3, ([9.0, 8.0], [1, 3]))
    put(3, ([0.5], None), metric="size")
    put(1, ([7.0], [1]))
    answer = replay(store, project, run)
    assert answer["numbers"].tolist() == [2, 3]
    assert answer["epochs"].tolist() == [1, 2, 3]
    assert of(answer, "loss") == [[3, 9], [1, 9], [2, 8]]
    assert answer["still"] == ["size"]
    assert of(replay(store, project, run, reduce='{"loss": "smallest"}'), "loss") == [[3, 9], [1, 9], [1, 8]]
    narrowed = replay(store, project, run, numbers="3")
    assert (narrowed["numbers"].tolist(), narrowed["epochs"].tolist()) == ([3], [1, 3])


def test_only_the_newest_attempt_counts_and_nan_stays(store: Store, project: Project, run: Run, put: Put) -> None:
    put(2, ([5.0, 6.0], [1, 2]))
    put(2, ([math.nan, math.inf], [1, 2]), attempt=2)
    np.testing.assert_array_equal(of(replay(store, project, run), "loss"), [[math.nan], [math.inf]])


def test_too_much_or_nothing_is_said(
    store: Store, project: Project, run: Run, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no metric names its epoch" in replay(store, project, run)["said"]
    put(2, ([5.0], None))
    assert "no metric names its epoch" in replay(store, project, run)["said"]
    put(3, (list(range(9)), list(range(9))))
    monkeypatch.setattr(run_replay, "MOST_FRAMES", 4)
    thinned = replay(store, project, run)
    assert (thinned["epochs"].tolist(), thinned["of"]) == ([0, 3, 5, 8], 9)
    monkeypatch.setattr(run_replay, "MOST_CELLS", 1)
    assert "too many for a replay" in replay(store, project, run)["said"]
    monkeypatch.setattr(run_replay, "MOST_VALUES", 8)
    assert "reported 10 values, and a replay reads at most 8" in replay(store, project, run)["said"]


@pytest.mark.parametrize("asked", [None, [], {"numbers": 3, "reduce": 4}, {"numbers": "x", "reduce": "["}])
def test_a_question_that_cannot_be_read_asks_for_what_can(asked: object) -> None:
    question = read_replay_question(asked)
    assert question.reductions == {}
    assert question.numbers in (None, [])


def test_a_run_that_is_not_there_has_no_answer(store: Store, project: Project) -> None:
    assert run_replay.run_replay(store, project.slug, 99, read_replay_question({})) is None
    assert run_replay.run_replay(store, "nothing", 1, read_replay_question({})) is None
