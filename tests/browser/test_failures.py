"""From a group of failures on the run's page to the log of its first experiment, and to a line in it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from storage.configuration import keep_revision
from storage.ingestion import Batch, Ending, finish_experiment
from storage.leases import Place, claim_experiment
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.laboratory import Laboratory

EVIL = "<img src=x onerror=window.__pwn=1>"
NO_DATA, NO_MEMORY = f"ValueError: no {EVIL} (train.py:7, in load)", "RuntimeError: out of memory (train.py:9, in step)"
STDERR = f"warning: old\n{'x' * 40}\nValueError: no {EVIL}\n"
STDOUT = "".join(f"line {at} of many\n" for at in range(1, 150))
DIFF = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+{EVIL}\n"


def fail_five(laboratory: Laboratory) -> None:
    store = laboratory.store
    digest = keep_revision(store, {"commit": "a" * 40, "branch": "work", "subject": EVIL, "is_dirty": True}, DIFF)
    experiments = [NewExperiment({f"option_{at}": at for at in range(30)} | {"lr": lr / 10}) for lr in range(5)]
    known = [{"name": name, "flag": f"--{name}", "type": "float"} for name in experiments[0].settings]
    new = NewRun("python train.py", {"lr": [0.1, 0.2]}, known, experiments, revision_digest=digest)
    create_run(store, laboratory.project, new)
    (_run,) = claim_runs(store, "scheduler")
    claim = claim_experiment(store, Place("worker", "here"))
    for failure in (NO_DATA, NO_MEMORY, NO_MEMORY, NO_DATA, NO_MEMORY):
        assert claim
        batch = Batch({}, {"metrics": 1}, stdout_tail=STDOUT, stderr_tail=STDERR)
        ending = Ending("failed", 1.0, 1, "exit code 1", failure=failure)
        claim = finish_experiment(store, claim, batch, ending, then=Place("worker", "here"))


def test_from_a_group_of_failures_to_a_line_of_a_log(visitor: Page, store: Store) -> None:
    fail_five(Laboratory(store))
    page = visitor
    page.goto("/projects/digits/runs/1")
    groups = page.locator("#run-failures li")
    expect(page.locator("#run-failures > b")).to_have_text("5 failed, in 2 ways:")
    expect(groups).to_have_count(2)
    expect(groups.nth(0)).to_contain_text("3 ×RuntimeError: out of memory(train.py:9, in step)")
    groups.nth(1).locator("button").click()
    expect(page.locator("#selection-count")).to_have_text("2 of 5 selected")
    page.reload()
    expect(page.locator("#selection-count")).to_have_text("2 of 5 selected")
    groups.nth(1).locator("button").click()
    expect(page.locator("#selection-count")).to_have_text("5 of 5 selected")
    groups.nth(0).get_by_text("log of 2").click()

    expect(page).to_have_url("/projects/digits/experiments/2#log-panel")
    problems = page.locator("#log-problems li")
    expect(problems).to_have_count(2)
    expect(problems.nth(0)).to_contain_text(f"ValueError: no {EVIL}")
    expect(problems.nth(0)).to_contain_text("stderr:3")
    box = page.locator("#log-words")
    box.fill("LINE 14")
    box.press("Enter")
    expect(page.locator("#log-count")).to_have_text("1 of 11")
    box.press("Shift+Enter")
    expect(page.locator("#log-found .is-current")).to_contain_text("149")
    box.press("Enter")
    expect(page.locator("#log-found .is-current")).to_contain_text("line 14 of many")
    problems.nth(0).get_by_role("button").click()
    expect(page.locator("#log-count")).to_have_text("1 of 1")
    expect(page.locator("#log-found")).to_contain_text("Only its last lines were searched; the whole log lies on here.")

    page.get_by_text("What was not committed").click()
    expect(page.locator("#configuration-diff .is-added")).to_have_text(f"+{EVIL}")
    page.locator("#settings-found-words").fill("option_12")
    expect(page.get_by_text("1 of 31")).to_be_visible()
    expect(page.locator("#settings-found tr:not([hidden])")).to_have_count(1)
    assert page.evaluate("window.__pwn") is None
