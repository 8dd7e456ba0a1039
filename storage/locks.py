"""Locks: the range of a hyperparameter that a person found promising and wants the next run to start from.

They stand in one JSONB column of their project, `{name: {"range": [low, high]} or {"values": [...]}, "by", "at"}`.
Each statement touches one name only, so that two people who lock different ones both win.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from storage.store import Store

Locks = Mapping[str, Mapping[str, Any]]

MOST_VALUES = 1000


class LockError(ValueError):
    """Something that cannot be locked; the message says why."""


def set_lock(store: Store, project_id: int, name: str, part: Mapping[str, Any], by: str) -> None:
    """Lock a hyperparameter to `{"range": [low, high]}`, ends included, or to `{"values": [...]}`.

    by: who did it, as colleagues shall read it. An earlier lock of the same hyperparameter is replaced.
    Raises LockError.
    """
    statement = text(
        """UPDATE project SET locks = locks || jsonb_build_object(CAST(:name AS text),
            CAST(:part AS jsonb) || jsonb_build_object('by', CAST(:by AS text), 'at', now()))
        WHERE id = :project"""
    )
    values = {"project": project_id, "name": name, "part": json.dumps(_checked(part)), "by": by}
    with store.begin() as connection:
        connection.execute(statement, values)


def remove_lock(store: Store, project_id: int, name: str) -> None:
    """Unlock a hyperparameter; one that is not locked stays so."""
    with store.begin() as connection:
        connection.execute(
            text("UPDATE project SET locks = locks - CAST(:name AS text) WHERE id = :project"),
            {"project": project_id, "name": name},
        )


def locks_since(store: Store, project_id: int, version: str) -> tuple[str, Locks | None]:
    """The project's locks where its row is no longer at `version` (else None), and the version that it is at."""
    statement = text(
        """SELECT CAST(change AS text), CASE WHEN CAST(change AS text) <> :version THEN locks END
        FROM project WHERE id = :project"""
    )
    with store.read() as connection:
        row = connection.execute(statement, {"project": project_id, "version": version}).one_or_none()
    return (str(row[0]), row[1]) if row else (version, None)


def _checked(part: Mapping[str, Any]) -> dict[str, Any]:
    if set(part) == {"range"}:
        return {"range": _range(part["range"])}
    if set(part) == {"values"}:
        return {"values": _values(part["values"])}
    raise LockError("A lock is either a range or a list of values.")


def _range(ends: Any) -> list[float]:
    is_pair = isinstance(ends, Sequence) and len(ends) == 2 and all(_is_number(end) for end in ends)
    if not is_pair or ends[0] > ends[1]:
        raise LockError("A range is locked by two finite numbers, the smaller one first.")
    return list(ends)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _values(values: Any) -> list[Any]:
    is_list = isinstance(values, Sequence) and not isinstance(values, str) and 0 < len(values) <= MOST_VALUES
    if not is_list or not all(isinstance(value, str | bool) or _is_number(value) for value in values):
        raise LockError(f"A lock names 1 to {MOST_VALUES} words or numbers.")
    return list(values)
