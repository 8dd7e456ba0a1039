"""The code and data that a launch would run with now, and what changed since earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.program import program_of
from sources.git import read_revision
from sources.identity import DataError, code_of, data_digest, differences
from sources.program_files import ProgramFile, program_file
from sources.snapshot import SnapshotError, snapshot_files, take_snapshot
from storage.configuration import keep_revision
from storage.projects import fetch_snapshot, keep_snapshot
from storage.records import Project, Run
from storage.runs import find_latest_run
from storage.store import Store


class CodeError(Exception):
    """Code or data that cannot be launched; the message says why and what to do."""


@dataclass(frozen=True)
class CodeState:
    """What identifies code and data; `is_here`: whether the script lies on this machine, or only in snapshots."""

    code_digest: str | None
    data_digest: str | None
    is_here: bool
    # Why data cannot be looked at now.
    problem: str = ""


def code_file(project: Project) -> ProgramFile | None:
    """Where the project's code should begin; None where its command starts a program that is none of its own."""
    return program_file(program_of(project.command), Path(project.directory))


def code_state(store: Store, project: Project, data_paths: Sequence[str] | None = None) -> CodeState:
    """Look at the script and the declared data; where they are on another machine, at what ran last."""
    file = code_file(project)
    if file and not file.path.is_file():
        newest = find_latest_run(store, project.id)
        return CodeState(newest.code_digest, newest.data_digest, False) if newest else CodeState(None, None, False)
    try:
        digest = code_of(file.path, file.root).digest if file else None
    except OSError as error:
        return CodeState(None, None, True, f"{error.filename} cannot be read: {error.strerror}.")
    try:
        data = data_digest(project.data_paths if data_paths is None else data_paths, Path(project.directory))
    except DataError as error:
        return CodeState(digest, None, True, str(error))
    return CodeState(digest, data, True)


@dataclass(frozen=True)
class Frozen:
    """Code that cannot change any more under a run. Without a snapshot it runs from where it is, as the note says.

    revision_digest: what git says of it.
    """

    code_digest: str | None
    snapshot_digest: str | None
    note: str = ""
    revision_digest: str | None = None


def freeze_code(store: Store, project: Project, seen: CodeState) -> Frozen:
    """Keep a snapshot of the script's folder, for a run that is about to be made.

    seen: the code that a person looked at before. Raises CodeError where the script is another one by now.
    """
    program, file = program_of(project.command), code_file(project)
    if file is None:
        return Frozen(None, None, f"{program.name} is no file of this project, so its code is not kept with the run.")
    path = file.path
    if not path.is_file():
        newest = find_latest_run(store, project.id, code_digest=seen.code_digest)
        if newest is None:
            raise CodeError(f"The script {path} is not on this machine, and no run has kept it.")
        return Frozen(newest.code_digest, newest.snapshot_digest, revision_digest=newest.revision_digest)
    _check_unedited(file, seen)
    revision = read_revision(path.resolve().parent)
    if not program.can_move:
        kept = keep_revision(store, revision.facts(), revision.diff)
        return Frozen(seen.code_digest, None, f"{program.name} runs from where it is: leave it alone until then.", kept)
    try:
        snapshot = take_snapshot(path, file.root)
    except SnapshotError as error:
        kept = keep_revision(store, revision.facts(), revision.diff)
        return Frozen(seen.code_digest, None, f"{error} So the script runs from where it is.", kept)
    # Once more, as it may have been saved while it was read.
    _check_unedited(file, seen)
    keep_snapshot(store, snapshot.digest, snapshot.archive, snapshot.script)
    kept = keep_revision(store, revision.facts(), revision.diff)
    return Frozen(seen.code_digest, snapshot.digest, revision_digest=kept)


def _check_unedited(file: ProgramFile, seen: CodeState) -> None:
    try:
        digest = code_of(file.path, file.root).digest
    except OSError as error:
        raise CodeError(f"{error.filename} cannot be read: {error.strerror}.") from None
    if not seen.is_here or digest != seen.code_digest:
        raise CodeError(
            f"{file.path.name} was edited in the meantime; look at the preview once more, and launch again."
        )


def code_difference(store: Store, project: Project, run: Run) -> list[str]:
    """Lines of a diff from the code of an earlier run to the script's of now.

    Raises CodeError where one of them is not to be had.
    """
    file = code_file(project)
    if file is None or not file.path.is_file():
        name = file.path if file else program_of(project.command).name
        raise CodeError(f"The script {name} is not on this machine, so there is nothing to compare with.")
    found = fetch_snapshot(store, run.snapshot_digest) if run.snapshot_digest else None
    if found is None or run.snapshot_digest is None:
        raise CodeError(f"Run {run.number} kept no snapshot of its code.")
    now = code_of(file.path, file.root).files
    return differences(_of_code(snapshot_files(found[0], run.snapshot_digest), now), now)


def _of_code(files: Mapping[str, bytes], now: Mapping[str, bytes]) -> dict[str, bytes]:
    # A snapshot holds the whole folder; only what the script imports now can be the reason for another result.
    return {name: content for name, content in files.items() if name in now}
