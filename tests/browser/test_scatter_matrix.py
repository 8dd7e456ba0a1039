"""The scatter matrix under a person's hands: brushes, trends, colours, scales, rows, and one panel enlarged."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_main_job import await_selected, brush, open_run, selection
from tests.product import Product, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RUN = "/projects/digits/runs/1"
SOURCE = "matrix:h:batch_size:m:validation_accuracy"


def panel(page: Page, row: str = "batch_size", column: str = "validation_accuracy") -> Locator:
    return page.locator(f'.ht-matrix-panel[data-row="h:{row}"][data-column="m:{column}"]')


def limits(page: Page, source: str = SOURCE, field: str = "m:validation_accuracy") -> list[float]:
    """What a brush of the matrix selects along one axis."""
    for clause in selection(page)["clauses"]:
        if (clause["source"], clause["field"]) == (source, field):
            found: list[float] = clause["range"]
            return found
    raise AssertionError(f"{source} selects nothing by {field}")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], on: Locator) -> None:
    """Drag inside an element, from and to shares of its width and height."""
    box = on.bounding_box()
    assert box is not None
    for place, press in ((start, page.mouse.down), (end, page.mouse.up)):
        page.mouse.move(box["x"] + box["width"] * place[0], box["y"] + box["height"] * place[1], steps=5)
        press()


def parameter(page: Page) -> dict[str, Any]:
    """What the address says about the matrix."""
    found: dict[str, Any] = json.loads(
        page.evaluate("new URLSearchParams(location.search).get('matrix') ?? '{}'"),
    )
    return found


def test_a_brush_is_moved_resized_and_cleared_by_hand(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.3, 0.6)
    await_selected(page, lambda selected: selected < 18)
    low, high = limits(page)
    own = panel(page)
    drag(page, (0.45, 0.5), (0.65, 0.5), own)
    moved = limits(page)
    assert moved[0] > low
    assert moved[1] > high
    assert moved[1] - moved[0] == pytest.approx(high - low, rel=0.02)

    drag(page, (0.8, 0.5), (0.95, 0.5), own)
    assert limits(page)[0] == moved[0]
    assert limits(page)[1] > moved[1]
    box = own.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + 4)
    await_selected(page, lambda selected: selected == 18)


def test_keys_nudge_a_brush_and_a_held_key_is_one_step_back(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.3, 0.6)
    before = limits(page)
    page.keyboard.down("ArrowRight")
    page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    nudged = limits(page)
    assert nudged[0] > before[0]
    page.keyboard.press("Shift+ArrowRight")
    far = limits(page)
    assert far[0] - nudged[0] == pytest.approx(5 * (nudged[0] - before[0]), rel=0.05)
    page.keyboard.press("Alt+ArrowLeft")
    assert limits(page)[0] == far[0]
    assert limits(page)[1] < far[1]
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert limits(page) == before


def test_limits_are_typed(page: Page, finished_demo: Product) -> None:
    open_run(page)
    panel(page).focus()
    page.keyboard.press("l")
    form = page.locator(".ht-limits-form")
    form.get_by_label("Lower limit of batch_size").fill("100")
    form.get_by_label("Upper limit of validation_accuracy").fill("x")
    page.keyboard.press("Enter")
    expect(form.locator(".is-invalid")).to_have_count(1)
    form.get_by_label("Upper limit of validation_accuracy").fill("")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    assert limits(page, field="h:batch_size") == [100, None]
    page.keyboard.press("Escape")
    await_selected(page, lambda selected: selected == 18)


def test_the_trend_speaks_of_what_is_selected(page: Page, finished_demo: Product) -> None:
    open_run(page)
    said = panel(page).locator(".ht-trend")
    expect(said).to_have_text(re.compile(r"^slope \S+ per (unit|decade), r = −?\d\.\d\d \[.+, .+\], n = 18$"))
    page.evaluate("hypertuner.selection.select([{source: 'test', field: 'number', range: [1, 12]}])")
    expect(said).to_contain_text("n = 12")
    page.evaluate("hypertuner.selection.select([{source: 'test', field: 'number', range: [1, 3]}])")
    expect(said).to_be_hidden()
    page.locator(".ht-matrix-trend").click()
    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    expect(page.locator(".ht-matrix-trend")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".ht-trend:visible")).to_have_count(0)


def test_marks_are_coloured_by_a_column_and_the_address_keeps_it(page: Page, finished_demo: Product) -> None:
    open_run(page)
    legend = page.locator(".ht-legend")
    expect(legend).to_be_hidden()
    page.locator(".ht-matrix-colour").select_option("m:loss")
    expect(legend.locator(".ht-ramp")).to_be_visible()
    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    expect(legend).to_contain_text("loss")
    page.locator(".ht-matrix-colour").select_option("state")
    expect(legend).to_contain_text("finished")
    page.locator(".ht-matrix-colour").select_option("")
    expect(legend).to_be_hidden()


def test_an_axis_changes_its_scale_by_its_title(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.5, 0.99)
    chosen = selection(page)["numbers"]
    title = page.locator('.ht-matrix-name[data-axis="m:validation_accuracy"]')
    title.click()
    page.get_by_role("button", name="reversed", exact=True).click()
    expect(title).to_contain_text("reversed")
    title.click()
    page.get_by_role("button", name="log", exact=True).click()
    expect(title).to_contain_text("log, reversed")
    assert selection(page)["numbers"] == chosen
    assert parameter(page)["scales"] == [["m:validation_accuracy", "-log"]]


def test_rows_are_chosen_and_reordered(page: Page, finished_demo: Product) -> None:
    open_run(page)

    def rows() -> list[str]:
        found: list[str] = page.evaluate(
            "[...new Set([...document.querySelectorAll('.ht-matrix-panel')].map((each) => each.dataset.row))]"
        )
        return found

    first, second, third = rows()
    page.locator(".ht-matrix-rows").click()
    page.get_by_role("button", name=f"Move {third[2:]} up").click()
    wait_until(lambda: rows() == [first, third, second], f"rows are {rows()}")
    page.locator(f'.ht-rows-list input[data-key="{first}"]').uncheck()
    wait_until(lambda: rows() == [third, second], f"rows are {rows()}")
    page.keyboard.press("Escape")
    expect(page.locator(".ht-rows-list")).to_be_hidden()
    assert parameter(page)["rows"] == [third, second]
    expect(page.locator(".ht-matrix-rows")).to_have_text("rows: 2 of 3")


def test_a_panel_is_enlarged_with_its_brush(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.5, 0.99)
    chosen = selection(page)["numbers"]
    page.keyboard.press("Enter")
    expect(page.locator(".ht-matrix-panel")).to_have_count(1)
    expect(panel(page).locator(".ht-brush")).to_be_visible()
    box = panel(page).bounding_box()
    assert box is not None
    assert box["width"] > 700
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator(".ht-matrix-panel").count() > 1, "the panel stays enlarged")
    assert selection(page)["numbers"] == chosen


def test_shift_adds_a_mark_to_what_is_picked_and_ctrl_takes_it_out(page: Page, finished_demo: Product) -> None:
    open_run(page)
    own = panel(page)
    own.scroll_into_view_if_needed()
    place = page.evaluate(
        """() => {
            const panel = document.querySelector('.ht-matrix-panel[data-row="h:batch_size"][data-column="m:validation_accuracy"]');
            const {left, top, width, height} = panel.getBoundingClientRect();
            for (let y = 4; y < height; y += 4) for (let x = 4; x < width; x += 4) {
                panel.dispatchEvent(new PointerEvent("pointermove", {clientX: left + x, clientY: top + y}));
                const lit = panel.querySelector(".ht-lit");
                const [, a, b] = lit.hidden ? [] : lit.style.transform.match(/([\\d.]+)px, ([\\d.]+)px/);
                if (a && Math.hypot(a - x, b - y) < 3 && x < width - 30) return [left + x, top + y];
            }
            return null;
        }"""
    )
    assert place is not None
    page.keyboard.down("Shift")
    page.mouse.click(*place)
    page.keyboard.up("Shift")
    expect(page.locator("#open-curves")).to_contain_text("the one picked")
    page.keyboard.down("Control")
    page.mouse.click(*place)
    page.keyboard.up("Control")
    expect(page.locator("#open-curves")).to_be_hidden()
