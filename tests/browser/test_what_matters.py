"""What matters, on planted truth: what the box says on the screen is so, for whom it speaks, and where it keeps silent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from analysis.hyperparameters import Hyperparameter
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.run_leases import claim_runs, end_run
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.browser.test_main_job import open_run, selection
from tests.product import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RUN = "/projects/planted/runs/1"
NAMES = ("lr", "dropout", "seed")
# A forest of many trees on a busy machine.
ANSWERED_MS = 60_000

Truth = dict[int, dict[str, float]]


def truth_of(count: int, *, is_loss: bool) -> Truth:
    """Experiments whose score falls steeply with each decade away from 0.01, a little with dropout, and not with the seed."""
    draw = np.random.default_rng(7)
    found: Truth = {}
    for number in range(1, count + 1):
        lr, dropout, seed = 10 ** draw.uniform(-4, -1), draw.uniform(0, 0.5), int(draw.integers(1, 6))
        score = 0.9 - 0.25 * abs(math.log10(lr) + 2) - 0.25 * dropout + draw.normal(0, 0.01)
        # Long runs cost more; what is quick is not what is good.
        seconds = 10 + 40 * score + draw.uniform(0, 20)
        found[number] = {
            "lr": float(f"{lr:.5g}"), "dropout": round(float(dropout), 4), "seed": seed,
            "objective": round(float(1 - score if is_loss else score), 5), "seconds": round(float(seconds), 3),
        }  # fmt: skip
    return found


def plant(store: Store, truth: Truth, goal: str) -> None:
    """A finished run with these experiments."""
    known = [
        Hyperparameter("lr", "--lr", "float", 0.01),
        Hyperparameter("dropout", "--dropout", "float", 0.0),
        Hyperparameter("seed", "--seed", "int", 1),
    ]
    described = [each.to_json() for each in known]
    project = register_project(
        store, "Planted", directory="/tmp", command=["python", "train.py"], hyperparameters=described,
        objective="objective",
    )  # fmt: skip
    candidates: dict[str, Any] = {
        "lr": {"low": 1e-4, "high": 1e-1, "is_log": True}, "dropout": {"low": 0.0, "high": 0.5}, "seed": [1, 2, 3, 4, 5]
    }  # fmt: skip
    experiments = [NewExperiment({name: each[name] for name in NAMES}) for each in truth.values()]
    new = NewRun(
        "python train.py", candidates, described, experiments, objective="objective", goal=goal,
        metrics=[{"name": "seconds", "goal": "minimize"}],
    )  # fmt: skip
    create_run(store, project, new)
    run = claim_runs(store, "scheduler")[0]
    ids = metric_ids(store, project.id, ["objective", "seconds"])
    claim = claim_experiment(store, Place("worker", "here"))
    while claim:
        each = truth[claim.number]
        values = [Values(ids[name], 0, [each[name]], [1.0], [None], [0.0]) for name in ("objective", "seconds")]
        batch = Batch({}, {"metrics": 1}, values, epoch=1, epochs=1)
        claim = finish_experiment(store, claim, batch, Ending("finished", 1.0, 0), then=Place("worker", "here"))
    assert end_run(store, run.id, run.fence, state="finished")


class WhatMatters:
    """The box, as a person sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said = page.locator("#insights-said")
        self.problem = page.locator("#insights-problem")

    def open(self) -> None:
        open_run(self.page, RUN)
        self.page.locator("#insights summary").click()
        self.answered()

    def answered(self) -> None:
        expect(self.said).to_contain_text("experiment", timeout=ANSWERED_MS)
        expect(self.page.locator("#insights-busy")).to_be_hidden(timeout=ANSWERED_MS)

    def graph(self, name: str) -> Locator:
        return self.page.locator(f"#insights-{name} .js-plotly-plot")

    def ranking(self) -> list[str]:
        """The names beside the bars, from the top."""
        expect(self.graph("importance").locator(".ytick text").first).to_be_visible()
        names: list[str] = self.graph("importance").evaluate(
            """(graph) => [...graph.querySelectorAll(".ytick text")]
                .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).map((tick) => tick.textContent)"""
        )
        return names

    def shares(self) -> dict[str, tuple[float, float, float]]:
        """What each explains with others, and the interval that its whisker draws."""
        found: dict[str, list[float]] = self.graph("importance").evaluate(
            """(graph) => {
                const [alone, rest] = graph.data;
                return Object.fromEntries(alone.customdata.map((name, at) => {
                    const top = alone.x[at] + rest.x[at];
                    return [name, [top, top - rest.error_x.arrayminus[at], top + rest.error_x.array[at]]];
                }));
            }"""
        )
        return {name: (share, low, high) for name, (share, low, high) in found.items()}

    def front(self) -> list[int]:
        """The experiments on the front."""
        numbers: list[int] = self.graph("pareto").evaluate("graph => graph.data.at(-1).customdata")
        return sorted(numbers)


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_the_ranking_is_the_planted_one_whichever_way_is_better(visitor: Page, store: Store, goal: str) -> None:
    plant(store, truth_of(200, is_loss=goal == "minimize"), goal)
    box = WhatMatters(visitor)
    box.open()
    expect(box.said).to_contain_text("from 200 finished experiments")
    expect(box.problem).to_be_hidden()
    assert box.ranking() == list(NAMES)
    shares = box.shares()
    assert shares["lr"][0] > 0.7
    # A little, and surely; and what does not matter is not told from chance.
    assert 0 < shares["dropout"][1] <= shares["dropout"][0] < 0.3
    assert shares["seed"][1] == 0
    assert shares["seed"][0] < 0.05
    for share, low, high in shares.values():
        assert low <= share <= high
    # As many whiskers are drawn as there are bars.
    expect(box.graph("importance").locator(".errorbar path.xerror")).to_have_count(len(NAMES))
    # The effect has its best value where it was planted.
    expect(visitor.locator("#insights h3").filter(has_text="Effect of lr")).to_be_visible()
    line = box.graph("effect").evaluate("graph => graph.data.find(({mode}) => mode === 'lines+markers')")
    best = (max if goal == "maximize" else min)(zip(line["y"], line["x"], strict=True))[1]
    assert 0.003 < best < 0.03


def test_the_same_question_has_the_same_answer(visitor: Page, store: Store) -> None:
    plant(store, truth_of(60, is_loss=False), "maximize")
    box = WhatMatters(visitor)
    box.open()
    first = box.shares()
    box.open()
    assert box.shares() == first


def test_few_experiments_give_no_guess(visitor: Page, store: Store) -> None:
    plant(store, truth_of(6, is_loss=False), "maximize")
    box = WhatMatters(visitor)
    box.open()
    expect(box.problem).to_have_text(re.compile(r"^Too few experiments to tell: about \d+ more would do\.$"))
    expect(box.graph("importance")).to_be_hidden()
    expect(box.graph("effect")).to_be_hidden()


def test_a_selection_is_explained_on_its_own_and_the_box_says_so(visitor: Page, store: Store) -> None:
    truth = truth_of(200, is_loss=False)
    plant(store, truth, "maximize")
    box = WhatMatters(visitor)
    box.open()
    # Within a narrow range of the rate, it is the dropout that matters.
    near = [number for number, each in truth.items() if 0.006 <= each["lr"] <= 0.0167]
    assert len(near) > 15
    visitor.evaluate("hypertuner.selection.select([{source: 'panel:h:lr', field: 'h:lr', range: [0.006, 0.0167]}])")
    assert sorted(selection(visitor)["numbers"]) == near
    scope = visitor.locator("#insights-scope-selected")
    expect(scope).to_have_text(f"the {len(near)} selected")
    expect(box.said).to_contain_text("from 200 finished experiments")
    scope.click()
    expect(scope).to_have_attribute("aria-pressed", "true")
    expect(box.said).to_contain_text(f"from {len(near)} finished experiments", timeout=ANSWERED_MS)
    assert box.ranking()[0] == "dropout"

    # It follows the brush, and goes back to the whole run.
    visitor.evaluate("hypertuner.selection.select([{source: 'panel:h:lr', field: 'number', range: [1, 5]}])")
    expect(box.problem).to_contain_text("Too few experiments to tell", timeout=ANSWERED_MS)
    visitor.locator("#insights-scope-all").click()
    expect(box.said).to_contain_text("from 200 finished experiments", timeout=ANSWERED_MS)
    assert box.ranking()[0] == "lr"


def unbeaten(truth: Truth, *, is_loss: bool) -> list[int]:
    """The experiments that no other beats in both metrics."""
    points = {number: (each["objective"] * (1 if is_loss else -1), each["seconds"]) for number, each in truth.items()}
    return [
        number for number, own in points.items()
        if not any(other != own and other[0] <= own[0] and other[1] <= own[1] for other in points.values())
    ]  # fmt: skip


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_the_front_holds_what_nothing_beats_and_a_click_opens_it(visitor: Page, store: Store, goal: str) -> None:
    truth = truth_of(60, is_loss=goal == "minimize")
    plant(store, truth, goal)
    box = WhatMatters(visitor)
    box.open()
    expected = unbeaten(truth, is_loss=goal == "minimize")
    assert 1 < len(expected) < 60
    said = visitor.locator("#insights-pareto-said")
    expect(said).to_have_text(f"{len(expected)} of 60 finished experiments on the front", timeout=ANSWERED_MS)
    assert box.front() == expected

    # Another goal is another front.
    visitor.locator("#insights-pareto-second-goal").select_option("maximize")
    wait_until(lambda: box.front() != expected, f"the front is still {box.front()}")
    visitor.locator("#insights-pareto-second-goal").select_option("minimize")
    wait_until(lambda: box.front() == expected, f"the front is {box.front()}")
    number, x, y = place_on_screen(box.graph("pareto"))
    visitor.mouse.move(x, y)
    visitor.mouse.click(x, y)
    visitor.wait_for_url(f"**/experiments/{number}")


def place_on_screen(graph: Locator) -> Sequence[float]:
    """The number of an experiment on the front and where its mark is drawn."""
    graph.scroll_into_view_if_needed()
    found: list[float] = graph.evaluate(
        """(graph) => {
            const marks = [...graph.querySelectorAll(".scatterlayer .trace:last-child .points path")];
            const {left, top, width, height} = marks[0].getBoundingClientRect();
            return [graph.data.at(-1).customdata[0], left + width / 2, top + height / 2];
        }"""
    )
    return int(found[0]), found[1], found[2]
