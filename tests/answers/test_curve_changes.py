"""What a page of curves is told: everything first, then what came, and a stretch as close together as it is."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from answers.curve_changes import curve_changes, points_per_curve, read_curves_question
from answers.curve_numbers import read_numbers
from app.packing import pack
from storage.curves import Held, curves_since, fetch_stretches
from storage.ingestion import Batch, Values, record
from storage.projects import metric_ids
from storage.store import Store
from tests.app.test_packing import unpack
from tests.laboratory import Laboratory

NAN, INF = math.nan, math.inf


def ask(store: Store, **question: Any) -> Any:
    return curve_changes(store, "digits", read_curves_question({"numbers": "1-4", **question}))


def curve_of(answer: Any, metric: str, experiment: int = 1) -> dict[str, Any]:
    (found,) = [each for each in answer["curves"] if (each["metric"], each["experiment"]) == (metric, experiment)]
    return dict(found)


class Live:
    """An experiment that reports whenever a test says so."""

    def __init__(self, laboratory: Laboratory) -> None:
        laboratory.launch({"lr": [0.1]})
        self.store, self.project = laboratory.store, laboratory.project
        self.claim, self.sent, self.counts = laboratory.start(), 0, dict[str, int]()

    def report(
        self, metric: str, values: Sequence[float], epochs: Any = None, batches: Any = None, times: Any = None
    ) -> None:
        ids = metric_ids(self.store, self.project.id, [metric])
        none, first = [None] * len(values), self.counts.get(metric, 0)
        part = Values(ids[metric], first, values, epochs or none, batches or none, times or [0.0] * len(values))
        record(self.store, self.claim, Batch({"metrics": self.sent}, {"metrics": self.sent + 1}, [part]))
        self.sent, self.counts[metric] = self.sent + 1, first + len(values)


@pytest.fixture
def live(laboratory: Laboratory) -> Live:
    return Live(laboratory)


def held(answer: Any) -> dict[str, Any]:
    """What the page holds after an answer, as assets/experiment/curves/set.js tells it."""
    return {
        str(each["number"]): {
            "attempt": each["attempt"],
            "start": each["start"],
            "curves": {
                curve["metric"]: {"count": curve["count"], "last": float(curve["x"][-1]), "ends": curve["ends"]}
                for curve in answer["curves"]
                if curve["experiment"] == each["number"]
            },
        }
        for each in answer["experiments"]
    }


def then(store: Store, answer: Any, **question: Any) -> Any:
    return ask(store, seen=answer["seen"], held=held(answer), **question)


def test_everything_comes_first_and_then_nothing(store: Store, finished: Laboratory) -> None:
    answer = ask(store)
    assert [each["number"] for each in answer["experiments"]] == [1, 2, 3, 4]
    assert curve_of(answer, "accuracy", 2)["y"].tolist() == [0.6, 0.9]
    assert curve_of(answer, "loss", 2)["x"].tolist() == [1.0, 2.0]
    assert math.isnan(curve_of(answer, "loss", 2)["y"][1])
    assert answer["epochs"].tolist() == [1.0, 2.0]
    assert answer["objective"] == "accuracy"
    assert then(store, answer) is None


def test_numbers_travel_as_bytes(store: Store, finished: Laboratory) -> None:
    answer = ask(store)
    read = unpack(pack(answer))
    np.testing.assert_array_equal(curve_of(read, "loss", 2)["y"], [1.0, NAN])


def test_training_and_validation_are_told_as_a_pair(store: Store, live: Live) -> None:
    live.report("loss", [2.0, 1.0], [1.0, 2.0])
    first = ask(store)
    assert first["pairs"] == {}
    live.report("val_loss", [2.0, 1.0], [1.0, 2.0])
    assert then(store, first, metrics=["loss"])["pairs"] == {"val_loss": "loss"}


def test_only_what_came_is_told(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, 2.0])
    first = ask(store)
    live.report("loss", [1.0, INF], [3.0, 4.0])
    news = curve_of(then(store, first), "loss")
    assert (news["first"], news["count"], news["x"].tolist(), news["y"].tolist()) == (2, 4, [3.0, 4.0], [1.0, INF])


def test_a_page_that_holds_part_of_a_chunk_gets_the_rest(store: Store, live: Live) -> None:
    live.report("loss", [4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0])
    found = curves_since(store, live.project.id, [1], "", {1: Held(1, {"loss": 3})}, with_times=False)
    (stretch,) = found.stretches
    assert (stretch.first, stretch.values.tolist(), stretch.count) == (3, [1.0], 4)


def test_another_attempt_is_told_whole(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, 2.0])
    first = ask(store)
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET attempt = attempt + 1, change = pg_current_xact_id()"))
        connection.execute(text("UPDATE metric_chunk SET attempt = attempt + 1"))
    assert curve_of(then(store, first), "loss")["first"] == 0


def test_epochs_that_go_back_are_sorted_and_told_whole(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, 3.0])
    first = ask(store)
    live.report("loss", [2.5, 2.4], [2.0, 2.0])
    whole = curve_of(then(store, first), "loss")
    assert (whole["first"], whole["x"].tolist(), whole["y"].tolist()) == (0, [1, 2, 2, 3], [3.0, 2.5, 2.4, 2.0])


def test_a_longer_epoch_moves_what_was_told_of_the_former_ones(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, 1.0], [0.0, 1.0])
    first = ask(store)
    assert curve_of(first, "loss")["x"].tolist() == [0.5, 1.0]
    live.report("loss", [1.0, 0.5], [1.0, 1.0], [2.0, 3.0])
    assert curve_of(then(store, first), "loss")["x"].tolist() == [0.25, 0.5, 0.75, 1.0]


def test_steps_are_drawn_as_they_arrived(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0, 1.0], None, [10.0, 5.0, 5.0])
    answer = curve_of(ask(store, x="step"), "loss")
    assert (answer["x"].tolist(), answer["unit"], answer["epoch"]) == ([10, 5, 5], "batch", None)


def test_time_begins_with_the_experiment_or_with_its_first_value(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, 2.0], None, [100.0, 103.5])
    answer = ask(store, x="time")
    # These values were reported long before the database's clock says that the experiment began.
    assert curve_of(answer, "loss")["x"].tolist() == [0.0, 3.5]
    assert curve_of(answer, "loss")["epoch"].tolist() == [1.0, 2.0]
    live.report("loss", [1.0], [3.0], None, [110.0])
    assert curve_of(then(store, answer, x="time"), "loss")["x"].tolist() == [10.0]


def test_another_metric_may_be_the_axis(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0, 1.0], [1.0, 2.0, 3.0])
    live.report("accuracy", [0.5, 0.9], [1.0, 3.0])
    answer = ask(store, x="m:accuracy")
    assert [(each["metric"], each["x"].tolist(), each["y"].tolist()) for each in answer["curves"]] == [
        ("loss", [0.5, 0.9], [3.0, 1.0])
    ]
    assert ask(store, x="m:nothing")["curves"] == []


def test_a_long_curve_is_thinned_and_a_stretch_of_it_is_not(store: Store, live: Live) -> None:
    values = np.sin(np.arange(20_000) / 90.0)
    values[12_345] = NAN
    live.report("loss", values.tolist(), [float(at) for at in range(20_000)])
    whole = curve_of(ask(store), "loss")
    assert (whole["count"], whole["of"]) == (20_000, 20_000)
    assert 1000 < len(whole["x"]) <= 2_000
    assert 12_345 in whole["x"].tolist()
    answer = ask(store, stretch=[500.5, 510.0])
    assert curve_of(answer, "loss")["x"].tolist() == list(range(500, 512))


def test_a_million_values_are_told_in_about_a_second(store: Store, live: Live) -> None:
    live.report("loss", [1.0, 2.0], [1.0, 2.0])
    with store.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO metric_chunk (experiment_id, attempt, metric_id, first_seq, "values", epochs, times)
                SELECT experiment_id, attempt, metric_id, 2 + part * 10000,
                    array_fill(CAST(part AS double precision), ARRAY[10000]),
                    array_fill(CAST(part AS double precision), ARRAY[10000]),
                    array_fill(CAST(0 AS double precision), ARRAY[10000])
                FROM metric_chunk, generate_series(2, 101) AS part WHERE first_seq = 0"""
            )
        )
    started = time.perf_counter()
    answer = curve_of(ask(store), "loss")
    # A second on a quiet machine; a busy one gets more.
    assert time.perf_counter() - started < 10
    assert answer["of"] == 1_000_002
    assert float(np.max(answer["y"])) == 101.0


def test_missing_epochs_and_batches_are_no_numbers(store: Store, live: Live) -> None:
    live.report("loss", [3.0, 2.0], [1.0, None])
    (stretch,) = fetch_stretches(store, live.project.id, [1], with_times=True)
    assert stretch.epochs is not None
    assert stretch.times is not None
    np.testing.assert_array_equal(stretch.epochs, [1.0, NAN])
    assert stretch.batches is None


@pytest.mark.parametrize(
    "question",
    [
        None, [], {"numbers": 3, "held": 7, "metrics": {}, "stretch": ["a", 1]}, {"numbers": "1", "seen": "x"},
        {"numbers": "1", "held": {"1": {"attempt": 1, "start": 0, "curves": {"\x00": {"count": 1, "last": 0}}}}, "seen": "1:1:"},
        {"numbers": "1", "held": {"1": {"attempt": 10**30, "start": 0, "curves": {"loss": {"count": 10**30, "last": 0}}}}},
        {"numbers": "1", "held": {"1": {"attempt": 1, "start": 0, "curves": {"loss": {"count": None}}}, "x": 3}},
        {"numbers": "1", "stretch": [INF, 3.0]}, {"numbers": "1", "x": 5},
    ],
)  # fmt: skip
def test_what_cannot_be_read_asks_for_everything(store: Store, finished: Laboratory, question: Any) -> None:
    answer = curve_changes(store, "digits", read_curves_question(question))
    wants = isinstance(question, Mapping) and bool(read_numbers(str(question.get("numbers", ""))))
    assert (answer is not None) == wants
    assert answer is None or pack(answer)


def test_an_unknown_project_has_no_curves(store: Store) -> None:
    assert ask(store) is None


@pytest.mark.parametrize(
    ("written", "numbers"),
    [("3,7", [3, 7]), ("1-4,3,9", [1, 2, 3, 4, 9]), ("5-3", []), ("", []), ("x,-3,4.5,٣,5", [5]), ("9999999999", []),
     ("1-2-3", []), ("2, 3", [2])],
)  # fmt: skip
def test_lists_of_numbers_are_read(written: str, numbers: list[int]) -> None:
    assert read_numbers(written) == numbers


def test_a_list_has_an_end() -> None:
    assert read_numbers("1-999999999") == list(range(1, 501))
    assert len(read_numbers("1-300,301-999999999")) == 500


def test_many_curves_share_the_points() -> None:
    assert [points_per_curve(count) for count in (0, 1, 500, 1000, 100_000)] == [2000, 2000, 800, 400, 200]
