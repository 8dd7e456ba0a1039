"""Two experiments side by side, and a note at which two people write."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from storage.experiments import find_experiment
from storage.notes import find_note, save_note
from storage.store import Store
from tests.laboratory import Laboratory, confusion

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_differences_are_to_whom_a_person_chooses_and_a_note_loses_neither_text(visitor: Page, store: Store) -> None:
    laboratory = Laboratory(store)
    laboratory.launch({"lr": [0.1, 0.2], "batch_size": [64]})
    laboratory.start()
    for accuracy in (0.5, 0.75):
        laboratory.report({"accuracy": [0.4, accuracy]}, views=[confusion(1.0), confusion(2.0)])
    visitor.goto("/projects/digits/experiments/1?with=2")
    panel = visitor.locator("#comparison")
    better = panel.locator(".is-better")
    expect(better).to_have_text("+0.25 (+50 %) better")
    expect(panel.locator(".comparison-picture .js-plotly-plot .heatmaplayer").first).to_be_attached()
    panel.get_by_role("button", name="Compare the others with experiment 2").focus()
    visitor.keyboard.press("Enter")
    expect(panel.locator(".is-worse")).to_have_text("−0.25 (−33 %) worse")
    expect(visitor).to_have_url(re.compile(r"with=2&against=2$"))
    expect(panel.get_by_role("button", name="Compare the others with experiment 2")).to_be_focused()
    expect(panel.get_by_role("row", name="batch_size")).to_be_visible()
    panel.get_by_role("button", name="only differences").click()
    expect(panel.get_by_role("row", name="batch_size")).to_be_hidden()

    experiment = find_experiment(store, laboratory.project.id, 1)
    assert experiment
    box, said = visitor.get_by_label("Note on experiment 1"), visitor.locator(".note-said")
    box.fill("mine")
    panel.get_by_text("Side by side").click()
    expect(said).to_have_text("Saved")
    box.fill("mine, again")
    save_note(store, experiment.id, "theirs", find_note(store, experiment.id).version, "ben")
    box.press("Control+Enter")
    conflict = visitor.locator(".note-conflict")
    expect(conflict).to_contain_text("ben changed this note while you wrote:theirs")
    conflict.get_by_role("button", name="Keep both").click()
    expect(said).to_have_text("Saved")
    assert find_note(store, experiment.id).text == "theirs\n\nmine, again"
