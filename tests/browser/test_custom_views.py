"""A project's own view on an experiment's page: drawn, linked with the curves both ways, and harmless when it breaks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from storage.store import Store
from tests.laboratory import SCRIPT, Laboratory, run_four
from tests.product import wait_until

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits" / "views" / "learning_speed.py"


def curves(page: Page) -> Any:
    return page.evaluate("window.hypertuner.curves.state()")


def test_a_view_draws_is_linked_both_ways_and_mended_in_its_place(visitor: Page, store: Store, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "views").mkdir()
    own = tmp_path / "views" / "learning_speed.py"
    shutil.copy(EXAMPLE, own)
    run_four(Laboratory(store, tmp_path))
    visitor.goto("/projects/digits/experiments/2")
    # What the script attached comes first.
    expect(visitor.locator("#view-graph .heatmaplayer image").first).to_be_visible()
    visitor.locator("#view-name").get_by_text("learning speed").click()
    points = visitor.locator("#custom-graph .scatterlayer .point")
    expect(points).to_have_count(2)
    expect(visitor.locator(".custom-hint")).to_contain_text("How much each experiment of the run reached")
    expect(visitor.locator(".custom-status")).to_contain_text("took")
    expect(visitor.locator("#view-body")).to_be_hidden()

    # From the view to the page, and back.
    visitor.locator("#custom-graph").scroll_into_view_if_needed()
    box = points.first.bounding_box()
    assert box
    visitor.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_until(lambda: curves(visitor)["hovered"] == 1, "the curve of the point under the pointer is lit")
    expect(visitor.locator(".custom-ring")).to_have_count(1)
    visitor.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_until(lambda: curves(visitor)["numbers"] == [2, 1], "experiment 1 is added to the curves")
    visitor.mouse.move(5, 5)
    expect(visitor.locator(".custom-ring")).to_have_count(0)
    visitor.evaluate("document.dispatchEvent(new CustomEvent('hypertuner:hover', {detail: 2}))")
    expect(visitor.locator(".custom-ring")).to_have_count(1)

    # A mistake is told where the figure was, and mended there.
    own.write_text("def view(data):\n    print('<b>here</b>')\n    raise ValueError('<img src=x onerror=alert(1)>')\n")
    visitor.get_by_role("button", name="Run again").click()
    expect(visitor.locator(".custom-problem")).to_contain_text("raised ValueError: <img src=x onerror=alert(1)>")
    expect(visitor.locator(".custom-problem pre")).to_contain_text('File "views/learning_speed.py", line 3, in view')
    expect(visitor.locator(".custom-picture")).to_be_hidden()
    visitor.get_by_text("What it printed").click()
    expect(visitor.locator(".custom-said pre")).to_have_text("<b>here</b>\n")
    own.write_text(
        "def view(data):\n    return {'data': [{'type': 'bar', 'x': ['<a href=javascript:1>x</a>'], 'y': [1]}]}\n"
    )
    visitor.get_by_role("button", name="Run again").click()
    expect(visitor.locator("#custom-graph .barlayer .point")).to_have_count(1)
    assert visitor.locator("#custom-graph a[href]").count() == 0
    visitor.locator("#view-name").get_by_text("confusion matrix").click()
    expect(visitor.locator("#view-graph .heatmaplayer image").first).to_be_visible()
    expect(visitor.locator("#custom-view")).to_be_hidden()
