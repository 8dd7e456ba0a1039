"""The note of an experiment as its page asks for it and writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from answers.person import person
from storage.experiments import find_experiment
from storage.notes import Note, NoteChanged, NoteError, delete_note, restore_note, save_note
from storage.projects import find_project
from storage.store import Store

Request = Mapping[str, Any]
# As far as PostgreSQL's integer goes; nobody changes a note that often.
MOST_VERSIONS = 2**31


def answer(store: Store, slug: str, number: int, request: Request) -> dict[str, Any] | None:
    """Do what `request` names in `do`; None where there is no such experiment or request.

    {"note"} is what there is now. With it {"changed": true} says that somebody else was faster, and nothing was
    written; {"error"} alone says what is wrong with the text.
    """
    act, version = _ACTIONS.get(str(request.get("do"))), request.get("version")
    project = find_project(store, slug)
    experiment = find_experiment(store, project.id, number) if project else None
    if experiment is None or act is None or not isinstance(version, int) or not 0 <= version < MOST_VERSIONS:
        return None
    try:
        return {"note": told(act(store, experiment.id, request, version))}
    except NoteChanged as changed:
        return {"note": told(changed.note), "changed": True}
    except NoteError as error:
        return {"error": str(error)}


def told(note: Note) -> dict[str, Any]:
    """A note as JSON has it."""
    return {"text": note.text, "version": note.version, "by": note.by, "at": note.at.isoformat() if note.at else None}


_ACTIONS: Mapping[str, Callable[[Store, int, Request, int], Note]] = {
    "save": lambda store, id_, request, version: save_note(store, id_, request.get("text"), version, person()),
    "delete": lambda store, id_, _request, version: delete_note(store, id_, version),
    "restore": lambda store, id_, _request, version: restore_note(store, id_, version),
}
