"""The digits example, run for real with small settings."""

import gzip
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "digits" / "train.py"
EPOCH_METRICS = {"loss", "accuracy", "validation_loss", "validation_accuracy"}


def train(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def write_idx(path: Path, array: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_mnist(folder: Path, part: str, suffix: str) -> None:
    """Sixty images in MNIST's format: digit n is a bright bar in row 2n."""
    labels = np.arange(60, dtype=np.uint8) % 10
    images = np.zeros((60, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] = 255
    write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images)
    write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", labels)


def test_it_logs_every_batch_every_epoch_and_a_confusion_matrix(tmp_path: Path) -> None:
    metrics = {"HYPERTUNER_METRICS": str(tmp_path / "metrics.jsonl")}
    train(
        tmp_path, "--batch_size=100", "--num_epochs=2", "--dropout_rate=0.3", "--num_samples=500", environment=metrics
    )
    written = lines(tmp_path)
    batches = [line for line in written if "batch" in line]
    assert [(line["epoch"], line["batch"]) for line in batches] == [(e, b) for e in (1, 2) for b in (1, 2, 3, 4)]
    assert all(set(line["m"]) == {"batch_loss", "batch_accuracy"} for line in batches)
    epochs = [line for line in written if "m" in line and "batch" not in line]
    assert [(line["epoch"], line["epochs"]) for line in epochs] == [(1, 2), (2, 2)]
    assert all(set(line["m"]) == EPOCH_METRICS for line in epochs)
    assert all(0 <= line["m"]["validation_accuracy"] <= 1 for line in epochs)
    seen = [line for line in written if line.get("kind") == "confusion_matrix"]
    assert [line["epoch"] for line in seen] == [1, 2]
    payload = json.loads((tmp_path / seen[-1]["file"]).read_text("utf-8"))
    assert payload["labels"] == [str(digit) for digit in range(10)]
    assert sum(map(sum, payload["counts"])) == 150
    right = sum(payload["counts"][digit][digit] for digit in range(10))
    assert right / 150 == pytest.approx(epochs[-1]["m"]["validation_accuracy"])
    assert all(example["image"].startswith("data:image/png;base64,") for example in payload["examples"])


def test_alone_it_learns_prints_and_leaves_nothing_behind(tmp_path: Path) -> None:
    printed = train(tmp_path, "--num_epochs", "4", "--batch_size", "28", "--dropout_rate", "0.3").splitlines()
    assert [line.split(" loss:")[0] for line in printed] == [f"Epoch {epoch}/4" for epoch in (1, 2, 3, 4)]
    assert float(printed[-1].rsplit(" ", 1)[1]) > 0.85
    assert list(tmp_path.iterdir()) == []


def test_it_reads_mnist_s_files_and_equal_seeds_give_equal_results(tmp_path: Path) -> None:
    printed = []
    for part, suffix in (("train", ""), ("t10k", ".gz")):
        folder = tmp_path / part
        folder.mkdir()
        write_mnist(folder, part, suffix)
        printed.append(train(tmp_path, "--data", str(folder), "--num_epochs=1", "--batch_size=20", "--optimizer=sgd"))
    assert printed[0].startswith("Epoch 1/1 loss: ")
    assert printed[0] == printed[1]


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"{tmp_path} has neither train-images-idx3-ubyte" in ended.stderr
    assert "Traceback" not in ended.stderr
