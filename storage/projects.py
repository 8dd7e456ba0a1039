"""Projects: the model-tuning tasks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import schema
from storage.records import Project
from storage.store import Store

_COLUMNS = [schema.project.c[name] for name in Project.__dataclass_fields__]


def slug_of(name: str) -> str:
    """Turn a name into what stands in an address: lower case letters, digits and single hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "project"


def _record(row: Row[Any]) -> Project:
    return Project(**row._mapping)


def register_project(
    store: Store,
    name: str,
    *,
    directory: str,
    command: Sequence[str],
    hyperparameters: Sequence[Mapping[str, Any]],
    objective: str | None = None,
    goal: str = "maximize",
    slug: str | None = None,
    code_digest: str | None = None,
    options_from: str | None = None,
    takes_more: bool = False,
) -> Project:
    """Create the project, or bring its script and hyperparameters up to date where the slug exists.

    An objective of None leaves what is there. code_digest: the code in which the hyperparameters were found.
    options_from: where they were read there, see the schema; takes_more: whether the program may take others, too.
    """
    values: dict[str, Any] = {
        "slug": slug or slug_of(name),
        "name": name,
        "directory": directory,
        "command": list(command),
        "hyperparameters": list(hyperparameters),
        "code_digest": code_digest,
        "options_from": options_from,
        "takes_more": takes_more,
    }
    if objective is not None:
        values |= {"objective": objective, "goal": goal}
    kept = {key: value for key, value in values.items() if key not in {"slug", "name"}}
    statement = upsert(schema.project).values(values)
    statement = statement.on_conflict_do_update(index_elements=["slug"], set_=kept)
    with store.begin() as connection:
        return _record(connection.execute(statement.returning(*_COLUMNS)).one())


def change_project(store: Store, project_id: int, **values: Any) -> Project:
    """Write down other values of some of a project's fields, by their names in `Project`; returns it as it is then."""
    table = schema.project
    statement = update(table).where(table.c.id == project_id).values(values).returning(*_COLUMNS)
    with store.begin() as connection:
        return _record(connection.execute(statement).one())


def find_project(store: Store, slug: str) -> Project | None:
    """Look a project up by its slug."""
    with store.begin() as connection:
        row = connection.execute(select(*_COLUMNS).where(schema.project.c.slug == slug)).one_or_none()
    return _record(row) if row else None


def fetch_project(store: Store, project_id: int) -> Project:
    """A project that is there."""
    with store.read() as connection:
        return _record(connection.execute(select(*_COLUMNS).where(schema.project.c.id == project_id)).one())


def fetch_projects(store: Store) -> list[Project]:
    """All projects, oldest first."""
    with store.begin() as connection:
        return [_record(row) for row in connection.execute(select(*_COLUMNS).order_by(schema.project.c.id))]


def keep_snapshot(store: Store, digest: str, archive: bytes, script: str) -> None:
    """Keep a project folder's snapshot; one that is there already is left alone."""
    statement = upsert(schema.snapshot).values(digest=digest, archive=archive, script=script)
    with store.begin() as connection:
        connection.execute(statement.on_conflict_do_nothing())


def fetch_snapshot(store: Store, digest: str) -> tuple[bytes, str] | None:
    """A snapshot's archive and the path of its script inside it."""
    with store.begin() as connection:
        row = connection.execute(
            select(schema.snapshot.c.archive, schema.snapshot.c.script).where(schema.snapshot.c.digest == digest)
        ).one_or_none()
    return (bytes(row.archive), row.script) if row else None


def metric_ids(store: Store, project_id: int, names: Sequence[str]) -> dict[str, int]:
    """The ids of metrics by name; unknown names are added."""
    table = schema.metric
    wanted = sorted(set(names))
    known = select(table.c.name, table.c.id).where(table.c.project_id == project_id, table.c.name.in_(wanted))
    with store.begin() as connection:
        found = {row.name: row.id for row in connection.execute(known)}
        missing = [{"project_id": project_id, "name": name} for name in wanted if name not in found]
        if missing:
            connection.execute(upsert(table).on_conflict_do_nothing(), missing)
            found = {row.name: row.id for row in connection.execute(known)}
    return found


def metric_names(store: Store, project_id: int) -> list[str]:
    """Every metric that any experiment of the project reported, in order of first appearance."""
    with store.begin() as connection:
        return list(
            connection.scalars(
                select(schema.metric.c.name)
                .where(schema.metric.c.project_id == project_id)
                .order_by(schema.metric.c.id)
            )
        )
