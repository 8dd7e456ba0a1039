"""The main job as a stranger lives it: start, watch, brush, open an experiment, take it home."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.product import Product, hypertuner, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RUN = "/projects/digits/runs/1"


def open_run(page: Page, address: str = RUN) -> None:
    page.goto(address)
    page.locator("#run-dashboard.is-loaded").wait_for()


def selection(page: Page) -> dict[str, Any]:
    state: dict[str, Any] = page.evaluate("hypertuner.selection.state()")
    return state


def await_selected(page: Page, condition: Callable[[int], bool]) -> None:
    """Wait for the number of selected experiments; the page's own policy forbids Playwright's way of polling."""
    wait_until(lambda: condition(selection(page)["selected"]), f"selected is {selection(page)['selected']}")


def brush(page: Page, row: str, column: str, left: float, right: float) -> None:
    """Drag over the whole height of a panel, between two parts of its width."""
    panel = page.locator(f'.ht-matrix-panel[data-row="h:{row}"][data-column="m:{column}"]')
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * left, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] - 2, steps=6)
    page.mouse.up()


def limits(page: Page, field: str) -> tuple[float, float]:
    """Where a slider's thumbs stand."""
    row = page.locator(f'.ht-parameter[data-field="{field}"]')
    return tuple(float(row.locator(f".ht-limit-{end}").input_value()) for end in ("low", "high"))  # type: ignore[return-value]


def test_results_appear_while_the_run_goes_on(page: Page, demo: Product) -> None:
    open_run(page)
    finished = page.locator('#run-counts [data-state="finished"]')
    expect(finished).to_be_visible(timeout=120_000)
    expect(page.locator("#run-best")).to_contain_text("experiment", timeout=30_000)
    expect(page.locator(".ag-row")).not_to_have_count(0)


def test_the_run_ends_with_every_experiment_finished(page: Page, finished_demo: Product) -> None:
    open_run(page)
    expect(page.locator("#run-state")).to_have_text("finished")
    expect(page.locator('#run-counts [data-state="finished"]')).to_contain_text("18")


def test_a_brush_moves_sliders_table_and_bars(page: Page, finished_demo: Product) -> None:
    open_run(page)
    whole = limits(page, "m:validation_accuracy")
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: selected < 18)
    chosen = selection(page)
    assert 0 < chosen["selected"] < 18
    low, high = limits(page, "m:validation_accuracy")
    assert low > whole[0]
    assert high <= whole[1]
    expect(page.locator("#table-count")).to_contain_text(f"{chosen['selected']} of 18")

    brush(page, "num_epochs", "loss", 0.0, 0.5)
    both = selection(page)
    assert len({clause["source"] for clause in both["clauses"]}) == 2
    assert set(both["numbers"]) <= set(chosen["numbers"])

    page.keyboard.press("Control+z")
    await_selected(page, lambda selected: selected == chosen["selected"])
    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    assert selection(page)["numbers"] == chosen["numbers"]
    page.keyboard.press("Escape")
    await_selected(page, lambda selected: selected == 18)


def test_a_slider_selects_by_keyboard(page: Page, finished_demo: Product) -> None:
    open_run(page)
    page.locator('.ht-parameter[data-field="h:dropout_rate"] .ht-thumb-low').focus()
    presses = 0
    while selection(page)["selected"] != 12:
        page.keyboard.press("ArrowRight")
        presses += 1
        assert presses < 200, selection(page)
    expect(page.locator("#table-count")).to_contain_text("12 of 18")


def test_one_persons_brush_does_not_reach_another(
    page: Page, browser: Browser, session_state: str, finished_demo: Product
) -> None:
    context = browser.new_context(storage_state=session_state)
    other = context.new_page()
    open_run(other, finished_demo.link.split("/login")[0] + RUN)
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: selected < 18)
    other.reload()
    other.locator("#run-dashboard.is-loaded").wait_for()
    assert selection(other)["selected"] == 18
    context.close()


def test_brushing_asks_the_server_nothing(page: Page, finished_demo: Product) -> None:
    open_run(page)
    # The programs of the table and of the axes come after the first frame.
    page.locator("#experiment-table .ag-row").first.wait_for()
    page.locator("#matrix-axes .xtick").first.wait_for(state="attached")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or request.url))
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: selected < 18)
    harmless = ("poll", "cursor", "status", "favicon")
    assert [request for request in asked if not any(word in request for word in harmless)] == []


def test_an_experiment_shows_curves_settings_log_and_the_images_of_a_confusion(
    page: Page, finished_demo: Product
) -> None:
    page.goto("/projects/digits/experiments/1?with=2")
    expect(page.locator("#experiment-settings .is-tuned")).to_have_count(3)
    expect(page.locator("#curves .curves-area").first).to_be_visible()
    expect(page.locator("#log-stdout")).to_contain_text("Epoch 4/4")
    cells = page.locator("#view-graph .nsewdrag").first
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.05, box["y"] + box["height"] * 0.05, steps=3)
    expect(page.locator("#view-examples img").first).to_be_visible()


def test_the_filtered_table_comes_as_csv_and_the_shell_gives_the_same(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: selected < 18)
    wanted = [str(number) for number in selection(page)["numbers"]]
    with page.expect_download() as download:
        page.locator("#download-csv").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = {row["experiment"]: row for row in csv.DictReader(io.StringIO(text))}
    assert sorted(rows) == sorted(wanted)
    shell = hypertuner("export", "digits", "--run", "1", "--data-dir", str(finished_demo.data_dir)).stdout
    exact = {row["experiment"]: row for row in csv.DictReader(io.StringIO(shell))}
    assert len(exact) == 18
    for number, row in rows.items():
        assert row["validation_accuracy"] == exact[number]["validation_accuracy"]


def test_the_report_is_a_pdf_with_the_best_setting(page: Page, finished_demo: Product) -> None:
    open_run(page)
    with page.expect_download() as download:
        page.get_by_text("PDF report").click()
    text = "".join(part.extract_text() for part in PdfReader(download.value.path()).pages)
    assert "Handwritten digits" in text
    assert "validation_accuracy" in text


def test_without_a_login_nothing_is_shown(browser: Browser, demo: Product, session_state: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    base = demo.link.split("/login")[0]
    for path in ("/", RUN, "/_dash-layout", "/assets/style.css"):
        answer = page.goto(base + path)
        assert answer is not None
        assert answer.status == 401
    # The link was spent by the session's login.
    answer = page.goto(demo.link)
    assert answer is not None
    assert answer.status == 401
    expect(page.get_by_text("hypertuner link").first).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/projects/digits", RUN, "/projects/digits/experiments/1"])
def test_no_page_is_wider_than_its_window(
    page: Page, finished_demo: Product, scheme: Literal["light", "dark"], path: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.get_by_text("Handwritten digits").first.wait_for()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    for width in (1280, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
