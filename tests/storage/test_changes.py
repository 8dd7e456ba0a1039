"""The change cursor: overlapping writers, nothing missed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import event, text

from storage.changes import changes_since, columns_since
from storage.heartbeats import beat
from storage.leases import Place, claim_experiment, renew_experiment
from storage.projects import metric_ids
from storage.records import Project, Run
from storage.run_leases import claim_runs
from storage.store import Store

MakeRun = Callable[..., Run]


def test_an_empty_cursor_gives_everything_and_the_next_nothing(
    store: Store, project: Project, make_run: MakeRun
) -> None:
    make_run(3)
    first = changes_since(store, project.id, "")
    assert [experiment.number for experiment in first.experiments] == [1, 2, 3]
    again = changes_since(store, project.id, first.cursor)
    assert list(again.experiments) == []


def test_only_what_changed_is_read_again(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(3)
    cursor = changes_since(store, project.id, "").cursor
    claim_runs(store, "s")
    claim_experiment(store, Place("w", "h"))
    changed = changes_since(store, project.id, cursor)
    assert [(experiment.number, experiment.state) for experiment in changed.experiments] == [(1, "running")]
    assert changed.run_changed


def test_renewing_a_lease_is_no_change(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(1)
    claim_runs(store, "s")
    claim = claim_experiment(store, Place("w", "h"))
    assert claim is not None
    cursor = changes_since(store, project.id, "").cursor
    renew_experiment(store, claim)
    assert list(changes_since(store, project.id, cursor).experiments) == []


def test_a_slow_writer_is_not_lost_behind_a_fast_one(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(2)
    cursor = changes_since(store, project.id, "").cursor
    with store.engine.connect() as slow:
        slow.execute(text("UPDATE experiment SET epoch = 1 WHERE number = 1"))
        with store.begin() as fast:
            fast.execute(text("UPDATE experiment SET epoch = 1 WHERE number = 2"))
        during = changes_since(store, project.id, cursor)
        assert [experiment.number for experiment in during.experiments] == [2]
        slow.commit()
    after = changes_since(store, project.id, during.cursor)
    assert [experiment.number for experiment in after.experiments] == [1]


def test_readers_see_every_write_of_many_overlapping_writers(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(8)
    writes = 25

    def write(number: int) -> None:
        order = random.Random(number)
        for epoch in range(1, writes + 1):
            with store.begin() as connection:
                connection.execute(
                    text("UPDATE experiment SET epoch = :e WHERE number = :n"), {"e": epoch, "n": number}
                )
                connection.execute(text("SELECT pg_sleep(:s)"), {"s": order.random() * 0.01})

    writers = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    cursor, seen = changes_since(store, project.id, "").cursor, {}
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        changes = changes_since(store, project.id, cursor)
        cursor = changes.cursor
        seen |= {experiment.number: experiment.epoch for experiment in changes.experiments}
    for writer in writers:
        writer.join()
    changes = changes_since(store, project.id, cursor)
    seen |= {experiment.number: experiment.epoch for experiment in changes.experiments}
    assert seen == {number: float(writes) for number in range(1, 9)}


def test_columns_are_what_the_records_are(store: Store, project: Project, make_run: MakeRun) -> None:
    run = make_run(3)
    make_run(2)
    found = columns_since(store, project.id, "", run_id=run.id).experiments
    assert found is not None
    assert found.numbers.tolist() == [1, 2, 3]
    assert [settings["lr"] for settings in found.settings] == pytest.approx([0.1, 0.2, 0.3])
    assert np.isnan(found.duration_s).all()
    everything = columns_since(store, project.id, "").experiments
    assert everything is not None
    assert everything.numbers.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("most_looked_up", [0, 2000])
def test_metrics_belong_to_their_experiments_however_they_are_read(
    store: Store, project: Project, make_run: MakeRun, most_looked_up: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.columns.MOST_LOOKED_UP", most_looked_up)
    make_run(3)
    run = make_run(3)
    metric = metric_ids(store, project.id, ["loss"])["loss"]
    with store.begin() as connection:
        connection.execute(
            text("""INSERT INTO metric_summary (experiment_id, metric_id, attempt, "count", "last")
                SELECT id, :metric, 1, number, coalesce(nullif(number, 5), CAST('NaN' AS double precision)) FROM experiment
                WHERE number IN (1, 3, 5, 6)"""),
            {"metric": metric},
        )
    found = columns_since(store, project.id, "", run_id=run.id).experiments
    assert found is not None
    (loss,) = found.metrics
    order = np.argsort(loss.rows)
    assert (loss.name, loss.rows[order].tolist(), loss.counts[order].tolist()) == ("loss", [1, 2], [5.0, 6.0])
    np.testing.assert_array_equal(loss.values[order], [np.nan, 6.0])


def test_columns_bring_only_what_changed_and_no_writer_is_lost(
    store: Store, project: Project, make_run: MakeRun
) -> None:
    run = make_run(2)
    cursor = columns_since(store, project.id, "", run_id=run.id).cursor
    with store.engine.connect() as slow:
        slow.execute(text("UPDATE experiment SET epoch = 1 WHERE number = 1"))
        with store.begin() as fast:
            fast.execute(text("UPDATE experiment SET epoch = 2 WHERE number = 2"))
        during = columns_since(store, project.id, cursor, run_id=run.id)
        slow.commit()
    after = columns_since(store, project.id, during.cursor, run_id=run.id)
    assert during.experiments is not None
    assert after.experiments is not None
    assert (during.experiments.numbers.tolist(), during.experiments.epoch.tolist()) == ([2], [2.0])
    assert (after.experiments.numbers.tolist(), after.experiments.epoch.tolist()) == ([1], [1.0])
    assert columns_since(store, project.id, after.cursor, run_id=run.id).experiments is None


def test_a_poll_without_news_is_one_statement(store: Store, project: Project, make_run: MakeRun) -> None:
    run = make_run(3)
    cursor = changes_since(store, project.id, "", run_id=run.id).cursor
    # Others commit, so that the cursor moves all the same.
    beat(store, "dispatcher", {})
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    changes = changes_since(store, project.id, cursor, run_id=run.id)
    assert changes.cursor != cursor
    assert (list(changes.experiments), changes.run_changed) == ([], False)
    assert len(asked) == 1


@pytest.mark.parametrize("cursor", ["x", "-1", "1;2", "9" * 30, "१:१:", "1:2:3;"])
def test_a_foreign_cursor_is_refused(store: Store, project: Project, cursor: str) -> None:
    with pytest.raises(ValueError, match="is no cursor"):
        changes_since(store, project.id, cursor)
