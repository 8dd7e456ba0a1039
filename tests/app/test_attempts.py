"""What is kept of a lost attempt: its curves, its values as CSV, and who gets neither."""

from __future__ import annotations

import csv
import io
import math
import tracemalloc

import plotly.graph_objects as go
import pytest
from sqlalchemy import text

from answers.attempts import MOST_PANELS, MOST_POINTS
from storage.curves import PAGE_CHUNKS
from storage.projects import metric_ids, register_project
from storage.store import Store
from tests.app.conftest import Browser
from tests.attempts import ACCURACY, LOSS, TIMES, lost_once
from tests.laboratory import Laboratory
from tests.layouts.plotted import plotted

CURVES = "/attempts/digits/experiments/1/1"
CSV = "/download/digits/experiments/1/attempts/1.csv"


@pytest.fixture(autouse=True)
def lost(store: Store) -> Laboratory:
    return lost_once(store)


def add(store: Store, lost: Laboratory, name: str, *, chunks: int, size: int) -> None:
    """Give attempt 1 so many more values of a metric: 0, 1, 2 ..."""
    statement = """INSERT INTO metric_chunk (experiment_id, attempt, metric_id, first_seq, "values", times)
        SELECT experiment.id, 1, :metric, chunk * :size, numbers, numbers
        FROM experiment, generate_series(0, :chunks - 1) AS chunk, LATERAL (
            SELECT array_agg(CAST(chunk * :size + at AS float8) ORDER BY at) AS numbers
            FROM generate_series(0, :size - 1) AS at) AS made
        WHERE experiment.project_id = :project AND number = 1"""
    which = {"metric": metric_ids(store, lost.project.id, [name])[name], "project": lost.project.id}
    with store.begin() as connection:
        connection.execute(text(statement), {**which, "chunks": chunks, "size": size})


def test_the_curves_of_a_lost_attempt_are_a_panel_per_metric(browser: Browser) -> None:
    answer = browser.get(CURVES).get_json()
    assert (answer["title"], answer["note"], answer["csv"]) == ("Attempt 1: lost at epoch 3", "", CSV)
    accuracy, loss = answer["figure"]["data"]
    assert (accuracy["x"], accuracy["y"]) == ([1, 2, 3], [0.1, 0.30000000000000004, None])
    assert (loss["x"], loss["y"]) == ([1, 2, 3, 4], [2, None, 5e-324, 0])
    assert [accuracy["yaxis"], loss["yaxis"]] == ["y", "y2"]
    made = answer["figure"]["layout"]
    assert [made["xaxis"]["title"]["text"], made["xaxis2"]["title"]["text"]] == ["epoch", "batch"]
    assert [each["text"] for each in made["annotations"]] == ["accuracy", "loss"]
    go.Figure(plotted(answer["figure"]))


def test_the_newest_attempt_has_its_own_curves(browser: Browser) -> None:
    answer = browser.get("/attempts/digits/experiments/1/2").get_json()
    assert answer["title"] == "Attempt 2: finished"
    assert [trace["y"] for trace in answer["figure"]["data"]] == [[0.5, 0.9]]


def test_the_csv_has_every_value_exactly(browser: Browser) -> None:
    answer = browser.get(CSV)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert 'filename="digits-experiment-1-attempt-1.csv"' in answer.headers["Content-Disposition"]
    head, *rows = csv.reader(io.StringIO(answer.get_data(as_text=True)))
    assert head == ["metric", "seq", "epoch", "batch", "time", "value"]
    expected = [
        *(
            [
                ["accuracy", str(at), repr(at + 1.0), "", repr(TIMES[at]), repr(value)]
                for at, value in enumerate(ACCURACY)
            ]
        ),
        *([["loss", str(at), "", repr(at + 1.0), repr(TIMES[at]), repr(value)] for at, value in enumerate(LOSS)]),
    ]
    assert rows == expected


@pytest.mark.parametrize(
    "place",
    ["digits/experiments/1/{}3", "digits/experiments/1/{}0", "digits/experiments/2/{}1", "nothing/experiments/1/{}1",
     "other/experiments/1/{}1", "digits/experiments/9999999999/{}1", "digits/experiments/1/{}9999999999"],
)  # fmt: skip
def test_what_is_not_there_or_belongs_to_another_project_is_refused(browser: Browser, store: Store, place: str) -> None:
    register_project(store, "Other", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    assert browser.get(f"/attempts/{place.format('')}").status_code == 404
    answer = browser.get(f"/download/{place.format('attempts/')}.csv")
    assert answer.status_code == 404
    assert "There is no attempt" in answer.get_data(as_text=True)


@pytest.mark.parametrize("address", [CURVES, CSV])
def test_it_is_closed_to_strangers(stranger: Browser, address: str) -> None:
    assert stranger.get(address).status_code in {303, 401}


def test_a_million_values_are_thinned_without_losing_the_last(browser: Browser, store: Store, lost: Laboratory) -> None:
    add(store, lost, "many", chunks=100, size=10_000)
    tracemalloc.start()
    answer = browser.get(CURVES)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = answer.get_json()
    many = found["figure"]["data"][-1]
    assert len(many["y"]) <= MOST_POINTS
    assert (many["y"][0], many["y"][-1], many["x"][-1]) == (0, 999_999, 1_000_000)
    assert found["note"] == f"Drawn: {len(many['y']) + 7:,} of 1,000,007 values. The CSV has all."
    assert len(answer.get_data()) < 200_000
    # Eight bytes a value, several times over while it is placed and thinned.
    assert peak_bytes < 150_000_000


def test_a_csv_goes_on_beyond_one_piece(browser: Browser, store: Store, lost: Laboratory) -> None:
    add(store, lost, "many", chunks=2 * PAGE_CHUNKS + 1, size=3)
    lines = browser.get(CSV).get_data(as_text=True).splitlines()
    many = [line for line in lines if line.startswith("many,")]
    assert [float(line.rsplit(",", 1)[1]) for line in many] == [float(at) for at in range(3 * (2 * PAGE_CHUNKS + 1))]
    assert [int(line.split(",")[1]) for line in many] == list(range(len(many)))


def test_more_metrics_than_anybody_reads_are_named(browser: Browser, store: Store, lost: Laboratory) -> None:
    for at in range(MOST_PANELS):
        add(store, lost, f"m{at}", chunks=1, size=1)
    found = browser.get(CURVES).get_json()
    assert len(found["figure"]["data"]) == MOST_PANELS
    assert found["note"] == f"Drawn: the first {MOST_PANELS} of {MOST_PANELS + 2} metrics. The CSV has all."
    go.Figure(plotted(found["figure"]))
    assert all(math.isfinite(each["y"]) for each in found["figure"]["layout"]["annotations"])
