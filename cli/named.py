"""Projects and runs by the names that a person types."""

from __future__ import annotations

from cli.errors import CommandError
from storage.projects import fetch_projects, find_project, slug_of
from storage.records import Project, Run
from storage.runs import find_run
from storage.store import Store


def project_named(store: Store, name: str) -> Project:
    """The project of this name or slug.

    Raises CommandError with the names that there are.
    """
    project = find_project(store, name) or find_project(store, slug_of(name))
    if project is None:
        known = ", ".join(known.slug for known in fetch_projects(store)) or "none yet"
        raise CommandError(f"There is no project {name!r}; there are: {known}.")
    return project


def run_numbered(store: Store, project: Project, number: int) -> Run:
    """The project's run of this number. Raises CommandError."""
    found = find_run(store, project.id, number)
    if found is None:
        raise CommandError(f"Project {project.slug} has no run {number}.")
    return found
