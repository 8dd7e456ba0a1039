"""What surrounds an experiment: the revision of its code, the machines that its run was on, and its attempts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import schema
from storage.store import Store


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt of an experiment; `ending` is None while it goes on."""

    attempt: int
    host: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    exit_code: int | None
    ending: str | None
    reason: str | None
    epoch: float | None
    value_count: int | None


# --- the code -----------------------------------------------------------------------------------------------------


def keep_revision(store: Store, facts: Mapping[str, Any], diff: str) -> str:
    """Keep what git said of a folder, its diff apart; returns the digest by which a run names it."""
    written = json.dumps([dict(facts), diff], sort_keys=True)
    digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
    statement = upsert(schema.revision).values(digest=digest, facts=dict(facts), diff=diff)
    with store.begin() as connection:
        connection.execute(statement.on_conflict_do_nothing())
    return digest


def fetch_revision(store: Store, digest: str) -> dict[str, Any] | None:
    """Everything that is kept of a revision but its diff."""
    with store.read() as connection:
        return connection.scalar(select(schema.revision.c.facts).where(schema.revision.c.digest == digest))


def fetch_diff(store: Store, digest: str) -> str | None:
    """What was different from a revision's commit; an empty text where nothing was."""
    with store.read() as connection:
        return connection.scalar(select(schema.revision.c.diff).where(schema.revision.c.digest == digest))


# --- where it ran -------------------------------------------------------------------------------------------------


def wants_environment(store: Store, run_id: int, host: str) -> bool:
    """Whether a run's environment on a host is still to be looked at; whoever is told so does it, and nobody else."""
    statement = upsert(schema.environment).values(run_id=run_id, host=host).on_conflict_do_nothing()
    with store.begin() as connection:
        return connection.execute(statement).rowcount == 1


def keep_environment(store: Store, run_id: int, host: str, facts: Mapping[str, Any]) -> None:
    """Keep what was found, and tell the pages of the experiments that run there."""
    statement = text(
        """WITH kept AS (UPDATE environment SET facts = CAST(:facts AS jsonb) WHERE run_id = :run AND host = :host)
        UPDATE experiment SET state = state WHERE run_id = :run AND host = :host AND state = 'running'"""
    )
    with store.begin() as connection:
        connection.execute(statement, {"run": run_id, "host": host, "facts": json.dumps(dict(facts))})


_ENVIRONMENT = """SELECT {what} FROM experiment
        JOIN experiment source ON source.id = coalesce(experiment.reused_from, experiment.id)
        JOIN environment ON environment.run_id = source.run_id AND environment.host = source.host
    WHERE experiment.id = :id"""


def fetch_environment(store: Store, experiment_id: int) -> dict[str, Any] | None:
    """Machine, interpreter and packages of an experiment, or of the one that it reuses; None where nothing is known."""
    with store.read() as connection:
        found: dict[str, Any] | None = connection.scalar(text(_ENVIRONMENT.format(what="facts")), {"id": experiment_id})
    return found


def run_that_ran(store: Store, experiment_id: int) -> int:
    """The id of the run that an experiment ran in, or of that of the one that it reuses."""
    statement = text(
        """SELECT source.run_id FROM experiment
            JOIN experiment source ON source.id = coalesce(experiment.reused_from, experiment.id)
        WHERE experiment.id = :id"""
    )
    with store.read() as connection:
        return int(connection.execute(statement, {"id": experiment_id}).scalar_one())


def knows_environment(store: Store, experiment_id: int) -> bool:
    """Whether there is one, without reading all of it."""
    with store.read() as connection:
        return bool(connection.scalar(text(_ENVIRONMENT.format(what="facts IS NOT NULL")), {"id": experiment_id}))


def fetch_attempts(store: Store, experiment_id: int) -> Sequence[AttemptRecord]:
    """Every attempt of an experiment, or of the one that it reuses, in order."""
    columns = ", ".join(f"attempt.{name}" for name in AttemptRecord.__dataclass_fields__)
    statement = text(
        f"""SELECT {columns} FROM experiment
            JOIN attempt ON attempt.experiment_id = coalesce(experiment.reused_from, experiment.id)
        WHERE experiment.id = :id ORDER BY attempt.attempt"""
    )
    with store.read() as connection:
        return [AttemptRecord(*row) for row in connection.execute(statement, {"id": experiment_id})]
