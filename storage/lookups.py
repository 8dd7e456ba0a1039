"""Small questions about some experiments that need none of their metrics."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from storage import schema
from storage.records import Experiment
from storage.requests import DROPPED
from storage.store import Store


def source_numbers(store: Store, experiments: Sequence[Experiment]) -> dict[int, int]:
    """The numbers of the experiments whose results these reuse: `{id: number}`; asks nothing where none does."""
    ids = {experiment.reused_from for experiment in experiments if experiment.reused_from is not None}
    if not ids:
        return {}
    table = schema.experiment.c
    with store.begin() as connection:
        rows = connection.execute(select(table.id, table.number).where(table.id.in_(ids)))
        return {row.id: row.number for row in rows}


def dropped_numbers(store: Store, run_id: int, numbers: Sequence[int]) -> list[int]:
    """Which of these experiments of a run were dropped from its queue."""
    table = schema.experiment.c
    is_dropped = (table.state == "stopped") & (table.reason == DROPPED)
    statement = select(table.number).where(table.run_id == run_id, table.number.in_(numbers), is_dropped)
    with store.begin() as connection:
        return list(connection.scalars(statement.order_by(table.number)))
