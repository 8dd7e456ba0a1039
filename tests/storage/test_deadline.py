"""The limit on a database's silence, against a real one that takes its time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.store import Store, is_outage
from tests.product import frozen


@pytest.fixture
def patient(database_url: str) -> Iterator[Store]:
    """A store whose connections are cut after a second."""
    store = Store(database_url, pool_size=1, checks_idle=False, patience_s=1)
    yield store
    store.close()


@pytest.fixture
def checking(database_url: str) -> Iterator[Store]:
    """A store that tries its connections, and cuts them after a minute."""
    store = Store(database_url, pool_size=1, patience_s=60)
    yield store
    store.close()


def sleep(store: Store, seconds: float) -> None:
    with store.begin() as connection:
        connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


def test_a_server_that_is_silent_for_too_long_counts_as_away_and_is_asked_anew(patient: Store) -> None:
    started = time.monotonic()
    with pytest.raises(DBAPIError) as raised:
        sleep(patient, 25)
    assert is_outage(raised.value)
    assert time.monotonic() - started < 20
    sleep(patient, 0)


def test_what_takes_long_arrives_in_the_end_as_each_cut_is_later_than_the_last(patient: Store) -> None:
    with pytest.raises(DBAPIError):
        sleep(patient, 1.7)
    sleep(patient, 1.7)


def test_what_is_given_back_in_time_is_never_cut(patient: Store) -> None:
    for _ in range(20):
        sleep(patient, 0.1)


def test_a_connection_whose_server_process_stands_still_is_replaced_before_it_is_used(checking: Store) -> None:
    with checking.read() as connection:
        pid = int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
    with frozen([pid]):
        started = time.monotonic()
        sleep(checking, 0)
        assert time.monotonic() - started < 30


def test_a_connection_whose_server_process_ended_is_replaced_before_it_is_used(checking: Store, store: Store) -> None:
    with checking.read() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with store.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    sleep(checking, 0)
