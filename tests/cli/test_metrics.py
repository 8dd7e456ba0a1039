"""What `hypertuner metrics` reads from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli import main
from cli.errors import CommandError
from cli.metrics import LONGEST_LINE


def run(*words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main.app, ["metrics", *words], input=given)


def values(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_every_value_is_one_line_of_json_with_its_place(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_bytes(b"lr: 0.1\nEpoch 1/2 step 5\r\nloss: 0.5 acc: 50%\rloss: nan\n\xff\xfe\nepoch,val\n2,0.25\nloss: 3")
    assert values(run(str(log), "--json", "--option", "lr")) == [
        {"name": "loss", "value": 0.5, "epoch": 1, "step": 5, "line": 3},
        {"name": "acc", "value": 50, "epoch": 1, "step": 5, "line": 3},
        {"name": "loss", "value": None, "special": "nan", "epoch": 1, "step": 5, "line": 3},
        {"name": "val", "value": 0.25, "epoch": 2, "step": None, "line": 6},
        {"name": "loss", "value": 3, "epoch": 2, "step": None, "line": 7},
    ]


def test_a_line_that_is_too_long_costs_only_itself(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_bytes(b"x" * LONGEST_LINE + b" loss: 1\nloss: 2\n")
    assert [(each["value"], each["line"]) for each in values(run(str(log), "--json"))] == [(2, 2)]


def test_standard_input_is_read(tmp_path: Path) -> None:
    assert [each["name"] for each in values(run("-", "--json", given=b"loss: 1\n"))] == ["loss"]


def test_a_table_says_it_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "train.log"
    log.write_text("Epoch 1\nloss: 0.5\nEpoch 2\nloss: 0.25\n")
    said = run(str(log)).output
    assert all(word in said for word in ("loss", "0.5", "0.25", "epoch 2"))
    log.write_text("hello\n")
    assert "No metric was found" in run(str(log)).output


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = run(str(tmp_path / "none.log")).exception
    assert isinstance(error, CommandError)
    assert str(error) == f"{tmp_path / 'none.log'} cannot be read: No such file or directory."
