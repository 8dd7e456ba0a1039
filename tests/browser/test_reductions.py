"""Another number of a metric than the last, in a real Chromium: one choice for every view, kept in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_main_job import await_selected, limits, open_run
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ACCURACY = "m:validation_accuracy"


def row(page: Page) -> Locator:
    return page.locator(f'.ht-parameter[data-field="{ACCURACY}"]')


def values(page: Page) -> list[float]:
    """The metric as the page holds it, in the order of the experiments' numbers."""
    found: list[float] = page.evaluate(
        """(key) => {
            const {experiments: set} = window.dash_clientside.run.current();
            return [...Array(set.size).keys()].sort((a, b) => set.numbers[a] - set.numbers[b])
                .map((index) => set.columns.get(key).values[index]);
        }""",
        ACCURACY,
    )
    return found


def await_title(page: Page, title: str) -> None:
    heading = page.locator(f'.ht-bars-plot[data-metric="{ACCURACY}"] h3')
    expect(heading).to_have_text(re.compile(rf"^{re.escape(title)}\s*[▴▾]"))


def test_one_choice_holds_for_every_view_and_stays_in_the_address(page: Page, finished_demo: Product) -> None:
    open_run(page)
    last, whole = values(page), limits(page, ACCURACY)
    row(page).get_by_label("Value of validation_accuracy").select_option(label="best (largest)")
    await_title(page, "validation_accuracy (best)")
    best = values(page)
    assert all(high >= low for high, low in zip(best, last, strict=True))
    assert best != last

    # The header, the slider, the matrix, the axes, the table and the picker speak of the same number.
    expect(page.locator("#run-best-value")).to_contain_text("validation_accuracy (best) ")
    assert float(page.locator("#run-best-value").inner_text().split()[-1]) == pytest.approx(max(best), abs=1e-3)
    assert limits(page, ACCURACY)[1] >= whole[1]
    expect(page.locator(f'.ht-matrix-name[data-axis="{ACCURACY}"]')).to_have_text("validation_accuracy (best)")
    page.locator("#parallel-coordinates").scroll_into_view_if_needed()
    expect(page.locator(f'.ht-axis[data-field="{ACCURACY}"] .ht-axis-name')).to_have_text("validation_accuracy (best)")
    expect(page.locator("#run-metrics")).to_contain_text("validation_accuracy (best)")
    page.locator("#experiment-table").scroll_into_view_if_needed()
    expect(page.locator(".ag-header-cell", has_text="validation_accuracy (best)")).to_be_attached()

    page.reload()
    await_title(page, "validation_accuracy (best)")
    assert values(page) == best
    row(page).get_by_label("Value of validation_accuracy").select_option("last")
    await_title(page, "validation_accuracy")
    assert values(page) == last
    assert "reduce" not in page.url


def test_a_number_is_typed_judged_and_brushed_by(page: Page, finished_demo: Product) -> None:
    open_run(page)
    choice = row(page).get_by_label("Value of validation_accuracy")
    number = row(page).get_by_label("Number for validation_accuracy")
    # By keys alone: the choice jumps to the number that it needs.
    choice.focus()
    page.keyboard.press("m")
    await_title(page, "validation_accuracy (mean of last 3)")
    expect(number).to_be_focused()
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(number).to_have_attribute("aria-invalid", "true")
    await_title(page, "validation_accuracy (mean of last 3)")
    number.fill("2")
    page.keyboard.press("Enter")
    await_title(page, "validation_accuracy (mean of last 2)")
    expect(number).to_have_attribute("aria-invalid", "false")

    choice.select_option("epoch")
    await_title(page, "validation_accuracy (at epoch 1)")
    first = values(page)
    middle = sorted(first)[9]
    row(page).locator(".ht-limit-low").fill(str(middle))
    page.keyboard.press("Enter")
    await_selected(page, lambda selected: selected == sum(value >= middle for value in first))

    number.fill("9999")
    page.keyboard.press("Enter")
    await_title(page, "validation_accuracy (at epoch 9999)")
    expect(row(page)).to_contain_text("no value at epoch 9999 yet")
    choice.select_option("last")
    await_title(page, "validation_accuracy")


def test_an_address_edited_by_hand_shows_the_last_values(page: Page, finished_demo: Product) -> None:
    open_run(page)
    last = values(page)
    for written in ("{", "[]", '{"validation_accuracy": "median"}', '{"nothing": "smallest"}'):
        page.goto(f"{page.url.split('?')[0]}?reduce={written}")
        await_title(page, "validation_accuracy")
        assert values(page) == last


def test_a_run_is_replayed_in_every_view_and_comes_back_as_it_is(page: Page, finished_demo: Product) -> None:
    open_run(page)
    last = values(page)
    middle = sorted(last)[9]
    row(page).locator(".ht-limit-low").fill(str(middle))
    page.keyboard.press("Enter")
    best = sum(value >= middle for value in last)
    await_selected(page, lambda selected: selected == best)

    page.locator("#run-replay-toggle").click()
    epoch = page.locator("#run-replay .replay-epoch")
    expect(epoch).to_have_text("live · epoch 8")
    before = page.locator(f'.ht-bars-plot[data-metric="{ACCURACY}"] canvas').first.evaluate(
        "(each) => each.toDataURL()"
    )
    page.keyboard.press("Home")
    expect(epoch).to_have_text("epoch 1 of 8")
    first = values(page)
    assert max(first) < max(last)
    expect(page.locator("#run-best-words")).to_have_text("Best at epoch 1")
    assert float(page.locator("#run-best-value").inner_text().split()[-1]) == pytest.approx(max(first), abs=1e-2)
    assert before != page.locator(f'.ht-bars-plot[data-metric="{ACCURACY}"] canvas').first.evaluate(
        "(each) => each.toDataURL()"
    )
    # Those that ended best are followed, until the brush is asked to read what is shown.
    expect(page.locator("#selection-count")).to_have_text(f"{best} of 18 selected")
    # What stays on the page is what is followed; whoever changes the selection asks about what is shown.
    page.locator("#selection-keep").click()
    expect(page.locator("#selection-count")).to_have_text(f"{best} of {best} selected")
    page.keyboard.press("Control+z")
    reached = sum(value >= middle for value in first)
    expect(page.locator("#selection-count")).to_have_text(f"{reached} of 18 selected")
    page.locator(".run-replay-hold").click()
    expect(page.locator("#selection-count")).to_have_text(f"{best} of 18 selected")

    page.locator("#run-replay .replay-play").click()
    expect(epoch).to_have_text("live · epoch 8")
    assert values(page) == last
    expect(page.locator("#selection-count")).to_have_text(f"{best} of 18 selected")
    page.keyboard.press("ArrowLeft")
    expect(epoch).to_have_text("epoch 7 of 8")
    page.locator("#run-replay-toggle").click()
    expect(page.locator("#run-replay")).to_be_hidden()
    expect(page.locator("#run-best-words")).to_have_text("Best so far")
    assert values(page) == last
