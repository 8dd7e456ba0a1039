"""Bookmarks: how somebody arranged the run page of a project, under a name that colleagues can open.

A bookmark is the query of the page's address, which holds all that a person chose there. Whoever writes one stamps the
row of the project, so that an idle page, which looks at that row anyway, asks for bookmarks only after a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from storage.store import Store

# As JSON has it: {"name", "query", "by", "at"}.
Bookmark = Mapping[str, Any]

LONGEST_NAME = 80
LONGEST_QUERY = 8000
MOST_BOOKMARKS = 200


class BookmarkError(ValueError):
    """A bookmark that cannot be kept or found; the message says why."""


def save_bookmark(store: Store, project_id: int, name: str, query: str, by: str, *, replaces: bool = False) -> str:
    """Keep a query ("" or "?...") under a name; returns the name as it is kept.

    replaces: an earlier bookmark of the same name may go. Raises BookmarkError.
    """
    values = {"project": project_id, "name": _checked_name(name), "query": _checked_query(query), "by": by}
    with store.begin() as connection:
        _stamp_project(connection, project_id)
        if replaces:
            connection.execute(text("DELETE FROM bookmark WHERE project_id = :project AND name = :name"), values)
        _refuse_too_many(connection, project_id)
        _insert(connection, values)
    return str(values["name"])


def delete_bookmark(store: Store, project_id: int, name: str) -> Bookmark:
    """Delete a bookmark and return it, so that it can be restored.

    Raises BookmarkError where there is none of this name.
    """
    statement = text(
        """DELETE FROM bookmark WHERE project_id = :project AND name = :name
        RETURNING name, query, created_by, created_at"""
    )
    with store.begin() as connection:
        _stamp_project(connection, project_id)
        row = connection.execute(statement, {"project": project_id, "name": name}).one_or_none()
    if row is None:
        raise BookmarkError(f"There is no bookmark “{name[:LONGEST_NAME]}” any more.")
    return _bookmark(row)


def restore_bookmark(store: Store, project_id: int, bookmark: Bookmark) -> None:
    """Take back a deletion: the bookmark is again who made it and when.

    Raises BookmarkError, also where there is another one of its name by now.
    """
    values = {
        "project": project_id,
        "name": _checked_name(bookmark["name"]),
        "query": _checked_query(bookmark["query"]),
        "by": bookmark["by"],
        "at": datetime.fromisoformat(bookmark["at"]),
    }
    with store.begin() as connection:
        _stamp_project(connection, project_id)
        _insert(connection, values)


def bookmarks_of(store: Store, project_id: int) -> Sequence[Bookmark]:
    """The bookmarks of a project, newest first."""
    statement = text(
        """SELECT name, query, created_by, created_at FROM bookmark WHERE project_id = :project
        ORDER BY created_at DESC, id DESC"""
    )
    with store.read() as connection:
        return [_bookmark(row) for row in connection.execute(statement, {"project": project_id})]


def _bookmark(row: Any) -> Bookmark:
    return {"name": row.name, "query": row.query, "by": row.created_by, "at": row.created_at.isoformat()}


def _stamp_project(connection: Connection, project_id: int) -> None:
    # It also keeps two writers of one project from overlapping.
    connection.execute(
        text("UPDATE project SET change = pg_current_xact_id() WHERE id = :project"), {"project": project_id}
    )


def _refuse_too_many(connection: Connection, project_id: int) -> None:
    count = connection.scalar(text("SELECT count(*) FROM bookmark WHERE project_id = :id"), {"id": project_id})
    if count >= MOST_BOOKMARKS:
        raise BookmarkError(f"A project keeps up to {MOST_BOOKMARKS} bookmarks; delete one first.")


def _insert(connection: Connection, values: Mapping[str, Any]) -> None:
    statement = text(
        """INSERT INTO bookmark (project_id, name, query, created_by, created_at)
        VALUES (:project, :name, :query, :by, coalesce(CAST(:at AS timestamptz), now()))"""
    )
    try:
        connection.execute(statement, {"at": None, **values})
    except IntegrityError:
        raise BookmarkError(f"There is a bookmark “{values['name']}” already.") from None


def _checked_name(name: Any) -> str:
    plain = " ".join(name.split()) if isinstance(name, str) else ""
    if not plain:
        raise BookmarkError("A bookmark needs a name.")
    if len(plain) > LONGEST_NAME:
        raise BookmarkError(f"A bookmark's name has at most {LONGEST_NAME} characters; this one has {len(plain)}.")
    if "\0" in plain:
        raise BookmarkError("A bookmark's name cannot have a NUL character.")
    return plain


def _checked_query(query: Any) -> str:
    is_query = isinstance(query, str) and (query == "" or query.startswith("?")) and not set(query) & set("#\0\n\r")
    if not is_query:
        raise BookmarkError("A bookmark keeps the query of an address.")
    if len(query) > LONGEST_QUERY:
        raise BookmarkError("There is too much in this address for a bookmark.")
    return str(query)
