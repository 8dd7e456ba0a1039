"""Experiments of a project that have ended, with what they reported: what a rule is tried on before it watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from analysis.counting import finished_condition
from analysis.curves.reported import Reported
from storage.store import Store
from storage.watching import read_reported

# Together they have at most so many values, of all metrics: a page waits for them.
MOST_VALUES = 5_000_000


@dataclass(frozen=True, eq=False)
class PastCurves:
    """One experiment that has ended. last: the last value of its run's objective, if it has one and counts."""

    id: int
    run_id: int
    objective: str | None
    goal: str
    duration_s: float
    last: float | None
    reported: Sequence[Reported]


def past_curves(store: Store, project_id: int, names: Sequence[str] | None, most: int) -> tuple[list[PastCurves], bool]:
    """The newest experiments that ended with values, with all metrics or those of these names; and whether it is all.

    most: how many at the most; fewer where they have very many values.
    """
    statement = text(
        f"""SELECT ended.id, run_id, run.objective, run.goal, coalesce(duration_s, 0) AS duration_s,
            CASE WHEN {finished_condition("ended.state")} THEN summary.last END AS last
        FROM (SELECT *, row_number() OVER newest AS place, sum(value_count) OVER newest AS sum FROM experiment
            WHERE project_id = :project AND state IN ('finished', 'failed', 'stopped') AND value_count > 0
                AND reused_from IS NULL
            WINDOW newest AS (ORDER BY id DESC)) AS ended
            JOIN run ON run.id = run_id
            LEFT JOIN metric ON metric.project_id = ended.project_id AND metric.name = run.objective
            LEFT JOIN metric_summary AS summary ON summary.experiment_id = ended.id AND summary.metric_id = metric.id
        WHERE place <= :most AND (place = 1 OR sum <= :values) ORDER BY ended.id DESC"""
    )
    total = text(
        """SELECT count(*) FROM experiment WHERE project_id = :project AND state IN ('finished', 'failed', 'stopped')
            AND value_count > 0 AND reused_from IS NULL"""
    )
    which = {"project": project_id, "most": most, "values": MOST_VALUES}
    with store.read() as connection:
        rows = connection.execute(statement, which).all()
        is_all = len(rows) == connection.scalar(total, which)
    reported = read_reported(store, [row.id for row in rows], names)
    return [PastCurves(**row._mapping, reported=reported.get(row.id, ())) for row in rows], is_all


def metric_names(store: Store, project_id: int) -> list[str]:
    """The metrics that experiments of a project have reported, in order of appearance."""
    with store.read() as connection:
        return list(
            connection.scalars(text("SELECT name FROM metric WHERE project_id = :id ORDER BY id"), {"id": project_id})
        )
