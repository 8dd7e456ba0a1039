"""`hypertuner files`: what experiments wrote, listed, printed, copied or removed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.table import Table

from analysis.own_files import OwnFile, path_of
from analysis.words import size
from app.settings import read_settings
from cli.errors import CommandError
from cli.named import project_named
from cli.options import DataDir
from cli.services import open_store
from cli.terminal import console, printable
from launch.removal import RemovalError, remove_files
from layouts.words import local_time
from sources.own_files import open_own_file, walk_own_files
from storage.experiments import find_experiment
from storage.files import KeptFiles, fetch_files, fetch_taken, is_here
from storage.records import Experiment, Project
from storage.store import Store


def files(  # noqa: PLR0917 - typer takes options as parameters
    project: Annotated[str, typer.Argument(help="The project's name.")],
    experiment: Annotated[
        int | None, typer.Argument(help="The experiment's number; without it, what those of the project take.")
    ] = None,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Files or folders, as they are listed.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="A folder that the files are copied to, all or those named.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove all files of the experiment.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="List them as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List what an experiment wrote; print one file, copy them with --to, or remove them with --remove."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = project_named(store, project)
        if experiment is None:
            _print_taken(store, found, as_json=as_json)
            return
        known = find_experiment(store, found.id, experiment)
        if known is None:
            raise CommandError(f"Project {found.slug} has no experiment {experiment}.")
        kept = fetch_files(store, known.id)
        if remove:
            _remove(store, known, kept)
        elif to is not None:
            _copy(_folder(kept, experiment), names or (), to)
        elif names:
            _print_contents(_folder(kept, experiment), names)
        else:
            _print_list(kept, experiment, as_json=as_json)


def _print_taken(store: Store, project: Project, *, as_json: bool) -> None:
    taken = fetch_taken(store, project.id)
    if as_json:
        rows = [(number, each.found) for number, _, each in taken]
        listed = [{"experiment": number, "files": each.count, "bytes": each.bytes} for number, each in rows]
        typer.echo(json.dumps(listed, indent=2))
        return
    if not taken:
        console.print(f"No experiment of [bold]{printable(project.slug)}[/] wrote a file of its own.", soft_wrap=True)
        return
    table = _table("experiment", "state", "files", "size", "where")
    for number, state, each in taken:
        place = each.folder if is_here(each) else f"{each.host}:{each.folder}"
        table.add_row(str(number), state, f"{each.found.count:,}", size(each.found.bytes), printable(place))
    console.print(table)
    console.print(f"Together they take {size(sum(each.found.disk_bytes for _, _, each in taken))}.")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in ("files", "size") else "left", overflow="fold")
    return table


def _print_list(kept: KeptFiles | None, number: int, *, as_json: bool) -> None:
    listed = kept.found.files if kept else ()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in listed], indent=2))
        return
    if kept is None or not kept.found.count:
        console.print(f"Experiment {number} wrote no file of its own.")
        return
    table = _table("name", "size", "written")
    for each in listed:
        when = local_time(datetime.fromtimestamp(each.modified, UTC))
        table.add_row(printable(each.name), size(each.bytes), when)
    console.print(table)
    if kept.found.count > len(listed):
        console.print(f"These are the newest {len(listed):,} of {kept.found.count:,}.")
    if kept.removed_at is not None:
        console.print("They were removed; this is what they were.")
    else:
        place = kept.folder if is_here(kept) else f"{kept.host}, in {kept.folder}"
        console.print(f"{size(kept.found.bytes)} in {printable(place)}", soft_wrap=True)


def _folder(kept: KeptFiles | None, number: int) -> Path:
    """Where the files lie on this machine. Raises CommandError."""
    if kept is None or not kept.found.count:
        raise CommandError(f"Experiment {number} wrote no file of its own.")
    if kept.removed_at is not None:
        raise CommandError(f"The files of experiment {number} were removed.")
    if not is_here(kept):
        raise CommandError(f"The files of experiment {number} lie on {kept.host}, in {kept.folder}; ask there.")
    return Path(kept.folder)


def _named(folder: Path, names: Sequence[str]) -> list[OwnFile]:
    """The files of these names, or all. Raises CommandError."""
    files = list(walk_own_files(folder))
    chosen = []
    for name in names:
        those = [file for file in files if file.name == name or file.name.startswith(name.rstrip("/") + "/")]
        if not those:
            raise CommandError(f"There is no file {name!r}; `hypertuner files` without a name lists them.")
        chosen += those
    return chosen if names else files


def _print_contents(folder: Path, names: Sequence[str]) -> None:
    for file in _named(folder, names):
        with _opened(folder, file) as content:
            shutil.copyfileobj(content, sys.stdout.buffer)
    sys.stdout.flush()


def _opened(folder: Path, file: OwnFile) -> IO[bytes]:
    try:
        return os.fdopen(open_own_file(folder, file.path), "rb")
    except OSError as error:
        raise CommandError(f"{file.name} cannot be read: {error.strerror}.") from None


def _copy(folder: Path, names: Sequence[str], to: Path) -> None:
    """Copy files below a folder, by names that lie in it. Raises CommandError."""
    chosen = _named(folder, names)
    try:
        for file in chosen:
            target = to / path_of(file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with _opened(folder, file) as content, target.open("xb") as copy:
                shutil.copyfileobj(content, copy)
    except FileExistsError as error:
        raise CommandError(f"{error.filename} is there already; name another folder, or remove it.") from None
    except OSError as error:
        raise CommandError(f"{error.filename or to} cannot be written: {error.strerror}.") from None
    console.print(f"{len(chosen):,} {'file' if len(chosen) == 1 else 'files'} copied to {printable(str(to))}")


def _remove(store: Store, experiment: Experiment, kept: KeptFiles | None) -> None:
    folder = _folder(kept, experiment.number)
    assert kept
    try:
        console.print(remove_files(store, experiment, kept, folder))
    except RemovalError as error:
        raise CommandError(str(error)) from None
