"""What a project already knows of experiments that somebody is about to launch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from storage.records import Settings
from storage.store import Store

# Enough to judge durations by, and quickly read.
MOST_DURATIONS = 2_000
KNOWN_STATUSES = {1: "done", 2: "waiting", 3: "other data", 4: "other code", 5: "failed"}


# With more experiments than so many times the wanted ones, a project is asked for the wanted ones only.
MANY_TIMES = 4


@dataclass(frozen=True)
class Past:
    """An earlier experiment; `value` is the objective's last one, where there is any."""

    id: int
    number: int
    run_number: int
    state: str
    code_digest: str | None
    data_digest: str | None
    value: float | None
    by: str | None
    at: datetime


def fetch_other_runs(store: Store, project_id: int, code_digest: str | None) -> dict[int, Sequence[Mapping[str, Any]]]:
    """The project's runs of other code than this, with the hyperparameters as they were declared in it.

    What ran before code was looked at, or from where nobody can tell, is taken for other code.
    """
    statement = text(
        """SELECT id, hyperparameters FROM run
        WHERE project_id = :project AND state <> 'draft' AND (code_digest = :code) IS NOT TRUE"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"project": project_id, "code": code_digest})
        return {row.id: row.hyperparameters for row in rows}


def fetch_known(
    store: Store,
    project_id: int,
    fingerprints: Sequence[str],
    *,
    code_digest: str | None,
    data_digest: str | None,
    others: Collection[int],
) -> dict[str, tuple[str, int]]:
    """What is known of these fingerprints: a status, and the id of the newest experiment that it comes from.

    The statuses, of which the first that applies is given: `done` and `waiting` with this code and data, `other data`
    with this code, `other code` in one of the runs `others`, and `failed` with this code and data. Results that an
    experiment took over from another have the code and data of the one that ran. For a trial that goes on nobody waits.
    The answer may also hold fingerprints that were not asked for.
    """
    statement = """
        WITH past AS (
            SELECT experiment.fingerprint, experiment.id, experiment.number, experiment.state, origin.id AS run,
                origin.is_trial,
                origin.code_digest = :code AS same_code, origin.data_digest IS NOT DISTINCT FROM :data AS same_data
            FROM experiment
                LEFT JOIN experiment source ON source.id = experiment.reused_from
                JOIN run origin ON origin.id = coalesce(source.run_id, experiment.run_id)
            WHERE experiment.project_id = :project {wanted}),
        known AS (
            SELECT fingerprint, id, number, CASE
                WHEN same_code AND same_data AND state = 'finished' THEN 1
                WHEN same_code AND same_data AND state IN ('queued', 'running') AND NOT is_trial THEN 2
                WHEN same_code AND state = 'finished' THEN 3
                WHEN same_code IS NOT TRUE AND state = 'finished' AND run = ANY(:others) THEN 4
                WHEN same_code AND same_data AND state = 'failed' THEN 5 END AS status
            FROM past)
        SELECT array_agg(fingerprint), array_agg(status), array_agg(id)
        FROM (SELECT * FROM known WHERE status IS NOT NULL ORDER BY status DESC, number) AS known"""
    parameters: dict[str, Any] = {"project": project_id, "code": code_digest, "data": data_digest}
    parameters["others"] = list(others)
    with store.begin() as connection:
        size = connection.scalar(
            text("SELECT max(number) FROM experiment WHERE project_id = :project"), {"project": project_id}
        )
        # Reading all of a small project takes less time than saying which of it is wanted.
        wanted = ""
        if (size or 0) > MANY_TIMES * len(fingerprints):
            wanted = "AND experiment.fingerprint = ANY(CAST(:fingerprints AS text[]))"
            # As one text: an array of parameters is planned value by value.
            parameters["fingerprints"] = f"{{{','.join(fingerprints)}}}"
        # In three arrays rather than rows, which saves half of the time where there are 100,000.
        found, statuses, ids = connection.execute(text(statement.format(wanted=wanted)), parameters).one()
    # Of one fingerprint the last counts, which is the newest of the first status.
    words = map(KNOWN_STATUSES.__getitem__, statuses or ())
    return dict(zip(found or (), zip(words, ids or (), strict=True), strict=True))


def fetch_past(store: Store, experiment_ids: Sequence[int], objective: str | None) -> dict[int, Past]:
    """Experiments by their ids, with what a launch shows of them."""
    statement = text(
        """SELECT experiment.id, experiment.number, run.number, experiment.state, origin.code_digest,
            origin.data_digest, summary.last, run.created_by, coalesce(experiment.ended_at, experiment.created_at)
        FROM experiment JOIN run ON run.id = experiment.run_id
            LEFT JOIN experiment source ON source.id = experiment.reused_from
            JOIN run origin ON origin.id = coalesce(source.run_id, experiment.run_id)
            LEFT JOIN metric ON metric.project_id = experiment.project_id AND metric.name = :objective
            LEFT JOIN metric_summary summary
                ON summary.experiment_id = experiment.id AND summary.metric_id = metric.id
        WHERE experiment.id = ANY(:ids)"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"ids": list(experiment_ids), "objective": objective})
        return {row[0]: Past(*row) for row in rows}


def fetch_durations(store: Store, project_id: int) -> list[tuple[Settings, float]]:
    """Settings and seconds of the project's newest finished experiments that really ran."""
    statement = text(
        """SELECT settings, duration_s FROM experiment
        WHERE project_id = :project AND state = 'finished' AND reused_from IS NULL AND duration_s > 0
        ORDER BY number DESC LIMIT :most"""
    )
    with store.read() as connection:
        rows = connection.execute(statement, {"project": project_id, "most": MOST_DURATIONS})
        return [(settings, seconds) for settings, seconds in rows]


def fetch_outlines(
    store: Store, experiment_ids: Sequence[int], metric: str, points: int = 24
) -> dict[int, list[float]]:
    """The course of one metric in each experiment, in at most so many values, 2 or more: enough for a curve in a cell.

    The first and the last value are always among them; NaN and infinities come as they are.
    """
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
        WHERE place = size OR (place - 1) % ceil(size / CAST(:steps AS float8))::bigint = 0 GROUP BY id"""
    )
    parameters = {"ids": list(experiment_ids), "metric": metric, "steps": points - 1}
    with store.read() as connection:
        return {row[0]: list(row[1]) for row in connection.execute(statement, parameters)}
