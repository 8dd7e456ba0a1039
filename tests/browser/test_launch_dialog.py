"""The launch dialog as a person uses it: the paper's first phase, drafts and extensions, by keyboard, and from what is seen."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_main_job import await_selected, brush, open_run, selection
from tests.product import Product, hypertuner

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

DIGITS = "/projects/digits"
# The engine may take longer on a busy machine.
OBEYED_MS = 60_000
# An action is visible within two seconds.
VISIBLE_MS = 2_000


class Dialog:
    """The launch dialog, as a person sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.command = page.locator("#launch-command")
        self.mistake = page.locator("#launch-command-error")
        self.count = page.locator("#launch-count")
        self.summary = page.locator("#launch-summary")
        self.start = page.locator("#launch-start")
        self.save = page.locator("#launch-save")
        self.error = page.locator("#launch-error")
        self.search = page.locator("#launch-search")
        self.origin = page.locator("#launch-from")

    def open(self, button: str = "#start-run") -> None:
        self.page.locator(button).click()
        self.reviewed()

    def reviewed(self) -> None:
        """Wait until the dialog says what it would launch."""
        expect(self.summary).to_contain_text("scheduled")

    def option(self, name: str) -> Locator:
        return self.page.locator(".picker label").filter(has_text=name)

    def editor(self, name: str) -> Locator:
        return self.page.locator(f'.editor[data-name="{name}"]')

    def chips(self, name: str) -> Locator:
        return self.editor(name).locator(".chip")

    def values(self, name: str) -> Locator:
        return self.editor(name).get_by_label(f"Values of {name}")

    def mode(self, name: str, words: str) -> None:
        self.editor(name).locator(".editor-mode").get_by_text(words, exact=True).click()

    def field(self, label: str) -> Locator:
        return self.page.locator(".launch-form").get_by_label(label, exact=True)

    def row(self, place: int) -> Locator:
        return self.page.locator(f'#launch-table [row-index="{place - 1}"]')

    def cell(self, place: int, column: str) -> Locator:
        return self.row(place).locator(f'[col-id="{column}"]')

    def launch(self, label: str) -> None:
        expect(self.start).to_have_text(label)
        expect(self.start).to_be_enabled()
        self.start.click()
        expect(self.page.locator(".launch")).to_have_count(0)

    def close(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.page.locator(".launch")).to_have_count(0)


def await_finished(page: Page, number: int, count: int) -> None:
    """Wait for a run's page, and there for the end of its experiments."""
    page.wait_for_url(f"**/runs/{number}")
    page.locator("#run-dashboard.is-loaded").wait_for()
    expect(page.locator("#run-state")).to_have_text("finished", timeout=OBEYED_MS)
    expect(page.locator('#run-counts [data-state="finished"]')).to_have_text(f"{count} finished")


def run_number(page: Page, *, after: int = 0) -> int:
    """The number of the run to whose page the browser goes, after that of another."""
    page.wait_for_url(lambda url: "/runs/" in url and not url.endswith(f"/runs/{after}"))
    return int(page.url.rsplit("/", 1)[1])


def test_the_first_phase_of_the_paper(page: Page, finished_demo: Product) -> None:
    open_run(page)
    dialog = Dialog(page)
    dialog.open()
    for name in ("batch_size", "num_epochs", "dropout_rate"):
        dialog.editor(name).locator("[data-unpick]").click()
        expect(dialog.editor(name)).to_have_count(0)
    expect(dialog.command).to_have_value("python train.py")

    # Few of many: search, pick, and type candidates.
    for word, name in (("images per step", "batch_size"), ("epochs", "num_epochs"), ("dropout", "dropout_rate")):
        dialog.search.fill(word)
        expect(page.locator(".picker label")).to_have_count(1)
        dialog.option(name).click()
        expect(dialog.editor(name)).to_be_visible()
    dialog.search.fill("")
    dialog.mode("batch_size", "Range")
    for label, text in (("from", "28"), ("to", "256"), ("step", "*2")):
        dialog.editor("batch_size").get_by_label(label).fill(text)
    expect(dialog.chips("batch_size")).to_have_text(["28", "56", "112", "224"])
    expect(dialog.editor("batch_size")).to_contain_text("256 is not reached")
    dialog.values("num_epochs").fill("6,12")
    dialog.values("dropout_rate").fill("0.3, 0.5, 0.7")
    expect(dialog.chips("dropout_rate")).to_have_text(["0.3", "0.5", "0.7"])
    expect(dialog.command).to_have_value(
        "python train.py --batch_size [28:256:*2] --num_epochs [6,12] --dropout_rate [0.3,0.5,0.7]"
    )
    expect(dialog.count).to_have_text("4 × 2 × 3 = 24 experiments")
    expect(dialog.start).to_have_text("Launch 24 experiments")

    # The command is the form, too; a slip is marked at its place.
    dialog.command.fill("python train.py --batch_siz [28,56]")
    expect(dialog.mistake).to_contain_text("--batch_size")
    line, caret = (dialog.mistake.locator("pre").text_content() or "").split("\n")
    assert line[caret.index("^") :].startswith("--batch_siz")
    expect(dialog.start).to_be_disabled()
    dialog.command.fill("python train.py --batch_size [28,56,112,224] --num_epochs [4,8] --dropout_rate [0.3:0.7:0.2]")
    expect(dialog.mistake).to_have_text("")
    expect(dialog.values("batch_size")).to_have_value("28, 56, 112, 224")
    expect(dialog.editor("dropout_rate").get_by_label("step")).to_have_value("0.2")

    # What was done is left out, and shown with what came of it.
    expect(dialog.summary).to_contain_text("6 of 24 scheduled")
    expect(dialog.summary).to_contain_text("18 left out: done before with the same code and data")
    expect(dialog.summary).to_contain_text("about")
    expect(dialog.cell(1, "status")).to_contain_text("done: #1")
    expect(dialog.cell(1, "value")).to_contain_text("0.9")
    expect(dialog.cell(1, "curve").locator(".plan-curve path")).to_be_attached()
    page.locator("#launch-show").get_by_text("new 6").click()
    expect(dialog.cell(1, "h0")).to_have_text("224")
    expect(dialog.cell(1, "expected")).to_contain_text("s")

    # Strategies: drawn settings are seen before they run; those that learn show what they search.
    strategy = page.locator("#launch-strategy")
    strategy.select_option("sobol")
    dialog.field("settings").fill("8")
    dialog.command.fill("python train.py --batch_size [28,56] --num_epochs 1 --dropout_rate [0.1:0.9]")
    expect(dialog.count).to_have_text("8 experiments")
    expect(page.locator('#launch-table .ag-center-cols-container [col-id="h1"]')).to_have_count(8)
    drawn = dialog.cell(1, "h1").text_content() or ""
    assert 0.1 <= float(drawn) <= 0.9
    strategy.select_option("tpe")
    expect(page.locator("#launch-statuses")).to_contain_text("any number from 0.1 to 0.9")
    expect(page.locator("#launch-table")).to_be_hidden()
    strategy.select_option("grid")
    expect(page.locator("#launch-strategy-error")).not_to_have_text("")
    expect(dialog.start).to_be_disabled()

    # Objective, metrics, resources; then it runs.
    dialog.command.fill("python train.py --batch_size [112,224] --num_epochs 1 --num_samples 200")
    page.locator("#launch-objective").fill("validation_accuracy")
    page.locator("#launch-new-metric").fill("images_per_second")
    page.keyboard.press("Enter")
    expect(page.locator("#launch-metrics label").filter(has_text="images_per_second").locator("input")).to_be_checked()
    dialog.field("at once").fill("0")
    expect(page.locator("#launch-resources-error")).to_contain_text("The number at once is '0'")
    dialog.field("at once").fill("2")
    dialog.field("GPUs each").fill("64")
    expect(page.locator("#launch-resources-error")).to_contain_text("Each experiment wants 64 GPUs")
    dialog.field("GPUs each").fill("0")
    dialog.launch("Launch 2 experiments")
    await_finished(page, run_number(page, after=1), 2)


# --- a project of its own -----------------------------------------------------------------------------------------------

# Ends at once for odd numbers; for even ones when a file with its number appears, so that the test decides.
SCRIPT = """
import argparse, time
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=int, default=1, help="a number")
parser.add_argument("--kind", choices=["plain", "fancy"], default="plain")
parser.add_argument("--rate", type=float, default=0.5)
arguments = parser.parse_args()
for step in range(1200):
    print(f"score: {arguments.x + step / 1000}", flush=True)
    if arguments.x % 2 or (Path({folder!r}) / str(arguments.x)).exists():
        break
    time.sleep(0.1)
"""


class Workshop:
    """A project whose script is at hand."""

    numbers = count(1)

    def __init__(self, folder: Path) -> None:
        self.slug = f"workshop-{next(self.numbers)}"
        self.script = folder / "train.py"
        # Data is shared, so that the script sees what the test puts there.
        self.signals = folder / "data"
        self.signals.mkdir()
        self.script.write_text(SCRIPT.replace("{folder!r}", repr(str(self.signals))))

    def finish(self, *numbers: int) -> None:
        for number in numbers:
            (self.signals / str(number)).touch()


@pytest.fixture
def workshop(demo: Product) -> Iterator[Workshop]:
    """A project with a run of two experiments that goes on until it may end."""
    folder = Path(tempfile.mkdtemp(prefix="ht-workshop-", dir="/tmp"))
    made = Workshop(folder)
    # They take no CPU, because the demo may still be training.
    launched = hypertuner(
        "run", "--project", made.slug, "--objective", "max:score", "--cpus", "0", "--concurrency", "4",
        "--data-dir", str(demo.data_dir), "--", "python", "train.py", "--x", "[1,2]", cwd=folder,
    )  # fmt: skip
    assert launched.returncode == 0, launched.stdout + launched.stderr
    yield made
    made.finish(*range(0, 100, 2))
    shutil.rmtree(folder, ignore_errors=True)


def test_a_run_grows_while_it_runs_and_its_results_are_taken_over(page: Page, workshop: Workshop) -> None:
    home = f"/projects/{workshop.slug}"
    open_run(page, f"{home}/runs/1")
    dialog = Dialog(page)
    expect(page.locator('#run-counts [data-state="running"]')).to_have_text("1 running", timeout=OBEYED_MS)

    # More for a run that runs: what it has already is left out.
    dialog.open("#launch-extend")
    expect(page.locator("#launch-title")).to_contain_text("Add experiments to run 1")
    dialog.values("x").fill("1, 2, 3, 4")
    expect(dialog.summary).to_contain_text("2 of 4 scheduled")
    expect(dialog.summary).to_contain_text("1 left out: queued or running already")
    expect(dialog.save).to_be_disabled()
    dialog.launch("Add 2 experiments")
    added = page.locator('.ag-row[row-id="4"] [col-id="state"]')
    expect(added).to_be_visible(timeout=VISIBLE_MS)
    workshop.finish(2, 4)
    await_finished(page, 1, 4)

    # A duplicate: results are taken over, one experiment runs again; kept as a draft, which a reload leaves alone.
    dialog.open("#launch-duplicate")
    dialog.values("x").fill("1, 2, 3, 4")
    expect(dialog.summary).to_contain_text("4 left out: done before")
    expect(dialog.start).to_be_disabled()
    page.locator("#launch-statuses").get_by_text("reuse the results").click()
    expect(dialog.start).to_have_text("Take over 4 results")
    expect(dialog.cell(2, "action").locator("select")).to_have_value("reuse")
    dialog.cell(2, "action").locator("select").select_option("run")
    expect(dialog.start).to_have_text("Launch 1 experiment")
    expect(dialog.summary).to_contain_text("3 reused")
    dialog.save.click()
    draft = run_number(page, after=1)
    expect(page.get_by_text("Nothing has started yet")).to_be_visible()
    page.reload()
    dialog.open("#launch-open-draft")
    expect(page.locator("#launch-title")).to_contain_text(f"Draft of run {draft}")
    expect(dialog.summary).to_contain_text("3 reused")
    dialog.launch("Launch 1 experiment")
    await_finished(page, draft, 4)


def test_a_script_edited_under_the_open_dialog_is_looked_at_before_it_runs(page: Page, workshop: Workshop) -> None:
    page.goto(f"/projects/{workshop.slug}")
    dialog = Dialog(page)
    dialog.open()
    dialog.command.fill("python train.py --x [11,13]")
    expect(dialog.start).to_have_text("Launch 2 experiments")
    workshop.script.write_text(
        workshop.script.read_text().replace("arguments = ", 'parser.add_argument("--late", type=int, default=1)\narguments = ')
    )  # fmt: skip
    dialog.start.click()
    expect(dialog.error).to_contain_text("The script was edited meanwhile")
    expect(dialog.error).to_contain_text("gained late")
    expect(dialog.option("late")).to_be_visible()
    dialog.option("late").click()
    dialog.values("late").fill("1, 2")
    dialog.launch("Launch 4 experiments")
    await_finished(page, run_number(page), 4)

    # The next time, the dialog says what has changed.
    workshop.script.write_text(workshop.script.read_text() + "# another\n")
    dialog.open()
    note = page.locator("#launch-code-note")
    expect(note).to_contain_text("has changed since run")
    expect(dialog.summary).to_contain_text("4 of 4 scheduled")
    expect(page.locator("#launch-statuses")).to_contain_text("4 done with other code")
    note.get_by_text("Show what changed").click()
    expect(page.locator("#launch-difference .is-added")).to_have_text(["+# another"])


def test_the_dialog_is_driven_by_keyboard_alone(page: Page, workshop: Workshop) -> None:
    workshop.finish(2)
    page.goto(f"/projects/{workshop.slug}")
    dialog = Dialog(page)
    page.locator("#start-run").wait_for()

    def focus(locator: Locator) -> None:
        """Tab until the focus is there."""
        for _ in range(60):
            page.keyboard.press("Tab")
            if locator.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"no Tab leads to {locator}")

    page.keyboard.press("n")
    dialog.reviewed()
    expect(dialog.search).to_be_focused()
    dialog.close()

    page.keyboard.press("n")
    dialog.reviewed()
    expect(dialog.search).to_be_focused()
    page.keyboard.type("rate")
    option = dialog.option("rate").locator("input")
    expect(page.locator(".picker label")).to_have_count(1)
    focus(option)
    page.keyboard.press("Space")
    rates = dialog.values("rate")
    expect(rates).to_be_visible()
    focus(rates)
    page.keyboard.press("Control+a")
    page.keyboard.type("0.1, 0.2, 0.3")
    expect(dialog.chips("rate")).to_have_text(["0.1", "0.2", "0.3"])
    strategy = page.locator("#launch-strategy")
    focus(strategy)
    page.keyboard.press("ArrowDown")
    expect(strategy).to_have_value("random")
    settings = dialog.field("settings")
    expect(settings).to_be_visible()
    focus(settings)
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    # However fast: what was typed last is launched, not what the preview showed until then.
    page.keyboard.press("Control+Enter")
    await_finished(page, run_number(page), 3)


# --- from what is seen --------------------------------------------------------------------------------------------------


def test_a_brush_a_pick_and_a_lock_begin_a_run(page: Page, finished_demo: Product) -> None:
    open_run(page)
    dialog = Dialog(page)
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: 0 < selected < 18)
    chosen = selection(page)["selected"]
    dialog.open()
    expect(dialog.origin.locator("input").first).to_be_checked()
    expect(dialog.origin.locator("label").first).to_have_text(f"Selection ({chosen})")
    expect(dialog.editor("batch_size")).to_be_visible()
    expect(dialog.command).to_have_value(re.compile(r"--batch_size \S+ --num_epochs \S+ --dropout_rate \S+"))
    # Another beginning, and back.
    dialog.origin.get_by_text("Run 1", exact=True).click()
    expect(dialog.command).to_have_value(re.compile(r"--batch_size \[28:112:2\*\]"))
    dialog.close()
    page.keyboard.press("Escape")
    await_selected(page, lambda selected: selected == 18)

    # A picked row fixes all to its values.
    page.locator('.ag-row[row-id="3"] [col-id="state"]').click()
    dialog.open()
    expect(dialog.origin.locator("label").first).to_have_text("Experiment 3")
    expect(dialog.command).to_have_value("python train.py --batch_size 28 --num_epochs 4 --dropout_rate 0.7")
    expect(dialog.chips("dropout_rate")).to_have_text(["0.7"])
    dialog.close()

    # A lock narrows what the run had.
    open_run(page)
    lock = page.locator('.ht-parameter[data-field="h:batch_size"] .ht-lock')
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    dialog.open()
    dialog.origin.get_by_text("Locks (1)").click()
    expect(dialog.command).to_have_value(re.compile(r"--batch_size \[28:112\] --num_epochs"))
    # Intervals are drawn from.
    expect(page.locator("#launch-strategy")).to_have_value("random")
    dialog.close()
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "false")

    page.goto("/projects/digits/experiments/5")
    dialog.open()
    expect(dialog.origin.locator("label").first).to_have_text("Experiment 5")
    expect(dialog.command).to_have_value("python train.py --batch_size 28 --num_epochs 8 --dropout_rate 0.5")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1600, "dark")])
def test_the_dialog_fits_its_window(
    page: Page, finished_demo: Product, scheme: Literal["light", "dark"], width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{DIGITS}/runs/1")
    page.locator("#run-dashboard.is-loaded").wait_for()
    dialog = Dialog(page)
    dialog.open()
    expect(dialog.cell(1, "status")).to_be_visible()
    for place in (
        "html",
        ".launch .modal-content",
        ".launch .modal-body",
        ".launch-picker",
        ".launch-form",
        ".launch-preview",
    ):
        wide, shown = page.locator(place).evaluate("element => [element.scrollWidth, element.clientWidth]")
        assert wide <= shown, place
    for button in (dialog.start, dialog.save, page.locator("#launch-cancel")):
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900
