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
    texts = texts_in(path)
    values = {name: text if name in texts else value_of(text) for name, text in pairs_of(words)}
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


def texts_in(path: str) -> set[str]:
    """The names to which the parameters cell assigns a text: `7` is one there, too."""
    with open(path, encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    found = set()
    for statement in ast.parse("".join("".join(cell["source"]) + "\n" for cell in cells)).body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            is_text = isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
            found |= {target.id for target in targets if is_text and isinstance(target, ast.Name)}
    return found


def value_of(text: str) -> Any:
    """What a text is in Python; itself where it is nothing else."""
    try:
        return ast.literal_eval(text)
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
