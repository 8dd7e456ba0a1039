"""Pictures of every kind of view: valid for Plotly, honest in their summaries, and deaf to markup."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import numpy as np
import plotly.express
import plotly.graph_objects as go
import pytest

from layouts.views import PICTURES, NotShownError
from layouts.views.plotly import figure as plotly_figure
from tests.layouts.plotted import plotted
from tests.text import text_of

EVIL = '<img src=x onerror="window.__pwn++"><a href="javascript:alert(1)">x</a>'
PIXEL = "data:image/png;base64,iVBORw0KGgo="

CURVE = {"name": "a", "area": 0.75, "positives": 2, "x": [0, 0.5, 1], "y": [0, 1, 1], "thresholds": [None, 0.5, 0.1]}
PAYLOADS: dict[str, dict[str, Any]] = {
    "roc": {"curves": [CURVE], "count": 4, "left_out": 1, "missing": []},
    "precision_recall": {"curves": [{**CURVE, "share": 0.5}], "count": 4, "left_out": 0, "missing": []},
    "calibration": {
        "bins": [{"from": 0.0, "to": 0.5, "stated": 0.2, "seen": 0.25, "count": 8}],
        "error": 0.05, "brier": 0.1, "of": "likeliest", "count": 8, "left_out": 2,
    },
    "residuals": {
        "true": [1, 2], "predicted": [1.5, 2.5], "r2": 0.9, "rmse": 0.5, "mae": 0.5, "bias": -0.5, "count": 900,
        "left_out": 0,
    },
    "elbow": {"x": [1, 2, 3], "y": [9, 3, 2], "elbow": 2, "left_out": 0},
    "histogram": {
        "edges": [0, 1, 2], "count": 4, "left_out": 1, "outside": 1,
        "series": [{"name": "a", "counts": [1, 3], "mean": 1.2, "median": 1, "deviation": 0.1}],
    },
    "heat_map": {"values": [[1, None], [-2, 3]], "x": ["a", "b"], "y": None, "left_out": 1},
    "lines": {"x": [1, 2, 3], "lines": [{"name": "a", "y": [1, None, 2]}], "left_out": 1, "x_title": "t"},
    "bars": {"labels": ["a", "b"], "series": [{"name": "", "values": [1, None]}], "left_out": 1},
    "table": {"columns": ["a", "b"], "rows": [[1.5, "x"], ["NaN", None]], "count": 7, "column_count": 2},
    "images": {"images": [{"image": PIXEL, "caption": "c", "label": "l"}], "count": 3},
    "texts": {"texts": [{"text": "hello", "caption": "c", "length": 9}], "count": 2},
    "plotly": {"figure": {"data": [{"type": "bar", "x": ["a"], "y": [1]}], "layout": {"title": {"text": "t"}}}},
    "confusion_matrix": {"labels": ["a", "b"], "counts": [[3, 1], [0, 4]], "examples": []},
}  # fmt: skip


def test_there_is_a_payload_of_every_kind() -> None:
    assert set(PAYLOADS) == set(PICTURES)


@pytest.mark.parametrize("kind", PICTURES)
def test_plotly_accepts_the_figure_and_json_the_component_of_every_kind(kind: str) -> None:
    picture = PICTURES[kind](PAYLOADS[kind])
    assert picture.figure or picture.component
    if picture.figure:
        go.Figure(plotted(picture.figure))
    if picture.component:
        assert text_of(picture.component)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("roc", "Area under the curve 0.7500 · 2 of 4 examples are a · 1 example left out: NaN or infinite"),
        ("precision_recall", "Average precision 0.7500"),
        ("calibration", "Expected calibration error 0.0500 · Brier score 0.1000 · the likeliest class"),
        ("residuals", "R² 0.9 · root mean square error 0.5"),
        ("residuals", "mean residual −0.5 · 2 of 900 examples drawn"),
        ("elbow", "Elbow at 2"),
        ("histogram", "4 values · mean 1.2 · median 1 · standard deviation 0.1 · 2 bins · 1 value outside of them"),
        ("heat_map", "2 × 2 cells · from −2 to 3 · 1 cell left out: NaN or infinite"),
        ("lines", "1 value left out: NaN or infinite"),
        ("bars", "2 labels · 1 value left out: NaN or infinite"),
        ("table", "The first 2 of 7 rows"),
        ("images", "1 of 3 images"),
        ("texts", "1 of 2 texts"),
        ("confusion_matrix", "87.50% right · 7 of 8 examples · most confused: a taken for b (once)"),
    ],
)
def test_the_title_line_sums_up_and_says_what_was_left_out(kind: str, sentence: str) -> None:
    assert sentence in PICTURES[kind](PAYLOADS[kind]).summary


def hostile(value: Any) -> Any:
    """The same payload with every text that a script may choose being markup."""
    if isinstance(value, dict):
        kept = {"type", "image", "of"}
        return {key: item if key in kept else hostile(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return EVIL if isinstance(value, str) else value


@pytest.mark.parametrize("kind", PICTURES)
def test_markup_in_texts_of_figures_is_escaped(kind: str) -> None:
    picture = PICTURES[kind](hostile(copy.deepcopy(PAYLOADS[kind])))
    if picture.figure:
        written = json.dumps(plotted(picture.figure), default=lambda array: array.tolist())
        assert "<img" not in written
        assert "<a " not in written
        go.Figure(plotted(picture.figure))


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize(
    "broken",
    [{}, [], None, 7, "x", {"curves": 3, "x": "y", "values": {}, "figure": []}],
    ids=["empty", "list", "null", "number", "text", "wrong types"],
)
def test_a_payload_of_another_shape_is_refused(kind: str, broken: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError, KeyError)):
        PICTURES[kind](broken)


@pytest.mark.parametrize("kind", PICTURES)
def test_every_part_of_a_payload_may_be_broken_without_more_than_a_refusal(kind: str) -> None:
    for name in PAYLOADS[kind]:
        for value in (None, [], {}, "x", [[]], [None], [{"a": 1}], -5, math.nan, math.inf):
            try:
                picture = PICTURES[kind]({**PAYLOADS[kind], name: value})
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
                continue
            if picture.figure:
                go.Figure(plotted(picture.figure))


def test_a_hundred_classes_have_a_table_that_names_them_all() -> None:
    curves = [{**CURVE, "name": f"class {at}"} for at in range(100)]
    picture = PICTURES["roc"]({"curves": curves, "count": 500, "left_out": 0, "missing": ["x"]})
    assert "Mean area 0.7500 over 100 classes" in picture.summary
    assert "no curve for x" in picture.summary
    assert "class 99" in text_of(picture.component)
    go.Figure(plotted(picture.figure or {}))


def test_a_diagonal_stands_where_it_helps() -> None:
    for kind in ("roc", "calibration"):
        diagonal = (PICTURES[kind](PAYLOADS[kind]).figure or {})["data"][0]
        assert (diagonal["x"], diagonal["y"], diagonal["hoverinfo"]) == ([0, 1], [0, 1], "skip")
    points = (PICTURES["residuals"](PAYLOADS["residuals"]).figure or {})["data"]
    assert points[0]["x"] == points[0]["y"] == [1, 2.5]
    assert points[2]["y"] == [0, 0]
    assert points[3]["y"] == [-0.5, -0.5]


def test_values_of_both_signs_have_two_colours_around_zero() -> None:
    cells = (PICTURES["heat_map"](PAYLOADS["heat_map"]).figure or {})["data"][0]
    assert (cells["zmin"], cells["zmax"]) == (-3, 3)
    one_sign = (PICTURES["heat_map"]({**PAYLOADS["heat_map"], "values": [[1, 2]]}).figure or {})["data"][0]
    assert (one_sign["zmin"], one_sign["zmax"]) == (1, 2)


def test_many_bars_lie() -> None:
    many = {"labels": [f"b{at}" for at in range(40)], "series": [{"name": "", "values": list(range(40))}]}
    assert (PICTURES["bars"](many).figure or {})["data"][0]["orientation"] == "h"
    assert (PICTURES["bars"](PAYLOADS["bars"]).figure or {})["data"][0]["orientation"] == "v"


def test_long_lines_are_thinned_for_the_screen() -> None:
    payload = {"x": list(range(100_000)), "lines": [{"name": "", "y": [float(at % 977) for at in range(100_000)]}]}
    (line,) = (PICTURES["lines"](payload).figure or {})["data"]
    assert len(line["x"]) <= 2_000
    assert max(line["y"]) == 976


def test_only_pictures_that_are_written_out_are_shown() -> None:
    for source in ("https://evil.example/x.png", "data:image/svg+xml;base64,AAAA", "javascript:1", None, 7):
        with pytest.raises(ValueError, match="not written out"):
            PICTURES["images"]({"images": [{"image": source}], "count": 1})


# --- figures of scripts -----------------------------------------------------------------------------------------------


def test_a_plotly_figure_keeps_its_template_and_fits_the_page() -> None:
    made = plotly.express.bar(x=["a"], y=[1], template="plotly_dark", width=3000, height=9000)
    shown = plotly_figure(json.loads(made.to_json()))
    assert shown["layout"]["template"]["layout"]["paper_bgcolor"] == "rgb(17,17,17)"
    assert "width" not in shown["layout"]
    assert shown["layout"]["height"] == 1400


def test_a_figure_without_a_template_takes_the_look_of_the_page() -> None:
    shown = plotly_figure({"data": [{"type": "bar", "y": [1]}]})
    assert "template" not in shown["layout"]
    assert shown["layout"]["font"]["color"] == "--ht-text"


def test_markup_that_plotly_reads_stays_and_everything_else_is_text() -> None:
    texts = {
        "<b>bold</b><br/>x<sub>2</sub>": "<b>bold</b><br>x<sub>2</sub>",
        '<span style="color:red">x</span>': "<span>x</span>",
        '<a href="https://evil.example">x</a>': '&lt;a href="https://evil.example">x&lt;/a>',
        "<b onclick=1>x</b>": "<b>x</b>",
        "<script>1</script>": "&lt;script>1&lt;/script>",
        "a < b &lt; c": "a &lt; b &lt; c",
        "<b <script>": "&lt;b &lt;script>",
    }
    for written, expected in texts.items():
        shown = plotly_figure({"data": [], "layout": {"title": {"text": written}}})
        assert shown["layout"]["title"]["text"] == expected


def test_nothing_is_loaded_from_elsewhere_and_no_key_reaches_a_prototype() -> None:
    hostile_figure = {
        "data": [{"type": "image", "source": "https://evil.example/x.png"}, {"type": "bar", "y": [1], "__proto__": {"a": 1}}],
        "layout": {
            "images": [{"source": "https://evil.example/y.png"}, {"source": PIXEL}],
            "updatemenus": [{"buttons": [{"method": "relayout", "args": [{"images[0].source": "https://evil.example"}]}]}],
            "constructor": {"prototype": {}},
        },
    }  # fmt: skip
    shown = json.dumps(plotly_figure(hostile_figure))
    assert "evil" not in shown
    assert "__proto__" not in shown
    assert "constructor" not in shown
    assert PIXEL in shown


@pytest.mark.parametrize(
    "kind", ["scattergeo", "choropleth", "scattermap", "scattermapbox", "densitymap", "choroplethmap"]
)
def test_maps_say_why_they_are_not_shown(kind: str) -> None:
    with pytest.raises(NotShownError, match="other servers"):
        plotly_figure({"data": [{"type": kind}]})


@pytest.mark.parametrize("kind", ["heatmap", "treemap", "scatter", "surface", "sankey"])
def test_what_only_sounds_like_a_map_is_shown(kind: str) -> None:
    assert plotly_figure({"data": [{"type": kind}]})["data"]


@pytest.mark.parametrize(
    "data", [[7], [{"type": "no such"}], "x", [{"type": "bar", "y": {"bdata": "!", "dtype": "zz"}}]]
)
def test_a_figure_that_plotly_does_not_know_is_refused_or_mended(data: Any) -> None:
    try:
        shown = plotly_figure({"data": data, "layout": {"nonsense": 1}})
    except (ValueError, TypeError):
        return
    assert "nonsense" not in shown["layout"]


def test_points_are_drawn_without_webgl_which_the_page_forbids() -> None:
    made = go.Figure(go.Scattergl(x=np.arange(50_000), y=np.arange(50_000.0), marker={"color": np.arange(50_000)}))
    picture = PICTURES["plotly"]({"figure": json.loads(made.to_json())})
    (trace,) = (picture.figure or {})["data"]
    assert trace["type"] == "scatter"
    assert list(trace["x"][:3]) == list(trace["y"][:3]) == list(trace["marker"]["color"][:3]) == [0, 3, 6]
    assert picture.summary == "One in 3 points is drawn"
    with pytest.raises(NotShownError, match="splom"):
        plotly_figure({"data": [{"type": "splom"}]})


def test_a_single_curve_has_its_points_beside_it() -> None:
    assert '"0.5"' in text_of(PICTURES["roc"](PAYLOADS["roc"]).component)
    assert '"75%"' in text_of(PICTURES["precision_recall"](PAYLOADS["precision_recall"]).component)
