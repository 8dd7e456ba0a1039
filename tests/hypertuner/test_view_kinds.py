"""Every other kind of view: its numbers as literals or against scikit-learn, and what becomes of hostile inputs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.express
import plotly.graph_objects as go
import pytest
import torch
from sklearn.metrics import average_precision_score, brier_score_loss, r2_score, roc_auc_score, roc_curve

from hypertuner import views
from hypertuner.views import attaching
from tests.hypertuner.test_views import lines, payloads

NAN, INF = math.nan, math.inf


def only(folder: Path) -> Any:
    (payload,) = payloads(folder)
    return payload


def ranked(count: int, seed: int, *, digits: int = 3) -> tuple[list[int], list[float]]:
    """Classes and scores that tell a little of them; few digits make ties."""
    chance = random.Random(seed)
    true = [int(chance.random() < 0.3) for _ in range(count)]
    return true, [round(chance.gauss(value, 1), digits) for value in true]


# --- ROC and precision-recall ----------------------------------------------------------------------------------------


def test_a_roc_curve_by_hand(folder: Path) -> None:
    views.roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], epoch=2)
    payload = only(folder)
    assert lines(folder)[0]["kind"] == "roc"
    assert lines(folder)[0]["epoch"] == 2
    (curve,) = payload["curves"]
    assert curve == {
        "name": "1", "area": 0.75, "positives": 2,
        "x": [0, 0, 0.5, 0.5, 1], "y": [0, 0.5, 0.5, 1, 1], "thresholds": [None, 0.8, 0.4, 0.35, 0.1],
    }  # fmt: skip
    assert (payload["count"], payload["left_out"], payload["missing"]) == (4, 0, [])


def test_a_precision_recall_curve_by_hand(folder: Path) -> None:
    views.precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    (curve,) = only(folder)["curves"]
    assert curve["area"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert curve["x"] == [0.5, 0.5, 1, 1]
    assert curve["y"] == [1, 0.5, 0.666667, 0.5]
    assert curve["share"] == 0.5


@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize("count", [5, 60, 4000])
def test_areas_are_those_of_scikit_learn_ties_included(count: int, digits: int, folder: Path) -> None:
    true, scores = ranked(count, count + digits, digits=digits)
    true[:2] = [0, 1]
    views.roc(np.array(true), torch.tensor(scores, dtype=torch.float64))
    views.precision_recall([bool(value) for value in true], pd.Series(scores, index=range(7, 7 + count)))
    roc, precision_recall = (payload["curves"][0]["area"] for payload in payloads(folder))
    assert roc == pytest.approx(roc_auc_score(true, scores), abs=1e-12)
    assert precision_recall == pytest.approx(average_precision_score(true, scores), abs=1e-12)


def test_several_classes_are_told_from_the_rest_one_by_one(folder: Path) -> None:
    chance = np.random.default_rng(1)
    true = chance.integers(0, 4, 500)
    scores = chance.random((500, 4)).round(2)
    scores[np.arange(500), true] += 0.3
    views.roc(true, scores, labels=["a", "b", "c", "d"])
    views.precision_recall(torch.tensor(true), torch.tensor(scores, requires_grad=True))
    named, plain = payloads(folder)
    assert [curve["name"] for curve in named["curves"]] == ["a", "b", "c", "d"]
    assert [curve["name"] for curve in plain["curves"]] == ["0", "1", "2", "3"]
    for at in range(4):
        assert named["curves"][at]["area"] == pytest.approx(roc_auc_score(true == at, scores[:, at]))
        assert plain["curves"][at]["area"] == pytest.approx(average_precision_score(true == at, scores[:, at]))


def test_names_as_classes_and_a_class_that_never_occurs(folder: Path) -> None:
    views.roc(["cat", "dog", "cat"], [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1]], labels=["cat", "dog", "eel"])
    payload = only(folder)
    assert [curve["name"] for curve in payload["curves"]] == ["cat", "dog"]
    assert payload["missing"] == ["eel"]


@pytest.mark.parametrize(
    ("true", "more", "name", "area"),
    [
        ([0, 1], {}, "1", 1.0),
        ([0, 1], {"positive": 0}, "0", 0.0),
        ([0, 1], {"labels": ["no", "yes"]}, "yes", 1.0),
        ([0, 1], {"labels": ["no", "yes"], "positive": "no"}, "no", 0.0),
        (["b", "a"], {}, "b", 0.0),
        (["b", "a"], {"labels": ["b", "a"]}, "a", 1.0),
        ([False, True], {}, "True", 1.0),
    ],
)
def test_which_of_two_classes_is_positive(true: Any, more: Any, name: str, area: float, folder: Path) -> None:
    views.roc(true, [0.2, 0.9], **more)
    (curve,) = only(folder)["curves"]
    assert (curve["name"], curve["area"]) == (name, area)


def test_two_columns_are_those_of_two_classes(folder: Path) -> None:
    views.roc([0, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
    assert only(folder)["curves"][0]["area"] == 1.0


def test_scores_that_are_not_finite_are_left_out_and_counted(folder: Path) -> None:
    views.roc([0, 1, 0, 1, 1], [0.1, 0.9, NAN, INF, 0.05])
    payload = only(folder)
    assert (payload["count"], payload["left_out"]) == (3, 2)
    assert payload["curves"][0]["area"] == 0.5


def test_long_curves_are_thinned_and_keep_their_shape(folder: Path) -> None:
    true, scores = ranked(100_000, 1, digits=9)
    views.roc(true, scores)
    views.precision_recall(true, scores)
    roc, precision_recall = (payload["curves"][0] for payload in payloads(folder))
    assert 300 < len(roc["x"]) <= 500
    assert 300 < len(precision_recall["x"]) <= 500
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(roc["area"], abs=0.0005)
    x, y, _ = roc_curve(true, scores)
    at = np.interp(x, roc["x"], roc["y"])
    assert np.abs(at - y).max() < 0.006
    assert np.trapezoid(precision_recall["y"], precision_recall["x"]) == pytest.approx(
        precision_recall["area"], abs=0.01
    )
    assert (roc["x"][0], roc["y"][0], roc["x"][-1], roc["y"][-1]) == (0, 0, 1, 1)
    assert precision_recall["x"][-1] == 1


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_calibration_by_hand_and_its_brier_score(folder: Path) -> None:
    true, stated = [0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.9, 1.0]
    views.calibration(true, stated, bins=2)
    payload = only(folder)
    assert payload["bins"] == [
        {"from": 0.0, "to": 0.5, "stated": pytest.approx(0.2), "seen": pytest.approx(1 / 3), "count": 3},
        {"from": 0.5, "to": 1.0, "stated": pytest.approx(0.95), "seen": 1.0, "count": 2},
    ]
    assert payload["error"] == pytest.approx((3 * (1 / 3 - 0.2) + 2 * 0.05) / 5)
    assert payload["brier"] == pytest.approx(brier_score_loss(true, stated))
    assert payload["of"] == "positive"


def test_calibration_of_several_classes_is_of_the_likeliest(folder: Path) -> None:
    views.calibration([0, 1, 2], [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]], bins=10)
    payload = only(folder)
    assert payload["of"] == "likeliest"
    assert [(each["count"], each["seen"]) for each in payload["bins"]] == [(1, 0.0), (1, 1.0), (1, 1.0)]


def test_residuals_have_the_numbers_of_all_and_the_points_of_some(folder: Path) -> None:
    chance = np.random.default_rng(2)
    true = chance.normal(5, 3, 100_000)
    predicted = true + chance.normal(0.5, 1, 100_000)
    predicted[77] = true[77] - 50
    predicted[5] = NAN
    views.residuals(true, torch.tensor(predicted))
    payload = only(folder)
    kept = np.isfinite(predicted)
    assert (payload["count"], payload["left_out"]) == (99_999, 1)
    assert payload["r2"] == pytest.approx(r2_score(true[kept], predicted[kept]))
    assert payload["bias"] == pytest.approx((true - predicted)[kept].mean())
    assert payload["mae"] == pytest.approx(np.abs(true - predicted)[kept].mean())
    assert payload["rmse"] == pytest.approx(np.sqrt(((true - predicted)[kept] ** 2).mean()))
    assert 1900 < len(payload["true"]) <= 2000
    assert max(np.subtract(payload["true"], payload["predicted"])) == pytest.approx(50, rel=1e-4)


def test_a_constant_truth_has_no_r2(folder: Path) -> None:
    views.residuals([1, 1, 1], [1, 2, 3])
    assert only(folder)["r2"] is None


def test_an_elbow_is_found_where_there_is_one(folder: Path) -> None:
    views.elbow([1, 2, 3, 4, 5, 6], [100, 60, 20, 15, 12, 10])
    views.elbow([3, 1, 2], [10, 30, 20])
    views.elbow([1, 2, NAN], [5, 4, 3])
    bent, straight, short = payloads(folder)
    assert bent["elbow"] == 3
    assert (straight["x"], straight["elbow"]) == ([1, 2, 3], None)
    assert (short["elbow"], short["left_out"], short["count"]) == (None, 1, 2)


def test_a_histogram_counts_into_the_bins_of_freedman_and_diaconis(folder: Path) -> None:
    values = np.random.default_rng(3).normal(size=1000)
    views.histogram(values)
    payload = only(folder)
    expected = np.histogram_bin_edges(values, "fd")
    assert payload["edges"] == pytest.approx(expected)
    assert payload["series"][0]["counts"] == np.histogram(values, expected)[0].tolist()
    assert payload["series"][0]["mean"] == pytest.approx(values.mean())
    assert payload["series"][0]["median"] == pytest.approx(np.median(values))
    assert payload["series"][0]["deviation"] == pytest.approx(values.std())


@pytest.mark.parametrize(
    ("values", "bins", "edges", "counts"),
    [
        ([1, 2, 2, 4], None, [0.5, 1.5, 2.5, 3.5, 4.5], [1, 2, 0, 1]),
        ([0.0, 0.5, 1.0], 2, [0, 0.5, 1], [1, 2]),
        ([0.0, 0.5, 1.0, 9.0], [0, 0.25, 1], [0, 0.25, 1], [1, 2]),
        ([7.25, 7.25], None, [6.75, 7.75], [2]),
        ([1e300, 1e300], None, [1e300 - 1e297, 1e300 + 1e297], [2]),
    ],
)
def test_histograms_of_few_values(values: Any, bins: Any, edges: Any, counts: Any, folder: Path) -> None:
    views.histogram(values, bins=bins)
    payload = only(folder)
    assert payload["edges"] == pytest.approx(edges)
    assert payload["series"][0]["counts"] == counts
    assert payload["outside"] == len(values) - sum(counts)


def test_sets_of_values_share_their_bins(folder: Path) -> None:
    views.histogram({"a": [0, 1, NAN], "b": [1, 1, INF, 3]})
    payload = only(folder)
    assert [(one["name"], one["counts"]) for one in payload["series"]] == [("a", [1, 1, 0, 0]), ("b", [0, 2, 0, 1])]
    assert (payload["count"], payload["left_out"]) == (5, 2)


def test_an_outlier_does_not_ask_for_a_million_bins(folder: Path) -> None:
    views.histogram([*np.linspace(0, 1, 1000), 1e9])
    assert len(only(folder)["series"][0]["counts"]) == 200


def test_a_heat_map_takes_the_names_of_a_data_frame(folder: Path) -> None:
    views.heat_map(pd.DataFrame({"a": [1.0, NAN], "b": [2.0, INF]}, index=["x", "y"]))
    views.heat_map(np.eye(2), x=["p", "q"])
    framed, named = payloads(folder)
    assert framed == {"values": [[1, 2], [None, None]], "x": ["a", "b"], "y": ["x", "y"], "left_out": 2, "count": 4}
    assert (named["x"], named["y"]) == (["p", "q"], None)


def test_lines_have_gaps_and_dates(folder: Path) -> None:
    views.lines([1, 2, 3], {"a": [1, NAN, 3], "b": torch.tensor([1.0, 2.0, INF])}, x_title="step")
    views.lines(pd.date_range("2026-01-01", periods=2), [1, 2])
    several, dated = payloads(folder)
    assert several["lines"] == [{"name": "a", "y": [1, None, 3]}, {"name": "b", "y": [1, 2, None]}]
    assert (several["left_out"], several["x_title"]) == (2, "step")
    assert dated["x"][0].startswith("2026-01-01")
    assert dated["lines"][0]["name"] == ""


def test_bars_are_one_or_several(folder: Path) -> None:
    views.bars(["a", "b"], [1, None])
    views.bars(pd.Index(["a", "b"]), pd.DataFrame({"x": [1, 2], "y": [3, 4]}))
    one, several = payloads(folder)
    assert (one["series"], one["left_out"]) == ([{"name": "", "values": [1, None]}], 1)
    assert [each["name"] for each in several["series"]] == ["x", "y"]


# --- tables, samples, figures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        {"a": [1, 2], "b": ["x", None]},
        pd.DataFrame({"a": [1, 2], "b": pd.Series(["x", None], dtype=object)}),
        {"a": np.array([1, 2]), "b": ("x", None)},
    ],
    ids=["dicts", "columns", "frame", "arrays"],
)
def test_tables_come_in_several_forms(rows: Any, folder: Path) -> None:
    views.table(rows)
    assert only(folder) == {"columns": ["a", "b"], "rows": [[1, "x"], [2, None]], "count": 2, "column_count": 2}


def test_rows_without_names_and_cells_of_any_kind(folder: Path) -> None:
    views.table([[NAN, -INF, 2**60, True], [np.float32(0.5), "y" * 900, object, b"x"]], columns=["a", "b", "c", "d"])
    (first, second) = only(folder)["rows"]
    assert first == ["NaN", "−∞", str(2**60), True]
    assert second[0] == 0.5
    assert len(second[1]) == 500
    assert second[3] == "b'x'"


def test_only_the_first_rows_and_the_wanted_columns_travel(folder: Path) -> None:
    views.table({"a": range(1000), "b": range(1000)}, columns=["b"], most=3)
    assert only(folder) == {"columns": ["b"], "rows": [[0], [1], [2]], "count": 1000, "column_count": 1}


def test_a_gallery_keeps_the_first_images_with_what_is_said_of_them(folder: Path) -> None:
    views.images(np.zeros((100, 4, 4)), captions=range(100), labels=["x"] * 100, most=2)
    payload = only(folder)
    assert payload["count"] == 100
    assert [(each["caption"], each["label"]) for each in payload["images"]] == [("0", "x"), ("1", "x")]
    assert payload["images"][0]["image"].startswith("data:image/png;base64,")


def test_an_image_of_an_odd_shape_costs_only_itself(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    views.images([np.zeros((2, 2)), np.zeros((2, 2, 7)), np.zeros((3, 9, 4), dtype=np.uint16), [["x"]]])
    assert len(only(folder)["images"]) == 2
    warnings = capfd.readouterr().err
    assert "images: image 2 is not shown" in warnings
    assert "images: image 4 is not shown" in warnings


def test_texts_are_cut_and_say_how_long_they_were(folder: Path) -> None:
    views.texts({"first": "a" * 30_000, "<b>": "<script>"})
    payload = only(folder)
    assert [(len(each["text"]), each["length"], each["caption"]) for each in payload["texts"]] == [
        (20_000, 30_000, "first"),
        (8, 8, "<b>"),
    ]


@pytest.mark.parametrize(
    "figure",
    [
        go.Figure(go.Scatter(x=[1, 2], y=[1, NAN])),
        {"data": [go.Scatter(x=[1, 2], y=[1, NAN])]},
        {"data": [{"type": "scatter", "x": np.array([1, 2]), "y": (1, NAN)}], "layout": {}},
    ],
    ids=["figure", "objects", "dict"],
)
def test_any_plotly_figure_travels(figure: Any, folder: Path) -> None:
    views.plotly(figure)
    (trace,) = only(folder)["figure"]["data"]
    assert trace["type"] == "scatter"


def test_a_figure_of_plotly_express_keeps_its_template(folder: Path) -> None:
    views.plotly(plotly.express.bar(x=["a"], y=[1], template="plotly_dark"))
    assert only(folder)["figure"]["layout"]["template"]["layout"]["paper_bgcolor"] == "rgb(17,17,17)"


# --- trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attach", "reason"),
    [
        (lambda: views.roc([0, 1], [0.1]), "true has 2 entries, scores has 1"),
        (lambda: views.roc([1, 1], [0.1, 0.2]), "true holds only the class 1; a curve needs examples of two"),
        (lambda: views.roc([1, 1], [[0.1, 0, 0], [0.2, 0, 0]]), "true holds only the class 1"),
        (lambda: views.roc([0, 1, 2], [0.1, 0.2, 0.3]), "true holds 3 classes, so scores must have one column for each"),
        (lambda: views.roc([0, 1], [[1, 2, 3], [1, 2]]), "equally long rows"),
        (lambda: views.roc([0, 5], [[1, 2, 3], [1, 2, 3]]), "scores has 3 columns for 2 classes"),
        (lambda: views.roc([], []), "there are no examples"),
        (lambda: views.roc([0, 1], [NAN, NAN]), "no example has finite scores"),
        (lambda: views.roc([0, 1], ["a", "b"]), "scores must hold numbers; it holds str (a)"),
        (lambda: views.roc([0, 1], [0.1, 0.2], positive=7), "positive is 7, which true never holds"),
        (lambda: views.precision_recall([0.5], [0.1]), "true must hold class indexes or names"),
        (lambda: views.calibration([0, 1], [0.1, 3.2]), "probabilities must be between 0 and 1; they go from 0.1 to 3.2"),
        (lambda: views.residuals([1, 2], [1]), "equally many"),
        (lambda: views.residuals("ab", [1, 2]), "true must be a sequence, not str"),
        (lambda: views.elbow([], []), "there are no finite points"),
        (lambda: views.histogram([]), "there are no finite numbers"),
        (lambda: views.histogram([1], bins=[3, 1]), "edges of bins must rise"),
        (lambda: views.histogram([-1.7e308, 1.7e308]), "too wide"),
        (lambda: views.heat_map([]), "values is empty"),
        (lambda: views.heat_map([[1, 2], [3]]), "equally long rows; they have 1 to 2 values"),
        (lambda: views.heat_map([[1]], x=["a", "b"]), "x has 2 entries for 1"),
        (lambda: views.lines([1, 2], {"a": [1]}), "x has 2 entries, y of a has 1"),
        (lambda: views.lines([], []), "there are no points"),
        (lambda: views.bars(["a"], {}), "there are no bars"),
        (lambda: views.table([]), "it has no columns"),
        (lambda: views.table({"a": [1], "b": [1, 2]}), "columns must be equally long; they have 1 to 2 values"),
        (lambda: views.table([{"a": 1}], columns=["b"]), "there is no column b"),
        (lambda: views.table([[1, 2]], columns=["a"]), "columns has 1 names, and a row 2 cells"),
        (lambda: views.images([]), "there are no images"),
        (lambda: views.images([[[1]]], captions=["a", "b"]), "captions has 2 entries for 1"),
        (lambda: views.texts([]), "there are no texts"),
        (lambda: views.texts("one"), "texts must be a sequence, not str"),
        (lambda: views.plotly(7), "it must be a figure with data, not int"),
        (lambda: views.plotly({"layout": {}}), "it must be a figure with data"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_one_clear_warning(
    attach: Callable[[], None], reason: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    attach()
    warning = capfd.readouterr().err
    assert warning.startswith("hypertuner: ")
    assert reason in warning
    assert warning.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_the_limit_of_size_is_named_and_the_training_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(attaching, "MOST_BYTES", 1000)
    views.heat_map(np.zeros((40, 40)), name="large")
    views.heat_map([[1]], name="small")
    assert "large is not shown: it takes" in capfd.readouterr().err
    assert [line["view"] for line in lines(folder)] == ["small"]
