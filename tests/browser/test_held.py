"""A button that is pressed while its page changes still hears its click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from storage.store import Store
from tests.laboratory import Laboratory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


def test_a_click_on_a_count_is_heard_though_the_counts_change_meanwhile(visitor: Page, store: Store) -> None:
    laboratory = Laboratory(store)
    laboratory.launch({"lr": [0.1, 0.2, 0.3, 0.4]})
    laboratory.start()
    laboratory.report({"loss": [1.0]})
    visitor.goto("/projects/digits/runs/1")
    visitor.locator("#run-dashboard.is-loaded").wait_for()
    counts = visitor.locator("#run-counts")
    counts.get_by_role("button", name="1 finished").hover()
    visitor.mouse.down()
    laboratory.report({"loss": [2.0]})
    expect(visitor.locator("#run-progress .is-finished")).to_have_attribute("title", "2 finished")
    expect(counts.get_by_role("button", name="1 finished")).to_be_visible()
    visitor.mouse.up()
    expect(visitor.locator("#selection-count")).to_have_text("2 of 4 selected")
    expect(counts.get_by_role("button", name="2 finished")).to_be_visible()
