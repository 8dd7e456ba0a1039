"""From which folders of this machine the page may begin projects: to begin one is to start what lies there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from analysis.program import PYTHON, PYTHON_OPTION, PYTHON_VALUES, SHELLS, Program
from launch.typed import TypedError
from sources.program_files import program_file

# They start a script that stands directly behind them.
INTERPRETERS = frozenset({"Rscript", "julia", "node", "ruby", "lua"})
# `uv run`, and what stands behind it is a script or a Python.
ENVIRONMENTS = frozenset({"uv", "poetry", "pipenv", "pdm", "pixi", "rye"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=.*", re.DOTALL)
# They decide what a program loads before it begins.
_LOADING = re.compile(r"PATH|BASH_ENV|ENV|IFS|(LD|DYLD|PYTHON|PERL|RUBY|NODE|LUA|JULIA|R)_?.*")
_SHELL_OPTION = re.compile(r"-[euxv]+")


class NotAllowedError(TypedError):
    """A folder or program that the page may not start from; the message says which it may."""


@dataclass(frozen=True)
class AllowedFolders:
    """Folders, with all that lies in them."""

    folders: Sequence[Path]

    def read(self, written: str) -> Path:
        """The folder that a person names, without links in it. Raises NotAllowedError."""
        if not self.folders:
            raise NotAllowedError(
                "Projects begin in the terminal here, by `hypertuner run`. Whoever hosts HyperTuner can allow folders "
                "for the page: HYPERTUNER_PROJECT_FOLDERS."
            )
        try:
            place = Path(self.folders[0], Path(written.strip()).expanduser()).resolve()
            is_folder = place.is_dir()
        except (OSError, ValueError, RuntimeError):
            raise NotAllowedError(f"{written} is no name of a folder.") from None
        if not self.holds(place):
            raise NotAllowedError(f"{place} is not in {self.words}, where projects may begin.")
        if not is_folder:
            raise NotAllowedError(f"There is no folder {place} on the machine of this page.")
        return place

    def check(self, program: Program, directory: Path) -> None:
        """Raise NotAllowedError for a program whose file lies elsewhere, that has none, or that others start."""
        file = program_file(program, directory)
        if file is None:
            raise NotAllowedError(
                f"{program.name} is no file of this folder. Begin with a script or module that lies in it, as in: "
                "python train.py, or python -m package.train."
            )
        if not self.holds(file.path.resolve()):
            raise NotAllowedError(f"{file.path} is not in {self.words}, where projects may begin.")
        if not file.path.is_file():
            raise NotAllowedError(f"There is no file {file.path} on the machine of this page.")
        if not starts_plainly(program):
            raise NotAllowedError(
                "The page begins projects with a script alone, with python, sh, torchrun, uv run, or env NAME=VALUE in "
                "front. Begin this one in the terminal: hypertuner run --project NAME -- COMMAND."
            )

    def holds(self, place: Path) -> bool:
        """Whether something without links in its path lies in one of them."""
        return any(place.is_relative_to(folder.resolve()) for folder in self.folders)

    @property
    def words(self) -> str:
        """Their names."""
        return " or ".join(map(str, self.folders))


def starts_plainly(program: Program) -> bool:
    """Whether nothing but the program's own file can be what a command starts, as far as its words say.

    Launchers can be told to start anything, so that only those are let through whose options are known.
    """
    words = list(program.front)
    while words and PurePath(words[0]).name == words[0] in ("env", "nohup"):
        is_env = words.pop(0) == "env"
        while is_env and words and (found := _ASSIGNMENT.fullmatch(words[0])):
            if _LOADING.fullmatch(found[1]):
                return False
            words.pop(0)
    if len(words) > 1 and words[0] in ENVIRONMENTS and words[1] == "run":
        del words[:2]
    if not words:
        return False
    first, rest = words[0], words[1:]
    if PYTHON.fullmatch(PurePath(first).name):
        return _is_python_front(rest, program)
    if first == "torchrun" or words[:2] == ["accelerate", "launch"]:
        return _is_launcher_front(rest if first == "torchrun" else rest[1:], program)
    if first in SHELLS:
        rest = [word for word in rest if not _SHELL_OPTION.fullmatch(word)]
        return rest == [program.script]
    return rest == [program.script] if first in INTERPRETERS else words == [program.script]


def _is_python_front(words: Sequence[str], program: Program) -> bool:
    """Options of Python, and then the script or module itself."""
    at = 0
    while at < len(words) and PYTHON_OPTION.fullmatch(words[at]):
        at += 2 if words[at] in PYTHON_VALUES else 1
    return list(words[at:]) in ([program.script], ["-m", program.module])


def _is_launcher_front(words: Sequence[str], program: Program) -> bool:
    """Options with values that are no paths, so that none of them lies elsewhere, and then the script or module."""
    end = 2 if program.module else 1
    own = ["-m", program.module] if program.module else [program.script]
    options = words[: len(words) - end]
    return list(words[len(words) - end :]) == own and not any(
        "/" in word or word.startswith("--no") or word in ("-m", "--module") for word in options
    )
