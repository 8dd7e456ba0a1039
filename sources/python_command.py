"""Which Python a command uses, as far as that can be told without running it."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path, PurePath

from analysis.program import PYTHON, Program

# They decide in which environment a Python starts. Others, as mpirun, would start it several times.
ENVIRONMENTS = frozenset(
    {"env", "uv", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba"}
)
MOST_SHEBANG = 512


class PythonError(Exception):
    """A command whose Python cannot be told; the message says why and what to do."""


class NoPythonError(PythonError):
    """A program that is there, and of which nobody can tell that it is in Python."""


def python_command(program: Program, directory: Path) -> tuple[str, ...]:
    """The words that start the Python of a command's script or module, to be followed by a file.

    Raises PythonError where there is none on this machine.
    """
    if program.python_at is not None:
        return _within(program, program.python_at, interpreter(program.words[program.python_at], directory))
    if program.runner_at is not None:
        return (_shebang_of(_find(program.words[program.runner_at], directory)),)
    if program.script is not None and program.words[0] == program.script:
        return (_shebang_of(_find(program.script, directory)),)
    if program.is_python and PurePath(program.words[0]).name in ENVIRONMENTS and program.script_at is not None:
        return _within(program, program.script_at, "python")
    _find(program.words[0], directory)
    raise NoPythonError(f"{program.words[0]} is no Python interpreter, so nobody can tell what options there are.")


def interpreter(word: str, directory: Path) -> str:
    """Where the Python is that a command names. Raises PythonError where there is none."""
    found = _find(word, directory)
    if not PYTHON.fullmatch(PurePath(found).name):
        raise PythonError(f"{word} is no Python interpreter; begin the command with one, as in: python train.py.")
    return found


def _within(program: Program, at: int, python: str) -> tuple[str, ...]:
    is_environment = PurePath(program.words[0]).name in ENVIRONMENTS
    return (*(program.words[:at] if is_environment else ()), python)


def _find(word: str, directory: Path) -> str:
    found = shutil.which(str(directory / word) if os.sep in word else word)
    if found is None:
        raise PythonError(f"There is no program {word}; begin the command with a Python, as in: python train.py.")
    return os.path.abspath(found)


def _shebang_of(path: str) -> str:
    """The Python that the first line of a program names. Raises PythonError."""
    try:
        with Path(path).open("rb") as file:
            line = file.read(MOST_SHEBANG).partition(b"\n")[0].decode("utf-8", "replace")
    except OSError as error:
        raise PythonError(f"{path} cannot be read: {error.strerror}.") from None
    words = [word for word in shlex.split(line[2:]) if PurePath(word).name != "env"] if line.startswith("#!") else []
    found = shutil.which(words[0]) if words else None
    if found is None or not PYTHON.fullmatch(PurePath(found).name):
        raise NoPythonError(f"{PurePath(path).name} is no program in Python, so nobody can tell what options it has.")
    return found
