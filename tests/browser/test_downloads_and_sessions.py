"""Files that are made in the background, and sessions, as a person sees them."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from sqlalchemy import text

from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.tokens import create_link_token
from tests.product import processes_of

ROWS = 6_000


@pytest.fixture(autouse=True)
def no_worker_stays(data_dir: Path) -> Iterator[None]:
    yield
    for pid, words in processes_of(data_dir).items():
        if "app.export_worker" in words:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def large_run(store: Store) -> str:
    """The address of a run whose table is too large to be made at once."""
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    create_run(store, project, NewRun("python train.py", {"lr": [1, 2]}, [], [NewExperiment({"lr": 1})]))
    with store.begin() as connection:
        connection.execute(
            text("""INSERT INTO experiment (project_id, run_id, number, state, settings, fingerprint)
                SELECT project_id, run_id, n, 'finished', json_build_object('lr', n), n
                FROM experiment, generate_series(2, :last) AS n WHERE number = 1"""),
            {"last": ROWS},
        )
    return "/projects/digits/runs/1"


def test_a_page_opens_also_where_its_storage_was_spoilt(visitor: Page, large_run: str) -> None:
    visitor.add_init_script("sessionStorage.setItem('hypertuner-exports', '{')")
    visitor.goto(large_run)
    expect(visitor.get_by_role("heading", name="Run 1")).to_be_visible()


def test_a_large_table_and_a_report_are_made_while_the_page_says_how_far(visitor: Page, large_run: str) -> None:
    visitor.goto(large_run)
    expect(visitor.locator("#table-count")).to_contain_text("6,000")
    with visitor.expect_download() as table:
        visitor.locator("#download-csv").click()
        expect(visitor.get_by_role("region", name="Downloads")).to_contain_text("digits-run-1.csv")
    assert table.value.suggested_filename == "digits-run-1.csv"
    with table.value.path().open(encoding="utf-8-sig") as file:
        assert sum(1 for _ in csv.reader(file)) == ROWS + 1
    with visitor.expect_download() as report:
        visitor.get_by_role("button", name="PDF report").click()
    assert len(PdfReader(report.value.path()).pages) > 1
    item = visitor.get_by_role("region", name="Downloads").get_by_role("listitem").filter(has_text=".pdf")
    expect(item).to_contain_text("ready")
    item.get_by_role("button", name="Remove digits-run-1.pdf").click()
    expect(item).to_have_count(0)


def test_a_queued_file_says_its_place_and_is_cancelled(visitor: Page, large_run: str, store: Store) -> None:
    with store.engine.connect() as held:
        # Somebody else makes two files at this moment.
        held.execute(text("SELECT pg_advisory_lock(748266, slot) FROM generate_series(0, 1) AS slot"))
        visitor.goto(large_run)
        for _ in range(2):
            visitor.get_by_role("button", name="PDF report").click()
        downloads = visitor.get_by_role("region", name="Downloads")
        expect(downloads.get_by_role("listitem")).to_have_count(2)
        expect(downloads).to_contain_text("starts in a moment")
        expect(downloads).to_contain_text("waits: 1 before it")
        visitor.reload()
        expect(downloads.get_by_role("listitem")).to_have_count(2)
        for _ in range(2):
            downloads.get_by_role("button", name="Cancel digits-run-1.pdf").first.click()
        expect(downloads).to_have_count(0)
    store.engine.dispose()
    with store.begin() as connection:
        assert set(connection.scalars(text("SELECT state FROM export"))) == {"cancelled"}


def test_another_browsers_session_is_ended_from_the_list(
    visitor: Page, browser: Browser, address: str, store: Store
) -> None:
    context = browser.new_context(base_url=address)
    other = context.new_page()
    other.goto(f"/login?token={create_link_token(store)}")
    visitor.get_by_role("button", name="Sessions").click()
    dialog = visitor.get_by_role("dialog", name="Sessions")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    expect(dialog.get_by_role("listitem").filter(has_text="this browser")).to_have_count(1)
    dialog.get_by_role("button", name="End the session of").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    # The other page notices at its next question, and leads back to itself.
    other.wait_for_url("**/login?next=*")
    expect(other.get_by_text("hypertuner link")).to_be_visible()
    context.close()


def test_a_logout_closes_the_page(browser: Browser, address: str, store: Store) -> None:
    # A browser of its own, because its console tells of the 401 that is wanted here.
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto(f"/login?token={create_link_token(store)}")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    expect(page.get_by_text("HyperTuner is closed to others.")).to_be_visible()
    assert page.request.get("/").status == 401
    context.close()
