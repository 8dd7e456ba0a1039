"""Where points lie, which ones are kept, and figures that Plotly accepts."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from layouts import curves, figures
from layouts.curves import Point, Series

NAN, INF = math.nan, math.inf


def series(
    values: list[float], epochs: list[float] | None = None, batches: list[float] | None = None, **more: Any
) -> Series:
    none = [None] * len(values)
    return Series(more.get("experiment", 1), more.get("metric", "loss"), values, epochs or none, batches or none)


def plotted(figure: Any) -> Any:
    """The figure with plain colours, checked by Plotly itself."""
    if isinstance(figure, dict):
        return {key: plotted(value) for key, value in figure.items()}
    if isinstance(figure, list):
        return [plotted(value) for value in figure]
    return "#123456" if isinstance(figure, str) and figure.startswith("--ht-") else figure


def places(one: Series) -> list[float]:
    return [point.x for point in curves.points(one)]


def test_a_value_per_epoch_lies_at_its_epoch() -> None:
    assert places(series([3, 2, 1], [1, 2, 3])) == [1, 2, 3]


def test_batches_divide_the_way_to_the_end_of_their_epoch() -> None:
    assert places(series([4, 3, 2, 1], [1, 1, 2, 2], [0, 1, 0, 1])) == [0.5, 1.0, 1.5, 2.0]
    assert places(series([4, 3, 2, 1], [1, 1, 2, 2], [1, 2, 1, 2])) == [0.5, 1.0, 1.5, 2.0]


def test_without_epochs_the_order_of_arrival_counts() -> None:
    assert places(series([5, 6, 7])) == [1, 2, 3]
    assert places(series([5, 6], None, [10, 20])) == [10, 20]


def test_epochs_may_repeat_and_go_back() -> None:
    assert places(series([1, 2, 3], [2, 1, 1])) == [2, 1, 1]


def test_thinning_keeps_extremes_and_what_is_not_finite() -> None:
    placed = [Point(at, math.sin(at / 50)) for at in range(10_000)]
    placed[1234] = Point(1234, 99.0)
    placed[4321] = Point(4321, -99.0)
    placed[7777] = Point(7777, NAN)
    kept = curves.thin(placed, 300)
    assert len(kept) <= 300
    assert {99.0, -99.0} <= {point.value for point in kept}
    assert [point.x for point in kept if math.isnan(point.value)] == [7777]
    assert [point.x for point in kept] == sorted(point.x for point in kept)
    assert curves.thin(placed[:300], 300) == placed[:300]


def test_per_epoch_metrics_come_before_those_per_batch() -> None:
    both = [series([1, 2], [1, 1], [0, 1], metric="batch_loss"), series([1, 2], [1, 2], metric="accuracy")]
    assert curves.metrics(both) == ["accuracy", "batch_loss"]


def test_one_panel_per_metric_and_one_line_per_experiment() -> None:
    shown = curves.figure(
        [series([1, 2], [1, 2], metric=metric, experiment=number) for metric in ("a", "b", "c") for number in (1, 2)]
    )
    assert shown is not None
    assert len(shown["data"]) == 6
    assert {trace["xaxis"] for trace in shown["data"]} == {"x", "x2", "x3"}
    assert [title["text"] for title in shown["layout"]["annotations"]] == ["a", "b", "c"]
    assert shown["layout"]["uirevision"]


def test_single_numbers_are_no_curve() -> None:
    assert curves.figure([series([1.0])]) is None
    assert curves.figure([]) is None


def test_what_is_not_finite_is_a_gap_with_a_mark() -> None:
    shown = curves.figure([series([NAN, 1.0, INF, 2.0, NAN], [1, 2, 3, 4, 5])])
    assert shown is not None
    line, marks = shown["data"]
    assert line["y"] == [None, 1.0, None, 2.0, None]
    assert (marks["x"], marks["y"], marks["text"]) == ([1, 3, 5], [1.0, 1.0, 2.0], ["NaN", "∞", "NaN"])


def test_an_experiment_keeps_its_colour_and_dashes_tell_doubles_apart() -> None:
    alone, together = figures.lines_of([13]), figures.lines_of([3, 13])
    assert alone[13]["color"] == together[13]["color"] == together[3]["color"] == figures.colour_of(13)
    assert alone[13]["dash"] == together[3]["dash"] == "solid"
    assert together[13]["dash"] == "dash"


@pytest.mark.parametrize(
    "shown",
    [
        [series([1, 2], [1, 2])],
        [series([1, 2], [1, 2], metric=f"m{at}") for at in range(7)],
        [series([NAN, NAN])],
        [series([1, NAN, 3], None, [1, 2, 3], metric="<b>&")],
    ],
)
def test_plotly_accepts_every_figure(shown: list[Series]) -> None:
    figure = curves.figure(shown)
    assert figure is not None
    go.Figure(plotted(figure))


def test_a_name_with_markup_is_shown_as_it_is() -> None:
    figure = curves.figure([series([1, 2], metric="<a href='x'>&")])
    assert figure is not None
    assert figure["layout"]["annotations"][0]["text"] == "&lt;a href='x'>&amp;"
