"""From the first page to a run with candidates, without a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.run_leases import claim_runs
from storage.store import Store
from training.experiment import ExperimentWorker

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]

# It does not get beyond its second epoch while a file beside its project is there.
SCRIPT = """import argparse, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
parser.add_argument("--epochs", type=int, default=100_000)
options = parser.parse_args()
for epoch in range(1, options.epochs + 1):
    print(f"Epoch {epoch}: loss {options.lr / epoch:.4f} accuracy {1 - options.lr / epoch:.4f}", flush=True)
    while epoch == 2 and os.path.exists(HOLD):
        time.sleep(0.05)
"""


@pytest.fixture
def worker(database_url: str, data_dir: Path) -> Iterator[ExperimentWorker]:
    made = ExperimentWorker(str(data_dir), "worker", database_url=database_url)
    yield made
    made.close()


def test_a_project_is_begun_tried_and_launched_on_the_page(
    visitor: Page, store: Store, worker: ExperimentWorker, tmp_path: Path
) -> None:
    (tmp_path / "vision").mkdir()
    hold = tmp_path / "hold"
    hold.touch()
    (tmp_path / "vision" / "train.py").write_text(SCRIPT.replace("HOLD", repr(str(hold))))
    visitor.goto("/")
    visitor.get_by_role("button", name="New project").first.wait_for()
    visitor.keyboard.press("n")
    dialog = visitor.get_by_role("dialog", name="New project")
    dialog.get_by_label("Folder").fill("/etc")
    dialog.get_by_label("Folder").press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("/etc is not in")
    dialog.get_by_label("Folder").fill("")
    dialog.get_by_label("Folder").press("Enter")
    dialog.get_by_role("button", name="vision/").click()
    dialog.get_by_role("button", name="train.py").click()
    expect(dialog.get_by_text("2 hyperparameters, read from train.py's own argparse parser.")).to_be_visible(
        timeout=60_000
    )
    expect(dialog.get_by_role("row", name="--lr 0.1 float · learning rate")).to_be_visible()
    dialog.get_by_label("Command").fill("python train.py --lr [0.1,0.2] --epochs 3")
    # What was found belongs to another command by now.
    expect(dialog.get_by_role("button", name="Try it")).to_be_hidden()
    dialog.get_by_label("Command").press("Enter")
    expect(dialog.get_by_label("Name")).to_have_value("vision", timeout=60_000)
    dialog.get_by_label("Name").fill("My net")
    dialog.get_by_label("Name").press("Enter")
    visitor.wait_for_url(re.compile("/projects/my-net/runs/1$"))

    claim_runs(store, "scheduler")
    worker.work()
    offer = visitor.get_by_role("status").filter(has_text="by which metric this run is judged")
    offer.get_by_role("button", name="accuracy").click()
    launch = visitor.get_by_role("status").filter(has_text="This was a trial, and accuracy is read")
    launch.get_by_role("button", name="Launch").click()
    form = visitor.get_by_role("dialog").filter(has_text="New run of My net")
    # With the candidates as they were typed, and judged by what the trial has shown.
    expect(form.get_by_label("Command")).to_have_value("python train.py --lr [0.1,0.2] --epochs 3")
    expect(form.get_by_label("Objective")).to_have_value("accuracy")
    hold.unlink()
    # What is typed stays where the next thing is done at once.
    expect(visitor.locator("#launch-summary")).to_contain_text("scheduled")
    values = form.get_by_label("Values of epochs")
    values.fill("4")
    form.locator(".picker label").filter(has_text="lr").click()
    expect(form.get_by_label("Command")).to_have_value("python train.py --epochs 4")
    expect(values).to_have_value("4")
    form.get_by_label("Command").fill("python train.py --lr [0.1,0.2] --epochs 3")
    form.get_by_role("button", name="Launch").click()
    visitor.wait_for_url(re.compile("/projects/my-net/runs/2$"))

    claim_runs(store, "scheduler")
    worker.work()
    expect(visitor.locator("#run-counts")).to_contain_text("2 finished")
    expect(visitor.locator("#run-best-value")).to_contain_text("accuracy 0.966")
