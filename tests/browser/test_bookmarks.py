"""Keeping, excluding and bookmarks: what one person arranged a colleague opens, and neither moves what the other sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


class Board:
    """A run's page as one person sees it."""

    def __init__(self, page: Page, base: str = "") -> None:
        self.page = page
        self.base = base
        self.count = page.locator("#selection-count")
        self.off = page.locator("#selection-off")
        self.said = page.locator("#run-said")

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.base}/projects/digits/runs/1{query}")
        self.page.locator("#run-dashboard.is-loaded").wait_for()
        self.cell(1).wait_for()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("window.hypertuner.selection.state()")
        return found

    def cell(self, number: int) -> Any:
        return self.page.locator(f'.ag-row[row-id="{number}"] [col-id="state"]')

    def limit(self, name: str, low: float, high: float) -> None:
        """Type the limits of a hyperparameter in the panel."""
        for end, value in (("Lower", low), ("Upper", high)):
            field = self.page.get_by_label(f"{end} limit of {name}, typed")
            field.fill(str(value))
            field.press("Enter")

    def pick(self, first: int, *others: int) -> None:
        self.cell(first).click()
        for number in others:
            self.cell(number).click(modifiers=["Control"])
        expect(self.page.locator("#actions-target")).to_have_text(f"{1 + len(others)} picked")

    def toggle_bookmarks(self) -> None:
        self.page.locator("#bookmarks-toggle").click()

    def save(self, name: str) -> None:
        self.page.get_by_label("Name of the bookmark").fill(name)
        self.page.keyboard.press("Enter")

    def bookmark(self, name: str) -> Any:
        return self.page.locator(".ht-bookmark-list a", has_text=name)


@pytest.fixture
def mine(page: Page, finished_demo: Product) -> Board:
    board = Board(page)
    board.open()
    return board


@pytest.fixture
def theirs(browser: Browser, session_state: str, finished_demo: Product) -> Iterator[Board]:
    context = browser.new_context(storage_state=session_state, viewport={"width": 1600, "height": 900})
    board = Board(context.new_page(), finished_demo.link.split("/login")[0])
    board.open()
    yield board
    context.close()


def test_experiments_are_excluded_kept_and_restored(mine: Board) -> None:
    mine.limit("dropout_rate", 0.3, 0.3)
    expect(mine.count).to_have_text("6 of 18 selected")
    mine.page.locator("#selection-exclude").click()
    expect(mine.count).to_have_text("12 of 12 selected")
    expect(mine.off).to_have_text("6 of 18 off the page")
    expect(mine.page.locator("#table-count")).to_contain_text("12")
    mine.page.reload()
    expect(mine.off).to_have_text("6 of 18 off the page")

    mine.pick(2, 3)
    mine.page.locator('[data-choice="exclude"]').click()
    expect(mine.off).to_have_text("8 of 18 off the page")
    expect(mine.page.locator("#actions-target")).not_to_contain_text("picked")
    assert not {2, 3} & set(mine.state()["numbers"])
    # The rows follow the brush when the browser has time.
    expect(mine.cell(2)).to_have_count(0)
    mine.pick(5, 6)
    mine.page.locator('[data-choice="keep"]').click()
    assert mine.state()["numbers"] == [5, 6]

    mine.page.keyboard.press("Escape")
    mine.page.keyboard.press("Control+z")
    expect(mine.off).to_have_text("8 of 18 off the page")
    mine.page.locator("#selection-restore").click()
    expect(mine.count).to_have_text("18 of 18 selected")
    mine.page.keyboard.press("Control+z")
    expect(mine.off).to_have_text("8 of 18 off the page")
    mine.page.keyboard.press("Control+Shift+z")
    expect(mine.count).to_have_text("18 of 18 selected")


def test_marks_and_rows_are_picked_alike_and_made_the_selection(mine: Board) -> None:
    mine.cell(4).click()
    bars = mine.page.locator(".ht-bars-area").first
    bars.scroll_into_view_if_needed()
    # The first bar: a slot of some 14 pixels right of the axis.
    for modifier in ("Shift", "Shift"):
        bars.click(position={"x": 54, "y": 60}, modifiers=[modifier])
    expect(mine.page.locator("#actions-target")).to_have_text("2 picked")
    mine.page.locator('[data-choice="select"]').click()
    assert mine.state()["numbers"] == [1, 4]
    bars.click(position={"x": 54, "y": 60}, modifiers=["Control"])
    expect(mine.page.locator("#actions-target")).to_have_text("1 picked")


def test_a_colleague_opens_a_bookmark_and_sees_the_same(mine: Board, theirs: Board) -> None:
    mine.limit("num_epochs", 8, 8)
    mine.page.locator("#selection-keep").click()
    mine.limit("dropout_rate", 0.5, 0.7)
    expect(mine.count).to_have_text("6 of 9 selected")
    # What one person brushes stays with that person.
    assert theirs.state()["selected"] == 18

    mine.toggle_bookmarks()
    mine.save(" ")
    expect(mine.page.locator(".ht-bookmark-problem")).to_have_text("Give the bookmark a name.")
    mine.save("long and careful")
    expect(mine.said).to_contain_text("saved for everybody")
    expect(mine.bookmark("long and careful")).to_have_attribute("aria-current", "page")
    mine.page.keyboard.press("Escape")
    expect(mine.page.locator(".ht-bookmarks")).to_be_hidden()
    # Escape was for the box and not for the selection.
    expect(mine.count).to_have_text("6 of 9 selected")

    theirs.limit("batch_size", 28, 28)
    expect(theirs.count).to_have_text("6 of 18 selected")
    theirs.toggle_bookmarks()
    expect(theirs.bookmark("long and careful")).to_be_visible()
    theirs.bookmark("long and careful").click()
    expect(theirs.count).to_have_text("6 of 9 selected")
    expect(theirs.page.get_by_label("Lower limit of dropout_rate, typed")).to_have_value("0.5")
    assert theirs.state()["numbers"] == mine.state()["numbers"]

    theirs.page.go_back()
    expect(theirs.count).to_have_text("6 of 18 selected")
    theirs.page.go_forward()
    expect(theirs.count).to_have_text("6 of 9 selected")
    theirs.page.keyboard.press("Escape")
    expect(theirs.count).to_have_text("9 of 9 selected")
    expect(mine.count).to_have_text("6 of 9 selected")

    theirs.toggle_bookmarks()
    theirs.save("long and careful")
    expect(theirs.page.locator(".ht-bookmark-question")).to_contain_text("Replace it for everybody?")
    theirs.page.get_by_role("button", name="Replace").click()
    expect(theirs.said).to_contain_text("replaced")
    theirs.page.get_by_role("button", name="Delete the bookmark long and careful").click()
    expect(theirs.bookmark("long and careful")).to_have_count(0)
    theirs.said.get_by_text("Undo").click()
    expect(theirs.bookmark("long and careful")).to_be_visible()

    mine.toggle_bookmarks()
    # It is another page now than the one in sight.
    expect(mine.bookmark("long and careful")).not_to_have_attribute("aria-current", "page")
    mine.bookmark("long and careful").click()
    expect(mine.count).to_have_text("9 of 9 selected")


def test_a_link_to_the_page_as_it_is_is_copied(mine: Board, theirs: Board) -> None:
    mine.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    mine.limit("dropout_rate", 0.3, 0.3)
    expect(mine.count).to_have_text("6 of 18 selected")
    mine.page.locator("#copy-link").click()
    expect(mine.said).to_contain_text("Link to this page as it is now copied")
    theirs.page.goto(mine.page.evaluate("navigator.clipboard.readText()"))
    expect(theirs.count).to_have_text("6 of 18 selected")


@pytest.mark.parametrize(
    "query",
    [
        '?select=[["panel:h:dropout_rate","h:dropout_rate",["x"]],["matrix:h:dropout_rate:m:accuracy","m:accuracy","missing"]]',
        '?keep=[["a","number","1-99999999"]]&exclude=[[["panel:m:loss","m:loss",["z"]]],7]&select={"a":1}',
        "?select=%5B%5B&keep=%00&exclude=null&metrics=constructor&matrix=null&parallel=%7B",
    ],
)
def test_nonsense_in_an_address_breaks_nothing(mine: Board, query: str) -> None:
    mine.page.goto(f"/projects/digits/runs/1{query}")
    mine.page.locator("#run-dashboard.is-loaded").wait_for()
    expect(mine.page.locator(".ht-bars-plot")).not_to_have_count(0)
    expect(mine.count).to_contain_text("selected")
