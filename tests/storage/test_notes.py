"""Notes: one text an experiment, versions, and two people at one note."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storage.changes import changes_since, columns_since
from storage.experiments import fetch_experiments
from storage.flag_columns import Word
from storage.notes import (
    LONGEST_NOTE,
    Note,
    NoteChanged,
    NoteError,
    delete_note,
    fetch_notes,
    find_note,
    restore_note,
    save_note,
)
from storage.records import Project, Run
from storage.store import Store


@pytest.fixture
def experiment(store: Store, project: Project, make_run: Callable[..., Run]) -> int:
    make_run()
    return fetch_experiments(store, project.id)[1].id


def test_a_note_says_what_who_and_when(store: Store, experiment: int) -> None:
    assert find_note(store, experiment) == Note()
    first = save_note(store, experiment, "  diverges\nwith sgd ", 0, "anna")
    assert (first.text, first.version, first.by) == ("  diverges\nwith sgd ", 1, "anna")
    second = save_note(store, experiment, "fine", 1, "ben")
    assert second.at is not None
    assert first.at is not None
    assert (second.text, second.version, second.by, second.at > first.at) == ("fine", 2, "ben", True)
    assert find_note(store, experiment) == second
    assert fetch_notes(store, [experiment, 10**9]) == {experiment: second}


def test_the_later_of_two_writers_is_told_and_nothing_is_lost(store: Store, experiment: int) -> None:
    save_note(store, experiment, "anna's", 0, "anna")
    with pytest.raises(NoteChanged, match="anna changed") as told:
        save_note(store, experiment, "ben's", 0, "ben")
    assert (told.value.note.text, told.value.note.version) == ("anna's", 1)
    assert find_note(store, experiment).text == "anna's"
    with pytest.raises(NoteChanged):
        delete_note(store, experiment, 0)
    assert save_note(store, experiment, "anna's\n\nben's", told.value.note.version, "ben").version == 2


def test_of_many_who_write_at_once_one_wins(store: Store, experiment: int) -> None:
    def save(words: str) -> bool:
        try:
            return save_note(store, experiment, words, 0, "anna").version == 1
        except NoteChanged:
            return False

    with ThreadPoolExecutor(6) as people:
        won = list(people.map(save, "abcdef"))
    assert won.count(True) == 1
    assert find_note(store, experiment).text == "abcdef"[won.index(True)]


def test_the_same_text_twice_is_no_quarrel(store: Store, experiment: int) -> None:
    once = save_note(store, experiment, "fine", 0, "anna")
    assert save_note(store, experiment, "fine", 0, "ben") == once
    delete_note(store, experiment, 1)
    assert delete_note(store, experiment, 1).version == 2


def test_a_deletion_is_taken_back_with_author_and_time(store: Store, experiment: int) -> None:
    before = save_note(store, experiment, "fine", 0, "anna")
    deleted = delete_note(store, experiment, 1)
    assert (deleted.text, deleted.version) == ("", 2)
    assert fetch_notes(store, [experiment]) == {}
    again = restore_note(store, experiment, 2)
    assert (again.text, again.version, again.by, again.at) == ("fine", 3, "anna", before.at)
    assert save_note(store, experiment, " \n", 3, "ben").text == ""
    save_note(store, experiment, "new", 4, "ben")
    with pytest.raises(NoteChanged):
        restore_note(store, experiment, 4)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("x" * (LONGEST_NOTE + 1), "at most 10,000 characters; this one has 10,001"),
        ("a\0b", "NUL"),
        ("a\ud800", "half of a pair"),
        (7, "text"),
    ],
)
def test_what_cannot_be_kept_is_refused(store: Store, experiment: int, words: Any, why: str) -> None:
    with pytest.raises(NoteError, match=why):
        save_note(store, experiment, words, 0, "anna")
    assert find_note(store, experiment) == Note()
    assert save_note(store, experiment, "ü🌊" * (LONGEST_NOTE // 2), 0, "anna").version == 1


def test_every_change_is_news_and_the_run_s_page_has_a_word_for_it(
    store: Store, project: Project, experiment: int
) -> None:
    cursor = changes_since(store, project.id, "").cursor
    for act in (
        lambda: save_note(store, experiment, "see\nrun 3", 0, "anna"),
        lambda: delete_note(store, experiment, 1),
        lambda: restore_note(store, experiment, 2),
    ):
        act()
        news = changes_since(store, project.id, cursor)
        assert [each.id for each in news.experiments] == [experiment]
        cursor = news.cursor
    flags = columns_since(store, project.id, "").experiments.flags  # type: ignore[union-attr]
    assert [(each.words, each.rows.tolist()) for each in flags.combinations] == [((Word("note", "note"),), [1])]
    assert flags.sentences == {1: [(Word("note", "note"), "see\nrun 3")]}
    delete_note(store, experiment, 3)
    assert not columns_since(store, project.id, "").experiments.flags.combinations  # type: ignore[union-attr]
