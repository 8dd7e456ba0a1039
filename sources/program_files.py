"""Where the code of a command lies: the file of its script or module, and the folder from which that imports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.program import Program


@dataclass(frozen=True)
class ProgramFile:
    """The file with which a program begins. root: the folder that its own modules are found in."""

    path: Path
    root: Path


def program_file(program: Program, directory: Path) -> ProgramFile | None:
    """The file of a script or module, whether it is there or not; None for a program that brings none of its own.

    directory: where the command is launched.
    """
    if program.script is not None:
        path = directory / program.script
        # Python imports from beside the file that a link leads to.
        return ProgramFile(path, path.resolve().parent)
    if program.module is None:
        return None
    inside = directory.joinpath(*program.module.split("."))
    main, plain = inside / "__main__.py", inside.with_name(f"{inside.name}.py")
    if main.is_file() or plain.is_file():
        return ProgramFile(main if main.is_file() else plain, directory)
    # An installed package is no code of the project.
    return None
