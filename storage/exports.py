"""The queue of files that are made in the background. At most SLOTS are made at once, in all processes together.

A worker holds a slot by an advisory lock of its own connection, which PostgreSQL takes back when the worker is gone:
what it had taken up is then free again. Rows are all that there is of the queue: any process may die at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from storage.store import Store

SLOTS = 2
# The first half of the advisory locks' keys; the second is the slot.
LOCKS = 748266
# Of one browser, and of all.
MOST_OPEN, MOST_OPEN_IN_ALL = 40, 200
MOST_TRIES = 2


class QueueFull(Exception):
    """There is no room for one more; the message says so."""


@dataclass(frozen=True)
class Export:
    """One file: wanted, being made, made, or not. ahead: how many are served before it; file: a name in the folder."""

    id: int
    kind: str
    title: str
    state: str
    progress: float
    reason: str | None
    file: str | None
    ahead: int


@dataclass(frozen=True)
class Task:
    """What a worker has taken up."""

    id: int
    kind: str
    question: Mapping[str, Any]


def add_export(store: Store, session_id: int, kind: str, question: Mapping[str, Any], title: str) -> int:
    """Put a file in the queue; returns its id. Raises QueueFull."""
    with store.begin() as connection:
        own, all_ = connection.execute(
            text(
                """SELECT count(*) FILTER (WHERE session_id = :session), count(*) FROM export
                WHERE state IN ('queued', 'working')"""
            ),
            {"session": session_id},
        ).one()
        if own >= MOST_OPEN or all_ >= MOST_OPEN_IN_ALL:
            count = own if own >= MOST_OPEN else all_
            raise QueueFull(f"{count} downloads are being made already; wait for one of them, or cancel it.")
        connection.execute(text("DELETE FROM export WHERE expires_at < now() - interval '1 day'"))
        return int(
            connection.execute(
                text(
                    """INSERT INTO export (session_id, kind, question, title)
                    VALUES (:session, :kind, CAST(:question AS jsonb), :title) RETURNING id"""
                ),
                {"session": session_id, "kind": kind, "question": json.dumps(dict(question)), "title": title},
            ).scalar_one()
        )


def exports_of(store: Store, session_id: int) -> Sequence[Export]:
    """The files that a browser asked for within the last hour, in that order."""
    statement = text(
        """SELECT id, kind, title, state, progress, reason, file, CASE WHEN state <> 'queued' THEN 0 ELSE
            (SELECT count(*) FROM export AS other WHERE other.state = 'queued' AND other.id < export.id) END
        FROM export WHERE session_id = :session AND state <> 'cancelled'
            AND (expires_at > now() OR state IN ('queued', 'working')) ORDER BY id"""
    )
    with store.read() as connection:
        return [Export(*row) for row in connection.execute(statement, {"session": session_id})]


def cancel_export(store: Store, session_id: int, export_id: int) -> str | None:
    """Want a file no more; returns the name of the file that is there already, for the caller to remove."""
    statement = text(
        """UPDATE export SET state = 'cancelled', ended_at = now()
        WHERE id = :id AND session_id = :session AND state <> 'cancelled' RETURNING file"""
    )
    with store.begin() as connection:
        file: str | None = connection.execute(statement, {"id": export_id, "session": session_id}).scalar()
    return file


def needs_worker(store: Store) -> bool:
    """Whether something waits, or was dropped by a worker that is gone, while a slot is free."""
    statement = text(
        f"""WITH held AS (
            SELECT CAST(objid AS int) AS slot FROM pg_locks WHERE locktype = 'advisory' AND granted
                AND classid = {LOCKS} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        SELECT (SELECT count(*) FROM held) < {SLOTS} AND EXISTS (SELECT FROM export WHERE state = 'queued'
            OR (state = 'working' AND slot NOT IN (SELECT slot FROM held)))"""
    )
    with store.read() as connection:
        return bool(connection.scalar(statement))


# --- for workers ----------------------------------------------------------------------------------------------------


def take_slot(connection: Connection) -> int | None:
    """Hold a free slot for as long as the connection lives; None where all are held."""
    for slot in range(SLOTS):
        if connection.scalar(text("SELECT pg_try_advisory_lock(:locks, :slot)"), {"locks": LOCKS, "slot": slot}):
            return slot
    return None


def take_next(store: Store, slot: int) -> Task | None:
    """Take up the file that has waited longest. What the slot's last holder left is queued again, but not for ever."""
    values = {"slot": slot, "tries": MOST_TRIES}
    with store.begin() as connection:
        connection.execute(
            text(
                """UPDATE export SET slot = NULL, state = CASE WHEN tries < :tries THEN 'queued' ELSE 'failed' END,
                reason = CASE WHEN tries < :tries THEN reason ELSE 'The program that made it was ended twice.' END
                WHERE state = 'working' AND slot = :slot"""
            ),
            values,
        )
        row = connection.execute(
            text(
                """UPDATE export SET state = 'working', slot = :slot, tries = tries + 1, progress = 0 WHERE id =
                (SELECT id FROM export WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING id, kind, question"""
            ),
            values,
        ).one_or_none()
    return Task(*row) if row else None


def is_wanted(store: Store, export_id: int) -> bool:
    """Whether a file that is being made has not been cancelled."""
    with store.read() as connection:
        state = connection.scalar(text("SELECT state FROM export WHERE id = :id"), {"id": export_id})
    return bool(state == "working")


def tell_progress(store: Store, export_id: int, progress: float) -> None:
    """Say how much of a file is made."""
    with store.begin() as connection:
        connection.execute(
            text("UPDATE export SET progress = :progress WHERE id = :id"), {"id": export_id, "progress": progress}
        )


def finish_export(store: Store, export_id: int, *, file: str | None = None, reason: str | None = None) -> bool:
    """A file is made, or with a reason cannot be; false where nobody wants it any more."""
    with store.begin() as connection:
        ended = connection.execute(
            text(
                """UPDATE export SET state = CASE WHEN CAST(:file AS text) IS NULL THEN 'failed' ELSE 'done' END,
                file = :file, reason = :reason, slot = NULL, ended_at = now(), progress = 1,
                expires_at = now() + interval '1 hour' WHERE id = :id AND state = 'working'"""
            ),
            {"id": export_id, "file": file, "reason": reason},
        )
    return ended.rowcount == 1
