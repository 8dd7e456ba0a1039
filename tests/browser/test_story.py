"""The paper's second phase on real results: Sarah forms a hypothesis on the whole run, narrows it to three, and goes on."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_launch_dialog import Dialog
from tests.browser.test_main_job import RUN, await_selected, open_run, selection
from tests.browser.test_scatter_matrix import drag
from tests.product import Product, hypertuner, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

TUNED = ("batch_size", "num_epochs", "dropout_rate")
ACCURACY = "validation_accuracy"
LOSS = "validation_loss"
# Tall enough for every view to be in sight at once: what is out of sight is not drawn.
TALL = {"width": 1280, "height": 3000}

# A canvas from which pixels are read must be made for it, or the browser warns.
READ = """(canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height).data;
}"""

Experiments = Mapping[int, Mapping[str, float]]


@pytest.fixture(scope="module")
def experiments(finished_demo: Product) -> Experiments:
    """The numbers of the run as the shell gives them."""
    text = hypertuner("export", "digits", "--run", "1", "--data-dir", str(finished_demo.data_dir)).stdout
    names = (*TUNED, ACCURACY, LOSS)
    return {
        int(row["experiment"]): {name: float(row[name]) for name in names} for row in csv.DictReader(io.StringIO(text))
    }


@dataclass(frozen=True)
class Brush:
    """A rectangle of one panel (left, top, right, bottom as shares of it), what it holds, and the room at its edges in pixels."""

    row: str
    metric: str
    rectangle: tuple[float, float, float, float]
    numbers: frozenset[int]
    room: float


@dataclass(frozen=True)
class Plan:
    """Two brushes that together leave three experiments."""

    first: Brush
    second: Brush

    @property
    def three(self) -> list[int]:
        return sorted(self.first.numbers & self.second.numbers)


def ends(experiments: Experiments, numbers: Sequence[int], name: str) -> tuple[float, float]:
    values = [experiments[number][name] for number in numbers]
    return min(values), max(values)


class RunViews:
    """What each view of a run's page shows, read from what is on the screen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.card = page.locator("#hover-card")

    def open(self, address: str = RUN) -> None:
        self.page.set_viewport_size(TALL)  # type: ignore[arg-type]
        open_run(self.page, address)
        self.page.locator(f'.ht-axis[data-field="m:{ACCURACY}"] .ht-axis-area').wait_for()

    def panel(self, row: str, metric: str) -> Locator:
        return self.page.locator(f'.ht-matrix-panel[data-row="h:{row}"][data-column="m:{metric}"]')

    def marks(self, row: str, metric: str, numbers: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Where the marks of experiments lie in a panel, in pixels."""
        found: list[tuple[float, float]] = self.panel(row, metric).evaluate(
            """(panel, numbers) => {
                const board = dash_clientside.run.current();
                const places = numbers.map((number) => {
                    board.hover(board.experiments.indexOf.get(number));
                    return panel.querySelector(".ht-lit").style.transform.match(/[\\d.]+/g).map(Number);
                });
                board.hover(-1);
                return places;
            }""",
            list(numbers),
        )
        return dict(zip(numbers, found, strict=True))

    def rows(self) -> list[int]:
        """The experiments of the table."""
        # A row that has just come into sight has no experiment for a moment.
        found = self.page.locator("#table-host .ag-center-cols-container .ag-row[row-id]")
        return sorted(found.evaluate_all("rows => rows.map((row) => Number(row.getAttribute('row-id')))"))

    def bars(self, metric: str, numbers: Sequence[int]) -> list[int]:
        """The experiments whose bars are in colour; bars stand in the order of numbers."""
        places: list[int] = self.page.locator(f'.ht-bars-plot[data-metric="m:{metric}"] .ht-bars-area').evaluate(
            f"""(area, count) => {{
                const canvas = area.lastElementChild;
                const {{width, height}} = canvas;
                const data = ({READ})(canvas);
                const ratio = width / canvas.clientWidth;
                const left = 48, slot = Math.min((canvas.clientWidth - left - 8) / count, 34);
                return [...Array(count).keys()].filter((place) => {{
                    const x = Math.round((left + (place + 0.5) * slot) * ratio);
                    return [...Array(height).keys()].some((y) => data[4 * (y * width + x) + 3] > 128);
                }});
            }}""",
            len(numbers),
        )
        return [sorted(numbers)[place] for place in places]

    def sliders(self, name: str) -> dict[str, Any]:
        """Of one hyperparameter or metric, as shares of the slider: its thumbs, and from where to where its histogram is coloured."""
        found: dict[str, Any] = self.page.locator(f'.ht-parameter[data-field$=":{name}"]').evaluate(
            f"""async (row) => {{
                const {{colourOf}} = await import(document.getElementById("_dash-renderer").src.replace("main.js", "base/marks.js"));
                const canvas = row.querySelector("canvas");
                const {{width, height}} = canvas;
                const data = ({READ})(canvas);
                const probe = new OffscreenCanvas(1, 1);
                const brush = probe.getContext("2d");
                brush.fillStyle = colourOf("--ht-mark-selected");
                brush.fillRect(0, 0, 1, 1);
                const wanted = ({READ})(probe);
                const isWanted = (at) => [0, 1, 2, 3].every((part) => Math.abs(data[at + part] - wanted[part]) < 8);
                const coloured = [...Array(width).keys()]
                    .filter((x) => [...Array(height).keys()].some((y) => isWanted(4 * (y * width + x))));
                return {{
                    words: ["low", "high"].map((end) => row.querySelector(`.ht-limit-${{end}}`).value),
                    thumbs: ["low", "high"].map((end) => Number(row.querySelector(`.ht-thumb-${{end}}`).value) / 1000),
                    coloured: [coloured[0] / width, (coloured.at(-1) + 1) / width],
                }};
            }}"""
        )
        return found

    def hovered_colours(self) -> dict[str, int]:
        """How many views light an experiment, and how many there are."""
        found: dict[str, int] = self.page.evaluate(
            f"""() => {{
                const isPainted = (canvas) => ({READ})(canvas).some((part) => part > 0);
                const lit = [...document.querySelectorAll("#table-host .ag-row.is-lit")];
                return {{
                    lines: [...document.querySelectorAll(".ht-parallel-over")].filter(isPainted).length,
                    marks: document.querySelectorAll(".ht-matrix-panel .ht-lit:not([hidden])").length,
                    panels: document.querySelectorAll(".ht-matrix-panel").length,
                    rows: new Set(lit.map((row) => row.getAttribute("row-id"))).size,
                }};
            }}"""
        )
        return found


Stretch = tuple[float, float, frozenset[int], float]


def better_sides(places: Mapping[int, float], length: float, *, is_high_better: bool) -> Iterator[Stretch]:
    """From every place between two marks to the better end of a panel."""
    order = sorted(places, key=lambda number: places[number], reverse=is_high_better)
    for count in range(1, len(order)):
        inner, outer = places[order[count - 1]], places[order[count]]
        middle = (inner + outer) / 2 / length
        sides = (middle, 0.995) if is_high_better else (0.005, middle)
        yield *sides, frozenset(order[:count]), abs(inner - outer)


def bands(places: Mapping[int, float], values: Mapping[int, float], length: float) -> Iterator[Stretch]:
    """All neighbouring candidates that can be taken together, from one to all of them."""
    groups = [[places[number] for number in places if values[number] == each] for each in sorted(set(values.values()))]
    groups.sort()
    edges = [0.0, *((max(low) + min(high)) / 2 for low, high in itertools.pairwise(groups)), length]
    for first, last in itertools.combinations(range(len(edges)), 2):
        inside = frozenset(number for number in places if edges[first] <= places[number] <= edges[last])
        yield max(edges[first] / length, 0.01), min(edges[last] / length, 0.99), inside, length


def brushes(views: RunViews, experiments: Experiments, row: str, metric: str) -> Iterator[Brush]:
    """What can be drawn in a panel so that it reaches to the better end of the metric."""
    box = views.panel(row, metric).bounding_box()
    assert box is not None
    marks = views.marks(row, metric, list(experiments))
    across, down = ({number: place[i] for number, place in marks.items()} for i in (0, 1))
    # The page lays the marks out as the numbers say.
    values = {number: each[metric] for number, each in experiments.items()}
    by_place = sorted(experiments, key=lambda number: (across[number], values[number]))
    assert by_place == sorted(experiments, key=lambda number: (values[number], across[number]))
    settings = {number: each[row] for number, each in experiments.items()}
    for left, right, beside, room in better_sides(across, box["width"], is_high_better=metric == ACCURACY):
        for top, bottom, level, _ in bands(down, settings, box["height"]):
            yield Brush(row, metric, (left, top, right, bottom), beside & level, room)


def plan_of(views: RunViews, experiments: Experiments) -> Plan:
    """The best by accuracy, of which a second brush leaves three, with as much room for the hand as these numbers allow."""
    first = [
        each for each in brushes(views, experiments, "batch_size", ACCURACY)
        if len(each.numbers) > 3 and each.rectangle[1] < 0.02 and each.rectangle[3] > 0.98
    ]  # fmt: skip
    second = [each for row in ("num_epochs", "dropout_rate") for each in brushes(views, experiments, row, LOSS)]
    plans = [plan for plan in map(Plan, *zip(*itertools.product(first, second), strict=True)) if len(plan.three) == 3]
    return max(plans, key=lambda plan: min(plan.first.room, plan.second.room))


def assert_all_show(views: RunViews, experiments: Experiments, numbers: Sequence[int]) -> None:
    """Every view of the page shows these experiments, and no other."""
    page = views.page
    assert selection(page)["numbers"] == sorted(numbers)
    expect(page.locator("#table-count")).to_have_text(f"showing {len(numbers)} of {len(experiments)}")
    wait_until(lambda: views.rows() == sorted(numbers), f"the table shows {views.rows()}")
    for metric in (ACCURACY, LOSS):
        assert views.bars(metric, list(experiments)) == sorted(numbers)
    expect(page.locator(".ht-parallel-count")).to_contain_text(
        f"showing {len(numbers)} of {len(experiments)} in colour"
    )
    for name in (*TUNED, ACCURACY, LOSS):
        slider = views.sliders(name)
        for word, value in zip(slider["words"], ends(experiments, numbers, name), strict=True):
            assert float(word) == pytest.approx(value, abs=half_a_digit(word)), name
        # A bin of the histogram is a 48th of the slider, and the bar of a candidate a little wider.
        assert slider["coloured"] == pytest.approx(slider["thumbs"], abs=0.06), name


def half_a_digit(word: str) -> float:
    """How far a number that is written like this may be from what it stands for."""
    return 0.51 * 10 ** -len(word.partition(".")[2])


def draw(page: Page, drawn: Brush) -> None:
    """Drag over the rectangle of a brush."""
    panel = page.locator(f'.ht-matrix-panel[data-row="h:{drawn.row}"][data-column="m:{drawn.metric}"]')
    left, top, right, bottom = drawn.rectangle
    drag(page, (left, top), (right, bottom), panel)


def narrow_to_three(views: RunViews, experiments: Experiments) -> Plan:
    """Brush the best accuracies, then three among them."""
    plan = plan_of(views, experiments)
    draw(views.page, plan.first)
    await_selected(views.page, lambda selected: selected == len(plan.first.numbers))
    draw(views.page, plan.second)
    await_selected(views.page, lambda selected: selected == 3)
    return plan


def test_a_panel_says_how_batch_size_goes_with_accuracy(
    page: Page, finished_demo: Product, experiments: Experiments
) -> None:
    views = RunViews(page)
    views.open()
    # Candidates that double lie on a logarithmic axis.
    sizes = [math.log10(row["batch_size"]) for row in experiments.values()]
    accuracies = [row[ACCURACY] for row in experiments.values()]
    said = views.panel("batch_size", ACCURACY).locator(".ht-trend")
    found = re.fullmatch(
        r"slope (\S+) per decade, r = (\S+) \[(\S+), (\S+)\], n = (\d+)", said.inner_text().replace("\n", "")
    )
    assert found, said.inner_text()
    slope, r, low, high, count = (float(part.replace("−", "-")) for part in found.groups())
    assert count == len(experiments)
    assert r == pytest.approx(statistics.correlation(sizes, accuracies), abs=0.006)
    assert slope == pytest.approx(statistics.linear_regression(sizes, accuracies).slope, rel=0.06)
    assert low < r < high


def test_the_best_are_seen_alike_in_every_view_and_two_brushes_leave_three(
    page: Page, finished_demo: Product, experiments: Experiments
) -> None:
    views = RunViews(page)
    views.open()
    plan = plan_of(views, experiments)
    draw(page, plan.first)
    assert_all_show(views, experiments, sorted(plan.first.numbers))
    draw(page, plan.second)
    assert_all_show(views, experiments, plan.three)
    assert {clause["source"] for clause in selection(page)["clauses"]} == {
        f"matrix:h:{each.row}:m:{each.metric}" for each in (plan.first, plan.second)
    }
    page.keyboard.press("Control+z")
    await_selected(page, lambda selected: selected == len(plan.first.numbers))
    assert_all_show(views, experiments, sorted(plan.first.numbers))


def test_what_is_under_the_pointer_lights_up_in_every_view(
    page: Page, finished_demo: Product, experiments: Experiments
) -> None:
    views = RunViews(page)
    views.open()
    three = narrow_to_three(views, experiments).three
    marks = views.marks("num_epochs", LOSS, list(experiments))
    # The one whose mark stands farthest from all others.
    number = max(
        three, key=lambda number: min(math.dist(marks[number], marks[other]) for other in marks if other != number)
    )
    x, y = marks[number]
    box = views.panel("num_epochs", LOSS).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x, box["y"] + y)
    assert selection(page)["hovered"] == number
    expect(views.card).to_contain_text(f"Experiment {number}")
    # The card shows six digits of a setting.
    expect(views.card).to_contain_text(f"{experiments[number]['dropout_rate']:g}")
    lit = views.hovered_colours()
    assert lit == {"lines": 1, "marks": lit["panels"], "panels": lit["panels"], "rows": 1}
    expect(page.locator("#table-host .ag-row.is-lit").first).to_have_attribute("row-id", str(number))
    page.mouse.move(2, 2)
    expect(views.card).to_be_hidden()
    assert views.hovered_colours() | {"panels": 0} == {"lines": 0, "marks": 0, "panels": 0, "rows": 0}


def test_three_are_opened_together_and_the_selection_outlives_the_way_back_and_to_a_colleague(
    page: Page, browser: Browser, session_state: str, finished_demo: Product, experiments: Experiments
) -> None:
    views = RunViews(page)
    views.open()
    three = narrow_to_three(views, experiments).three
    # Playwright hears of a replaced address a little later than the page.
    address = page.evaluate("location.href")
    for number in three:
        page.locator(f'.ag-row[row-id="{number}"] [col-id="state"]').click(modifiers=["Control"])
    curves = page.locator("#open-curves")
    expect(curves).to_have_text("Compare the 3 picked")
    curves.click()
    page.wait_for_url(re.compile(rf"/experiments/{three[0]}\?with={three[1]}[-,]{three[2]}$"))
    expect(page.locator("#curves .curves-area").first).to_be_visible()
    wait_until(lambda: drawn_in(page) == set(three), f"the curves are those of {drawn_in(page)}")
    expect(page.locator("#comparison thead a")).to_have_text([str(number) for number in three])

    page.go_back()
    page.locator("#run-dashboard.is-loaded").wait_for()
    assert page.evaluate("location.href") == address
    assert_all_show(views, experiments, three)

    context = browser.new_context(storage_state=session_state)
    colleague = RunViews(context.new_page())
    colleague.open(address)
    assert_all_show(colleague, experiments, three)
    context.close()


def drawn_in(page: Page) -> set[int]:
    """The experiments whose curves the page draws."""
    panels = page.evaluate("hypertuner.curves.state()?.panels ?? []")
    return {line["experiment"] for panel in panels for line in panel["lines"]}


@pytest.fixture
def lock(page: Page) -> Iterator[Callable[[str], Locator]]:
    """Locks that are taken off again, because other tests share the project."""
    taken: list[str] = []

    def lock(name: str) -> Locator:
        taken.append(name)
        button = page.locator(f'.ht-parameter[data-field="h:{name}"] .ht-lock')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        return button

    yield lock
    open_run(page)
    for name in taken:
        button = page.locator(f'.ht-parameter[data-field="h:{name}"] .ht-lock')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")


def test_the_next_run_begins_with_the_range_that_the_three_share(
    page: Page, finished_demo: Product, experiments: Experiments, lock: Callable[[str], Locator]
) -> None:
    views = RunViews(page)
    views.open()
    three = narrow_to_three(views, experiments).three
    low, high = ends(experiments, three, "dropout_rate")
    shown = f"{low:g} – {high:g}"
    expect(lock("dropout_rate")).to_have_attribute("title", re.compile(rf"^Locked to {re.escape(shown)} by "))
    page.keyboard.press("Escape")
    await_selected(page, lambda selected: selected == len(experiments))
    dialog = Dialog(page)
    dialog.open()
    expect(dialog.origin.locator("label").first).to_have_text("Locks (1)")
    expect(dialog.origin.locator("input").first).to_be_checked()
    wanted = f"{low:g}" if low == high else f"[{low:g}:{high:g}]"
    expect(dialog.command).to_have_value(re.compile(rf"--dropout_rate {re.escape(wanted)}(?: |$)"))
    dialog.close()
