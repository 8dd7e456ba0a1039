"""The charts of what matters: figures that Plotly accepts, what their marks carry, and the words around them."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.axes import Axis, axis
from analysis.effects import Line
from analysis.importance import Importance, Pair, Share, TooFew
from analysis.pareto import front
from analysis.surrogate import Goal, sample
from layouts import insight_ids as ids
from layouts import insights
from layouts.charts import effect, importance, interaction, pareto
from tests.layouts.plotted import plotted
from tests.layouts.test_run import components
from tests.text import text_of

NAN = math.nan
HOSTILE = "<b>lr&</b>"


def share(value: float, low: float = 0.1, high: float = 0.9) -> Share:
    return Share(value, low, high)


def ranked(*names: str) -> list[Importance]:
    return [Importance(name, share(0.3), share(0.5 / (at + 1))) for at, name in enumerate(names)]


def found(name: str, values: list[Any], *, is_log: bool | None = None) -> Axis:
    made = axis(name, values, is_log=is_log)
    assert made is not None
    return made


def line(shown: Axis) -> Line:
    mean = tuple(0.1 * at for at in range(len(shown.labels)))
    return Line(mean, tuple(value - 0.1 for value in mean), tuple(value + 0.2 for value in mean))


def observed(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{"settings": {name: value}, "number": at + 1, "value": 0.5} for at, value in enumerate(values)]


AXES = {
    "number": found(HOSTILE, [index / 50 for index in range(50)]),
    "grid": found("size", [16, 32, 64]),
    "log": found("lr", [1e-5, 1e-4, 1e-3, 1e-2]),
    "missing": found("decay", [None, 0.1, 0.2, 0.3]),
    "words": found("optimizer", ["adam", "sgd", HOSTILE, None]),
    "bool": found("augment", [True, False]),
}


# --- figures ---------------------------------------------------------------------------------------------------------


def figures() -> dict[str, Any]:
    made: dict[str, Any] = {
        "importance": importance.figure(ranked("lr", HOSTILE, "x" * 60)),
        "one": importance.figure(ranked("lr")),
        "many": importance.figure(ranked(*(f"h{at}" for at in range(40)))),
        "interaction": interaction.figure(["lr", HOSTILE, "c"], [Pair("lr", HOSTILE, share(0.2))]),
        "front": pareto.figure([4, 5, 6], ([1, 2, 3], [3, 2, 3]), [0, 1], (HOSTILE, "b"), ("minimize", "maximize")),
    }
    for name, shown in AXES.items():
        made[f"effect {name}"] = effect.figure(shown, line(shown), observed(shown.name, None, 0.1), metric=HOSTILE)
        for other, up in AXES.items():
            means = np.random.default_rng(0).random((len(shown.labels), len(up.labels)))
            dots = [{"settings": {shown.name: 0.2, up.name: 0.1}, "number": 3, "value": 1.0}]
            made[f"surface {name} {other}"] = interaction.surface(
                (shown, up), means, dots, metric=HOSTILE, goal="maximize"
            )
    return made


@pytest.mark.parametrize(("name", "figure"), figures().items(), ids=list(figures()))
def test_plotly_accepts_every_figure(name: str, figure: Any) -> None:
    go.Figure(plotted(figure))
    assert figure["layout"]["height"] > 100


def test_names_with_markup_are_shown_as_they_are() -> None:
    for name, figure in figures().items():
        shown = {key: value for key, value in figure.items() if key != "data"}
        assert "<b>lr" not in str(shown), name
        assert all("<b>lr" not in str(trace.get("hovertemplate")) for trace in figure["data"]), name


def test_a_bar_is_what_a_hyperparameter_does_alone_and_then_with_others() -> None:
    alone, together = importance.figure([Importance("lr", share(0.3), share(0.5, 0.4, 0.7))])["data"]
    assert (alone["x"], together["x"]) == ([0.3], [pytest.approx(0.2)])
    assert together["error_x"]["array"] == [pytest.approx(0.2)]
    assert together["error_x"]["arrayminus"] == [pytest.approx(0.1)]
    assert alone["customdata"] == together["customdata"] == ["lr"]


def test_a_whisker_ends_at_zero_and_says_that_it_may_be_chance() -> None:
    _, bar = importance.figure([Importance("lr", share(0.0), share(0.05, -0.2, 0.3))])["data"]
    assert bar["error_x"]["arrayminus"] == [pytest.approx(0.05)]
    assert "may be chance" in bar["hovertext"][0]


def test_a_cell_carries_its_pair_and_stands_below_the_diagonal() -> None:
    pairs = [Pair("b", "a", share(0.3)), Pair("a", "c", share(0.1)), Pair("c", "b", share(0.0))]
    [cells] = interaction.figure(["a", "b", "c"], pairs)["data"]
    assert cells["z"] == [[0.3, None], [0.1, 0.0]]
    assert cells["customdata"] == [[["b", "a"], None], [["a", "c"], ["c", "b"]]]


@pytest.mark.parametrize(("goal", "strong_end"), [("minimize", 0), ("maximize", 1)])
def test_the_better_end_is_the_stronger_colour(goal: Goal, strong_end: int) -> None:
    for other, means, strong in (("log", (3, 4), "--ht-accent"), ("bool", (3, 2), "--ht-accent/0.75")):
        shown = interaction.surface((AXES["grid"], AXES[other]), np.zeros(means), [], metric="loss", goal=goal)
        assert dict(shown["data"][0]["colorscale"])[strong_end] == strong


def test_a_surface_has_its_first_hyperparameter_along_x() -> None:
    means = np.arange(12.0).reshape(3, 4)
    contours = interaction.surface((AXES["grid"], AXES["log"]), means, [], metric="loss", goal="minimize")["data"][0]
    assert contours["x"] == [16, 32, 64]
    assert [row[0] for row in contours["z"]] == [0, 1, 2, 3]


def test_an_effect_leaves_experiments_out_that_have_no_place_on_its_axis() -> None:
    shown = effect.figure(AXES["missing"], line(AXES["missing"]), observed("decay", None, 0.2), metric="loss")
    assert shown["data"][0]["customdata"] == [2]
    assert "not set: mean" in shown["layout"]["annotations"][0]["text"]
    assert shown["layout"]["annotations"][0]["text"].count("90 % band") == 1


def test_an_effect_of_words_has_a_dot_for_each_with_its_interval() -> None:
    shown = effect.figure(AXES["bool"], line(AXES["bool"]), observed("augment", True, False), metric="loss")
    dots, means = shown["data"]
    assert means["y"] == [0.0, 0.1]
    assert means["error_y"]["array"] == [pytest.approx(0.2)] * 2
    assert [round(place) for place in dots["x"]] == [1, 0]
    assert shown["layout"]["xaxis"]["ticktext"] == ["False", "True"]


def test_a_front_keeps_all_its_experiments_and_thins_out_the_others() -> None:
    chance = random.Random(0)
    first, second = ([chance.random() for _ in range(20_000)] for _ in range(2))
    places = front(first, second, ("minimize", "minimize"))
    shown = pareto.figure(list(range(1, 20_001)), (first, second), places, ("a", "b"), ("minimize", "minimize"))
    beaten, best = shown["data"]
    assert best["customdata"] == [place + 1 for place in places]
    assert 1_000 < len(beaten["x"]) <= pareto.MOST_BEATEN
    assert "better" in shown["layout"]["xaxis"]["title"]["text"]


# --- words -----------------------------------------------------------------------------------------------------------


def test_it_says_from_what_it_speaks() -> None:
    given = sample([{"a": at} for at in range(6)], [1.0, NAN, 3.0, 4.0, 5.0, 6.0], "minimize")
    assert insights.basis(given, {}) == "from 5 finished experiments, 1 without a value left out"
    many = sample([{"a": at} for at in range(600)], [float(at) for at in range(600)], "minimize", most=200)
    words = insights.basis(many, {"failed": 3}, 0.834)
    assert words.startswith("from 200 of 600 experiments, 3 failed left out")
    assert "83 %" in words


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (TooFew(8, 4), "about 4 more would do"),
        (TooFew(0, 2), "No finished experiment has a value"),
        (TooFew(30, None), "30 finished experiments tell no hyperparameter from chance"),
    ],
)
def test_too_few_says_what_would_do(why: TooFew, words: str) -> None:
    assert words in insights.too_few(why, varying=2, is_constant=False)


def test_constant_settings_and_constant_metrics_are_told_apart() -> None:
    assert "same settings" in insights.too_few(TooFew(9, None), varying=0, is_constant=False)
    assert "metric is the same" in insights.too_few(TooFew(9, None), varying=2, is_constant=True)


def test_the_box_is_closed_and_every_chart_says_what_it_does_not() -> None:
    box = insights.box()
    assert not getattr(box, "open", None)
    said = text_of(box)
    for note in (
        "ranges that were searched",
        "nothing of their scatter",
        "as far as these experiments tell",
        "no promise",
    ):
        assert note in said
    assert {each.id for each in components(box) if getattr(each, "id", None)} >= {
        ids.IMPORTANCE,
        ids.PARETO,
        ids.REQUEST,
    }
