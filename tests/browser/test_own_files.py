"""What experiments wrote, in a browser: a picture, a text, an archive, and a folder that is shared by one click."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sources.own_files import Tree, keep_trees, list_own_files
from storage.experiments import find_experiment
from storage.files import KeptFiles, keep_files
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import find_project, register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def project_folder(tmp_path: Path, data_dir: Path, store: Store) -> Path:
    """A project of two experiments that each downloaded the same, drew a picture and wrote a log."""
    folder = tmp_path / "project"
    folder.mkdir()
    project = register_project(store, "Files", directory=str(folder), command=["python", "t.py"], hyperparameters=[])
    create_run(store, project, NewRun("python t.py", {}, [], [NewExperiment({}), NewExperiment({})]))
    claim_runs(store, "scheduler")
    place = Place("worker", socket.gethostname())
    claim = claim_experiment(store, place)
    while claim is not None:
        own = data_dir / "files" / str(claim.experiment_id)
        written = own / "0" / "written"
        for name, content in {
            "MNIST/raw/train": b"x" * 2_000_000, "plot.png": PIXEL, "log.txt": b"<b>line</b>\nlast\n"
        }.items():  # fmt: skip
            (written / name).parent.mkdir(parents=True, exist_ok=True)
            (written / name).write_bytes(content)
        keep_trees(own, [Tree("0/written", ".", str(folder))])
        found = list_own_files(own, with_digests=True)
        keep_files(store, claim, KeptFiles(place.host, str(own), "overlay", None, found))
        claim = finish_experiment(store, claim, Batch({}, {}), Ending("finished", 1.0, 0), then=place)
    return folder


def test_files_are_shown_and_downloaded(visitor: Page, project_folder: Path) -> None:
    visitor.goto("/projects/files/experiments/1")
    panel = visitor.locator("#own-files-panel")
    expect(panel).to_contain_text("3 files, 2.0 MB")
    picture = panel.get_by_role("img", name="plot.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    panel.get_by_role("button", name="Show").click()
    text = visitor.locator("#own-file")
    expect(text.locator("pre")).to_have_text("<b>line</b>\nlast\n")
    text.get_by_role("button", name="Close").click()
    expect(text).to_be_hidden()
    expect(panel.get_by_role("button", name="Show")).to_be_focused()
    for name, file in (("MNIST/raw/train", "train"), ("Download all", "files-experiment-1-files.zip")):
        with visitor.expect_download() as download:
            panel.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == file


def test_a_folder_that_experiments_wrote_alike_is_shared_by_one_click(
    visitor: Page, store: Store, project_folder: Path
) -> None:
    visitor.goto("/projects/files/runs/1")
    offered = visitor.get_by_role("status").filter(has_text="Experiments 1 and 2 each wrote the same 2.0 MB in MNIST")
    expect(offered).to_be_visible()
    offered.get_by_role("button", name="Share MNIST").click()
    expect(offered).to_be_hidden()
    expect(visitor.locator("#run-said")).to_contain_text("is in the project's folder now")
    assert (project_folder / "MNIST" / "raw" / "train").stat().st_size == 2_000_000
    project = find_project(store, "files")
    assert project
    assert project.shared_paths == ["MNIST"]


def test_files_are_removed_when_that_was_asked(
    visitor: Page, store: Store, data_dir: Path, project_folder: Path
) -> None:
    project = find_project(store, "files")
    assert project
    # Numbers begin anew in each project, ids do not.
    experiment = find_experiment(store, project.id, 2)
    assert experiment
    folder = data_dir / "files" / str(experiment.id)
    assert folder.exists()
    visitor.goto("/projects/files/experiments/2")
    panel = visitor.locator("#own-files-panel")
    panel.get_by_role("button", name="Remove …").click()
    asked = visitor.get_by_role("dialog", name="Remove these files?")
    expect(asked).to_contain_text("3 files, 2.0 MB of this experiment")
    asked.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("link", name="Download all")).to_be_visible()
    panel.get_by_role("button", name="Remove …").click()
    asked.get_by_role("button", name="Remove").click()
    expect(panel).to_contain_text("These files were removed; this is what they were.")
    expect(panel.get_by_role("button", name="Remove …")).to_be_hidden()
    assert not folder.exists()
