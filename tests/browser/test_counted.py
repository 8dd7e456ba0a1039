"""Which experiments count, on the screen: best, trends, what matters, links and marks agree, and a person may include all."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from storage.store import Store
from tests.browser.test_main_job import open_run, selection
from tests.browser.test_what_matters import ANSWERED_MS
from tests.mixed import BEST, BEST_OF_ALL, Mixed, finish, mixed_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RUN = "/projects/mixed/runs/2"
COUNTED, ALL = 5, 8


@pytest.fixture
def mixed(store: Store) -> Mixed:
    return mixed_run(store)


class Dashboard:
    """The run's page, as a person reads it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.best = page.locator("#run-best")
        self.note = page.locator("#run-best-note")
        self.include = page.get_by_role("button", name="Include unfinished")
        self.trend = page.locator('.ht-matrix-panel[data-row="h:lr"] .ht-trend')

    def shows(self, best: int, pairs: int) -> None:
        """Whose value the head calls the best, and from how many experiments a trend speaks."""
        expect(self.best).to_have_text(f"experiment {best}")
        expect(self.trend).to_contain_text(f"n = {pairs}")

    def links(self) -> list[list[str]]:
        """What CSV and PDF are asked for: whom they include."""
        table = self.page.locator("#download-csv").get_attribute("href") or ""
        report = self.page.locator("#download-report").get_attribute("data-report-include")
        return [parse_qs(urlparse(table).query).get("include", []), [report] if report else []]

    def cell(self, number: int) -> Locator:
        return self.page.locator(f'.ag-row[row-id="{number}"] [col-id="m0"]').first

    def inked(self, place: int) -> float:
        """Which share of the bar at this place is drawn, close to its foot."""
        share: float = self.page.evaluate(
            """async (place) => {
                const {barAt} = await import(document.getElementById("_dash-renderer").src.replace("main.js", "run/views/bars/shapes.js"));
                const canvas = document.querySelectorAll(".ht-bars-area canvas")[1];
                const [ratio, width] = [devicePixelRatio, canvas.clientWidth - 56];
                const [x, wide] = barAt(place, 10, width);
                const [left, top, across, up] = [48 + x + 2, 8 + 112 - 22, wide - 4, 20].map((each) => Math.round(each * ratio));
                const copy = Object.assign(document.createElement("canvas"), {width: across, height: up});
                copy.getContext("2d", {willReadFrequently: true}).drawImage(canvas, -left, -top);
                const {data} = copy.getContext("2d").getImageData(0, 0, across, up);
                return data.filter((value, at) => at % 4 === 3 && value > 200).length / (across * up);
            }""",
            place,
        )
        return share


@pytest.fixture
def dashboard(visitor: Page, mixed: Mixed) -> Dashboard:
    open_run(visitor, RUN)
    return Dashboard(visitor)


def test_head_trend_links_and_overview_agree_and_a_person_may_include_all(visitor: Page, dashboard: Dashboard) -> None:
    dashboard.shows(BEST, COUNTED)
    expect(dashboard.note).to_have_text("experiment 8 has a better value, and does not count: failed")
    assert dashboard.links() == [[], []]
    # Counting is no selecting.
    assert selection(visitor)["selected"] == 10
    dashboard.include.click()
    dashboard.shows(BEST_OF_ALL, ALL)
    expect(dashboard.note).to_have_text("not finished: failed")
    assert dashboard.links() == [["unfinished"], ["unfinished"]]
    visitor.reload()
    dashboard.shows(BEST_OF_ALL, ALL)
    expect(dashboard.include).to_have_attribute("aria-pressed", "true")
    dashboard.include.click()
    dashboard.shows(BEST, COUNTED)
    assert "include" not in visitor.url
    visitor.goto("/projects/mixed")
    expect(visitor.locator(".run-row .best").first).to_contain_text("0.7")
    expect(visitor.locator(".run-row .best").first).to_have_attribute("title", f"experiment {BEST}")


def test_what_matters_speaks_of_those_that_count(visitor: Page, dashboard: Dashboard) -> None:
    said = visitor.locator("#insights-said")
    visitor.locator("#insights summary").click()
    others = "1 failed and 1 running and 1 stopped left out"
    expect(said).to_contain_text(f"from {COUNTED} finished experiments, {others}", timeout=ANSWERED_MS)
    dashboard.include.click()
    expect(said).to_contain_text(f"from {ALL} finished or unfinished experiments", timeout=ANSWERED_MS)
    expect(said).not_to_contain_text("running")


def test_what_is_not_finished_looks_so_and_says_so(visitor: Page, dashboard: Dashboard) -> None:
    dashboard.shows(BEST, COUNTED)
    expect(visitor.locator(".ht-unfinished")).to_have_count(3)
    for legend in visitor.locator(".ht-unfinished").all():
        expect(legend).to_be_visible()
    assert dashboard.inked(0) > 0.95
    assert 0.1 < dashboard.inked(6) < 0.75
    expect(dashboard.cell(2)).to_have_css("font-style", "normal")
    for number in (8, 9, 10):
        expect(dashboard.cell(number)).to_have_css("font-style", "italic")
    area = visitor.locator(".ht-bars-area")
    area.scroll_into_view_if_needed()
    x, y = _middle_of_bar(visitor, 8)
    area.hover(position={"x": x, "y": y})
    expect(visitor.locator("#hover-card")).to_contain_text("not finished: running, not counted")


def _middle_of_bar(page: Page, place: int) -> tuple[float, float]:
    found: Any = page.evaluate(
        """async (place) => {
            const {barAt} = await import(document.getElementById("_dash-renderer").src.replace("main.js", "run/views/bars/shapes.js"));
            const [x, wide] = barAt(place, 10, document.querySelector(".ht-bars-area").clientWidth - 56);
            return 48 + x + wide / 2;
        }""",
        place,
    )
    return float(found), 110.0


def test_an_experiment_counts_as_soon_as_it_is_finished(
    visitor: Page, dashboard: Dashboard, store: Store, mixed: Mixed
) -> None:
    dashboard.shows(BEST, COUNTED)
    finish(store, mixed)
    dashboard.shows(10, COUNTED + 1)
    expect(dashboard.cell(10)).to_have_css("font-style", "normal")


def test_a_replay_counts_the_same_experiments_at_every_epoch(visitor: Page, dashboard: Dashboard) -> None:
    dashboard.shows(BEST, COUNTED)
    visitor.get_by_role("button", name="Replay").click()
    expect(visitor.locator("#run-replay")).to_be_visible()
    visitor.keyboard.press("Home")
    expect(visitor.locator("#run-best-words")).to_have_text("Best at epoch 1")
    expect(visitor.locator("#run-best-value")).to_contain_text("0.35")
    dashboard.shows(BEST, COUNTED)


def test_side_by_side_marks_values_that_do_not_count(visitor: Page, mixed: Mixed) -> None:
    visitor.goto("/projects/mixed/experiments/2?with=8")
    table = visitor.locator(".comparison-table")
    marked = table.locator("td.is-unfinished")
    expect(marked).to_have_count(1)
    expect(marked).to_have_attribute("title", "not finished: failed, not counted")
    expect(marked).to_contain_text("0.9")
