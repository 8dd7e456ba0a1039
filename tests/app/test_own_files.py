"""The addresses of files that experiments wrote."""

from __future__ import annotations

import io
import os
import socket
import zipfile
from pathlib import Path

import pytest

from analysis.own_files import OwnFile, OwnFiles
from app import own_files
from app.settings import Settings
from sources.own_files import Tree, keep_trees, list_own_files
from storage.files import KeptFiles, fetch_files, keep_files, mark_removed
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import register_project
from storage.records import Claim
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser

FILES = "/files/digits/experiments/1"


@pytest.fixture
def claim(store: Store) -> Claim:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    create_run(store, project, NewRun("python train.py", {}, [], [NewExperiment({}), NewExperiment({})]))
    claim_runs(store, "dispatcher")
    found = claim_experiment(store, Place("worker", socket.gethostname()))
    assert found
    return found


@pytest.fixture
def folder(settings: Settings, store: Store, claim: Claim) -> Path:
    made = settings.data_dir / "files" / str(claim.experiment_id)
    (made / "0" / "written" / "plots").mkdir(parents=True)
    (made / "output").mkdir()
    (made / "0" / "written" / "plots" / "a b.png").write_bytes(b"picture")
    (made / "0" / "written" / "page.html").write_text("<script>alert(1)</script>")
    (made / "0" / "written" / "größe.txt").write_text("12")
    (made / "output" / "best").write_bytes(os.urandom(2_500_000))
    keep_trees(made, [Tree("0/written", "."), Tree("output", "$HYPERTUNER_OUTPUT_DIR")])
    keep(store, claim, made)
    return made


def keep(store: Store, claim: Claim, folder: Path, *, host: str | None = None) -> None:
    kept = KeptFiles(host or socket.gethostname(), str(folder), "overlay", None, list_own_files(folder))
    keep_files(store, claim, kept)


def test_a_file_is_an_attachment_with_its_bytes(browser: Browser, folder: Path) -> None:
    answer = browser.get(f"{FILES}/0/written/plots/a%20b.png")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"picture", "image/png")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.png"
    assert browser.get(f"{FILES}/output/best").data == (folder / "output" / "best").read_bytes()
    named = browser.get(f"{FILES}/0/written/größe.txt")
    assert named.headers["Content-Disposition"].endswith("gr%C3%B6%C3%9Fe.txt")


def test_no_page_of_a_script_runs_as_ours(browser: Browser, folder: Path) -> None:
    answer = browser.get(f"{FILES}/0/written/page.html")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_archive_holds_them_all(browser: Browser, folder: Path) -> None:
    answer = browser.get(f"{FILES}.zip")
    assert answer.headers["Content-Disposition"].endswith("digits-experiment-1-files.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["HYPERTUNER_OUTPUT_DIR/best", "größe.txt", "page.html", "plots/a b.png"]
        assert archive.read("HYPERTUNER_OUTPUT_DIR/best") == (folder / "output" / "best").read_bytes()


def test_an_archive_that_is_too_large_says_what_to_do(
    browser: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_files, "MOST_ARCHIVED_BYTES", 1_000_000)
    answer = browser.get(f"{FILES}.zip")
    assert answer.status_code == 413
    assert "hypertuner files digits 1 --to FOLDER" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        f"{FILES}/0/written/none", f"{FILES}/..%2f..%2fsecrets/session_key", f"{FILES}/0/written", f"{FILES}/a%00b",
        "/files/digits/experiments/2/0/written/page.html", "/files/digits/experiments/2.zip",
        "/files/digits/experiments/99999999999.zip", "/files/none/experiments/1.zip",
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_and_nothing_else_is_told(browser: Browser, folder: Path, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_strangers_get_nothing(stranger: Browser, folder: Path) -> None:
    for address in (f"{FILES}.zip", f"{FILES}/0/written/page.html"):
        assert stranger.get(address).status_code in {302, 303, 401, 403}


def test_a_folder_that_the_database_names_is_looked_for_in_ours_alone(
    browser: Browser, store: Store, claim: Claim, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x")
    kept = KeptFiles(socket.gethostname(), str(tmp_path), "overlay", None, OwnFiles((OwnFile("a", "secret", 1, 0),), 1))
    keep_files(store, claim, kept)
    assert browser.get(f"{FILES}/secret").status_code == 404


def test_files_on_another_machine_and_removed_ones_are_not_here(
    browser: Browser, store: Store, claim: Claim, folder: Path
) -> None:
    mark_removed(store, claim.experiment_id)
    assert browser.get(f"{FILES}.zip").status_code == 404
    keep(store, claim, folder)
    assert browser.get(f"{FILES}.zip").status_code == 200
    keep(store, claim, folder, host="elsewhere")
    assert browser.get(f"{FILES}.zip").status_code == 404


def test_files_of_an_ended_experiment_can_be_removed(
    browser: Browser, store: Store, claim: Claim, folder: Path
) -> None:
    assert "running" in browser.ask("POST", f"{FILES}/remove", json={}).get_json()["error"]
    assert folder.is_dir()
    finish_experiment(store, claim, Batch({}, {}), Ending("finished", 1.0, 0))
    # What no script of another site can send.
    assert browser.ask("POST", f"{FILES}/remove", data="x").status_code == 415
    assert browser.ask("POST", f"{FILES}/remove", json={}).get_json() == {"said": "2.5 MB of experiment 1 removed"}
    assert not folder.exists()
    assert browser.ask("POST", f"{FILES}/remove", json={}).status_code == 404
    kept = fetch_files(store, claim.experiment_id)
    assert kept
    assert (kept.removed_at is not None, kept.found.count) == (True, 4)
