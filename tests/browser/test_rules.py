"""Flags and rules: what is seen on curves is brushed, and a rule is tried, switched on, obeyed and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from storage.rules import rules_of
from storage.store import Store
from tests.training.test_watcher import OVERFITTING, Reporter
from training.watch.watcher import Watcher

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]

CALM = {"train_loss": [0.9, 0.5, 0.3, 0.2], "val_loss": [0.9, 0.6, 0.4, 0.3]}


@pytest.fixture
def watcher(database_url: str) -> Iterator[Watcher]:
    made = Watcher(Store(database_url, pool_size=1))
    made.look()
    yield made
    made.end()


def test_flags_are_brushed_and_a_rule_stops_what_it_was_tried_on(visitor: Page, store: Store, watcher: Watcher) -> None:
    reporter = Reporter(store)
    reporter.launch(3)
    second = reporter.finish(reporter.start(), OVERFITTING)
    assert second
    watcher.look()
    visitor.goto("/projects/digits/runs/1")
    visitor.locator("#run-dashboard.is-loaded").wait_for()

    # A flag is a word in the table, a sentence behind it, and a facet of the panel.
    chip = visitor.locator('.ag-row[row-id="1"] .ht-flag', has_text="overfitting")
    chip.wait_for()
    assert "alidation loss" in (chip.get_attribute("title") or "")
    visitor.locator('.ht-chip[data-word="overfitting"]').click()
    expect(visitor.locator("#selection-count")).to_have_text("1 of 3 selected")
    expect(visitor.locator(".ag-row")).to_have_count(2)
    assert "overfitting" in visitor.url

    # What is wrong is named at its place.
    visitor.locator("[data-rules]").click()
    dialog = visitor.get_by_role("dialog", name="Rules")
    field = lambda name: dialog.locator(f"[name={name}]")  # noqa: E731
    field("metric").fill("val_loss")
    field("value").fill("a lot")
    dialog.get_by_role("button", name="Add rule").click()
    expect(dialog.get_by_role("alert")).to_have_text("“a lot” is no number.")
    expect(field("value")).to_be_focused()

    # It is tried as it is written, and off until it is switched on.
    field("value").fill("0.7")
    field("times").fill("2")
    field("after").fill("2")
    field("do").select_option("stop")
    expect(dialog.get_by_role("status").filter(has_text="Would have stopped 1 of 1 past experiment")).to_be_visible()
    dialog.get_by_role("button", name="Add rule").click()
    switch = dialog.get_by_role("switch")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(dialog.locator("li")).to_contain_text("running experiments that meet it are ended")
    dialog.get_by_role("button", name="Switch on").click()
    expect(switch).to_have_attribute("aria-checked", "true")
    visitor.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # The key was the dialog's, not the page's.
    expect(visitor.locator("#selection-count")).to_have_text("1 of 3 selected")

    # It ends what meets it, and nothing else; open pages see it.
    reporter.report(second, CALM)
    third = reporter.start()
    reporter.report(third, {"train_loss": [0.9] * 4, "val_loss": [0.9, 0.8, 0.8, 0.8]})
    watcher.look()
    visitor.locator("#selection-clear").click()
    expect(visitor.locator('.ag-row[row-id="3"] [col-id="state"]')).to_have_text("stopping")
    expect(visitor.locator('.ag-row[row-id="2"] [col-id="state"]')).to_have_text("running")

    # The experiment's page says what and why, and has the rules, too.
    visitor.goto("/projects/digits/experiments/3")
    flags = visitor.locator(".flags-panel")
    expect(flags).to_contain_text("stopped by rule: val_loss > 0.7 for 2 epochs after epoch 2 (at epoch 4)")
    visitor.locator("[data-rules]").click()
    expect(dialog.locator("li")).to_contain_text("fired on 1")
    dialog.get_by_role("button", name="Delete the rule").click()
    expect(dialog.locator("li")).to_have_count(0)
    dialog.get_by_role("button", name="Undo").click()
    expect(switch).to_have_attribute("aria-checked", "false")
    assert [rule.is_on for rule in rules_of(store, reporter.project.id)] == [False]
    dialog.get_by_role("button", name="Close").click()

    visitor.goto("/projects/digits/experiments/1")
    expect(visitor.locator(".flags-panel li", has_text="overfitting")).to_contain_text("began at epoch")
