"""Jupyter notebooks as training programs: the cell tagged `parameters` says what they can be given.

It is papermill's convention (https://papermill.readthedocs.io): the cell holds assignments, which another cell behind
it overrides.
"""

from __future__ import annotations

import ast
import json
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from analysis.hyperparameters import Hyperparameter, HyperparameterType

TAG = "parameters"
SUFFIX = ".ipynb"
_TYPES: Sequence[tuple[type, HyperparameterType]] = ((bool, "bool"), (int, "int"), (float, "float"), (str, "text"))
_NAMED: Mapping[str, HyperparameterType] = {"bool": "bool", "int": "int", "float": "float", "str": "text"}


class NotebookError(ValueError):
    """A notebook that cannot be read, or has no parameters; the message says what to do."""


def code_cells(content: bytes, name: str) -> list[tuple[str, Sequence[str]]]:
    """The source of each code cell with its tags. Raises NotebookError."""
    try:
        cells = json.loads(content)["cells"]
        return [
            ("".join(cell["source"]), tuple(cell.get("metadata", {}).get("tags", ())))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotebookError(f"{name} is no notebook of nbformat 4; open it in Jupyter, and save it again.") from None


def code_in(content: bytes, name: str) -> bytes:
    """What of a notebook is code, as one text: its results may be others each time that somebody looks at it.

    Lines for the shell and for IPython become comments.
    """
    lines = "\n\n".join(source for source, _ in code_cells(content, name)).splitlines()
    return "\n".join(f"# {line}" if line.lstrip().startswith(("%", "!")) else line for line in lines).encode()


def parameters_of(path: Path) -> tuple[Hyperparameter, ...]:
    """What the parameters cell of a notebook assigns; comments behind are help. Raises NotebookError, OSError."""
    cell = next((source for source, tags in code_cells(path.read_bytes(), path.name) if TAG in tags), None)
    if cell is None:
        raise NotebookError(
            f"{path.name} has no cell tagged “{TAG}”: tag the one that assigns the hyperparameters, in Jupyter under "
            "Property Inspector, Cell Tags."
        )
    try:
        statements = ast.parse(cell).body
    except SyntaxError as error:
        raise NotebookError(f"The parameters cell of {path.name} is no Python, in its line {error.lineno}.") from None
    except (RecursionError, MemoryError, ValueError):
        raise NotebookError(f"The parameters cell of {path.name} cannot be read; assign plain values there.") from None
    comments = _comments(cell)
    found = {each.name: each for statement in statements for each in _declared(statement, comments)}
    return tuple(found.values())


def _declared(statement: ast.stmt, comments: Mapping[int, str]) -> Iterator[Hyperparameter]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        names, value, annotation = [statement.target.id], statement.value, ast.unparse(statement.annotation)
    elif isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        value, annotation = statement.value, ""
    else:
        return
    try:
        default = None if value is None else ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        # What is computed from others is no parameter.
        return
    kind = _NAMED.get(annotation) or next((kind for each, kind in _TYPES if isinstance(default, each)), None)
    if default is not None and not isinstance(default, bool | int | float | str):
        return
    for name in names:
        yield Hyperparameter(name, f"--{name}", kind or "text", default, help=comments.get(statement.lineno, ""))


def _comments(cell: str) -> dict[int, str]:
    """The comment on each line that has one."""
    found: dict[int, Any] = {}
    try:
        for token in tokenize.generate_tokens(StringIO(cell).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string.lstrip("# ").strip()
    except tokenize.TokenError:
        pass
    return found
