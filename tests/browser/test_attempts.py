"""An attempt that was lost: its curves on the page of its experiment, and its values as a file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.store import Store
from tests.attempts import lost_once

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


def test_the_curves_of_a_lost_attempt_are_shown_and_closed_by_keys(visitor: Page, store: Store) -> None:
    lost_once(store)
    visitor.goto("/projects/digits/experiments/1")
    number = visitor.get_by_role("button", name="7: show the curves of attempt 1")
    panel = visitor.locator("#attempt-panel")
    expect(number).to_have_text("7")
    expect(panel).to_be_hidden()

    number.focus()
    visitor.keyboard.press("Enter")
    expect(panel.get_by_role("heading")).to_have_text("Attempt 1: lost at epoch 3")
    expect(panel.get_by_role("heading")).to_be_focused()
    expect(panel.locator(".scatterlayer .trace")).to_have_count(2)
    expect(panel.locator(".infolayer .annotation-text")).to_have_text(["accuracy", "loss"])

    with visitor.expect_download() as saved:
        panel.get_by_role("link", name="CSV").click()
    assert saved.value.suggested_filename == "digits-experiment-1-attempt-1.csv"
    rows = list(csv.reader(Path(saved.value.path()).read_text().splitlines()))
    assert [len(rows), rows[2]] == [8, ["accuracy", "1", "2.0", "", "1700000001.5", "0.30000000000000004"]]

    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()
