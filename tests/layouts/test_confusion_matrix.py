"""The heat map of a confusion matrix: hits and confusions apart, counts or shares, and what differs between two."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from layouts.views.confusion_matrix import Change, cells, compare, counts, difference, figure, shares
from tests.layouts.plotted import plotted

PAYLOAD = {"labels": ["cat", "dog"], "counts": [[3, 1], [0, 4]]}


def test_hits_and_confusions_have_a_scale_each() -> None:
    confusions, hits = figure(PAYLOAD)["data"]
    assert confusions["z"] == [[None, 1.0], [None, None]]
    assert confusions["text"] == [["", "1"], ["", ""]]
    assert hits["text"] == [["3", ""], ["", "4"]]
    assert hits["z"][1][1] == 1.0
    assert confusions["hoverongaps"] is False


def test_a_cell_says_what_it_is_and_its_share() -> None:
    confusions, _ = figure(PAYLOAD)["data"]
    assert confusions["customdata"][0][1] == "true cat, predicted dog<br>1 of 4 (25.0%)"


def test_the_first_class_is_on_top_and_labels_stand_at_their_places() -> None:
    layout = figure(PAYLOAD)["layout"]
    assert layout["yaxis"]["range"] == [1.5, -0.5]
    assert layout["xaxis"]["ticktext"] == ["cat", "dog"]


def test_many_classes_are_not_written_into_their_cells() -> None:
    size = range(30)
    many = figure({"labels": [str(at) for at in size], "counts": [[1 for _ in size] for _ in size]})
    assert "texttemplate" not in many["data"][0]


@pytest.mark.parametrize(
    "payload",
    [
        PAYLOAD,
        {"labels": ["a"], "counts": [[0]]},
        {"labels": ["<b>", "&"], "counts": [[0, 0], [0, 0]]},
        {"labels": ["x" * 200, "x" * 200], "counts": [[1, 2], [3, 4]]},
    ],
)
def test_plotly_accepts_every_matrix(payload: dict[str, Any]) -> None:
    for picture in (counts(payload), shares(payload), difference(payload, payload, names=("one", "two"))):
        go.Figure(plotted(picture.figure))


@pytest.mark.parametrize(
    "payload",
    [{}, {"labels": [], "counts": []}, {"labels": ["a"], "counts": [[1, 2]]}, {"labels": ["a"], "counts": [["x"]]}],
)
def test_a_payload_of_another_shape_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"confusion matrix|could not convert"):
        figure(payload)


# --- shares, and many classes -----------------------------------------------------------------------------------------


def test_shares_are_of_the_true_class() -> None:
    confusions, hits = figure(PAYLOAD, as_shares=True)["data"]
    assert confusions["text"] == [["", "25%"], ["", ""]]
    assert hits["text"] == [["75%", ""], ["", "100%"]]
    assert hits["z"][1][1] == 1.0


def test_a_small_share_is_not_written_as_none() -> None:
    confusions, _ = figure({"labels": ["a", "b"], "counts": [[999, 1], [0, 0]]}, as_shares=True)["data"]
    assert confusions["text"][0][1] == "<1%"


@pytest.mark.parametrize(("classes", "most"), [(2, 2), (24, 24), (50, 50), (100, 50)])
def test_up_to_a_hundred_classes_their_labels_do_not_run_together(classes: int, most: int) -> None:
    size = range(classes)
    payload = {"labels": [f"class {at}" for at in size], "counts": [list(size) for _ in size]}
    drawn = figure(payload)
    assert len(drawn["layout"]["yaxis"]["tickvals"]) <= most
    assert len(drawn["layout"]["yaxis"]["tickvals"]) * 14 <= drawn["layout"]["height"]
    go.Figure(plotted(drawn))


# --- two of them ------------------------------------------------------------------------------------------------------


def matrix(true: list[int], predicted: list[int], labels: str = "abc", ids: Any = None) -> dict[str, Any]:
    size = range(len(labels))
    pairs = list(zip(true, predicted, strict=True))
    return {
        "labels": list(labels),
        "counts": [[pairs.count((row, column)) for column in size] for row in size],
        "examples": [
            {"at": at, "true": one, "predicted": other, "text": f"t{at}"} for at, (one, other) in enumerate(pairs)
        ],
        "ids": ids,
        "wrong": [[at, one, other] for at, (one, other) in enumerate(pairs) if one != other],
    }


HERE = matrix([0, 0, 1, 1, 2], [0, 1, 1, 2, 2])
THERE = matrix([0, 0, 1, 1, 2], [1, 0, 1, 0, 2])


def test_a_difference_tells_better_from_worse_by_colour() -> None:
    picture = difference(HERE, THERE, names=("experiment 2", "experiment 3"))
    assert picture.summary == "Experiment 2 minus experiment 3 · 1 fixed, 1 broken"
    (heat,) = (picture.figure or {})["data"]
    assert heat["text"] == [["", "", ""], ["−1", "", "+1"], ["", "", ""]]
    assert heat["z"][1] == [1.0, None, -1.0]
    assert "experiment 2: 0 of 2 (0.0%)<br>experiment 3: 1 of 2 (50.0%)" in heat["customdata"][1][0]


def test_entries_are_compared_by_position_or_by_id() -> None:
    expected = [Change("0", 0, 0, 1), Change("1", 0, 1, 0), Change("3", 1, 2, 0)]
    assert compare(HERE, THERE) == (expected, "")
    assert [(each.is_fixed, each.is_broken) for each in expected] == [(True, False), (False, True), (False, False)]
    named = matrix([0, 1], [1, 1], ids=["p", "q"])
    turned = matrix([1, 0, 2], [0, 0, 2], ids=["q", "p", "r"])
    assert compare(named, turned) == ([Change("p", 0, 1, 0), Change("q", 1, 1, 0)], "")


def test_classes_are_matched_by_name() -> None:
    other = matrix([2, 2, 1, 1, 0], [1, 2, 1, 2, 0], labels="cba")
    assert difference(HERE, other, names=("x", "y")).summary == difference(HERE, THERE, names=("x", "y")).summary
    (heat,) = (difference(HERE, other, names=("x", "y")).figure or {})["data"]
    assert heat["text"][1] == ["−1", "", "+1"]


@pytest.mark.parametrize(
    ("here", "there", "why_not"),
    [
        (HERE, {**THERE, "wrong": None}, "which examples changed is not known"),
        (HERE, {"labels": ["a"], "counts": [[1]]}, "which examples changed is not known"),
        (HERE, matrix([0, 1], [1, 1]), "they count different examples, and no ids tell which are the same"),
        (HERE, matrix([0, 0, 1, 1, 2], [0] * 5, ids=list("vwxyz")), "only one of them names its examples by ids"),
        (matrix([0], [1], ids=["p"]), matrix([1], [0], ids=["p"]), "the same examples have different true classes"),
    ],
)
def test_it_says_why_entries_cannot_be_compared(here: Any, there: Any, why_not: str) -> None:
    changes, said = compare(here, there)
    assert changes == []
    assert said.startswith(why_not)
    picture = difference(here, there, names=("x", "y"))
    assert why_not in picture.summary
    go.Figure(plotted(picture.figure))


def test_matrices_of_different_examples_are_compared_by_shares() -> None:
    picture = difference(matrix([0, 0], [0, 1], "ab"), matrix([0, 0, 0, 0], [0, 0, 0, 1], "ab"), names=("x", "y"))
    assert "shares of each true class" in picture.summary
    (heat,) = (picture.figure or {})["data"]
    assert heat["text"][0] == ["−25%", "+25%"]


def test_the_browser_gets_examples_of_cells_or_what_changed_with_its_content() -> None:
    alone = cells({**HERE, "ids": list("vwxyz")})
    assert alone["examples"][1] == {"true": 0, "predicted": 1, "id": "w", "text": "t1"}
    changes = cells(HERE, THERE)["changes"]
    assert [(each["id"], each["true"], each["here"], each["there"], each["text"]) for each in changes] == [
        ("0", 0, 0, 1, "t0"),
        ("1", 0, 1, 0, "t1"),
        ("3", 1, 2, 0, "t3"),
    ]


def test_examples_of_a_foreign_shape_are_left_out() -> None:
    broken = [7, {}, {"true": 9, "predicted": 0}, {"true": 0, "predicted": 1, "image": "https://evil.example/x.png"}]
    assert cells({**PAYLOAD, "examples": broken})["examples"] == [{"true": 0, "predicted": 1, "id": ""}]


def test_a_wrong_entry_that_is_none_of_the_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the matrix"):
        compare({**HERE, "wrong": [[99, 0, 1]]}, THERE)
