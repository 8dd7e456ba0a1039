"""A number in the output is pressed, and becomes the metric that the run was missing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def end_odd_run(store: Store, data_dir: Path, objective: str | None) -> None:
    """A run of two experiments whose lines nobody can read without being told."""
    project = register_project(store, "Odd", directory="/tmp", command=["python", "t.py"], hyperparameters=[])
    new = NewRun("python t.py", {}, [], [NewExperiment({}), NewExperiment({})], objective=objective)
    create_run(store, project, new)
    claim_runs(store, "scheduler")
    place = Place("worker", socket.gethostname())
    claim = claim_experiment(store, place)
    for value in (0.5, 0.75):
        assert claim
        folder = data_dir / "spool" / f"{claim.experiment_id}-1"
        folder.mkdir(parents=True)
        (folder / "stdout").write_text(
            f"Pass 1 of 2 >>> the level is {value - 0.25} now\nPass 2 of 2 >>> the level is {value} now\n"
        )
        claim = finish_experiment(store, claim, Batch({}, {}), Ending("finished", 1.0, 0), then=place)


def test_a_number_in_the_output_becomes_the_objective(visitor: Page, store: Store, data_dir: Path) -> None:
    end_odd_run(store, data_dir, "quality")
    visitor.goto("/projects/odd/runs/1")
    visitor.get_by_role("button", name="Patterns").click()
    dialog = visitor.get_by_role("dialog", name="Metrics in what the script prints")
    dialog.get_by_role("button", name="0.75").click()
    expect(dialog.get_by_label("Pattern", exact=True)).to_have_value("Pass {} of {} >>> the level is {level}")
    expect(dialog.get_by_text("It fits 2 of 2 lines: 2 values of level.")).to_be_visible()
    dialog.get_by_label("Pass 2 is").select_option("the epoch")
    expect(dialog.get_by_label("Pattern", exact=True)).to_have_value("Pass {epoch} of {} >>> the level is {level}")
    expect(dialog.get_by_text("It fits 2 of 2 lines: 2 values of level.")).to_be_visible()
    dialog.get_by_label("level 0.75 is").select_option("anything")
    expect(dialog.get_by_text("and names no metric")).to_be_visible()
    dialog.get_by_label("Pattern", exact=True).fill("the level is {}{")
    expect(dialog.get_by_text("It has no hole")).to_be_visible()
    expect(dialog.get_by_role("button", name="Add pattern")).to_be_disabled()
    dialog.get_by_label("Pattern", exact=True).fill("the level is {quality} now")
    dialog.get_by_role("button", name="Add pattern").click()
    expect(dialog.get_by_text("2 past experiments have values by it now")).to_be_visible()
    visitor.keyboard.press("Escape")
    expect(visitor.locator("#run-best-value")).to_contain_text("quality 0.75")
    expect(visitor.locator("#run-best")).to_have_text("experiment 2")


def test_a_run_without_an_objective_is_judged_by_what_was_taught(visitor: Page, store: Store, data_dir: Path) -> None:
    end_odd_run(store, data_dir, None)
    visitor.goto("/projects/odd/runs/1")
    visitor.get_by_role("button", name="Find it in the output").click()
    dialog = visitor.get_by_role("dialog", name="Metrics in what the script prints")
    dialog.get_by_role("button", name="0.75").click()
    dialog.get_by_role("button", name="Add pattern").click()
    expect(dialog.get_by_text("Nothing says yet by which metric this run is judged. Judge it by:")).to_be_visible()
    dialog.get_by_role("button", name="level", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(visitor.locator("#run-best-value")).to_contain_text("level 0.75")
