"""A hypothesis is checked in single experiments: the paper's first phase on the experiment page, on a real training.

A convolutional network reads MNIST's digits where HYPERTUNER_MNIST names their folder, else scikit-learn's; too few images
and no dropout, so that it overfits.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.product import Product, hypertuner, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parents[2] / "examples" / "digits"
EPOCHS = 30
COMMON = [f"--num_epochs={EPOCHS}", "--dropout_rate=0", "--batch_size=28", "--hidden_units=256", "--seed", "[0,2]"]
MNIST = [*COMMON, "--num_samples=300", "--optimizer=rmsprop", "--learning_rate=0.002"]
DIGITS = [*COMMON, "--num_samples=150", "--learning_rate=0.01"]


def the_run() -> list[str]:
    folder = os.environ.get("HYPERTUNER_MNIST")
    return [*MNIST, f"--data={folder}"] if folder else DIGITS


# The right ones and the wrong ones are a heat map each; a cell that neither writes is empty.
COUNTS = """() => {
    const written = document.querySelector("#view-graph .js-plotly-plot").data.map(({text}) => text).filter(Boolean);
    return written[0].map((row, at) => [...row].map((_, col) => written.reduce((sum, text) => sum + Number(text[at][col]), 0)));
}"""


def matrix(page: Page) -> list[list[int]]:
    """The counts on the screen, row by row."""
    found: list[list[int]] = page.evaluate(COUNTS)
    return found


def right_share(page: Page) -> float:
    found = re.match(r"([\d.]+)% right", page.locator("#view-summary").inner_text())
    assert found is not None
    return float(found[1])


def at_cell(page: Page, row: int, column: int) -> tuple[float, float]:
    area = page.locator("#view-graph .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * (column + 0.5) / 10, box["y"] + box["height"] * (row + 0.5) / 10


def test_overfitting_is_seen_explained_replayed_and_its_wrong_digits_are_looked_at(
    page: Page, finished_demo: Product
) -> None:
    project = f"reader-{uuid4().hex[:8]}"
    launched = hypertuner(
        "run", "--project", project, "--objective", "max:validation_accuracy", "--cpus", "1",
        "--data-dir", str(finished_demo.data_dir), "--", "python", "train.py", *the_run(), cwd=SCRIPT,
    )  # fmt: skip
    assert launched.returncode == 0, launched.stdout + launched.stderr

    # Flags come while it trains; the page counts who has one, and a click selects them.
    page.goto(f"/projects/{project}/runs/1")
    page.locator("#run-dashboard.is-loaded").wait_for()
    flag = page.locator('.ht-chip[data-word="overfitting"]')
    flag.wait_for(timeout=120_000)
    expect(page.locator("#run-state")).to_have_text("finished", timeout=120_000)
    flag.click()
    expect(page.locator("#selection-count")).to_have_text(re.compile(r"^[12] of 2 selected"))
    number = page.evaluate("hypertuner.selection.state().numbers[0]")

    # The sentence names the numbers; the curve has a ring where it began.
    page.goto(f"/projects/{project}/experiments/{number}")
    said = page.locator(".flags-panel li", has_text="overfitting").first
    expect(said).to_contain_text(re.compile(r"Validation \w+ (rose|fell) from about [\d.]+ at epoch \d+ to [\d.]+"))
    began = int(re.search(r"began at epoch (\d+)", said.inner_text())[1])  # type: ignore[index]
    assert 1 < began < EPOCHS

    # The replay: what the network could not do yet at the first epoch, and when it could.
    expect(page.locator("#view-summary")).to_contain_text("% right")
    ended, learned = matrix(page), right_share(page)
    page.keyboard.press("Home")
    expect(page.locator(".replay-epoch")).to_have_text(f"epoch 1 of {EPOCHS}")
    expect(page.locator("#view-epoch-label")).to_have_text("epoch 1")
    wait_until(lambda: matrix(page) != ended and right_share(page) < learned, "the matrix is that of the first epoch")
    assert sum(map(sum, matrix(page))) == sum(map(sum, ended))
    for _ in range(began - 1):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#view-epoch-label")).to_have_text(f"epoch {began}")
    page.keyboard.press("End")
    expect(page.locator("#view-epoch-label")).to_have_text(f"epoch {EPOCHS}")

    # The images of one wrong cell: as many as it counts, and real ones.
    wrong = [(ended[a][b], a, b) for a in range(10) for b in range(10) if a != b and ended[a][b]]
    count, true, predicted = max(wrong)
    page.mouse.move(*at_cell(page, true, predicted), steps=3)
    expect(page.locator("#view-examples")).to_contain_text(f"{true} taken for {predicted}")
    images = page.locator("#view-examples img")
    expect(images).to_have_count(count)
    side = 28 if os.environ.get("HYPERTUNER_MNIST") else 8
    assert images.first.evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [side, side]

    # Beside another one of the run: which digits only one of the two reads.
    other = 3 - number
    page.goto(f"/projects/{project}/experiments/{number}?with={other}")
    page.get_by_text(f"difference to {other}").click()
    expect(page.locator("#view-summary")).to_contain_text(f"Experiment {number} minus experiment {other}")
