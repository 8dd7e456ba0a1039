"""Small questions about some experiments that need none of their metrics."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text

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


def metric_sources(store: Store, experiment_id: int) -> dict[str, list[str]]:
    """Where the values of an experiment, or of the one whose results it shows, are from -> the metrics from there."""
    statement = text(
        """SELECT source, array_agg(name ORDER BY name) AS names
        FROM metric_summary JOIN metric ON metric.id = metric_id
        WHERE experiment_id = (SELECT coalesce(reused_from, id) FROM experiment WHERE id = :id) AND source <> ''
        GROUP BY source ORDER BY source"""
    )
    with store.read() as connection:
        return {row.source: list(row.names) for row in connection.execute(statement, {"id": experiment_id})}


def ended_numbers(store: Store, project_id: int, *, after: int = 0, run_id: int | None = None) -> list[int]:
    """The numbers above `after` of a project's experiments that have ended and ran themselves; of a run, if named."""
    statement = text(
        """SELECT number FROM experiment WHERE project_id = :project AND number > :after AND state = ANY(:ended)
            AND attempt > 0 AND reused_from IS NULL AND (CAST(:run AS bigint) IS NULL OR run_id = :run)
        ORDER BY number"""
    )
    given = {"project": project_id, "after": after, "ended": list(schema.ENDED_STATES), "run": run_id}
    with store.read() as connection:
        return list(connection.scalars(statement, given))
