"""A command as a person types it: its program on this machine, what discovery finds of it, and what stands in brackets.

The shell and the page read it here before anything is started.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from analysis.command_line import (
    CommandLine,
    CommandLineError,
    as_typed,
    format_command_line,
    parse_command_line,
    words_of,
)
from analysis.hyperparameters import Hyperparameter
from analysis.program import Program, ProgramError, read_program
from sources.config_files import ConfigFileError, looked_up
from sources.discovery import Discovery, DiscoveryError, NoOptionsError, discover
from sources.discovery_kept import discovered
from sources.identity import code_of
from sources.program_files import program_file
from storage.projects import find_project, slug_of
from storage.records import Project
from storage.store import Store

PYTHON_NAMES = frozenset({"python", "python3"})


# In the data folder.
DISCOVERIES = "discoveries"


class TypedError(ValueError):
    """A command that cannot be launched; the message says why and what to write."""


@dataclass(frozen=True)
class Typed:
    """A command line that was read and found right, before anything is started."""

    line: CommandLine
    discovery: Discovery
    directory: Path
    # Of what discovery read.
    code_digest: str | None

    @property
    def hyperparameters(self) -> tuple[Hyperparameter, ...]:
        """What discovery found, and what else stands in brackets."""
        return (*self.discovery.hyperparameters, *self.line.found)

    @property
    def text(self) -> str:
        """The command line in its canonical form."""
        return format_command_line(
            as_typed(self.line.prefix, str(self.directory)), self.line.written, self.hyperparameters
        )

    def project(self, store: Store, name: str) -> Project:
        """The project of this name as a launch would leave it; nothing is written, and a new one has the id 0."""
        found = find_project(store, slug_of(name))
        read: dict[str, Any] = {
            "directory": str(self.directory),
            "command": self.line.prefix,
            "hyperparameters": [each.to_json() for each in self.hyperparameters],
            "options_from": self.discovery.source,
            "takes_more": self.discovery.takes_more,
            "code_digest": self.code_digest,
        }
        if found:
            return replace(found, **read)
        return Project(
            id=0,
            slug=slug_of(name),
            name=name,
            objective=None,
            goal="maximize",
            data_paths=[],
            shared_paths=[],
            in_place=False,
            has_hooks=True,
            patterns=[],
            locks={},
            created_at=datetime.now(UTC),
            **read,
        )


def resolve(program: Program, directory: Path) -> Program:
    """The command with the place on this machine of the Python that it names, started in a folder.

    Raises TypedError where that, or what the command begins with, is not there.
    """
    if program.script_at != 0:
        _place(program.words[0], directory)
    at = program.python_at
    if at is None:
        return program
    place = _place(program.words[at], directory)
    return replace(program, words=(*program.words[:at], place, *program.words[at + 1 :]))


def _place(word: str, directory: Path) -> str:
    """The program that a word names.

    A bare `python` is the activated environment's; where none is active, it is the Python that HyperTuner runs on.
    Raises TypedError.
    """
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if word in PYTHON_NAMES and not active:
        return sys.executable
    found = shutil.which(directory / word if "/" in word else word)
    if found is None:
        raise TypedError(f"There is no program {word!r}; begin with one, as in: python train.py ...")
    return os.path.abspath(found)


def read_typed(
    command_line: str | Sequence[str],
    directory: Path,
    kept: Path,
    check: Callable[[Program], None] = lambda _: None,
) -> Typed:
    """Read a command, as text or as a shell has split it: discover its hyperparameters, check every flag and value.

    kept: the folder in which discoveries are kept. check: refuses a program before it is started for discovery.

    Raises TypedError with a sentence about what is wrong, and what `check` raises.
    """
    try:
        items = words_of(command_line) if isinstance(command_line, str) else list(command_line)
    except CommandLineError as error:
        raise TypedError(error.message) from None
    if not items:
        raise TypedError("Nothing to run; begin with a command like: python train.py --lr [0.1,0.01].")
    if items[0].endswith((".py", ".ipynb")):
        items = ["python", *items]
    if any("\ud800" <= character <= "\udfff" for item in items for character in item):
        raise TypedError("The command holds bytes that are no text in UTF-8; write them in another way.")
    try:
        program = resolve(read_program(items), directory)
        check(program)
        command, file = program.words, program_file(program, directory)
        # Before discovery: what is edited while it reads is found to be other code afterwards.
        digest = code_of(file.path, file.root).digest if file and file.path.is_file() else None
        found = partial(discover, command, directory)
        discovery = _discovered(
            program, partial(discovered, kept, digest, command, directory, found) if digest else found
        )
        line = parse_command_line(command, discovery.hyperparameters, is_open=discovery.takes_more)
        line = replace(line, found=looked_up(line.found, line.words, directory))
    except TypedError:
        raise
    except (ConfigFileError, DiscoveryError, CommandLineError, ProgramError) as error:
        raise TypedError(str(error)) from None
    except OSError as error:
        raise TypedError(f"{error.filename} cannot be read: {error.strerror}.") from None
    except (RuntimeError, ValueError) as error:
        # A link that leads to itself, a name that no file can have, or launchers without an end.
        raise TypedError(f"This command cannot be read: {error}.") from error
    return Typed(line, discovery, directory, digest)


def _discovered(program: Program, discover: Callable[[], Discovery]) -> Discovery:
    """What the program can be given; where nothing is known of it, what a person puts into brackets."""
    try:
        return discover()
    except NoOptionsError as error:
        note = f"{error} What stands in brackets is tuned, and everything else is passed as it stands."
        return Discovery(program.name, (), "command", (note,), takes_more=True)
