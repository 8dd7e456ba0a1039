"""Who is logged in: one row for each browser, found by the hash of its cookie's secret."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from storage.store import Store
from storage.tokens import hashed

# However much a browser is used, after this time it needs a new link.
LIFETIME_DAYS = 30
# A browser that nobody uses is forgotten earlier; an open page counts as use.
IDLE_DAYS = 7
LONGEST_AGENT = 300

_IS_OPEN = f"ended_at IS NULL AND expires_at > now() AND seen_at > now() - interval '{IDLE_DAYS} days'"
_IS_OLD = "least(expires_at, ended_at) < now() - interval '1 day'"


@dataclass(frozen=True)
class Session:
    """One logged-in browser."""

    id: int
    created_at: datetime
    seen_at: datetime
    # When it ends by itself if nobody uses it from now on.
    ends_at: datetime
    user_agent: str
    address: str


def create_session(store: Store, user_agent: str, address: str) -> str:
    """Log a browser in; returns the secret for its cookie, 256 bits of which only a hash is kept."""
    secret = secrets.token_urlsafe(32)
    statement = text(
        """INSERT INTO session (hash, expires_at, user_agent, address)
        VALUES (:hash, now() + make_interval(days => :days), :agent, :address)"""
    )
    agent = "".join(character if character.isprintable() else "\ufffd" for character in user_agent[:LONGEST_AGENT])
    with store.begin() as connection:
        # What ended more than a day ago is of no interest; its downloads have gone before.
        connection.execute(text(f"DELETE FROM export WHERE session_id IN (SELECT id FROM session WHERE {_IS_OLD})"))
        connection.execute(text(f"DELETE FROM session WHERE {_IS_OLD}"))
        values = {"hash": hashed(secret), "days": LIFETIME_DAYS, "agent": agent, "address": address}
        connection.execute(statement, values)
    return secret


def find_session(store: Store, secret: str) -> int | None:
    """The id of the open session that a cookie's secret belongs to; it counts as used."""
    digest = {"hash": hashed(secret)}
    with store.read() as connection:
        row = connection.execute(
            text(f"SELECT id, seen_at < now() - interval '1 minute' FROM session WHERE hash = :hash AND {_IS_OPEN}"),
            digest,
        ).one_or_none()
        if row is None:
            return None
        if row[1]:
            connection.execute(text("UPDATE session SET seen_at = now() WHERE hash = :hash"), digest)
    return int(row[0])


def fetch_sessions(store: Store) -> Sequence[Session]:
    """All open sessions, the one that was used last first."""
    statement = text(
        f"""SELECT id, created_at, seen_at, least(expires_at, seen_at + interval '{IDLE_DAYS} days'), user_agent,
            address
        FROM session WHERE {_IS_OPEN} ORDER BY seen_at DESC, id DESC"""
    )
    with store.read() as connection:
        return [Session(*row) for row in connection.execute(statement)]


def end_session(store: Store, session_id: int) -> bool:
    """End a session and what is being made for it; false where it has ended already, or never was."""
    with store.begin() as connection:
        connection.execute(
            text("UPDATE export SET state = 'cancelled' WHERE session_id = :id AND state IN ('queued', 'working')"),
            {"id": session_id},
        )
        ended = connection.execute(
            text("UPDATE session SET ended_at = now() WHERE id = :id AND ended_at IS NULL"), {"id": session_id}
        )
    return ended.rowcount == 1
