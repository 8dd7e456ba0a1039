"""What `hypertuner metrics` reads from a file."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli import main
from cli.errors import CommandError
from sources.output.whole import LONGEST_LINE
from storage.experiments import fetch_experiments
from storage.folders import prepare_data_dir
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import find_project, register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store


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


def test_a_pattern_is_tried_on_a_file(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text("pass 1 quality >> 0.5\npass 2 quality >> 0.6\n")
    found = values(run(str(log), "--json", "--pattern", "pass {epoch} quality >> {q}"))
    assert [(each["name"], each["value"], each["epoch"]) for each in found] == [("q", 0.5, 1), ("q", 0.6, 2)]
    assert "no hole" in str(run(str(log), "--pattern", "x").exception)
    assert "name it with --project" in str(run(str(log), "--pattern", "q {q}", "--accept").exception)
    assert "--project" in str(run().exception)


def test_a_project_is_taught_from_the_shell(
    store: Store, database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", database_url)
    prepare_data_dir(data_dir)
    project = register_project(store, "Odd", directory="/tmp", command=["python", "t.py"], hyperparameters=[])
    create_run(store, project, NewRun("python t.py", {}, [], [NewExperiment({})]))
    there = ("--project", "odd", "--data-dir", str(data_dir))
    assert "No experiment has ended yet" in str(run(*there).exception)
    claim_runs(store, "scheduler")
    claim = claim_experiment(store, Place("worker", socket.gethostname()))
    assert claim
    folder = data_dir / "spool" / f"{claim.experiment_id}-1"
    folder.mkdir(parents=True)
    (folder / "stdout").write_text("quality >> 0.5\nquality >> 0.75\n")
    finish_experiment(store, claim, Batch({}, {}), Ending("finished", 1.0, 0))
    said = run(*there).output
    assert "2 x" in said
    assert "quality >> 0.75" in said
    assert "2 of the 2 lines" in run(*there, "--pattern", "quality >> {q}").output
    assert find_project(store, "odd").patterns == []  # type: ignore[union-attr]
    done = run(*there, "--pattern", "quality >> {q}", "--accept").output
    assert "odd has 1 pattern; 1 past experiments have values by it" in " ".join(done.split()).replace("them", "it")
    (experiment,) = fetch_experiments(store, project.id)
    assert (experiment.metrics["q"].last, experiment.metrics["q"].count) == (0.75, 2)
    said = run(*there, "--pattern", "nothing {x} fits", "--accept")
    assert "fits no line of experiment 1" in " ".join(said.output.split())
    assert "no pattern 'other {y}'" in str(run(*there, "--pattern", "other {y}", "--forget").exception)
    assert "1 removed" in run(*there, "--pattern", "nothing {x} fits", "--forget").output
    assert find_project(store, "odd").patterns == ["quality >> {q}"]  # type: ignore[union-attr]
