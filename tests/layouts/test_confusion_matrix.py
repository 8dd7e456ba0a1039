"""The heat map of a confusion matrix: hits and confusions apart, counts as they are."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from layouts.views import FIGURES
from layouts.views.confusion_matrix import figure
from tests.layouts.test_curves import plotted

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
    go.Figure(plotted(FIGURES["confusion_matrix"](payload)))


@pytest.mark.parametrize(
    "payload",
    [{}, {"labels": [], "counts": []}, {"labels": ["a"], "counts": [[1, 2]]}, {"labels": ["a"], "counts": [["x"]]}],
)
def test_a_payload_of_another_shape_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"confusion matrix|could not convert"):
        figure(payload)
