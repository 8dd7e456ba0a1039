"""Heartbeats: what standing processes say of themselves, so that others know that they are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from storage.leases import commit_lightly
from storage.store import Store

# They say that they are alive every three seconds; a busy machine may be slow.
AWAY_AFTER_S = 15


def beat(store: Store, name: str, detail: Mapping[str, Any]) -> None:
    """Say that a standing process is alive, with what others may want to know of it."""
    with store.begin() as connection:
        commit_lightly(connection)
        connection.execute(
            text(
                """INSERT INTO heartbeat (name, seen_at, detail) VALUES (:name, now(), CAST(:detail AS jsonb))
                ON CONFLICT (name) DO UPDATE SET seen_at = now(), detail = excluded.detail"""
            ),
            {"name": name, "detail": json.dumps(dict(detail))},
        )


def last_beat(store: Store, name: str) -> tuple[float, dict[str, Any]] | None:
    """Seconds since a standing process was last heard of, and what it said; None where it never spoke."""
    return last_beats(store, [name])[name]


def last_beats(store: Store, names: Sequence[str]) -> dict[str, tuple[float, dict[str, Any]] | None]:
    """The same for several."""
    statement = text(
        "SELECT name, extract(epoch FROM now() - seen_at) AS age, detail FROM heartbeat WHERE name = ANY(:names)"
    )
    with store.read() as connection:
        found = {
            row.name: (float(row.age), row.detail) for row in connection.execute(statement, {"names": list(names)})
        }
    return {name: found.get(name) for name in names}
