"""Notebooks: what their parameters cell says, and what of them is code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from launch.typed import TypedError, read_typed
from sources.discovery import DiscoveryError, discover
from sources.identity import code_of
from sources.notebook import NotebookError, code_in, parameters_of

PARAMETERS = """lr = 0.1  # the learning rate
epochs: int = 3
name = 'adam'
nested = {"a": 1}
flag = False
seed: int = None
computed = lr * 2
"""


def notebook(path: Path, *cells: tuple[str, list[str]], output: str = "") -> Path:
    made: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# A title"]},
        *(
            {
                "cell_type": "code", "execution_count": None, "metadata": {"tags": tags}, "outputs": [{"text": output}],
                "source": source.splitlines(keepends=True),
            }
            for source, tags in cells
        ),
    ]  # fmt: skip
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_the_parameters_cell_names_types_defaults_and_help(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", ("import helper\n!pip list", []), (PARAMETERS, ["parameters"]))
    found = [(each.name, each.flag, each.type, each.default, each.help) for each in parameters_of(path)]
    assert found == [
        ("lr", "--lr", "float", 0.1, "the learning rate"),
        ("epochs", "--epochs", "int", 3, ""),
        ("name", "--name", "text", "adam", ""),
        ("flag", "--flag", "bool", False, ""),
        ("seed", "--seed", "int", None, ""),
    ]


def test_what_it_printed_before_makes_it_no_other_code(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1")
    cells = ("import helper\n%matplotlib inline\n!ls", []), (PARAMETERS, ["parameters"])
    before = code_of(notebook(tmp_path / "n.ipynb", *cells))
    assert set(before.files) == {"n.ipynb", "helper.py"}
    assert code_of(notebook(tmp_path / "n.ipynb", *cells, output="many results")).digest == before.digest
    assert code_of(notebook(tmp_path / "n.ipynb", *cells, ("more = 1", []))).digest != before.digest


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([("lr = 0.1", [])], "no cell tagged “parameters”"),
        ([("lr = ", ["parameters"])], "is no Python, in its line 1"),
        ([("import x", ["parameters"])], "assigns nothing"),
    ],
)
def test_one_without_parameters_says_what_to_do(tmp_path: Path, cells: list[tuple[str, list[str]]], said: str) -> None:
    notebook(tmp_path / "n.ipynb", *cells)
    with pytest.raises(DiscoveryError, match=said):
        discover([sys.executable, "n.ipynb"], tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cells": [1]}', b'{"cells": null}', b"\xff"])
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(NotebookError, match=r"n\.ipynb is no notebook"):
        code_in(content, "n.ipynb")


def test_it_is_typed_as_a_script_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    notebook(tmp_path / "n.ipynb", (PARAMETERS, ["parameters"]))
    typed = read_typed(["n.ipynb", "--lr", "[0.1,0.01]", "--flag", "True"], tmp_path, tmp_path / "kept")
    assert typed.text == "python n.ipynb --lr [0.1,0.01] --flag True"
    assert typed.discovery.read_from == "n.ipynb's parameters cell"
    # The Python of these tests runs none.
    assert "pip install papermill ipykernel" in typed.discovery.notes[0]
    with pytest.raises(TypedError, match="--lrr is not an option"):
        read_typed(["n.ipynb", "--lrr", "1"], tmp_path, tmp_path / "kept")
