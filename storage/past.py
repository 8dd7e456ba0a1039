"""What a project already knows of settings that somebody is about to launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from storage.records import Settings
from storage.store import Store

# Enough to judge durations by, and quickly read.
MOST_DURATIONS = 2_000


@dataclass(frozen=True)
class Past:
    """An experiment of the same fingerprint; `value` is the objective's last one, where there is any."""

    id: int
    number: int
    run_number: int
    state: str
    code_digest: str | None
    data_digest: str | None
    value: float | None
    by: str | None
    at: datetime


def fetch_past(
    store: Store, project_id: int, fingerprints: Sequence[str], objective: str | None
) -> Mapping[str, Sequence[Past]]:
    """The project's experiments that ran with these fingerprints, or are about to: newest first, by fingerprint."""
    statement = text(
        """SELECT experiment.fingerprint, experiment.id, experiment.number, run.number, experiment.state,
            run.code_digest, run.data_digest, summary.last, run.created_by,
            coalesce(experiment.ended_at, experiment.created_at)
        FROM experiment JOIN run ON run.id = experiment.run_id
            LEFT JOIN metric ON metric.project_id = experiment.project_id AND metric.name = :objective
            LEFT JOIN metric_summary summary
                ON summary.experiment_id = experiment.id AND summary.metric_id = metric.id
        WHERE experiment.project_id = :project AND experiment.fingerprint = ANY(:fingerprints)
            AND experiment.state <> 'stopped'
        ORDER BY experiment.number DESC"""
    )
    found: dict[str, list[Past]] = {}
    parameters = {"project": project_id, "fingerprints": list(fingerprints), "objective": objective}
    with store.begin() as connection:
        for fingerprint, *columns in connection.execute(statement, parameters):
            found.setdefault(fingerprint, []).append(Past(*columns))
    return found


def fetch_durations(store: Store, project_id: int) -> list[tuple[Settings, float]]:
    """Settings and seconds of the project's newest finished experiments that really ran."""
    statement = text(
        """SELECT settings, duration_s FROM experiment
        WHERE project_id = :project AND state = 'finished' AND reused_from IS NULL AND duration_s > 0
        ORDER BY number DESC LIMIT :most"""
    )
    with store.begin() as connection:
        rows = connection.execute(statement, {"project": project_id, "most": MOST_DURATIONS})
        return [(settings, seconds) for settings, seconds in rows]


def fetch_outlines(
    store: Store, experiment_ids: Sequence[int], metric: str, points: int = 24
) -> dict[int, list[float]]:
    """The course of one metric in each experiment, in at most so many values: enough for a curve in a cell."""
    statement = text(
        """WITH numbered AS (
            SELECT experiment.id, value, row_number() OVER series AS place,
                count(*) OVER (PARTITION BY experiment.id) AS size
            FROM experiment
                JOIN metric ON metric.project_id = experiment.project_id AND metric.name = :metric
                JOIN metric_value ON metric_value.experiment_id = coalesce(experiment.reused_from, experiment.id)
                    AND metric_value.attempt = experiment.attempt AND metric_value.metric_id = metric.id
            WHERE experiment.id = ANY(:ids) WINDOW series AS (PARTITION BY experiment.id ORDER BY seq))
        SELECT id, array_agg(value ORDER BY place) FROM numbered
        WHERE place = size OR (place - 1) % greatest(1, ceil(size / CAST(:points AS float8))::bigint) = 0 GROUP BY id"""
    )
    parameters = {"ids": list(experiment_ids), "metric": metric, "points": points}
    with store.begin() as connection:
        return {row[0]: list(row[1]) for row in connection.execute(statement, parameters)}
