"""hypertuner.views: payloads on disk, images as PNG, and trouble that stays a warning."""

import base64
import json
import os
import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import torch

from hypertuner import spool, views
from hypertuner.views import attaching


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def payloads(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / line["file"]).read_text("utf-8")) for line in lines(folder)]


def samples(image: str) -> np.ndarray[Any, Any]:
    """The pixels of a data URI, read by an independent decoder; 0..255, height x width x red, green, blue, alpha."""
    kind, content = image.split(",")
    assert kind == "data:image/png;base64"
    read = np.asarray(matplotlib.image.imread(BytesIO(base64.b64decode(content)), format="png"))
    if read.ndim == 2:
        read = np.stack([read] * 3, axis=2)
    return np.round(read * 255).astype(int)


def only_image(folder: Path, image: object) -> np.ndarray[Any, Any]:
    views.confusion_matrix([0], [0], examples=[image])
    (payload,) = payloads(folder)
    return samples(payload["examples"][0]["image"])


def test_counts_are_by_true_class_then_predicted(folder: Path) -> None:
    views.confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 0], epoch=3)
    (line,) = lines(folder)
    assert line.pop("t") > 0
    assert line.pop("file").startswith("view-")
    assert line == {"view": "confusion matrix", "kind": "confusion_matrix", "epoch": 3}
    assert payloads(folder) == [
        {
            "labels": ["0", "1", "2"],
            "counts": [[1, 1, 0], [0, 1, 0], [2, 0, 1]],
            "examples": [],
            "ids": None,
            "wrong": [[1, 0, 1], [4, 2, 0], [5, 2, 0]],
        }
    ]


def test_every_view_has_a_file_of_its_own_and_no_temporary_one_stays(folder: Path) -> None:
    for epoch in range(3):
        views.confusion_matrix([0], [0], epoch=epoch, name="validation")
    assert [(line["view"], line["epoch"]) for line in lines(folder)] == [("validation", epoch) for epoch in range(3)]
    files = {line["file"] for line in lines(folder)}
    assert {path.name for path in folder.iterdir()} == files | {"metrics.jsonl"}
    assert len(files) == 3


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        ([0, 1, 1], (1, 1, 0)),
        (np.array([0, 1, 1]), np.array([1.0, 1.0, 0.0])),
        (torch.tensor([0, 1, 1]), [np.int64(1), torch.tensor(1), 0]),
        (pd.Series([0, 1, 1], index=[7, 8, 9]), range(1, -2, -1)),
        (["cat", "dog", "dog"], np.array(["dog", "dog", "cat"])),
    ],
    ids=["lists", "numpy", "torch", "pandas", "names"],
)
def test_classes_come_as_any_sequence(true: object, predicted: object, folder: Path) -> None:
    views.confusion_matrix(true, predicted, labels=None if isinstance(true, list) else ["cat", "dog", "eel"][:2])
    if isinstance(predicted, range):
        # -1 is no index.
        assert lines(folder) == []
        return
    (payload,) = payloads(folder)
    assert payload["counts"] == [[0, 1], [1, 1]]
    assert payload["labels"] in (["0", "1"], ["cat", "dog"])


def test_labels_keep_the_matrix_in_shape_when_a_class_is_missing(folder: Path) -> None:
    views.confusion_matrix([0, 2], [2, 2], labels=["cat", "dog", "eel"])
    views.confusion_matrix(["cat", "eel"], ["eel", "eel"], labels=["cat", "dog", "eel"])
    # As in scikit-learn, labels that are themselves the classes are not indexes.
    views.confusion_matrix([1, 3], [3, 3], labels=np.array([1, 2, 3]))
    expected = [[0, 0, 1], [0, 0, 0], [0, 0, 1]]
    assert [payload["counts"] for payload in payloads(folder)] == [expected] * 3
    assert payloads(folder)[2]["labels"] == ["1", "2", "3"]


def test_each_cell_keeps_its_first_examples(folder: Path) -> None:
    texts = [f"text {number}" for number in range(9)]
    views.confusion_matrix([0] * 8 + [1], [1] * 8 + [0], examples=texts, examples_per_cell=2)
    (payload,) = payloads(folder)
    assert payload["counts"] == [[0, 8], [1, 0]]
    assert payload["examples"] == [
        {"at": 0, "true": 0, "predicted": 1, "text": "text 0"},
        {"at": 1, "true": 0, "predicted": 1, "text": "text 1"},
        {"at": 8, "true": 1, "predicted": 0, "text": "text 8"},
    ]


def test_a_data_frame_s_column_is_read_by_place_not_by_row_name(folder: Path) -> None:
    views.confusion_matrix([0, 0, 0], [0, 0, 0], examples=pd.Series(["a", "b", "c"], index=[2, 0, 1]))
    assert [example["text"] for example in payloads(folder)[0]["examples"]] == ["a", "b", "c"]


GREY = [[0, 51, 102, 0, 255], [153, 204, 255, 51, 51]]


@pytest.mark.parametrize(
    "image",
    [
        GREY,
        [tuple(row) for row in GREY],
        [[[sample] for sample in row] for row in GREY],
        [[sample / 255 for sample in row] for row in GREY],
        np.array(GREY, dtype=np.uint8),
        np.array(GREY, dtype=np.int64),
        np.array(GREY, dtype=np.float32) / 255,
        np.asfortranarray(np.array(GREY, dtype=np.uint8)),
        np.array(GREY)[:, :, None],
        np.array(GREY)[None],
        torch.tensor(GREY, dtype=torch.float32, requires_grad=True) / 255,
        torch.tensor(GREY)[None] / 255,
        # Other ranges are stretched: images with mean 0, or scikit-learn's digits from 0 to 16.
        np.array(GREY) / 51.0 - 2,
        [[sample * 10 for sample in row] for row in GREY],
    ],
    ids=range(14),
)
def test_grey_images_survive_in_every_form(image: object, folder: Path) -> None:
    read = only_image(folder, image)
    assert read.shape[:2] == (2, 5)
    assert read[:, :, 0].tolist() == GREY
    assert (read[:, :, 0] == read[:, :, 1]).all()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("form", ["array", "lists", "channels first", "lists, channels first", "tensor"])
def test_colours_survive(channels: int, form: str, folder: Path) -> None:
    image = np.random.default_rng(1).integers(1, 255, (5, 7, channels)).astype(np.uint8)
    forms = {
        "array": image,
        "lists": image.tolist(),
        "channels first": image.transpose(2, 0, 1),
        "lists, channels first": image.transpose(2, 0, 1).tolist(),
        "tensor": torch.from_numpy(image.transpose(2, 0, 1).copy()),
    }
    assert (only_image(folder, forms[form])[:, :, :channels] == image).all()


def test_black_and_white_images_are_black_and_white(folder: Path) -> None:
    views.confusion_matrix([0, 0], [0, 0], examples=[np.array([[True, False]]), [[False, True]]])
    shown = [samples(example["image"])[0, :, 0].tolist() for example in payloads(folder)[0]["examples"]]
    assert shown == [[255, 0], [0, 255]]


@pytest.mark.parametrize("as_list", [False, True])
def test_large_images_become_thumbnails(as_list: bool, folder: Path) -> None:
    image = np.arange(600 * 300, dtype=np.int64).reshape(600, 300) % 251
    read = only_image(folder, image.tolist() if as_list else image)
    assert (read[:, :, 0] == image[::5, ::5]).all()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"true": [0, 1], "predicted": [0]}, "true has 2 entries, predicted has 1"),
        ({"true": 3, "predicted": [0]}, "true must be a sequence with one class per example, not int"),
        ({"true": "abc", "predicted": "abc"}, "not str"),
        ({"true": np.zeros((2, 3)), "predicted": [0, 1]}, "true must hold class indexes or names; it holds list"),
        ({"true": [0.5], "predicted": [0]}, "it holds float (0.5)"),
        ({"true": [None], "predicted": [0]}, "it holds NoneType"),
        ({"true": [5], "predicted": [0], "labels": ["a", "b"]}, "labels has 2 names and none for class 5"),
        ({"true": ["a"], "predicted": ["b"], "labels": ["a"]}, "none for class a"),
        ({"true": list(range(6000)), "predicted": list(range(6000))}, "6,000 classes"),
    ],
)
def test_what_cannot_be_counted_is_one_clear_warning(
    arguments: dict[str, Any], reason: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        views.confusion_matrix(**arguments)
    warning = capfd.readouterr().err
    assert warning.startswith("hypertuner: confusion matrix is not shown: ")
    assert reason in warning
    assert warning.count("\n") == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("examples", "reason"),
    [
        (["only one"], "there are 1 for 2 entries"),
        ([np.zeros((2, 2, 2))] * 2, "this has the shape (2, 2, 2)"),
        ([np.zeros((0, 4))] * 2, "this has the shape (0, 4)"),
        ([[[1, 2], [3]]] * 2, "rows must be equally long"),
        ([[[1.0, float("nan")]]] * 2, "finite"),
        ([np.array([[1.0, np.inf]])] * 2, "finite"),
        ([[["a", "b"]]] * 2, "TypeError"),
        ([object(), object()], "this has the shape ()"),
        (7, "TypeError"),
    ],
    ids=range(9),
)
def test_examples_that_cannot_be_shown_cost_a_warning_and_not_the_matrix(
    examples: object, reason: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    views.confusion_matrix([0, 1], [0, 1], examples=examples)
    assert reason in capfd.readouterr().err
    (payload,) = payloads(folder)
    assert payload["counts"] == [[1, 0], [0, 1]]
    assert payload["examples"] == []


def test_a_payload_above_the_limit_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(attaching, "MOST_BYTES", 1000)
    views.confusion_matrix([0], [0], examples=["x" * 1500])
    assert "and 1,000 is the most; attach fewer or smaller examples" in capfd.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_folder_that_vanished_costs_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv(spool.VARIABLE, str(folder / "gone" / "metrics.jsonl"))
    views.confusion_matrix([0], [0])
    assert "confusion matrix is not shown: FileNotFoundError" in capfd.readouterr().err


def test_without_a_launcher_nothing_is_written_and_mistakes_are_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(spool.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    views.confusion_matrix([0, 1], [0, 1], examples=["a", "b"])
    assert capfd.readouterr().err == ""
    views.confusion_matrix([0, 1], [0])
    assert "equally many" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_several_processes_may_attach_views_to_one_experiment(folder: Path) -> None:
    code = "from hypertuner import views\nfor e in range(20): views.confusion_matrix([0, 1], [1, 1], epoch=e)"
    writers = [subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ)) for _ in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 3
    assert [payload["counts"] for payload in payloads(folder)] == [[[0, 1], [0, 1]]] * 60


def test_the_matrix_of_many_entries_adds_up(folder: Path) -> None:
    chance = random.Random(3)
    true = [chance.randrange(10) for _ in range(5000)]
    predicted = [value if chance.random() < 0.9 else chance.randrange(10) for value in true]
    views.confusion_matrix(true, predicted, examples=np.zeros((5000, 8, 8)))
    (payload,) = payloads(folder)
    expected = pd.crosstab(pd.Series(true), pd.Series(predicted)).to_numpy().tolist()
    assert payload["counts"] == expected
    assert len(payload["examples"]) == sum(min(count, 6) for row in expected for count in row)


def test_rows_of_tables_are_examples_as_well(folder: Path) -> None:
    frame = pd.DataFrame({"age": [41, 7], "name": ["Ann", None]}, index=[5, 3])
    views.confusion_matrix([0, 1], [1, 1], examples=frame)
    views.confusion_matrix([0, 1], [1, 1], examples=[{"__proto__": float("nan"), "x": np.float32(0.5)}, {}])
    rows = [[example["row"] for example in payload["examples"]] for payload in payloads(folder)]
    assert rows == [
        [[["age", 41], ["name", "Ann"]], [["age", 7], ["name", "NaN"]]],
        [[["__proto__", "NaN"], ["x", 0.5]], []],
    ]


def test_ids_tell_entries_apart_and_bad_ones_cost_only_the_comparison(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    views.confusion_matrix([0, 1], [1, 1], ids=np.array([7, 9]))
    views.confusion_matrix([0, 1], [1, 1], ids=["a", "a"])
    views.confusion_matrix([0, 1], [1, 1], ids=["a"])
    named, twice, few = payloads(folder)
    assert (named["ids"], named["wrong"]) == ([7, 9], [[0, 0, 1]])
    assert "wrong" not in twice
    assert "wrong" not in few
    warnings = capfd.readouterr().err
    assert "confusion matrix: ids is not shown: a occurs more than once" in warnings
    assert "there are 1 for 2 entries" in warnings
