"""Small questions about some experiments that need none of their metrics."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from storage import schema
from storage.requests import DROPPED
from storage.store import Store


def dropped_numbers(store: Store, run_id: int, numbers: Sequence[int]) -> list[int]:
    """Which of these experiments of a run were dropped from its queue."""
    table = schema.experiment.c
    is_dropped = (table.state == "stopped") & (table.reason == DROPPED)
    statement = select(table.number).where(table.run_id == run_id, table.number.in_(numbers), is_dropped)
    with store.begin() as connection:
        return list(connection.scalars(statement.order_by(table.number)))
