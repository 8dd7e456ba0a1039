"""The life of a run, as a person steers it: pause, reload, resume, drop, reorder, interrupt, queue again, stop."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.product import Product, hypertuner

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

# Runs until a file with its number appears, so that the test decides when an experiment ends.
SCRIPT = """
import argparse, time
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=int)
parser.add_argument("--folder")
arguments = parser.parse_args()
for step in range(3000):
    print(f"score: {arguments.x / (step + 1)}", flush=True)
    if (Path(arguments.folder) / str(arguments.x)).exists():
        break
    time.sleep(0.1)
"""
COUNT = 10
# The page shows a request at once; until the engine has obeyed may take longer on a busy machine.
OBEYED_MS = 30_000
COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


class RunPage:
    """The page of a run with its table, as a person sees them."""

    def __init__(self, page: Page, signals: Path) -> None:
        self.page = page
        self.signals = signals
        self.state = page.locator("#run-state")
        self.said = page.locator("#run-said")

    def open(self) -> None:
        self.page.goto("/projects/actions/runs/1")
        self.page.locator("#run-dashboard.is-loaded").wait_for()

    def cell(self, number: int) -> Locator:
        return self.page.locator(f'.ag-row[row-id="{number}"] [col-id="state"]')

    def pick(self, first: int, *others: int) -> None:
        self.cell(first).click()
        for number in others:
            self.cell(number).click(modifiers=["Control"])
        expect(self.page.locator("#actions-target")).to_have_text(f"{1 + len(others)} picked")

    def press(self, action: str) -> None:
        self.page.locator(f'#actions-buttons [data-action="{action}"]').click()

    def confirm(self, words: str) -> None:
        expect(self.page.locator("#run-ask-title")).to_have_text(words)
        self.page.locator("#run-ask-confirm").click()
        expect(self.page.locator("#run-ask")).to_have_count(0)

    def finish(self, *numbers: int) -> None:
        for number in numbers:
            (self.signals / str(number)).touch()


@pytest.fixture
def run(page: Page, demo: Product) -> Iterator[RunPage]:
    """A run of ten experiments, two at a time, of which the first two are running."""
    folder = Path(tempfile.mkdtemp(prefix="ht-actions-", dir="/tmp"))
    (folder / "train.py").write_text(SCRIPT)
    # Data is shared, so that the script sees what the test puts there.
    signals = folder / "data"
    signals.mkdir()
    values = ",".join(str(number) for number in range(1, COUNT + 1))
    # The demo may still be training, and shares the places with everybody of its priority.
    launched = hypertuner(
        "run", "--project", "actions", "--objective", "max:score", "--cpus", "0", "--concurrency", "2",
        "--priority", "1",
        "--data-dir", str(demo.data_dir), "--", "python", "train.py", "--x", f"[{values}]", "--folder", str(signals),
        cwd=folder,
    )  # fmt: skip
    assert launched.returncode == 0, launched.stdout + launched.stderr
    shown = RunPage(page, signals)
    shown.open()
    expect(shown.page.locator('#run-counts [data-state="running"]')).to_have_text("2 running", timeout=60_000)
    yield shown
    shown.finish(*range(1, COUNT + 1))
    shutil.rmtree(folder, ignore_errors=True)


def test_a_run_is_steered_from_its_page(run: RunPage) -> None:
    pause = run.page.locator("#run-pause")
    pause.click()
    expect(run.state).to_have_text("paused: 2 still running")
    expect(run.page.locator("#run-waiting")).to_contain_text("the 8 that wait start when the run is resumed")
    run.finish(1, 2)
    expect(run.state).to_have_text("paused", timeout=OBEYED_MS)
    expect(run.page.locator('#run-counts [data-state="finished"]')).to_have_text("2 finished")
    expect(run.page.locator('#run-counts [data-state="queued"]')).to_have_text("8 queued")

    run.page.reload()
    run.page.locator("#run-dashboard.is-loaded").wait_for()
    expect(run.state).to_have_text("paused")
    expect(pause).to_have_text("Resume")

    run.pick(9, 10)
    run.press("drop")
    run.confirm("Drop 2 queued experiments?")
    expect(run.said).to_contain_text("2 experiments dropped from the queue")
    expect(run.cell(9)).to_contain_text("dropped")
    run.said.get_by_text("Undo").click()
    expect(run.cell(10)).to_contain_text("queued")
    run.page.keyboard.press("Delete")
    run.confirm("Drop 2 queued experiments?")
    expect(run.cell(10)).to_contain_text("dropped")

    run.pick(8)
    run.press("first")
    expect(run.cell(8)).to_contain_text("queued, next")
    expect(run.cell(3)).to_contain_text("queued, place 2")

    pause.click()
    expect(run.cell(8)).to_contain_text("running", timeout=OBEYED_MS)
    expect(run.cell(3)).to_contain_text("running", timeout=OBEYED_MS)
    expect(run.cell(4)).to_contain_text("queued, next")

    run.pick(8)
    run.press("interrupt")
    run.confirm("Interrupt 1 running experiment?")
    expect(run.cell(8)).to_contain_text("stopped by request", timeout=OBEYED_MS)
    expect(run.cell(4)).to_contain_text("running", timeout=OBEYED_MS)

    run.cell(9).click(button="right")
    run.page.get_by_role("menuitem", name="Queue 1 again").click()
    expect(run.cell(9)).to_contain_text("queued")

    run.page.locator("#run-stop").click()
    run.confirm("Stop run 1?")
    expect(run.state).to_have_text("stopped", timeout=OBEYED_MS)
    expect(pause).to_be_hidden()
    expect(run.cell(3)).to_contain_text("stopped by request")


def test_a_lock_is_seen_by_a_colleague_until_somebody_unlocks_it(
    page: Page, browser: Browser, session_state: str, demo: Product
) -> None:
    context = browser.new_context(storage_state=session_state)
    colleague = context.new_page()
    locks = []
    for person, base in ((page, ""), (colleague, demo.link.split("/login")[0])):
        person.goto(f"{base}/projects/digits/runs/1")
        person.locator("#run-dashboard.is-loaded").wait_for()
        locks.append(person.locator('.ht-parameter[data-field="h:dropout_rate"] .ht-lock'))
    mine, theirs = locks
    mine.click()
    # The page of a run that has ended asks seldom, and at once when somebody comes back to it.
    expect(mine).to_have_attribute("aria-pressed", "true")
    colleague.evaluate(COME_BACK)
    expect(theirs).to_have_attribute("aria-pressed", "true", timeout=OBEYED_MS)
    title = theirs.get_attribute("title") or ""
    assert title.startswith("Locked to 0.3 – 0.7 by ")
    expect(colleague.locator('.ht-parameter[data-field="h:dropout_rate"] .ht-range-lock')).to_be_visible()
    theirs.click()
    expect(theirs).to_have_attribute("aria-pressed", "false")
    page.evaluate(COME_BACK)
    expect(mine).to_have_attribute("aria-pressed", "false", timeout=OBEYED_MS)
    context.close()
