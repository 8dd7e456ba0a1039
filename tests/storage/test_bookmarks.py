"""Bookmarks: one name, one query; deletions that can be taken back; a change that a poll sees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.bookmarks import (
    LONGEST_NAME,
    LONGEST_QUERY,
    MOST_BOOKMARKS,
    BookmarkError,
    bookmarks_of,
    delete_bookmark,
    restore_bookmark,
    save_bookmark,
)
from storage.locks import locks_since
from storage.projects import register_project
from storage.records import Project
from storage.store import Store


def names(store: Store, project: Project) -> list[str]:
    return [bookmark["name"] for bookmark in bookmarks_of(store, project.id)]


def test_a_bookmark_says_what_who_and_when_newest_first(store: Store, project: Project) -> None:
    save_bookmark(store, project.id, "best rates", "?select=[]", "anna")
    assert save_bookmark(store, project.id, "  failed \n ones ", "", "ben") == "failed ones"
    newest, oldest = bookmarks_of(store, project.id)
    assert (newest["name"], newest["query"], newest["by"]) == ("failed ones", "", "ben")
    assert (oldest["name"], oldest["query"], oldest["by"]) == ("best rates", "?select=[]", "anna")
    assert oldest["at"] <= newest["at"]


def test_a_name_is_replaced_only_by_those_who_mean_to(store: Store, project: Project) -> None:
    save_bookmark(store, project.id, "best", "?a=1", "anna")
    with pytest.raises(BookmarkError, match="already"):
        save_bookmark(store, project.id, "best", "?a=2", "ben")
    assert bookmarks_of(store, project.id)[0]["query"] == "?a=1"
    save_bookmark(store, project.id, "best", "?a=2", "ben", replaces=True)
    save_bookmark(store, project.id, "new", "?a=3", "ben", replaces=True)
    assert [(each["name"], each["query"], each["by"]) for each in bookmarks_of(store, project.id)] == [
        ("new", "?a=3", "ben"),
        ("best", "?a=2", "ben"),
    ]


def test_of_two_who_save_one_name_at_once_one_wins(store: Store, project: Project) -> None:
    def save(query: str) -> bool:
        try:
            save_bookmark(store, project.id, "best", query, "anna")
        except BookmarkError:
            return False
        return True

    with ThreadPoolExecutor(6) as people:
        won = list(people.map(save, [f"?a={place}" for place in range(6)]))
    assert won.count(True) == 1
    assert bookmarks_of(store, project.id)[0]["query"] == f"?a={won.index(True)}"


def test_a_deletion_is_taken_back_with_author_and_time(store: Store, project: Project) -> None:
    save_bookmark(store, project.id, "best", "?a=1", "anna")
    before = bookmarks_of(store, project.id)
    deleted = delete_bookmark(store, project.id, "best")
    assert bookmarks_of(store, project.id) == []
    with pytest.raises(BookmarkError, match="no bookmark"):
        delete_bookmark(store, project.id, "best")
    restore_bookmark(store, project.id, deleted)
    assert bookmarks_of(store, project.id) == before
    with pytest.raises(BookmarkError, match="already"):
        restore_bookmark(store, project.id, deleted)


def test_bookmarks_belong_to_their_project(store: Store, project: Project) -> None:
    other = register_project(store, "Other", directory="/tmp", command=["python", "x.py"], hyperparameters=[])
    save_bookmark(store, project.id, "best", "", "anna")
    save_bookmark(store, other.id, "best", "", "anna")
    delete_bookmark(store, other.id, "best")
    assert names(store, project) == ["best"]


def test_every_change_is_news_of_the_project(store: Store, project: Project) -> None:
    versions = [locks_since(store, project.id, "")[0]]

    def is_news() -> bool:
        versions.append(locks_since(store, project.id, "")[0])
        return versions[-1] not in versions[:-1]

    save_bookmark(store, project.id, "best", "", "anna")
    assert is_news()
    save_bookmark(store, project.id, "best", "?a=1", "anna", replaces=True)
    assert is_news()
    deleted = delete_bookmark(store, project.id, "best")
    assert is_news()
    restore_bookmark(store, project.id, deleted)
    assert is_news()
    assert not is_news()


@pytest.mark.parametrize(
    ("name", "query", "why"),
    [(" \n", "", "needs a name"), ("x" * (LONGEST_NAME + 1), "", "at most 80"), ("a\0b", "", "NUL"), (7, "", "needs a name"),
     ("a", "//elsewhere", "query"), ("a", "?a#b", "query"), ("a", "?a\0", "query"), ("a", None, "query"),
     ("a", "?" + "x" * LONGEST_QUERY, "too much")],
)  # fmt: skip
def test_what_is_no_name_and_no_query_is_refused(
    store: Store, project: Project, name: str, query: str, why: str
) -> None:
    with pytest.raises(BookmarkError, match=why):
        save_bookmark(store, project.id, name, query, "anna")
    assert names(store, project) == []


def test_a_project_keeps_not_more_than_anybody_would_read(store: Store, project: Project) -> None:
    for place in range(MOST_BOOKMARKS):
        save_bookmark(store, project.id, str(place), "", "anna")
    with pytest.raises(BookmarkError, match="delete one"):
        save_bookmark(store, project.id, "one more", "", "anna")
    save_bookmark(store, project.id, "7", "?a=1", "anna", replaces=True)
    assert len(names(store, project)) == MOST_BOOKMARKS
