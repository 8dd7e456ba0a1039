"""Locks: kept in the project, one statement each, so that people who lock different ones both win."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storage.locks import LockError, locks_since, remove_lock, set_lock
from storage.projects import find_project
from storage.records import Project
from storage.store import Store


def locks_of(store: Store) -> Any:
    project = find_project(store, "digits")
    assert project is not None
    return project.locks


def test_a_lock_says_what_who_and_when(store: Store, project: Project) -> None:
    set_lock(store, project.id, "lr", {"range": [0.01, 0.1]}, "anna")
    lock = locks_of(store)["lr"]
    assert (lock["range"], lock["by"]) == ([0.01, 0.1], "anna")
    assert lock["at"].startswith("20")
    set_lock(store, project.id, "lr", {"range": [0.02, 0.05]}, "ben")
    assert locks_of(store)["lr"]["range"] == [0.02, 0.05]
    assert locks_of(store)["lr"]["by"] == "ben"


def test_unlocking_leaves_the_others(store: Store, project: Project) -> None:
    set_lock(store, project.id, "lr", {"range": [1, 2]}, "anna")
    set_lock(store, project.id, "optimizer", {"values": ["adam", True, 3]}, "anna")
    remove_lock(store, project.id, "lr")
    remove_lock(store, project.id, "nothing")
    assert list(locks_of(store)) == ["optimizer"]
    assert locks_of(store)["optimizer"]["values"] == ["adam", True, 3]


def test_people_who_lock_at_once_all_win(store: Store, project: Project) -> None:
    names = [f"h{place}" for place in range(12)]
    with ThreadPoolExecutor(6) as people:
        list(people.map(lambda name: set_lock(store, project.id, name, {"range": [0, 1]}, name), names))
    assert sorted(locks_of(store)) == sorted(names)


def test_a_poll_gets_them_only_after_a_change(store: Store, project: Project) -> None:
    version, locks = locks_since(store, project.id, "")
    assert locks == {}
    assert locks_since(store, project.id, version) == (version, None)
    set_lock(store, project.id, 'a"b.c', {"range": [0, 1]}, "anna")
    later, locks = locks_since(store, project.id, version)
    assert later != version
    assert locks is not None
    assert list(locks) == ['a"b.c']
    assert locks_since(store, 10**9, "7") == ("7", None)


@pytest.mark.parametrize(
    "part",
    [{}, {"range": [2, 1]}, {"range": [0]}, {"range": [0, math.inf]}, {"range": [None, 1]}, {"range": [False, True]},
     {"values": []}, {"values": "adam"}, {"values": [None]}, {"values": [math.nan]}, {"range": [0, 1], "values": ["a"]}],
)  # fmt: skip
def test_what_is_no_range_and_no_list_is_refused(store: Store, project: Project, part: dict[str, Any]) -> None:
    with pytest.raises(LockError):
        set_lock(store, project.id, "lr", part, "anna")
    assert locks_of(store) == {}
