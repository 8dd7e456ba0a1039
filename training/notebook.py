"""Runs a notebook with values for its parameters cell, by the papermill of the user's environment.

Run as `python notebook.py NOTEBOOK --name value ...`. What the cells print comes out as they print it, and the notebook
with its results lies in the experiment's output folder. Any Python since 3.8.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    path, words = sys.argv[1], sys.argv[2:]
    # Ours is a folder from which nothing is imported.
    del sys.path[0]
    try:
        import papermill
    except ImportError:
        sys.exit(f"Notebooks are run by papermill; {sys.executable} does not have it: pip install papermill ipykernel")
    kinds = kinds_in(path)
    values = {name: value_of(text, kinds.get(name)) for name, text in pairs_of(words)}
    made = os.path.join(os.environ.get("HYPERTUNER_OUTPUT_DIR", "."), os.path.basename(path))
    try:
        papermill.execute_notebook(
            path, made, parameters=values, cwd=os.getcwd(), progress_bar=False, stdout_file=sys.stdout,
            stderr_file=sys.stderr, kernel_name=kernel_of(path),
            language="python",
        )  # fmt: skip
    except papermill.exceptions.PapermillExecutionError as error:
        sys.stderr.write("\n".join(error.traceback) + f"\n{error.ename}: {error.evalue}\n")
        sys.exit(1)


def pairs_of(words: list[str]) -> Iterator[tuple[str, str]]:
    """Each name with its text, from `--name value` and `--name=value`."""
    at = 0
    while at < len(words):
        name, equals, text = words[at].lstrip("-").partition("=")
        if not words[at].startswith("--") or (not equals and at + 1 == len(words)):
            sys.exit(f"A notebook takes --name value, and not {words[at]}")
        yield name, text if equals else words[at + 1]
        at += 1 if equals else 2


def kinds_in(path: str) -> dict[str, str]:
    """What the parameters cell assigns to each name, or says of it: a type's name."""
    with open(path, encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    found = {}
    for statement in ast.parse("".join("".join(cell["source"]) + "\n" for cell in cells)).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            annotation = statement.annotation
            found[statement.target.id] = annotation.id if isinstance(annotation, ast.Name) else ""
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            kind = type(statement.value.value).__name__
            found.update({target.id: kind for target in statement.targets if isinstance(target, ast.Name)})
    return found


def value_of(text: str, kind: str | None) -> Any:
    """A text as the cell means it: `7` is a text where that is one, and a float where that is one."""
    if kind == "str":
        return text
    try:
        return float(text) if kind == "float" else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def kernel_of(path: str) -> Any:
    """The notebook's own kernel where this environment has it; else the usual one, which every environment has."""
    from jupyter_client.kernelspec import KernelSpecManager
    from papermill.iorw import load_notebook_node

    name = load_notebook_node(path).metadata.get("kernelspec", {}).get("name")
    return name if name in KernelSpecManager().find_kernel_specs() else "python3"


if __name__ == "__main__":
    main()
