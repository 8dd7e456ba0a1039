"""Metrics reduced to one number, from values as scripts report them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import text

from analysis.reductions import Reduction
from storage.changes import columns_since
from storage.columns import MetricColumn, fetch_metrics
from storage.records import Project, Run
from storage.store import Store

Put = Callable[..., None]


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    make_run(2)
    return make_run(3)


def column(store: Store, run: Run, reduction: str, metric: str = "loss") -> MetricColumn:
    found = Reduction.read(reduction)
    assert found is not None
    (only,) = fetch_metrics(store, run.id, {metric: found}).metrics
    return only


def reduced(store: Store, run: Run, reduction: str) -> dict[int, float]:
    """What the experiments 3 to 5 of the run have, by number; those without a value are not in it."""
    found = column(store, run, reduction)
    assert len(found.rows) == len(found.values) == len(found.counts)
    return {int(row) + 3: float(value) for row, value in zip(found.rows, found.values, strict=True)}


def test_extremes_and_the_last(store: Store, run: Run, put: Put) -> None:
    put(3, ([3.0, 1.0, 2.0], None))
    put(5, ([math.nan, 4.0, math.inf], None))
    assert reduced(store, run, "smallest") == {3: 1.0, 5: 4.0}
    assert reduced(store, run, "largest") == {3: 3.0, 5: 4.0}
    assert reduced(store, run, "last") == {3: 2.0, 5: math.inf}


def test_where_nothing_is_finite_the_last_value_says_why(store: Store, run: Run, put: Put) -> None:
    put(3, ([math.inf, math.nan], None))
    put(4, ([-math.inf], None))
    found = reduced(store, run, "smallest")
    assert math.isnan(found[3])
    assert found[4] == -math.inf


def test_the_mean_of_the_last_ones_goes_across_chunks(store: Store, run: Run, put: Put) -> None:
    put(3, ([1.0, 2.0], None), ([3.0], None), ([4.0, 8.0], None))
    put(4, ([6.0, 2.0], None))
    assert reduced(store, run, "mean 1") == {3: 8.0, 4: 2.0}
    assert reduced(store, run, "mean 2") == {3: 6.0, 4: 4.0}
    assert reduced(store, run, "mean 3") == {3: 5.0, 4: 4.0}
    assert reduced(store, run, "mean 4") == {3: 4.25, 4: 4.0}
    assert reduced(store, run, "mean 999999") == {3: 3.6, 4: 4.0}


def test_means_of_what_is_not_finite_and_of_what_is_very_large_or_small(store: Store, run: Run, put: Put) -> None:
    put(3, ([1.0, math.nan], None))
    put(4, ([1e308, 1.5e308, 1.7e308], None))
    put(5, ([5e-324, 1.0, -1.0, 5e-324], None))
    found = reduced(store, run, "mean 10")
    assert math.isnan(found[3])
    assert found[4] == pytest.approx(1.4e308)
    assert found[5] == pytest.approx(0)
    put(3, ([math.inf, -math.inf], None), attempt=2)
    put(4, ([math.inf, 1e308], None), attempt=2)
    found = reduced(store, run, "mean 2")
    assert math.isnan(found[3])
    assert found[4] == math.inf


def test_at_an_epoch_its_last_value_counts_whenever_it_came(store: Store, run: Run, put: Put) -> None:
    put(3, ([0.9, 0.8, 0.7], [1, 2, 2]), ([0.6, 0.5], [3, 1]))
    put(4, ([0.4, 0.3], [2, 1]))
    assert reduced(store, run, "epoch 1") == {3: 0.5, 4: 0.3}
    assert reduced(store, run, "epoch 2") == {3: 0.7, 4: 0.4}
    assert reduced(store, run, "epoch 3") == {3: 0.6}
    assert reduced(store, run, "epoch 4") == {}


def test_nan_at_an_epoch_is_a_value(store: Store, run: Run, put: Put) -> None:
    put(3, ([0.9, math.nan, 0.1], [0, 0.5, 1]))
    assert math.isnan(reduced(store, run, "epoch 0.5")[3])
    assert reduced(store, run, "epoch 0") == {3: 0.9}


def test_a_metric_without_epochs_has_nothing_at_any(store: Store, run: Run, put: Put) -> None:
    put(3, ([0.9, 0.8], None))
    found = column(store, run, "epoch 1")
    assert (found.rows.tolist(), found.has_epochs) == ([], False)
    put(4, ([0.9], [7]))
    found = column(store, run, "epoch 1")
    assert (found.rows.tolist(), found.has_epochs) == ([], True)


@pytest.mark.parametrize(("reduction", "value"), [("mean 2", 0.25), ("epoch 1", 0.3), ("epoch 5", None)])
def test_only_the_latest_attempt_counts(store: Store, run: Run, put: Put, reduction: str, value: float | None) -> None:
    put(3, ([9.0, 8.0, 7.0], [1, 2, 5]), ([6.0], [6]))
    put(3, ([0.3, 0.2], [1, 2]), attempt=2)
    assert reduced(store, run, reduction) == ({} if value is None else {3: value})


def test_one_that_is_reused_has_the_values_of_its_source(store: Store, run: Run, put: Put) -> None:
    put(1, ([1.0, 3.0], [1, 2]))
    with store.begin() as connection:
        connection.execute(
            text(
                """UPDATE experiment SET reused_from = (SELECT id FROM experiment WHERE number = 1) WHERE number = 4"""
            )
        )
        connection.execute(
            text("""INSERT INTO metric_summary SELECT own.id, metric_id, summary.attempt, "count", "last", minimum, maximum
                FROM experiment own JOIN metric_summary summary ON summary.experiment_id = own.reused_from""")
        )
    assert reduced(store, run, "mean 2") == {4: 2.0}
    assert reduced(store, run, "epoch 1") == {4: 1.0}


@pytest.mark.parametrize("most_looked_up", [0, 2000])
def test_every_metric_has_its_own_reduction_however_they_are_read(
    store: Store, project: Project, run: Run, put: Put, most_looked_up: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.columns.MOST_LOOKED_UP", most_looked_up)
    for number in range(1, 6):
        for metric in ("loss", "accuracy", "speed", "noise"):
            put(number, ([number, number + 2.0, number + 1.0], [1, 2, 3]), metric=metric)
    reductions = {"loss": Reduction("smallest"), "accuracy": Reduction("mean", 2), "speed": Reduction("epoch", 2)}
    found = columns_since(store, project.id, "", run_id=run.id, reductions=reductions).experiments
    assert found is not None
    columns = {each.name: dict(zip(each.rows.tolist(), each.values.tolist(), strict=True)) for each in found.metrics}
    assert columns == {
        "loss": {0: 3.0, 1: 4.0, 2: 5.0},
        "accuracy": {0: 4.5, 1: 5.5, 2: 6.5},
        "speed": {0: 5.0, 1: 6.0, 2: 7.0},
        "noise": {0: 4.0, 1: 5.0, 2: 6.0},
    }
    np.testing.assert_array_equal(found.metrics[0].counts, [3, 3, 3])


def test_a_run_without_experiments_or_values_has_no_metrics(store: Store, project: Project, run: Run) -> None:
    assert list(fetch_metrics(store, run.id, {"loss": Reduction("smallest")}).metrics) == []
    assert fetch_metrics(store, 0, {"loss": Reduction("smallest")}).count == 0
