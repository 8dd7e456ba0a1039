"""The change cursor: overlapping writers, nothing missed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from storage.changes import changes_since
from storage.records import Project, Run
from storage.store import Store
from storage.work import beat, claim_experiment, claim_runs, renew_experiment

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
    run = claim_runs(store, "s")[0]
    claim_experiment(store, run.id, run.fence, "w", "h")
    changed = changes_since(store, project.id, cursor)
    assert [(experiment.number, experiment.state) for experiment in changed.experiments] == [(1, "running")]
    assert changed.run_changed


def test_renewing_a_lease_is_no_change(store: Store, project: Project, make_run: MakeRun) -> None:
    make_run(1)
    run = claim_runs(store, "s")[0]
    claim = claim_experiment(store, run.id, run.fence, "w", "h")
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
