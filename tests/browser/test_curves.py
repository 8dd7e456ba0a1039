"""The curves of experiments: hover, zoom, legend, replay by keys, news while one looks on, and the address."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from analysis.hyperparameters import Hyperparameter
from storage.ingestion import Batch, Ending, NewView, Values, finish_experiment, record
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.product import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

EPOCHS = 10
KNOWN = [Hyperparameter("lr", "--lr", "float", 0.1).to_json()]
PAGE = "/projects/digits/experiments/1"


def views(*epochs: float) -> list[NewView]:
    shown = {"labels": ["cat", "dog"], "counts": [[3, 1], [0, 4]], "examples": []}
    return [NewView("confusion matrix", "confusion_matrix", epoch, json.dumps(shown).encode()) for epoch in epochs]


class Trained:
    """Five experiments with curves, of which the first two repeat one setting and the last one is still running."""

    def __init__(self, store: Store) -> None:
        self.store = store
        project = register_project(
            store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=KNOWN, objective="val_loss",
            goal="minimize",
        )  # fmt: skip
        settings = [{"lr": lr} for lr in (0.1, 0.1, 0.2, 0.3, 0.4)]
        new = [NewExperiment(each, repeat=at % 2) for at, each in enumerate(settings)]
        create_run(store, project, NewRun("x", {"lr": [0.1, 0.2, 0.3, 0.4]}, KNOWN, new, objective="val_loss"))
        self.ids = metric_ids(store, project.id, ["train_loss", "val_loss", "grad_norm"])
        self.run = claim_runs(store, "scheduler")[0]
        claim = claim_experiment(store, Place("worker", "here"))
        for number in range(1, 5):
            assert claim is not None
            batch = Batch(
                {}, {"metrics": 1}, self._values(number), views(2.0, 6.0) if number == 1 else (), epoch=EPOCHS
            )
            ending = Ending("finished", 1.0, 0, None)
            claim = finish_experiment(store, claim, batch, ending, then=Place("worker", "here"))
        assert claim is not None
        self.live, self.sent = claim, 1
        record(store, claim, Batch({}, {"metrics": 1}, self._values(5), epoch=EPOCHS))

    def _values(self, number: int) -> list[Values]:
        epochs = [float(epoch) for epoch in range(1, EPOCHS + 1)]
        loss = [number + 1 / epoch for epoch in epochs]
        return [
            self._part("train_loss", 0, loss, epochs),
            self._part("val_loss", 0, [value + 0.1 for value in loss], epochs),
            self._part("grad_norm", 0, [math.nan if epoch == 4 else 1.0 for epoch in epochs], epochs),
        ]

    def _part(self, metric: str, first: int, values: Sequence[float], epochs: Sequence[float]) -> Values:
        none = [None] * len(values)
        return Values(self.ids[metric], first, values, epochs, none, [1000.0 + epoch for epoch in epochs])

    def report(self, value: float) -> None:
        """One more epoch of the experiment that is still running."""
        at = EPOCHS + self.sent - 1
        values = [self._part(metric, at, [value], [at + 1.0]) for metric in ("train_loss", "val_loss")]
        record(self.store, self.live, Batch({"metrics": self.sent}, {"metrics": self.sent + 1}, values, epoch=at + 1))
        self.sent += 1


@pytest.fixture
def trained(store: Store) -> Trained:
    return Trained(store)


def state(page: Page) -> Any:
    return page.evaluate("hypertuner.curves.state()")


def until(page: Page, condition: Callable[[Any], bool]) -> Any:
    """Wait for a state of the curves; returns it."""
    found: list[Any] = []

    def holds() -> bool:
        found[:] = [state(page)]
        return bool(found[0]) and condition(found[0])

    wait_until(holds, f"the curves are {json.dumps(state(page))[:1500]}", 10)
    return found[0]


def open_curves(page: Page, address: str) -> Any:
    page.goto(address)
    return until(page, lambda shown: bool(shown["panels"]))


def await_address(page: Page, condition: Callable[[str], bool]) -> None:
    wait_until(lambda: condition(page.evaluate("location.search")), page.url, 10)


def panel(shown: Any, key: str) -> Any:
    return next(each for each in shown["panels"] if each["key"] == key)


def line(shown: Any, metric: str, experiment: int) -> Any:
    lines = [each for panel in shown["panels"] for each in panel["lines"]]
    return next(each for each in lines if (each["metric"], each["experiment"]) == (metric, experiment))


def box_of(page: Page, key: str) -> Any:
    area = page.locator(f'.curves-plot[data-panel="{key}"] .curves-area')
    area.scroll_into_view_if_needed()
    return area.bounding_box()


def test_a_replay_by_keys_moves_curves_views_and_values(visitor: Page, trained: Trained) -> None:
    shown = open_curves(visitor, f"{PAGE}?with=2-4")
    assert [each["key"] for each in shown["panels"]] == ["train_loss", "grad_norm"]
    assert {each["metric"] for each in panel(shown, "train_loss")["lines"]} == {"train_loss", "val_loss"}
    assert (shown["epoch"], line(shown, "train_loss", 3)["cut"]) == (None, EPOCHS)
    expect(visitor.locator("#view-epoch-label")).to_have_text("epoch 6")

    visitor.keyboard.press("Home")
    # The lines are drawn in a frame of their own.
    begun = until(visitor, lambda shown: shown["epoch"] == 1 and line(shown, "train_loss", 3)["cut"] == 1)
    assert panel(begun, "train_loss")["y"] == panel(shown, "train_loss")["y"]
    for _ in range(3):
        visitor.keyboard.press("ArrowRight")
    until(visitor, lambda shown: shown["epoch"] == 4 and line(shown, "val_loss", 2)["cut"] == 4)
    expect(visitor.locator(".replay-epoch")).to_have_text("epoch 4 of 10")
    expect(visitor.locator("#view-epoch-label")).to_have_text("epoch 2")
    expect(visitor.locator(".curves-values tbody tr").nth(2)).to_contain_text("3.35")
    expect(visitor.locator(".curves-values tbody tr").first).to_contain_text("NaN")
    await_address(visitor, lambda query: "epoch=4" in query)

    visitor.locator(".replay-speed").select_option("8")
    visitor.locator("h1").click()
    visitor.keyboard.press("Space")
    whole = lambda shown: line(shown, "train_loss", 3)["cut"] == EPOCHS  # noqa: E731
    until(visitor, lambda shown: shown["epoch"] is None and not shown["isPlaying"] and whole(shown))
    await_address(visitor, lambda query: "epoch=" not in query)


def test_what_is_under_the_pointer_is_named_and_a_click_opens_it(visitor: Page, trained: Trained) -> None:
    shown = open_curves(visitor, f"{PAGE}?with=2-4")
    box, (x, y) = box_of(visitor, "train_loss"), line(shown, "train_loss", 3)["at"]
    visitor.mouse.move(box["x"] + x - 1, box["y"] + y)
    until(visitor, lambda shown: shown["hovered"] == 3)
    card = visitor.locator("#curves .ht-card")
    expect(card).to_contain_text("Experiment 3")
    expect(card).to_contain_text("epoch 10")
    expect(card).to_contain_text("3.1")
    visitor.mouse.click(box["x"] + x - 1, box["y"] + y)
    visitor.wait_for_url("**/experiments/3?with=1-2,4")
    expect(visitor.locator("h1")).to_have_text("Experiment 3")
    assert until(visitor, lambda shown: len(shown["numbers"]) == 4)["numbers"]


def test_a_zoom_stays_while_news_arrives_and_a_double_click_takes_it_back(visitor: Page, trained: Trained) -> None:
    whole = open_curves(visitor, f"{PAGE}?with=5")
    box = box_of(visitor, "grad_norm")
    visitor.mouse.move(box["x"] + 54 + (box["width"] - 66) * 0.3, box["y"] + 150)
    visitor.mouse.down()
    visitor.mouse.move(box["x"] + 54 + (box["width"] - 66) * 0.6, box["y"] + 150, steps=4)
    visitor.mouse.up()
    zoomed = until(visitor, lambda shown: shown["shown"]["zoom"])
    low, high = zoomed["shown"]["zoom"]["range"]
    assert 3 < low < 4.5 < 5.5 < high < 7.5
    until(visitor, lambda shown: all(each["x"] == [low, high] for each in shown["panels"]))
    trained.report(0.5)
    until(visitor, lambda shown: shown["epochs"][-1] == EPOCHS + 1)
    assert panel(state(visitor), "train_loss")["x"] == [low, high]
    visitor.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 150)
    back = until(visitor, lambda shown: shown["shown"]["zoom"] is None and panel(shown, "train_loss")["x"][1] > 11)
    assert panel(back, "train_loss")["y"][0] < panel(whole, "train_loss")["y"][0]
    assert line(back, "train_loss", 5)["last"] == [EPOCHS + 1, 0.5]


def test_the_address_shows_everything_as_it_was(visitor: Page, trained: Trained) -> None:
    open_curves(visitor, f"{PAGE}?with=2-4")
    visitor.locator(".curves-log-y").click()
    visitor.locator(".curves-mean").click()
    visitor.locator('.curves-chip[data-metric="grad_norm"]').click()
    visitor.locator('.curves-chip[data-experiment="4"]').click()
    visitor.locator(".curves-colour").select_option("h:lr")
    visitor.locator(".curves-x").select_option("time")
    visitor.locator(".curves-smooth").fill("0.6")
    visitor.locator("h1").click()
    visitor.keyboard.press("ArrowLeft")
    changed = until(visitor, lambda shown: shown["epoch"] == 9 and shown["panels"][0]["unit"] == "s")
    assert {(each["experiment"], each["metric"]) for each in changed["panels"][0]["lines"]} == {
        (1, "train_loss"), (1, "val_loss"), (3, "train_loss"), (3, "val_loss"),
    }  # fmt: skip
    await_address(visitor, lambda query: "epoch=9" in query)
    # By now the frame is drawn, too.
    changed = state(visitor)
    visitor.reload()
    again = until(visitor, lambda shown: shown["panels"] == changed["panels"])
    assert (again["shown"], again["epoch"]) == (changed["shown"] | {"epoch": 9}, 9)
    expect(visitor.locator(".curves-scale")).to_contain_text("lr")


def test_a_double_click_in_the_legend_shows_one_alone(visitor: Page, trained: Trained) -> None:
    open_curves(visitor, f"{PAGE}?with=2-4")
    visitor.locator('.curves-chip[data-experiment="2"]').dblclick()
    until(visitor, lambda shown: {each["experiment"] for each in shown["panels"][0]["lines"]} == {2})
    visitor.locator('.curves-chip[data-experiment="2"]').dblclick()
    until(visitor, lambda shown: {each["experiment"] for each in shown["panels"][0]["lines"]} == {1, 2, 3, 4})


def test_a_selection_opens_its_curves_together(visitor: Page, trained: Trained) -> None:
    visitor.goto("/projects/digits/runs/1")
    visitor.locator("#run-dashboard.is-loaded").wait_for()
    expect(visitor.locator("#open-curves")).to_be_hidden()
    visitor.evaluate('hypertuner.selection.select([{source: "test", field: "number", range: [2, 4]}])')
    link = visitor.locator("#open-curves")
    expect(link).to_have_text("Curves of all 3 selected")
    link.click()
    visitor.wait_for_url("**/experiments/2?with=3-4")
    until(visitor, lambda shown: shown["numbers"] == [2, 3, 4])


def test_nothing_of_a_run_moves_when_a_part_comes_into_sight(visitor: Page, trained: Trained) -> None:
    """What moves between the press and the release of a button loses the click."""
    place = "document.querySelector('#experiment-actions').getBoundingClientRect().top + window.scrollY"
    visitor.goto("/projects/digits/runs/1")
    visitor.locator("#run-dashboard.is-loaded").wait_for()
    axes = visitor.locator("#parallel-coordinates .ht-axis")
    expect(axes).to_have_count(0)
    before = visitor.evaluate(place)
    visitor.locator("#parallel-coordinates").scroll_into_view_if_needed()
    expect(axes).not_to_have_count(0)
    assert visitor.evaluate(place) == pytest.approx(before, abs=1)


def test_without_epochs_there_is_no_replay(visitor: Page, store: Store) -> None:
    trained = Trained(store)
    record(
        store,
        trained.live,
        Batch({"metrics": 1}, {"metrics": 2}, [Values(trained.ids["grad_norm"], EPOCHS, [1.0], [None], [None], [0.0])]),
    )
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE metric_chunk SET epochs = NULL")
    shown = open_curves(visitor, "/projects/digits/experiments/3")
    assert shown["epochs"] == []
    assert panel(shown, "train_loss")["unit"] == "report"
    expect(visitor.locator(".curves-replay")).to_be_hidden()
    expect(visitor.locator(".curves-values")).to_be_hidden()
