"""The project whose launch the dialog is about: its hyperparameters, its command, and the command that is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.command_line import CommandLine, CommandLineError, as_typed, parse_command_line
from analysis.hyperparameters import Hyperparameter
from analysis.masks import MASK, masked_words, unmasked_command
from analysis.program import program_of
from sources.config_files import ConfigFileError, looked_up
from storage.projects import find_project
from storage.records import Project
from storage.store import Store

Context = Mapping[str, Any]


def project_of(store: Store, context: Context | None) -> Project | None:
    """The project that the dialog was opened for, while it is open."""
    return find_project(store, str(context["slug"])) if context else None


def hyperparameters_of(project: Project) -> list[Hyperparameter]:
    """What discovery found in the project's script."""
    return [Hyperparameter.from_json(each) for each in project.hyperparameters]


def hyperparameters_in(project: Project, line: CommandLine) -> list[Hyperparameter]:
    """What discovery found, and what else has stood or stands in brackets."""
    known = {each.name: each for each in (*hyperparameters_of(project), *line.found)}
    return list(known.values())


def prefix_of(project: Project) -> tuple[str, ...]:
    """What stands in front of the options, as a person would type it, and without its secrets."""
    return masked_words(as_typed(project.command, project.directory))


def whole_command(project: Project, command: str | None) -> str:
    """The command with the secrets that the dialog does not show."""
    return unmasked_command(command or "", as_typed(project.command, project.directory))


def read_command(project: Project, command: str | None) -> CommandLine:
    """Read the command that the dialog shows: of the project's own script, with whatever follows it.

    Raises CommandLineError.
    """
    typed, command = command or "", whole_command(project, command)
    try:
        return _read_whole(project, command)
    except CommandLineError as error:
        # Places in what is not shown say nothing.
        raise CommandLineError(error.message, error.column if command == typed else 0) from None


def _read_whole(project: Project, command: str) -> CommandLine:
    if MASK in command:
        said = f"What {MASK} stands for is not known here; write the value itself."
        raise CommandLineError(said, command.index(MASK))
    read = parse_command_line(command, hyperparameters_of(project), is_open=project.takes_more)
    own = program_of(as_typed(project.command, project.directory)).front
    # `python3 train.py` is what the shell takes for the same.
    if program_of(as_typed(read.prefix, project.directory)).front != own:
        shown = " ".join(masked_words(own))
        raise CommandLineError(
            f"This project launches {shown}; start another one in the terminal with `hypertuner run`."
        )
    found: list[Hyperparameter] = []
    for each in read.found:
        try:
            found += looked_up([each], read.words, Path(project.directory))
        except ConfigFileError as error:
            raise CommandLineError(str(error), max(0, command.find(each.flag))) from None
    prefix = program_of(project.command).with_arguments(read.program.arguments).words
    return replace(read, prefix=prefix, found=tuple(found))
