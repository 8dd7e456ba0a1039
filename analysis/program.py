"""What a command starts: the words of launchers and interpreters, the training program, and its own arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import PurePath

PYTHON = re.compile(r"(python|pypy)[\d.]*t?(\.exe)?", re.IGNORECASE)
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
# They start another program, which stands somewhere behind their own options.
LAUNCHERS = frozenset(
    {"env", "nice", "ionice", "nohup", "timeout", "time", "stdbuf", "taskset", "numactl", "srun", "mpirun", "mpiexec"}
    | {"uv", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba", "xvfb-run"}
)
# They start a Python script or module in their own interpreter.
PYTHON_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed", "horovodrun", "composer", "ipython", "coverage"})
LAUNCHING_MODULES = frozenset(
    {"torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch", "deepspeed.launcher.runner"}
    | {"coverage", "cProfile"}
)
# Options of Python that take a value of their own.
PYTHON_VALUES = ("-W", "-X", "--check-hash-based-pycs")
PYTHON_OPTION = re.compile(r"-[bBdEiIOPqRsSuvx]+|-[WX].*|--check-hash-based-pycs", re.DOTALL)
# A file that another interpreter than Python reads.
SCRIPT_SUFFIXES = frozenset({".sh", ".r", ".jl", ".js", ".mjs", ".ts", ".pl", ".rb", ".lua", ".m", ".ipynb"})
# `--name`, `--name=value` and `name=value`.
OPTION = re.compile(r"(?=--|[^-=]+=)(--)?(?P<name>[\w.-]+)(=(?P<value>.*))?", re.DOTALL | re.ASCII)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL | re.ASCII)


class ProgramError(ValueError):
    """A command that starts nothing that can be launched; `word` is the place among its words."""

    def __init__(self, message: str, word: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.word = word


@dataclass(frozen=True)
class Program:
    """A command taken apart. Words are counted from 0.

    begin: the first of the program's own arguments. script_at: its file. python_at: the interpreter, where the command
    names one. runner_at: a program that is itself in Python and starts the script, as torchrun. module: what `-m`
    names; module_at: its word, where it stands behind the `-m` of the interpreter itself. is_python: whether the file
    or module is Python's.
    """

    words: tuple[str, ...]
    begin: int
    script_at: int | None = None
    python_at: int | None = None
    runner_at: int | None = None
    module: str | None = None
    module_at: int | None = None
    is_python: bool = False

    @property
    def front(self) -> tuple[str, ...]:
        """What stands in front of its arguments."""
        return self.words[: self.begin]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What it is given, in front of its tuned options."""
        return self.words[self.begin :]

    @property
    def script(self) -> str | None:
        """Its file as it is typed; None for a module, and for a program without one."""
        return None if self.script_at is None else self.words[self.script_at]

    @property
    def python(self) -> str | None:
        """The interpreter's word, where the command names one."""
        return None if self.python_at is None else self.words[self.python_at]

    @cached_property
    def name(self) -> str:
        """What people call it."""
        return self.module or PurePath(self.script or self.words[self.begin - 1]).name

    @property
    def is_notebook(self) -> bool:
        """Whether a Python is to run a Jupyter notebook, for which it needs help."""
        return self.is_python and PurePath(self.script or "").suffix == ".ipynb"

    @property
    def can_move(self) -> bool:
        """Whether it can be started from a copy of its folder."""
        return self.is_python and (self.script_at is not None or self.module_at is not None)

    def with_module(self, runner: str, folder: str) -> tuple[str, ...]:
        """The words with a script that runs the module from a folder, in the place of `-m`."""
        assert self.module_at is not None
        changed = {self.module_at - 1: runner, self.module_at: f"{folder}/{self.module}"}
        return tuple(changed.get(at, word) for at, word in enumerate(self.words))

    def with_script(self, path: str) -> tuple[str, ...]:
        """The words with another file in the place of its script."""
        return tuple(path if at == self.script_at else word for at, word in enumerate(self.words))

    def with_arguments(self, arguments: Sequence[str]) -> Program:
        """The same program, given something else."""
        return replace(self, words=(*self.front, *arguments))


def read_program(words: Sequence[str]) -> Program:
    """Take a command apart, by its words alone.

    Raises ProgramError where they start no program.
    """
    if not words:
        raise ProgramError("There is no command here; write one like: python train.py --learning_rate [0.1,0.01].")
    return _Words(tuple(words)).program(0)


def program_of(command: Sequence[str]) -> Program:
    """The program of a command that was launched before, whatever it is."""
    try:
        return read_program(command)
    except ProgramError:
        return Program(tuple(command), min(1, len(command)))


def numbers_in(command: Sequence[str]) -> set[str]:
    """The names of the options to which a command gives a number, as in `--name=1`, `--name 1`, `name=1`."""
    arguments = program_of(command).arguments
    names = set()
    for word, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        option = OPTION.fullmatch(word)
        if option and NUMBER.fullmatch(following if option["value"] is None else option["value"]):
            names.add(option["name"])
    return names | {name.replace("-", "_") for name in names}


class _Words:
    """Goes through the words from one launcher to the next, until the program is found."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words

    def program(self, at: int) -> Program:
        word = self._words[at]
        name = PurePath(word).name
        if word.startswith("-"):
            raise ProgramError("A command begins with a program; write python in front.", at)
        if PYTHON.fullmatch(name):
            return self._python(at)
        if name.lower().endswith(".py"):
            if word == name and at == 0:
                raise ProgramError("A command begins with the interpreter; write python in front.")
            return Program(self._words, at + 1, script_at=at, is_python=True)
        if name in SHELLS:
            return self._shell(at)
        if name in PYTHON_LAUNCHERS:
            return replace(self._launched_python(at + 1, python_at=None), runner_at=at)
        if name in LAUNCHERS:
            return self._launched(at)
        return self._other(at)

    def _python(self, at: int) -> Program:
        python, at = at, at + 1
        while at < len(self._words) and (word := self._words[at]).startswith("-") and word != "-":
            if word == "-c":
                raise ProgramError("What is typed behind -c is no script; write it into a file, such as train.py.", at)
            if word == "-m" or word.startswith("-m"):
                module = word[2:] or next(iter(self._words[at + 1 : at + 2]), "")
                found = self._module(at if word[2:] else at + 1, module, python)
                is_itself = found.module == module and not word[2:]
                return replace(found, module_at=at + 1 if is_itself else None)
            if not PYTHON_OPTION.fullmatch(word):
                break
            at += 2 if word in PYTHON_VALUES else 1
        if at >= len(self._words) or self._words[at].startswith("-"):
            raise ProgramError(
                f"Behind {self._words[python]} comes the script; write {self._words[python]} train.py, and its options "
                "behind that.",
                at,
            )
        return Program(self._words, at + 1, script_at=at, python_at=python, is_python=True)

    def _module(self, at: int, module: str, python_at: int | None) -> Program:
        if not re.fullmatch(r"\w+(\.\w+)*", module):
            raise ProgramError("Behind -m comes the name of a module, as in: python -m package.train.", at)
        if module in LAUNCHING_MODULES:
            return self._launched_python(at + 1, python_at)
        return Program(self._words, at + 1, python_at=python_at, module=module, is_python=True)

    def _launched_python(self, at: int, python_at: int | None) -> Program:
        """The first file or module behind the options of a launcher of Python."""
        for place in range(at, len(self._words)):
            word = self._words[place]
            if word.lower().endswith(".py"):
                return Program(self._words, place + 1, script_at=place, python_at=python_at, is_python=True)
            if word in ("-m", "--module") and place + 1 < len(self._words):
                return self._module(place + 1, self._words[place + 1], python_at)
        raise ProgramError(
            f"{self._words[at - 1]} starts a Python script, and none stands behind it; write its file, such as "
            "train.py.",
            len(self._words),
        )

    def _launched(self, at: int) -> Program:
        """The program behind a launcher's options: the first word that is surely one, or else looks most like it."""
        rest = range(at + 1, len(self._words))
        for place in rest:
            name = PurePath(self._words[place]).name
            if self._words[place - 1] == "-m":
                return self._module(place, self._words[place], None)
            known = name in SHELLS or name in LAUNCHERS or name in PYTHON_LAUNCHERS or PYTHON.fullmatch(name)
            if known or name.lower().endswith(".py") or self._words[place].startswith(("./", "/")):
                return self.program(place)
        for place in rest:
            word = self._words[place]
            if not word.startswith("-") and word != "run" and not ASSIGNMENT.fullmatch(word):
                return self._other(place)
        raise ProgramError(f"{self._words[at]} starts another program, and none stands behind it.", len(self._words))

    def _shell(self, at: int) -> Program:
        for place in range(at + 1, len(self._words)):
            word = self._words[place]
            if re.fullmatch(r"-\w*c", word):
                raise ProgramError(
                    "What is typed behind -c is no script; write it into a file, such as train.sh.", place
                )
            if not word.startswith(("-", "+")):
                return Program(self._words, place + 1, script_at=place)
        raise ProgramError(f"Behind {self._words[at]} comes a script, such as train.sh.", len(self._words))

    def _other(self, at: int) -> Program:
        following = self._words[at + 1] if at + 1 < len(self._words) else ""
        if PurePath(following).suffix.lower() in SCRIPT_SUFFIXES:
            return Program(self._words, at + 2, script_at=at + 1)
        return Program(self._words, at + 1, script_at=at if "/" in self._words[at] else None)
