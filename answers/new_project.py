"""Beginning a project on the page: looking for its script, what that can be given, and a trial or the launch dialog."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.command_line import quoted
from analysis.hyperparameters import Hyperparameter, text_of
from launch.allowed import AllowedFolders, NotAllowedError
from launch.beginning import begin, read_command, try_out
from launch.launch import Refusal
from launch.typed import DISCOVERIES, Typed, TypedError
from storage.projects import fetch_project, find_project, slug_of
from storage.runs import find_made
from storage.store import Store

MOST_SHOWN = 500
LONGEST_NAME = 60
MOST_LOOKED_AT = 200_000
SCRIPTS = frozenset({".py", ".sh", ".ipynb"})
# Where the Python of a project's own packages lies.
ENVIRONMENTS = (".venv/bin/python", "venv/bin/python", "env/bin/python")
# What a file has in it that is started, and not only imported.
STARTED = re.compile(
    rb"__main__|argparse|ArgumentParser|click|typer|absl|hydra|omegaconf|tyro|jsonargparse|simple_parsing"
)
NEVER_SHOWN = frozenset({"__pycache__", "node_modules"})

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Desk:
    """What the answers need: where things are stored, and from which folders projects may begin."""

    store: Store
    data_dir: Path
    allowed: AllowedFolders


def answer(desk: Desk, request: Request) -> dict[str, Any] | None:
    """Do what `request` names in `do`; None where there is no such request.

    What is wrong comes as {"error"}, and then nothing was changed.
    """
    act = _ACTIONS.get(str(request.get("do")))
    if act is None:
        return None
    try:
        return act(desk, request)
    except (NotAllowedError, TypedError) as error:
        return {"error": str(error)}


def _browse(desk: Desk, request: Request) -> dict[str, Any]:
    """The folders in a folder, and its scripts with the command that starts each."""
    folder = desk.allowed.read(str(request.get("folder") or ""))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name.lower())
    except OSError as error:
        raise NotAllowedError(f"{folder} cannot be read: {error.strerror}.") from None
    shown = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in NEVER_SHOWN]
    folders = [entry.name for entry in shown if _is_folder(entry)]
    scripts = [entry.name for entry in shown if Path(entry.name).suffix in SCRIPTS and not _is_folder(entry)]
    started = {name for name in scripts[:MOST_SHOWN] if _is_started(folder / name)}
    scripts.sort(key=lambda name: name not in started)
    python = _python_of(folder, desk.allowed)
    return {
        "folder": str(folder),
        "above": str(folder.parent) if desk.allowed.holds(folder.parent) else None,
        "folders": folders[:MOST_SHOWN],
        "scripts": [_script(name, python, name in started) for name in scripts[:MOST_SHOWN]],
        "more": max(0, len(folders) - MOST_SHOWN) + max(0, len(scripts) - MOST_SHOWN),
    }


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False


def _is_started(script: Path) -> bool:
    """Whether it looks like what a person starts."""
    if script.suffix != ".py":
        return True
    # Whoever opens a pipe waits for a writer.
    with suppress(OSError), os.fdopen(os.open(script, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        return is_file and STARTED.search(file.read(MOST_LOOKED_AT)) is not None
    return False


def _script(name: str, python: str, is_started: bool) -> dict[str, Any]:
    return {"name": name, "command": _command(name, python), "isStarted": is_started}


def _command(script: str, python: str) -> str:
    word = quoted(f"./{script}" if script.startswith("-") else script)
    return f"sh {word}" if script.endswith(".sh") else f"{python} {word}"


def _python_of(folder: Path, allowed: AllowedFolders) -> str:
    """The Python of the virtual environment in a folder or above it, as one types it there."""
    for place in (folder, *folder.parents):
        if not allowed.holds(place):
            break
        for name in ENVIRONMENTS:
            if os.access(place / name, os.X_OK):
                return os.path.relpath(place / name, folder)
    return "python"


def _look(desk: Desk, request: Request) -> dict[str, Any]:
    """What a command can be given."""
    typed = _typed(desk, request)
    return {
        "readFrom": typed.discovery.read_from,
        "notes": [*typed.discovery.notes, *_unknown(typed)],
        "python": typed.line.program.python,
        "hyperparameters": [_words(each) for each in typed.hyperparameters],
        "tuned": list(typed.line.written),
        "name": _free_name(desk.store, typed),
    }


def _unknown(typed: Typed) -> list[str]:
    """What is said of options that no parser declares."""
    unknown = [each.title for each in typed.line.found if not each.file]
    if not unknown or typed.discovery.source == "command":
        return []
    name = typed.line.program.name
    return [f"Whether {name} takes {', '.join(unknown)} is not known; it is passed as it stands."]


def _typed(desk: Desk, request: Request) -> Typed:
    folder = desk.allowed.read(str(request.get("folder") or ""))
    return read_command(desk.allowed, folder, str(request.get("command") or ""), desk.data_dir / DISCOVERIES)


def _words(hyperparameter: Hyperparameter) -> dict[str, Any]:
    default = hyperparameter.default
    return {
        "name": hyperparameter.title,
        "type": hyperparameter.type,
        "default": None if default is None else text_of(default),
        "isRequired": hyperparameter.is_required,
        "choices": [text_of(each) for each in hyperparameter.choices],
        "help": hyperparameter.help,
    }


def _free_name(store: Store, typed: Typed) -> str:
    """The folder's name; with that of the script, and then a number, where a project has it already."""
    return next(name for name in _names(typed) if find_project(store, slug_of(name)) is None)


def _names(typed: Typed) -> Iterator[str]:
    # A slug is cut, and the number must not be.
    folder = typed.directory.name[:LONGEST_NAME] or "project"
    yield folder
    name = f"{folder} {Path(typed.line.program.name).stem}"[:LONGEST_NAME]
    yield name
    yield from (f"{name} {number}" for number in itertools.count(2))


def _begin(desk: Desk, request: Request) -> dict[str, Any]:
    """Write the project down, with a trial where one is wanted; the address is where to go on."""
    key = str(request.get("key") or secrets.token_urlsafe(16))
    if made := find_made(desk.store, key):
        return _at(fetch_project(desk.store, made.project_id).slug, made.number)
    typed = _typed(desk, request)
    project = begin(desk.store, typed, str(request.get("name") or ""))
    if not request.get("isTrial"):
        return _at(project.slug)
    outcome = try_out(desk.store, project, typed, key)
    # The project is there, and its page is where to mend what is wrong.
    if isinstance(outcome, Refusal):
        return {"error": outcome.sentence, **_at(project.slug)}
    return _at(project.slug, outcome.run.number)


def _at(slug: str, run: int | None = None) -> dict[str, Any]:
    return {"address": f"/projects/{slug}" + (f"/runs/{run}" if run else "")}


_ACTIONS: dict[str, Callable[[Desk, Request], dict[str, Any]]] = {
    "browse": _browse,
    "look": _look,
    "begin": _begin,
}
