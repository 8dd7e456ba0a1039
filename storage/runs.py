"""Runs: creating them with their experiments, reading them, and asking them to stop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from storage import schema
from storage.records import Project, Run, Settings, Value
from storage.store import Store

RUN_COLUMNS = [schema.run.c[name] for name in Run.__dataclass_fields__]


@dataclass(frozen=True)
class NewRun:
    """What a person launches: see the columns of `run` for the meaning of each field."""

    command_line: str
    candidates: Mapping[str, Sequence[Value]]
    hyperparameters: Sequence[Mapping[str, Any]]
    settings: Sequence[Settings]
    objective: str | None = None
    goal: str = "maximize"
    snapshot_digest: str | None = None
    cpus: float = 1
    gpus: float = 0
    concurrency: int | None = None
    time_limit_s: float | None = None
    retries: int = 0
    idempotency_key: str | None = None


def _record(row: Row[Any]) -> Run:
    return Run(**row._mapping)


def fingerprint(settings: Settings) -> str:
    """A digest of settings that does not depend on their order; equal settings have equal ones."""
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _next_number(connection: Connection, table: Any, project_id: int) -> int:
    largest = connection.scalar(select(func.max(table.c.number)).where(table.c.project_id == project_id))
    return int(largest or 0) + 1


def create_run(store: Store, project: Project, new: NewRun) -> Run:
    """Queue a run with all its experiments, and wake the dispatcher.

    The same idempotency key gives back the run that it made first.
    """
    with store.begin() as connection:
        # Numbers are gapless per project: one creator at a time.
        connection.execute(select(schema.project.c.id).where(schema.project.c.id == project.id).with_for_update())
        if new.idempotency_key:
            same = select(*RUN_COLUMNS).where(schema.run.c.idempotency_key == new.idempotency_key)
            if existing := connection.execute(same).one_or_none():
                return _record(existing)
        values = {name: getattr(new, name) for name in NewRun.__dataclass_fields__ if name != "settings"}
        values |= {
            "project_id": project.id,
            "number": _next_number(connection, schema.run, project.id),
            "command": list(project.command),
            "directory": project.directory,
            "candidates": {name: list(those) for name, those in new.candidates.items()},
            "hyperparameters": list(new.hyperparameters),
        }
        created = _record(connection.execute(insert(schema.run).values(values).returning(*RUN_COLUMNS)).one())
        first = _next_number(connection, schema.experiment, project.id)
        rows = [
            {
                "project_id": project.id,
                "run_id": created.id,
                "number": first + position,
                "settings": dict(settings),
                "fingerprint": fingerprint(settings),
            }
            for position, settings in enumerate(new.settings)
        ]
        if rows:
            connection.execute(insert(schema.experiment), rows)
        connection.execute(text(f"NOTIFY {schema.WORK_CHANNEL}"))
    return created


def find_run(store: Store, project_id: int, number: int) -> Run | None:
    """Look a run up by its number in its project."""
    table = schema.run
    statement = select(*RUN_COLUMNS).where(table.c.project_id == project_id, table.c.number == number)
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


def request_stop(store: Store, run_id: int, reason: str = "stopped by request") -> None:
    """Stop a run: queued experiments at once, running ones as soon as their owner reads the request."""
    experiment, run = schema.experiment.c, schema.run.c
    of_run = experiment.run_id == run_id
    with store.begin() as connection:
        connection.execute(
            update(schema.run)
            .where(run.id == run_id, run.state.in_(("queued", "running")))
            .values(request="stop", reason=reason)
        )
        connection.execute(
            update(schema.experiment)
            .where(of_run, experiment.state == "queued")
            .values(state="stopped", reason=reason, ended_at=func.now())
        )
        connection.execute(
            update(schema.experiment).where(of_run, experiment.state == "running").values(request="stop")
        )
        connection.execute(text(f"NOTIFY {schema.WORK_CHANNEL}"))
