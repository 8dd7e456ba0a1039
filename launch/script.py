"""A project's script may have been edited since its options were read: they are read again before a launch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.hyperparameters import Value
from launch.code import code_file
from sources.discovery import DiscoveryError, discover
from sources.identity import code_of
from storage.projects import change_project
from storage.records import Project
from storage.store import Store


def refresh_hyperparameters(store: Store, project: Project) -> tuple[Project, str]:
    """Read the script's options anew where its code is another than at the last reading, and say what is different.

    A script that is not on this machine, or whose options cannot be read now, keeps those that are known.
    """
    file = code_file(project)
    if file is None or not file.path.is_file() or project.options_from == "command":
        return project, ""
    path = file.path
    try:
        # Before discovery: what is edited while it reads is read again the next time.
        digest = code_of(path, file.root).digest
        if digest == project.code_digest:
            return project, ""
        found = discover(list(project.command), Path(project.directory))
    except (DiscoveryError, OSError) as error:
        return project, f"The options of {path.name} are those of its last reading: {error}"
    declared = [each for each in project.hyperparameters if each.get("place") is None]
    before = {str(each["name"]): each.get("default") for each in declared}
    now = {each.name: each.default for each in found.hyperparameters}
    placed = [each for each in project.hyperparameters if each.get("place") is not None and found.takes_more]
    known = [*(each.to_json() for each in found.hyperparameters), *placed]
    refreshed = change_project(
        store, project.id, hyperparameters=known, code_digest=digest, options_from=found.source,
        takes_more=found.takes_more,
    )  # fmt: skip
    return refreshed, _difference(path.name, before, now)


def _difference(script: str, before: Mapping[str, Value], now: Mapping[str, Value]) -> str:
    """What options came, went, and have another default, in words; nothing where all are as they were."""
    changes = (
        ("gained", now.keys() - before.keys()),
        ("lost", before.keys() - now.keys()),
        ("another default for", {name for name in now.keys() & before.keys() if now[name] != before[name]}),
    )
    parts = [f"{word} {', '.join(sorted(names))}" for word, names in changes if names]
    return f"{script} has {' and '.join(parts)} since its options were last read." if parts else ""
