"""The question of an idle page: is there news? Nothing is missed, and others' news are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from storage.changes import has_news
from storage.leases import Place, claim_experiment, renew_experiment
from storage.projects import register_project
from storage.records import Project, Run
from storage.run_leases import claim_runs
from storage.store import Store


def test_what_was_seen_is_no_news(store: Store, project: Project, make_run: Callable[..., Run]) -> None:
    make_run(2)
    cursor, is_news = has_news(store, "", slug="digits")
    assert is_news
    assert has_news(store, cursor, slug="digits")[1] is False
    assert has_news(store, cursor)[1] is False


def test_news_are_told_by_experiment_and_by_project(
    store: Store, project: Project, make_run: Callable[..., Run]
) -> None:
    make_run(2)
    register_project(store, "Other", directory="/", command=["a", "b"], hyperparameters=[])
    cursor, _ = has_news(store, "")
    claim_runs(store, "scheduler")
    claim = claim_experiment(store, Place("worker", "here"))
    assert claim is not None
    assert has_news(store, cursor, slug="digits", numbers=[1])[1]
    assert not has_news(store, cursor, slug="digits", numbers=[2])[1]
    assert has_news(store, cursor, slug="digits")[1]
    assert has_news(store, cursor)[1]
    cursor, _ = has_news(store, cursor)
    renew_experiment(store, claim)
    assert not has_news(store, cursor)[1]


def test_a_slow_writer_is_news_when_it_commits(store: Store, project: Project, make_run: Callable[..., Run]) -> None:
    make_run(2)
    with store.begin() as slow:
        slow.execute(text("UPDATE experiment SET epoch = 1 WHERE number = 1"))
        with store.begin() as fast:
            fast.execute(text("UPDATE experiment SET epoch = 1 WHERE number = 2"))
        cursor, _ = has_news(store, "", slug="digits")
        assert not has_news(store, cursor, slug="digits")[1]
    assert has_news(store, cursor, slug="digits", numbers=[1])[1]


def test_a_foreign_cursor_is_refused(store: Store) -> None:
    for cursor in ("x", "1", "1:2:3;--", "0'"):
        with pytest.raises(ValueError, match="no cursor"):
            has_news(store, cursor)
