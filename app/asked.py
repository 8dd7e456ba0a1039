"""What an address names: the project or the run, or a sentence that it is not there."""

from __future__ import annotations

from app.limits import LARGEST_NUMBER
from storage.projects import find_project
from storage.records import Project, Run
from storage.runs import find_run
from storage.store import Store


class NotThere(Exception):
    """What was asked for does not exist; the message says what."""


def find_project_or_say(store: Store, slug: str) -> Project:
    """The project of a name. Raises NotThere."""
    project = find_project(store, slug)
    if project is None:
        raise NotThere("There is no project of this name.")
    return project


def find_run_or_say(store: Store, project: Project, number: int) -> Run:
    """The run of a number. Raises NotThere."""
    run = find_run(store, project.id, number) if number <= LARGEST_NUMBER else None
    if run is None:
        raise NotThere(f"The project {project.name} has no run {number}.")
    return run
