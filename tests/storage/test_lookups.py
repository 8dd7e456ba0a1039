"""Which experiments were dropped."""

from __future__ import annotations

from collections.abc import Callable

from storage.lookups import dropped_numbers
from storage.records import Run
from storage.requests import drop_queued, interrupt
from storage.store import Store


def test_only_what_was_dropped_counts_as_dropped(store: Store, make_run: Callable[..., Run]) -> None:
    run = make_run(4)
    drop_queued(store, run.id, [4, 2])
    interrupt(store, run.id, [3])
    assert dropped_numbers(store, run.id, [1, 2, 3, 4]) == [2, 4]
    assert dropped_numbers(store, run.id, [4]) == [4]
    assert dropped_numbers(store, run.id + 1, [4]) == []
