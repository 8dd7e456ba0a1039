"""Notes: what people write about an experiment, one text for each, for everybody in the project.

Who changes a note says which version was read. Where somebody else was faster nothing is written, and the answer holds
what is there now, so that neither text is lost. Every change makes the experiment news, as all that pages show of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.store import Store

LONGEST_NOTE = 10_000


@dataclass(frozen=True)
class Note:
    """A note, or with an empty text that there is none; version 0 is that there never was one."""

    text: str = ""
    version: int = 0
    by: str | None = None
    at: datetime | None = None


class NoteError(ValueError):
    """A text that cannot be kept; the message says why."""


class NoteChanged(Exception):
    """Somebody else changed the note first; `note` is what is there now, and nothing was written."""

    def __init__(self, note: Note) -> None:
        super().__init__(f"{note.by or 'Somebody'} changed this note meanwhile.")
        self.note = note


_SELECT = """SELECT CASE WHEN deleted_at IS NULL THEN text ELSE '' END AS text, version, written_by, written_at
    FROM note WHERE experiment_id = :experiment"""


def find_note(store: Store, experiment_id: int) -> Note:
    """The note of an experiment as it is now."""
    with store.read() as connection:
        return _read(connection, experiment_id)


def fetch_notes(store: Store, ids: Sequence[int]) -> dict[int, Note]:
    """The notes of those experiments that have one, by their ids."""
    statement = text(
        """SELECT experiment_id, text, version, written_by, written_at FROM note
        WHERE experiment_id = ANY(:ids) AND deleted_at IS NULL"""
    )
    with store.read() as connection:
        return {row[0]: Note(*row[1:]) for row in connection.execute(statement, {"ids": list(ids)})}


def note_texts(store: Store, ids: Sequence[int]) -> dict[int, str]:
    """The texts alone."""
    return {id_: note.text for id_, note in fetch_notes(store, ids).items()}


def save_note(store: Store, experiment_id: int, words: Any, version: int, by: str) -> Note:
    """Replace the version that was read; a text of blanks only deletes. Raises NoteError and NoteChanged."""
    checked = _checked(words)
    if not checked.strip():
        return delete_note(store, experiment_id, version)
    statement = """INSERT INTO note (experiment_id, text, version, written_by)
        VALUES (:experiment, :text, 1, :by) ON CONFLICT (experiment_id) DO UPDATE
        SET text = excluded.text, version = note.version + 1, written_by = excluded.written_by, written_at = now(),
            deleted_at = NULL"""
    return _change(store, experiment_id, version, statement, {"text": checked, "by": by})


def delete_note(store: Store, experiment_id: int, version: int) -> Note:
    """Take the note away; restore_note brings it back. Raises NoteChanged."""
    statement = "UPDATE note SET deleted_at = now(), version = version + 1 WHERE experiment_id = :experiment"
    return _change(store, experiment_id, version, f"{statement} AND deleted_at IS NULL", {})


def restore_note(store: Store, experiment_id: int, version: int) -> Note:
    """Take a deletion back: the note is again who wrote it and when. Raises NoteChanged."""
    statement = "UPDATE note SET deleted_at = NULL, version = version + 1 WHERE experiment_id = :experiment"
    return _change(store, experiment_id, version, f"{statement} AND deleted_at IS NOT NULL", {})


def _change(store: Store, experiment_id: int, version: int, statement: str, values: Mapping[str, Any]) -> Note:
    with store.begin() as connection:
        # Its row keeps two writers from overlapping, and is what polls look at.
        connection.execute(
            text("UPDATE experiment SET change = pg_current_xact_id() WHERE id = :id"), {"id": experiment_id}
        )
        now = _read(connection, experiment_id)
        if now.version != version:
            if now.text == values.get("text", ""):
                # Sent twice, or written alike by two: there is nothing to decide.
                return now
            raise NoteChanged(now)
        connection.execute(text(statement), {"experiment": experiment_id, **values})
        return _read(connection, experiment_id)


def _read(connection: Connection, experiment_id: int) -> Note:
    row = connection.execute(text(_SELECT), {"experiment": experiment_id}).one_or_none()
    return Note(*row) if row else Note()


def _checked(words: Any) -> str:
    if not isinstance(words, str):
        raise NoteError("A note is a text.")
    if len(words) > LONGEST_NOTE:
        raise NoteError(f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(words):,}.")
    if "\0" in words or any("\ud800" <= sign <= "\udfff" for sign in words):
        raise NoteError("This note has a character that no text has (NUL, or half of a pair); take it out.")
    return words
