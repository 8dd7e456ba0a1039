"""`hypertuner files` on what an experiment left."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.errors import CommandError
from cli.files import files
from sources.own_files import Tree, keep_trees, list_own_files
from storage.files import KeptFiles, fetch_files, keep_files
from storage.folders import prepare_data_dir
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import register_project
from storage.records import Claim
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

Ask = Callable[..., Result]
APP = typer.Typer()
APP.command()(files)


@pytest.fixture
def claim(store: Store) -> Claim:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    create_run(store, project, NewRun("python train.py", {}, [], [NewExperiment({}), NewExperiment({})]))
    claim_runs(store, "dispatcher")
    found = claim_experiment(store, Place("worker", socket.gethostname()))
    assert found
    return found


@pytest.fixture
def folder(store: Store, claim: Claim, tmp_path: Path) -> Path:
    made = tmp_path / "files" / str(claim.experiment_id)
    (made / "0").mkdir(parents=True)
    (made / "0" / "log.txt").write_text("first\nsecond\n")
    (made / "0" / "model.pt").write_bytes(bytes(1_500_000))
    (made / "1").mkdir()
    (made / "1" / "beside").write_text("x")
    keep_trees(made, [Tree("0", "."), Tree("1", "../out")])
    kept = KeptFiles(socket.gethostname(), str(made), "overlay", None, list_own_files(made))
    keep_files(store, claim, kept)
    return made


@pytest.fixture
def ask(database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    prepare_data_dir(data_dir)

    def asked(*words: str) -> Result:
        return CliRunner().invoke(APP, [*words, "--data-dir", str(data_dir)])

    return asked


def refusal(result: Result) -> str:
    assert isinstance(result.exception, CommandError)
    return str(result.exception)


def test_files_are_listed_with_size_and_place(ask: Ask, folder: Path) -> None:
    shown = ask("digits", "1").output
    assert "log.txt" in shown
    assert "1.5 MB" in shown
    assert str(folder) in shown
    listed = json.loads(ask("digits", "1", "--json").output)
    assert [each["name"] for each in listed] == ["../out/beside", "log.txt", "model.pt"]


def test_a_project_is_told_by_what_its_experiments_take(ask: Ask, folder: Path) -> None:
    assert "Together they take 1.5 MB." in ask("digits").output
    assert json.loads(ask("digits", "--json").output) == [{"experiment": 1, "files": 3, "bytes": 1_500_014}]


def test_one_is_printed_and_all_are_copied(ask: Ask, folder: Path, tmp_path: Path) -> None:
    assert ask("digits", "1", "log.txt").stdout == "first\nsecond\n"
    assert ask("digits", "1", "../out").stdout == "x"
    to = tmp_path / "to"
    assert "3 files copied" in ask("digits", "1", "--to", str(to)).output
    assert sorted(path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()) == [
        "log.txt", "model.pt", "up/out/beside"
    ]  # fmt: skip
    # Nothing of a person's is overwritten.
    assert "is there already" in refusal(ask("digits", "1", "log.txt", "--to", str(to)))


def test_what_cannot_be_is_said(ask: Ask, folder: Path) -> None:
    assert "no file 'none'" in refusal(ask("digits", "1", "none"))
    assert "no experiment 9" in refusal(ask("digits", "9"))
    assert "wrote no file" in ask("digits", "2").output
    assert "wrote no file" in refusal(ask("digits", "2", "--to", "/nowhere"))


def test_files_are_removed_when_the_experiment_has_ended(ask: Ask, store: Store, claim: Claim, folder: Path) -> None:
    assert "is running" in refusal(ask("digits", "1", "--remove"))
    finish_experiment(store, claim, Batch({}, {}), Ending("finished", 1.0, 0))
    assert "1.5 MB of experiment 1 removed" in ask("digits", "1", "--remove").output
    assert not folder.exists()
    kept = fetch_files(store, claim.experiment_id)
    assert kept
    assert (kept.removed_at is not None, kept.found.disk_bytes, kept.found.count) == (True, 0, 3)
    assert "were removed" in ask("digits", "1").output
    assert "were removed" in refusal(ask("digits", "1", "log.txt"))
    assert "No experiment" in ask("digits").output
