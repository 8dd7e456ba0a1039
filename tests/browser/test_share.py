"""The priority and the share of an open run, changed on its page by keys alone; nothing trains here."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from storage.records import Run
from storage.requests import request_stop
from storage.runs import find_run
from storage.store import Store
from tests.laboratory import Laboratory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


def run_of(store: Store, run: Run) -> Run:
    found = find_run(store, run.project_id, run.number)
    assert found is not None
    return found


def test_the_priority_of_an_open_run_is_changed_on_its_page(visitor: Page, store: Store) -> None:
    run = Laboratory(store).launch({"lr": [0.1, 0.2]})
    visitor.goto("/projects/digits/runs/1")
    visitor.locator("#run-dashboard.is-loaded").wait_for()
    button, facts, box = visitor.locator("#run-share"), visitor.locator("#run-facts"), visitor.locator(".ht-share")
    expect(facts).not_to_contain_text("priority")

    button.focus()
    visitor.keyboard.press("Enter")
    priority, share = box.get_by_label("Priority", exact=True), box.get_by_label("Share", exact=True)
    expect(priority).to_be_focused()
    expect(priority).to_have_value("0")
    expect(share).to_have_value("1")
    expect(box).to_contain_text("one with share 2 gets twice as many places as one with share 1")

    visitor.keyboard.type("5")
    visitor.keyboard.press("Tab")
    visitor.keyboard.type("0")
    visitor.keyboard.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("A share is a number above 0, such as 0.5 or 2.")
    assert (run_of(store, run).priority, run_of(store, run).weight) == (0, 1)

    share.fill("2")
    visitor.keyboard.press("Enter")
    expect(box).to_be_hidden()
    expect(button).to_be_focused()
    expect(facts).to_contain_text("priority 5, share 2")
    expect(visitor.locator("#run-said")).to_contain_text("Priority 5, share 2")
    assert (run_of(store, run).priority, run_of(store, run).weight) == (5, 2)

    visitor.keyboard.press("Enter")
    expect(priority).to_have_value("5")
    expect(share).to_have_value("2")
    visitor.keyboard.press("Escape")
    expect(box).to_be_hidden()
    visitor.locator("#run-said").get_by_text("Undo").click()
    expect(facts).not_to_contain_text("priority")
    assert (run_of(store, run).priority, run_of(store, run).weight) == (0, 1)

    request_stop(store, run.id)
    expect(button).to_be_hidden()
