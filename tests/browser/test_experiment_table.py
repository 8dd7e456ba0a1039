"""The experiment table under a person's hands: columns, filters, sorting, copying, keys, and rows that stay while news comes."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_main_job import await_selected, brush, limits, open_run, selection
from tests.product import Product, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RUN = "/projects/digits/runs/1"
SETTINGS = ["batch_size", "num_epochs", "dropout_rate"]


class Table:
    """The table of the run that a page shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host = page.locator("#table-host")
        self.news = page.locator("#table-news")
        self.boxes = page.locator(".ht-table-popover")

    def open(self, query: str = "") -> Table:
        open_run(self.page, RUN + query)
        self.host.scroll_into_view_if_needed()
        expect(self.head("State")).to_be_visible()
        expect(self.host.locator(".ag-row .ht-experiment-link").first).to_be_visible()
        return self

    def head(self, title: str) -> Locator:
        exact = self.page.locator(".ht-column-name", has_text=re.compile(f"^{re.escape(title)}$"))
        return self.host.locator(".ag-header-cell").filter(has=exact)

    def choose(self, title: str, item: str) -> None:
        """Press an item in the menu of a column."""
        self.head(title).hover()
        self.head(title).locator(".ht-column-more").click()
        self.boxes.get_by_role("menuitem", name=item, exact=True).click()

    def titles(self) -> list[str]:
        """The heads in sight, from left to right."""
        found: list[str] = self.page.evaluate(
            """[...document.querySelectorAll('#table-host .ag-header-cell')]
                .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
                .map((head) => head.querySelector('.ht-column-name')?.textContent)"""
        )
        return found

    def numbers(self) -> list[int]:
        """The experiments in sight, from above."""
        found: list[int] = self.page.evaluate(
            """[...document.querySelectorAll('#table-host .ag-pinned-left-cols-container .ag-row')]
                .sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))
                .map((row) => Number(row.getAttribute('row-id')))"""
        )
        return found

    def await_titles(self, *wanted: str) -> None:
        wait_until(lambda: self.titles()[: len(wanted)] == list(wanted), f"columns are {self.titles()}")

    def await_first(self, *wanted: int) -> None:
        wait_until(lambda: self.numbers()[: len(wanted)] == list(wanted), f"rows are {self.numbers()}")

    def parameter(self, name: str) -> Any:
        """What the address says under a name."""
        return json.loads(self.page.evaluate(f"new URLSearchParams(location.search).get('{name}') ?? 'null'"))

    def tell(self, numbers: list[int], dropout: float) -> None:
        """News of finished experiments, as the server tells them."""
        self.page.evaluate(
            """([numbers, dropout]) => {
                const all = (value) => numbers.map(() => value);
                const settings = {batch_size: 28, num_epochs: 4, dropout_rate: dropout};
                dash_clientside.run.current().receive({experiments: {
                    number: numbers, state: all('finished'), epoch: all(4), epochs: all(4), duration: all(1), metrics: [],
                    hyperparameters: Object.entries(settings).map(([name, value]) => ({name, values: all(value)})),
                    failures: {codes: [], words: []}, notes: {codes: [], words: []}}});
            }""",
            [numbers, dropout],
        )


@pytest.fixture
def table(page: Page, finished_demo: Product) -> Table:
    return Table(page).open()


def test_columns_are_chosen_moved_and_pinned_and_the_address_keeps_it(table: Table) -> None:
    page = table.page
    assert table.parameter("columns") is None
    page.locator("#table-columns").click()
    search = page.get_by_label("Search columns")
    expect(search).to_be_focused()
    search.fill("dur")
    expect(table.boxes.locator(".ht-columns-item")).to_have_count(1)
    page.get_by_label("Duration", exact=True).uncheck()
    search.fill("")
    page.get_by_label("dropout_rate", exact=True).focus()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_label("dropout_rate", exact=True)).to_be_focused()
    page.get_by_label("dropout_rate", exact=True).hover()
    page.get_by_label("Pin validation_accuracy").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(table.boxes).to_be_hidden()
    wanted = [
        "Experiment",
        "validation_accuracy",
        "State",
        "Flags",
        "Progress",
        "dropout_rate",
        "batch_size",
        "num_epochs",
    ]
    table.await_titles(*wanted)
    expect(page.locator("#table-columns")).to_have_text(re.compile(r"^Columns: \d+ of \d+$"))
    assert table.parameter("columns")["pinned"] == ["number", "m:validation_accuracy"]

    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    table.await_titles(*wanted)
    page.locator("#table-columns").click()
    page.get_by_label("Reset all columns").click()
    table.await_titles("Experiment", "State", "Flags", "Progress", "Duration", *SETTINGS)
    assert table.parameter("columns") is None


def test_only_what_differs_follows_the_selection(table: Table) -> None:
    page = table.page
    page.locator("#table-columns").click()
    page.get_by_label("Only what differs").check()
    page.keyboard.press("Escape")
    assert table.parameter("columns") == {"differs": True}
    table.await_titles("Experiment", "State", "Flags", "Progress", "Duration", *SETTINGS)
    page.evaluate("hypertuner.selection.select([{source: 'test', field: 'h:batch_size', range: [28, 28]}])")
    table.await_titles("Experiment", "State", "Flags", "Progress", "Duration", "num_epochs", "dropout_rate")
    page.keyboard.press("Escape")
    table.await_titles("Experiment", "State", "Flags", "Progress", "Duration", *SETTINGS)


def test_a_column_that_is_dragged_stays_where_it_was_put(table: Table) -> None:
    head, target = table.head("Progress").bounding_box(), table.head("num_epochs").bounding_box()
    assert head is not None
    assert target is not None
    mouse = table.page.mouse
    mouse.move(head["x"] + 50, head["y"] + 12)
    mouse.down()
    mouse.move(target["x"] + target["width"] - 20, target["y"] + 12, steps=12)
    mouse.up()
    wanted = ["Experiment", "State", "Flags", "Duration", "batch_size", "num_epochs", "Progress", "dropout_rate"]
    table.await_titles(*wanted)
    wait_until(lambda: table.parameter("columns") is not None, "the address says nothing")
    assert table.parameter("columns")["shown"][:7] == [
        "number",
        "state",
        "flags",
        "duration",
        "h:batch_size",
        "h:num_epochs",
        "epoch",
    ]


def test_an_address_with_unknown_columns_shows_those_that_are_known(page: Page, finished_demo: Product) -> None:
    table = Table(page).open(
        '?columns={"shown":["number","m:no such","h:dropout_rate","state"],"pinned":[]}&sort=[["h:gone","asc"],["number","desc"]]'
    )
    assert table.titles() == ["Experiment", "dropout_rate", "State"]
    wait_until(lambda: "18" in table.host.locator('[row-index="0"]').first.inner_text(), "the order is another one")


def test_a_filter_is_the_brush_of_the_slider(table: Table) -> None:
    page = table.page
    table.choose("dropout_rate", "Filter …")
    page.get_by_label("from", exact=True).fill("x")
    page.keyboard.press("Enter")
    expect(table.boxes.locator(".is-invalid")).to_have_count(1)
    page.get_by_label("from", exact=True).fill("0,4")
    page.keyboard.press("Enter")
    await_selected(page, lambda selected: selected == 12)
    assert selection(page)["clauses"] == [
        {"source": "panel:h:dropout_rate", "field": "h:dropout_rate", "range": [0.4, None]}
    ]
    assert limits(page, "h:dropout_rate")[0] == 0.4
    expect(table.head("dropout_rate").locator(".ht-column-mark")).to_be_visible()
    expect(table.head("batch_size").locator(".ht-column-mark")).to_have_count(0)

    page.locator('.ht-parameter[data-field="h:dropout_rate"] .ht-limit-low').fill("0.6")
    page.keyboard.press("Enter")
    await_selected(page, lambda selected: selected == 6)
    assert len(selection(page)["clauses"]) == 1
    brush(page, "batch_size", "validation_accuracy", 0.5, 0.99)
    await_selected(page, lambda selected: selected < 6)
    table.host.scroll_into_view_if_needed()
    table.choose("dropout_rate", "Clear filter")
    assert {clause["field"] for clause in selection(page)["clauses"]} == {"h:batch_size", "m:validation_accuracy"}
    expect(table.head("dropout_rate").locator(".ht-column-mark")).to_have_count(0)


def test_states_are_filtered_by_check_boxes_and_the_counts_above_agree(table: Table) -> None:
    page = table.page
    table.choose("State", "Filter …")
    table.boxes.get_by_role("button", name="none").click()
    table.boxes.get_by_label("failed").check()
    page.keyboard.press("Enter")
    await_selected(page, lambda selected: selected == 0)
    page.locator('#run-counts [data-state="finished"]').click()
    await_selected(page, lambda selected: selected == 18)
    assert [clause["source"] for clause in selection(page)["clauses"]] == ["header:state"]


def test_the_menu_is_opened_by_keys_and_several_columns_sort(table: Table) -> None:
    page = table.page
    table.head("num_epochs").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(table.boxes.get_by_role("menuitemradio", name="Sort ascending")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_until(lambda: table.parameter("sort") == [["h:num_epochs", "desc"]], f"sort is {table.parameter('sort')}")
    expect(table.head("num_epochs")).to_be_focused()
    table.head("dropout_rate").locator(".ht-column-name").click(modifiers=["Shift"])
    wait_until(lambda: len(table.parameter("sort")) == 2, f"sort is {table.parameter('sort')}")
    assert table.parameter("sort")[1] == ["h:dropout_rate", "asc"]
    expect(table.head("num_epochs").locator(".ag-sort-order")).to_have_text("1")
    expect(table.head("dropout_rate").locator(".ag-sort-order")).to_have_text("2")
    order = sorted(range(1, 19), key=lambda number: (-epochs_of(number), dropout_of(number), number))
    table.await_first(*order[:6])
    page.reload()
    page.locator("#run-dashboard.is-loaded").wait_for()
    table.host.scroll_into_view_if_needed()
    table.await_first(*order[:6])


def epochs_of(number: int) -> int:
    """The demo's grid: batch sizes, in each the epochs, in each the dropout rates."""
    return [4, 8][(number - 1) // 3 % 2]


def dropout_of(number: int) -> int:
    return (number - 1) % 3


def test_keys_move_pick_and_open(table: Table) -> None:
    page = table.page
    table.host.locator('.ag-row[row-index="0"] [col-id="state"]').click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#open-curves")).to_contain_text("the 2 picked")
    page.keyboard.press("Enter")
    page.wait_for_url("**/experiments/2*")


def test_rows_are_copied_with_their_exact_values(table: Table) -> None:
    page = table.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    brush(page, "batch_size", "validation_accuracy", 0.6, 0.99)
    await_selected(page, lambda selected: selected < 18)
    wanted = selection(page)["numbers"]
    table.host.scroll_into_view_if_needed()
    page.locator("#table-copy").click()
    table.boxes.get_by_role("menuitem", name="CSV").click()
    expect(page.locator("#run-said")).to_contain_text(f"Copied {len(wanted)} rows as CSV")
    copied = list(csv.DictReader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert [int(row["Experiment"]) for row in copied] == wanted
    exact = page.evaluate(
        """(number) => {
            const {indexOf, columns} = dash_clientside.run.current().experiments;
            return columns.get('m:loss').values[indexOf.get(number)];
        }""",
        wanted[0],
    )
    assert float(copied[0]["loss"]) == exact

    table.host.locator('.ag-row[row-index="0"] [col-id="state"]').click()
    for language, start in (("Markdown", "| Experiment | State |"), ("LaTeX", "% Needs \\usepackage{booktabs}")):
        page.locator("#table-copy").click()
        table.boxes.get_by_role("menuitem", name=language).click()
        expect(page.locator("#run-said")).to_contain_text(f"Copied 1 row as {language}")
        assert page.evaluate("navigator.clipboard.readText()").startswith(start)


def test_news_moves_no_row_under_the_pointer(table: Table) -> None:
    page = table.page
    table.head("dropout_rate").locator(".ht-column-name").click()
    wait_until(lambda: table.parameter("sort") is not None, "nothing is sorted")
    before = table.numbers()
    table.host.locator('.ag-row[row-index="2"] [col-id="state"]').hover()
    count = page.locator("#table-count").bounding_box()
    table.tell([901, 902], 0.1)
    expect(table.news).to_have_text("2 new")
    assert table.numbers() == before
    assert page.locator("#table-count").bounding_box()["x"] == count["x"]  # type: ignore[index]

    page.mouse.move(5, 5)
    table.await_first(901, 902)
    expect(table.news).to_be_hidden()

    table.host.locator('.ag-row[row-index="2"] [col-id="state"]').hover()
    table.tell([901], 0.9)
    expect(table.news).to_have_text("order changed")
    assert table.numbers()[0] == 901
    page.mouse.move(5, 5)
    table.await_first(902)


def test_a_table_that_is_scrolled_stays_until_the_badge_is_pressed(table: Table) -> None:
    page = table.page
    table.host.locator(".ag-row .ht-experiment-link").first.hover()
    page.mouse.wheel(0, 120)
    scrolled = "document.querySelector('#table-host .ag-body-viewport').scrollTop"
    wait_until(lambda: page.evaluate(scrolled) > 0, "the table does not scroll")
    page.mouse.move(5, 5)
    table.tell([903], 0.1)
    expect(table.news).to_have_text("1 new")
    table.news.click()
    wait_until(lambda: page.evaluate(scrolled) == 0, "the table is not at its top")
    expect(table.news).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 1600])
def test_the_head_of_the_table_has_room(page: Page, finished_demo: Product, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    Table(page).open()
    boxes = [
        page.locator(name).bounding_box() for name in ("#table-count", "#table-news", "#table-columns", "#table-copy")
    ]
    tops = {round(box["y"] + box["height"] / 2) for box in boxes if box is not None}
    assert len(boxes) == 4
    assert max(tops) - min(tops) <= 2
    hint = page.locator(".ht-hint")
    assert hint.evaluate("(own) => own.scrollWidth <= own.clientWidth")
