"""Runs: drafts, creating runs with their experiments, and reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from analysis.identity import fingerprint
from storage import schema
from storage.records import Project, Run, Settings
from storage.store import Store

RUN_COLUMNS = [schema.run.c[name] for name in Run.__dataclass_fields__]


@dataclass(frozen=True)
class NewExperiment:
    """One experiment to create. Without a fingerprint its settings alone identify it.

    reuse: the id of an experiment of the project whose results it takes over instead of running.
    """

    settings: Settings
    fingerprint: str = ""
    repeat: int = 0
    reuse: int | None = None


@dataclass(frozen=True)
class NewRun:
    """What a person launches: see the columns of `run` for the meaning of each field."""

    command_line: str
    candidates: Mapping[str, Any]
    hyperparameters: Sequence[Mapping[str, Any]]
    experiments: Sequence[NewExperiment]
    objective: str | None = None
    goal: str = "maximize"
    snapshot_digest: str | None = None
    revision_digest: str | None = None
    code_digest: str | None = None
    data_digest: str | None = None
    strategy: Mapping[str, Any] = field(default_factory=lambda: {"name": "grid"})
    metrics: Sequence[Mapping[str, str]] = ()
    created_by: str | None = None
    decisions: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[Mapping[str, Any]] = ()
    cpus: float = 1
    gpus: float = 0
    concurrency: int | None = None
    priority: int = 0
    weight: float = 1
    time_limit_s: float | None = None
    retries: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)
    has_terminal: bool = False
    shared_paths: Sequence[str] = ()
    in_place: bool = False
    has_hooks: bool = True
    is_trial: bool = False
    idempotency_key: str | None = None


class RunError(Exception):
    """A request that the run's state does not allow; the message says why."""


def _record(row: Row[Any]) -> Run:
    return Run(**row._mapping)


def _columns_of(new: NewRun, project: Project) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in NewRun.__dataclass_fields__ if name != "experiments"}
    return values | {
        "command": list(project.command),
        "directory": project.directory,
        "hyperparameters": list(new.hyperparameters),
        "metrics": list(new.metrics),
        "left_out": list(new.left_out),
        "strategy": dict(new.strategy),
        "decisions": dict(new.decisions),
        "environment": dict(new.environment),
    }


def _next_number(connection: Connection, table: Any, project_id: int) -> int:
    largest = connection.scalar(select(func.max(table.c.number)).where(table.c.project_id == project_id))
    return int(largest or 0) + 1


def lock_project(connection: Connection, project_id: int) -> None:
    """Make everybody else wait who creates runs or experiments in the project, as their numbers have no gaps."""
    # No key is to change, so rows that refer to the project, such as new metrics, need not wait.
    project = schema.project.c
    connection.execute(select(project.id).where(project.id == project_id).with_for_update(key_share=True))


def create_run(store: Store, project: Project, new: NewRun, *, is_draft: bool = False) -> Run:
    """Queue a run with all its experiments, and wake the dispatcher; a draft has none yet and waits for its start.

    The same idempotency key gives back the run that it made first.
    """
    with store.begin() as connection:
        lock_project(connection, project.id)
        if new.idempotency_key:
            same = select(*RUN_COLUMNS).where(schema.run.c.idempotency_key == new.idempotency_key)
            if existing := connection.execute(same).one_or_none():
                return _record(existing)
        values = _columns_of(new, project) | {
            "project_id": project.id,
            "number": _next_number(connection, schema.run, project.id),
            "state": "draft" if is_draft else "queued",
        }
        created = _record(connection.execute(insert(schema.run).values(values).returning(*RUN_COLUMNS)).one())
        if not is_draft:
            insert_experiments(connection, project.id, created.id, new.experiments)
            connection.execute(text(f"NOTIFY {schema.WORK_CHANNEL}"))
    return created


def change_draft(store: Store, project: Project, run_id: int, new: NewRun) -> Run:
    """Bring a draft up to date.

    Raises RunError where it is no draft any more.
    """
    with store.begin() as connection:
        return _write_draft(connection, project, run_id, new, state="draft")


def start_draft(store: Store, project: Project, run_id: int, new: NewRun) -> Run:
    """Queue a draft as `new` says; of two people who start it at once, one does.

    Raises RunError where it is no draft any more.
    """
    with store.begin() as connection:
        lock_project(connection, project.id)
        started = _write_draft(connection, project, run_id, new, state="queued")
        insert_experiments(connection, project.id, started.id, new.experiments)
        connection.execute(text(f"NOTIFY {schema.WORK_CHANNEL}"))
    return started


def _write_draft(connection: Connection, project: Project, run_id: int, new: NewRun, *, state: str) -> Run:
    run = schema.run.c
    values = _columns_of(new, project) | {"state": state}
    if state == "queued":
        values["created_at"] = func.now()
    statement = update(schema.run).where(run.id == run_id, run.state == "draft").values(values).returning(*RUN_COLUMNS)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise RunError("This draft was launched or discarded by somebody else in the meantime.")
    return _record(row)


def discard_draft(store: Store, run_id: int) -> None:
    """Delete a draft. Raises RunError where it is no draft any more."""
    with store.begin() as connection:
        run = schema.run.c
        gone = connection.execute(schema.run.delete().where(run.id == run_id, run.state == "draft"))
    if gone.rowcount == 0:
        raise RunError("This draft was launched or discarded by somebody else in the meantime.")


def insert_experiments(
    connection: Connection, project_id: int, run_id: int, experiments: Sequence[NewExperiment]
) -> list[int]:
    """Add experiments to a run, inside a transaction that holds the project's lock; returns their numbers.

    One that reuses another's results is finished at once, with the other's metric summaries for its own; where the
    other has not finished, there is nothing to reuse, and it runs.
    """
    first = _next_number(connection, schema.experiment, project_id)
    rows = [
        {
            "project_id": project_id,
            "run_id": run_id,
            "number": first + position,
            "settings": dict(new.settings),
            "fingerprint": new.fingerprint or fingerprint(new.settings),
            "repeat": new.repeat,
            "reused_from": new.reuse,
        }
        for position, new in enumerate(experiments)
    ]
    if rows:
        connection.execute(insert(schema.experiment), rows)
    if any(new.reuse for new in experiments):
        _take_over(connection, run_id)
    return list(range(first, first + len(rows)))


def _take_over(connection: Connection, run_id: int) -> None:
    """Finish what reuses results; curves, views and the log stay with the experiment that has them."""
    mine = {"run": run_id}
    connection.execute(
        text(
            """UPDATE experiment SET state = 'finished', reused_from = coalesce(source.reused_from, source.id),
                exit_code = source.exit_code, epoch = source.epoch, epochs = source.epochs, host = source.host,
                value_count = source.value_count, attempt = source.attempt, duration_s = source.duration_s,
                rejected_lines = source.rejected_lines, rejected_sample = source.rejected_sample,
                started_at = source.started_at, ended_at = source.ended_at
            FROM experiment source
            WHERE experiment.run_id = :run AND experiment.state = 'queued' AND source.id = experiment.reused_from
                AND source.state = 'finished'"""
        ),
        mine,
    )
    connection.execute(
        text(
            """UPDATE experiment SET reused_from = NULL
            WHERE run_id = :run AND state = 'queued' AND reused_from IS NOT NULL"""
        ),
        mine,
    )
    connection.execute(
        text(
            """INSERT INTO metric_summary (experiment_id, metric_id, attempt, count, last, minimum, maximum, source)
            SELECT experiment.id, metric_id, summary.attempt, count, last, minimum, maximum, source
            FROM experiment JOIN metric_summary summary ON summary.experiment_id = experiment.reused_from
            WHERE experiment.run_id = :run AND experiment.state = 'finished'
            ON CONFLICT DO NOTHING"""
        ),
        mine,
    )


def find_run(store: Store, project_id: int, number: int) -> Run | None:
    """Look a run up by its number in its project."""
    table = schema.run
    statement = select(*RUN_COLUMNS).where(table.c.project_id == project_id, table.c.number == number)
    with store.begin() as connection:
        row = connection.execute(statement).one_or_none()
    return _record(row) if row else None


def find_made(store: Store, key: str) -> Run | None:
    """The run that this idempotency key has made, if any."""
    statement = select(*RUN_COLUMNS).where(schema.run.c.idempotency_key == key)
    with store.begin() as connection:
        row = connection.execute(statement).one_or_none()
    return _record(row) if row else None


def fetch_run(store: Store, run_id: int) -> Run:
    """A run that is known to exist, as it is now."""
    with store.begin() as connection:
        return _record(connection.execute(select(*RUN_COLUMNS).where(schema.run.c.id == run_id)).one())


def find_latest_run(store: Store, project_id: int, *, code_digest: str | None = None) -> Run | None:
    """The project's newest launched run whose code is known, or is this one."""
    run = schema.run.c
    of_code = run.code_digest.is_not(None) if code_digest is None else run.code_digest == code_digest
    statement = (
        select(*RUN_COLUMNS)
        .where(run.project_id == project_id, run.state != "draft", of_code)
        .order_by(run.number.desc())
        .limit(1)
    )
    with store.begin() as connection:
        row = connection.execute(statement).one_or_none()
    return _record(row) if row else None


def fetch_runs(store: Store, project_id: int) -> list[Run]:
    """A project's runs, newest first."""
    table = schema.run
    statement = select(*RUN_COLUMNS).where(table.c.project_id == project_id).order_by(table.c.number.desc())
    with store.begin() as connection:
        return [_record(row) for row in connection.execute(statement)]


def count_states(store: Store, project_id: int) -> dict[int, dict[str, int]]:
    """How many experiments of each run are in each state: `{run id: {state: count}}`."""
    table = schema.experiment
    statement = (
        select(table.c.run_id, table.c.state, func.count().label("number"))
        .where(table.c.project_id == project_id)
        .group_by(table.c.run_id, table.c.state)
    )
    counts: dict[int, dict[str, int]] = {}
    with store.begin() as connection:
        for row in connection.execute(statement):
            counts.setdefault(row.run_id, {})[row.state] = row._mapping["number"]
    return counts


def fetch_secret_keys(store: Store) -> set[str]:
    """The keys of secrets that are still needed: by runs that are not over, and by each project's newest one."""
    statement = text(
        """SELECT DISTINCT environment ->> 'key' FROM run WHERE environment ->> 'key' IS NOT NULL
            AND (state <> ALL(:ended)
                OR number = (SELECT max(number) FROM run newest WHERE newest.project_id = run.project_id))"""
    )
    with store.read() as connection:
        return set(connection.scalars(statement, {"ended": list(schema.ENDED_STATES)}))
