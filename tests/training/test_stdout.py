"""What counts as a metric on a printed line, and what does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.stdout import Progress, parse_line


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("loss: 0.31 acc=0.92", {"loss": 0.31, "acc": 0.92}),
        ("Epoch 3/12 - loss: 1e-3, val_loss=2.5E+2", {"loss": 1e-3, "val_loss": 250.0}),
        ("12/12 - 1s - 3ms/step - loss: 0.31 - accuracy: 0.92", {"loss": 0.31, "accuracy": 0.92}),
        ("accuracy: 92.5%", {"accuracy": 92.5}),
        ("{'loss': 0.31, 'learning_rate': 5e-05, 'epoch': 1.5}", {"loss": 0.31, "learning_rate": 5e-05}),
        ('{"loss": 0.31}', {"loss": 0.31}),
        ("2024-01-02 12:30:01 INFO validation loss: 0.3", {"validation_loss": 0.3}),
        ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.300000", {"Loss": 2.3}),
        ("Test set: Average loss: 0.0312, Accuracy: 9890/10000 (99%)", {"Average_loss": 0.0312}),
        ("Epoch 3: 100%|███| 12/12 [00:01<00:00,  8.2it/s, v_num=0, train_loss=0.31]", {"train_loss": 0.31}),
        ("\x1b[32mloss\x1b[0m: \x1b[1m0.5\x1b[0m", {"loss": 0.5}),
        ("Final test accuracy: 0.93.", {"Final_test_accuracy": 0.93}),
        ("a: .5 b: 5. c: -3", {"a": 0.5, "b": 5.0, "c": -3.0}),
        ("IoU@0.5: 0.7 f1/macro=0.4", {"IoU@0.5": 0.7, "f1/macro": 0.4}),
        ("acc: 0.92 ± 0.01 (0.9)", {"acc": 0.92}),
        ("loss = 0.25", {"loss": 0.25}),
    ],
)
def test_reported_numbers_are_metrics(line: str, metrics: dict[str, float]) -> None:
    assert parse_line(line, Progress()) == metrics


@pytest.mark.parametrize(
    "line",
    [
        "http://127.0.0.1:8050/a=3/b",
        "Listening on localhost:8050",
        "at train.py:33",
        "train.py:33: UserWarning: x",
        "time: 12:30",
        "date: 2024-01-02",
        "2024-01-02T10:20:30",
        "params: 1,234,567",
        "torch==2.13.0",
        "release: 1.2.3",
        "took: 3.2s",
        "path=/data/1",
        "pid: 4711",
        "12/12 [00:01<00:00,  8.2it/s]",
        "x" * 5_000 + " loss: 1",
        "",
    ],
)
def test_other_numbers_are_none(line: str) -> None:
    assert parse_line(line, Progress()) == {}


def test_nan_and_infinities_are_numbers() -> None:
    found = parse_line("loss=inf acc=-Infinity x: nan", Progress())
    assert (found["loss"], found["acc"]) == (math.inf, -math.inf)
    assert math.isnan(found["x"])


@pytest.mark.parametrize(
    ("line", "epoch", "epochs", "batch"),
    [
        ("Epoch 3/12", 3, 12, None),
        ("Epoch [3/12], Step [100/500]", 3, 12, 100),
        ("epoch: 3 of 12", 3, 12, None),
        ("epoch=3, step=20", 3, None, 20),
        ("{'loss': 1, 'epoch': 1.5}", 1.5, None, None),
        ("Epoch 3: 100%|███|", 3, None, None),
        ("num_epochs: 12", None, None, None),
        ("epoch time: 12:30", None, None, None),
    ],
)
def test_a_line_says_where_the_training_stands(
    line: str, epoch: float | None, epochs: float | None, batch: float | None
) -> None:
    progress = Progress()
    parse_line(line, progress)
    assert (progress.epoch, progress.epochs, progress.batch) == (epoch, epochs, batch)


def test_progress_stays_until_the_next_epoch() -> None:
    progress = Progress()
    parse_line("Epoch 1/3 step 5", progress)
    parse_line("loss: 1", progress)
    assert (progress.epoch, progress.batch) == (1, 5)
    parse_line("Epoch 2/3", progress)
    assert (progress.epoch, progress.epochs, progress.batch) == (2, 3, None)


def test_an_echoed_hyperparameter_is_no_metric() -> None:
    assert parse_line("lr: 0.1 loss: 2", Progress(), {"lr"}) == {"loss": 2}


@given(st.text(alphabet="ab:=. 0123456789eE+-,%\t'\"[](){}/nif", max_size=200))
def test_any_line_gives_only_names_and_numbers(line: str) -> None:
    for name, value in parse_line(line, Progress()).items():
        assert name
        assert isinstance(value, float)


def test_a_hostile_line_takes_no_time() -> None:
    for hostile in ("a " * 2_000, "a=" * 2_000, "1:" * 2_000, "epoch" * 800, "a: 1e" * 800):
        assert len(parse_line(hostile, Progress())) <= 1
