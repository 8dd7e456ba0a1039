"""Every kind of view from a real script to the screen, and a confusion matrix under a person's hands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from storage.ingestion import NewView
from storage.store import Store
from tests.laboratory import Laboratory
from tests.product import wait_until
from training.spool import METRICS, SpoolReader

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("attached.py")
# Which marks tell that a view was drawn, by its name.
DRAWN = {
    "ROC": ("#view-graph .scatterlayer .trace", 4, "Mean area"),
    "precision-recall": ("#view-graph .scatterlayer .trace", 2, "Average precision"),
    "calibration": ("#view-graph .barlayer .point", 3, "Expected calibration error"),
    "residuals": ("#view-graph .scatterlayer .point", 120, "root mean square error"),
    "elbow": ("#view-graph .shapelayer path", 1, "Elbow at 2"),
    "histogram": ("#view-graph .barlayer .trace", 2, "120 values"),
    "heat map": ("#view-graph .heatmaplayer image", 1, "1 cell left out: NaN or infinite"),
    "lines": ("#view-graph .scatterlayer .trace", 2, "1 value left out"),
    "bars": ("#view-graph .barlayer .point", 2, "2 labels"),
    "table": ("#view-content tbody tr", 1, "1 row"),
    "images": ("#view-content .gallery img", 5, "5 images"),
    "texts": ("#view-content .text-sample", 1, "1 text"),
    "figure": ("#view-graph .scatterlayer .point", 2, ""),
    "matrix of rows": ("#view-graph .heatmaplayer image", 2, "of 60 examples"),
}


def attached(folder: Path, seed: int) -> list[NewView]:
    """What the script attached, as an experiment's actor reads it."""
    folder.mkdir()
    environment = {**os.environ, "HYPERTUNER_METRICS": str(folder / METRICS)}
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(seed)], env=environment, capture_output=True, text=True, check=True
    )
    assert "hypertuner:" not in ended.stderr
    reader, views = SpoolReader(folder), []
    while new := (reading := reader.read(is_last=True)).views:
        assert reading.rejected_lines == 0
        views += new
        reader.committed(reading)
    return views


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> list[list[NewView]]:
    """The views of two experiments."""
    folder = tmp_path_factory.mktemp("attached")
    return [attached(folder / str(seed), seed) for seed in (1, 2)]


@pytest.fixture
def shown(visitor: Page, store: Store, payloads: list[list[NewView]]) -> Page:
    """The page of an experiment with every view, and another one that can be compared."""
    laboratory = Laboratory(store)
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    for views in payloads:
        laboratory.report({"silhouette": [0.5]}, views=views)
    visitor.goto("/projects/digits/experiments/1?with=2")
    expect(visitor.locator("#view-graph .heatmaplayer image").first).to_be_visible(timeout=40_000)
    return visitor


def choose(page: Page, name: str) -> None:
    page.locator("#view-name").get_by_text(name, exact=True).click()


def cell(page: Page, row: int, column: int, size: int) -> tuple[float, float]:
    """The middle of a cell on the screen."""
    plot = page.locator("#view-graph .nsewdrag").first
    # A plot that begins anew has no place for a moment.
    boxes = [None, plot.bounding_box()]

    def is_settled() -> bool:
        boxes.append(plot.bounding_box())
        return boxes[-1] is not None and boxes[-1] == boxes[-2]

    wait_until(is_settled, "the plot has a place and stays there")
    box = boxes[-1]
    assert box
    return box["x"] + (column + 0.5) * box["width"] / size, box["y"] + (row + 0.5) * box["height"] / size


def title(page: Page) -> Locator:
    return page.locator("#view-examples .examples-title").first


def test_every_kind_draws_and_nothing_in_it_runs(shown: Page) -> None:
    # A learner without epochs: its views stand above what it measured.
    views, curves = (shown.locator(place).bounding_box() for place in ("#view-panel", ".curves-panel"))
    assert views
    assert curves
    assert views["y"] < curves["y"]
    expect(shown.locator("#curves")).to_be_hidden()
    for name, (mark, least, summary) in DRAWN.items():
        choose(shown, name)
        expect(shown.locator("#view-summary")).to_contain_text(summary)
        expect(shown.locator(mark).nth(least - 1)).to_be_attached()
    assert shown.evaluate("[window.__pwn, document.querySelectorAll('#view-panel a[href]').length]") == [None, 0]


def test_a_cell_shows_its_examples_by_pointer_and_keys_and_stays_when_pinned(shown: Page) -> None:
    shown.locator("#view-panel").scroll_into_view_if_needed()
    shown.mouse.move(*cell(shown, 0, 0, 3))
    expect(title(shown)).to_have_text("cat predicted rightly")
    expect(shown.locator("#view-examples img").first).to_be_visible()
    shown.mouse.move(*cell(shown, 0, 1, 3))
    expect(title(shown)).to_have_text("cat taken for dog")
    shown.mouse.down()
    shown.mouse.up()
    expect(title(shown)).to_contain_text("pinned")
    shown.mouse.move(*cell(shown, 1, 1, 3))
    shown.mouse.move(5, 5)
    expect(title(shown)).to_contain_text("cat taken for dog")
    shown.keyboard.press("Escape")
    expect(title(shown)).to_have_text("cat taken for dog")
    shown.locator("#view-place").focus()
    shown.keyboard.press("ArrowDown")
    expect(title(shown)).to_have_text("dog predicted rightly")
    shown.keyboard.press("Enter")
    expect(title(shown)).to_contain_text("pinned")
    expect(shown.locator(".cell-mark.is-pinned")).to_be_visible()
    choose(shown, "matrix of rows")
    expect(shown.locator("#view-summary")).to_contain_text(DRAWN["matrix of rows"][2])
    shown.mouse.move(*cell(shown, 2, 2, 3))
    expect(shown.locator("#view-examples tbody tr")).to_have_count(6)


def test_two_matrices_tell_what_was_fixed_and_what_broke(shown: Page) -> None:
    shown.get_by_text("row shares").click()
    expect(shown.locator("#view-graph .heatmaplayer text").filter(has_text="%").first).to_be_visible()
    shown.get_by_text("difference to 2").click()
    expect(shown.locator("#view-summary")).to_contain_text("Experiment 1 minus experiment 2")
    expect(shown.locator("#view-examples")).to_contain_text("Broken")
    shown.mouse.move(*cell(shown, 0, 0, 3))
    expect(shown.locator("#view-examples")).to_contain_text("Came into this cell")
    shown.keyboard.press("Escape")
    expect(title(shown)).to_contain_text("Fixed")
