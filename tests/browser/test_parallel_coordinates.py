"""Parallel coordinates in a real Chromium: one selection with all other views, kept in the address."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_main_job import await_selected, brush, limits, open_run, selection
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ACCURACY = "m:validation_accuracy"


def axis(page: Page, field: str) -> Locator:
    return page.locator(f'.ht-axis[data-field="{field}"]')


def show_axes(page: Page) -> None:
    page.locator("#parallel-coordinates").scroll_into_view_if_needed()
    axis(page, ACCURACY).locator(".ht-axis-area").wait_for()


def brush_axis(page: Page, field: str, low: float, high: float) -> None:
    """Drag over an axis between two parts of its length, from below."""
    area = axis(page, field).locator(".ht-axis-area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + box["height"] * (1 - low))
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] * (1 - high), steps=6)
    page.mouse.up()


def fields(page: Page) -> list[str]:
    return [str(found.get_attribute("data-field")) for found in page.locator(".ht-axis").all()]


def test_a_brush_on_an_axis_is_the_selection_of_all_views(page: Page, finished_demo: Product) -> None:
    open_run(page)
    # Nothing is worked out before somebody can see it.
    assert fields(page) == []
    show_axes(page)
    assert fields(page)[-1] == ACCURACY
    whole = limits(page, ACCURACY)
    brush_axis(page, ACCURACY, 0.6, 1)
    await_selected(page, lambda selected: 0 < selected < 18)
    chosen = selection(page)
    assert limits(page, ACCURACY)[0] > whole[0]
    expect(page.locator("#table-count")).to_contain_text(f"{chosen['selected']} of 18")
    expect(page.locator(".ht-parallel-count")).to_contain_text(f"showing {chosen['selected']} of 18")

    brush_axis(page, "h:batch_size", 0.05, 0.4)
    both = selection(page)
    assert [clause["source"] for clause in both["clauses"]] == [f"axis:{ACCURACY}", "axis:h:batch_size"]
    assert set(both["numbers"]) <= set(chosen["numbers"])
    page.keyboard.press("Control+z")
    await_selected(page, lambda selected: selected == chosen["selected"])

    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    assert selection(page)["numbers"] == chosen["numbers"]
    show_axes(page)
    expect(axis(page, ACCURACY).locator(".ht-axis-brush")).to_be_visible()
    axis(page, ACCURACY).locator(".ht-axis-end.is-low").focus()
    low = selection(page)["clauses"][0]["range"][0]
    page.keyboard.press("ArrowDown")
    assert selection(page)["clauses"][0]["range"][0] < low
    page.keyboard.press("Escape")
    await_selected(page, lambda selected: selected == 18)


def test_what_other_views_select_is_shown_and_a_click_on_a_line_opens_it(page: Page, finished_demo: Product) -> None:
    open_run(page)
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    show_axes(page)
    for field in (ACCURACY, "h:batch_size"):
        expect(axis(page, field).locator(".ht-axis-other")).to_have_count(1)
        expect(axis(page, field).locator(".ht-axis-brush")).to_be_hidden()
    expect(axis(page, "h:dropout_rate").locator(".ht-axis-other")).to_have_count(0)

    box = axis(page, ACCURACY).locator(".ht-axis-area").bounding_box()
    assert box is not None
    sheet = page.locator(".ht-parallel-sheet").bounding_box()
    assert sheet is not None
    # Left of the last axis; where no line is near, the next try is a little lower.
    for part in range(1, 12):
        page.mouse.move(box["x"] - 24, sheet["y"] + sheet["height"] * (0.2 + 0.05 * part))
        hovered = selection(page)["hovered"]
        if hovered is not None:
            break
    assert hovered is not None
    expect(page.locator("#hover-card")).to_contain_text(f"Experiment {hovered}")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**/experiments/{hovered}*")


def test_axes_are_hidden_moved_and_had_again_and_the_address_keeps_it(page: Page, finished_demo: Product) -> None:
    open_run(page)
    show_axes(page)
    before = fields(page)
    axis(page, before[0]).locator(".ht-axis-title").click()
    page.get_by_role("menuitem", name="Hide this axis").click()
    assert fields(page) == before[1:]
    axis(page, before[1]).locator(".ht-axis-title").focus()
    page.keyboard.press("ArrowRight")
    swapped = [before[2], before[1], *before[3:]]
    assert fields(page) == swapped

    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    show_axes(page)
    assert fields(page) == swapped
    page.locator(".ht-parallel-add").select_option(before[0])
    assert sorted(fields(page)) == sorted(before)
    page.locator(".ht-parallel-fold").click()
    expect(page.locator(".ht-parallel-sheet")).to_be_hidden()
