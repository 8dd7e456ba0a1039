"""What counts as a metric in what a script prints, and what does not."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.output.reader import OutputReader

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "metric-lines.jsonl").read_text("utf-8").splitlines()]
# Those that are known to be missed are only counted, by benchmarks/reading.py.
MORE = [json.loads(line) for line in (HERE / "more-lines.jsonl").read_text("utf-8").splitlines()]
MORE = [case for case in MORE if not case.get("is_missed")]


def read(*lines: str, options: Sequence[str] = ()) -> dict[str, float]:
    """The last value of each metric."""
    reader = OutputReader(options)
    return {name: value for line in lines for name, value in reader.read(line).items()}


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case['kind']}" for at, case in enumerate(CASES)])
def test_lines_of_real_programs_give_just_their_metrics(case: dict[str, Any]) -> None:
    reader = OutputReader(case.get("options", ()))
    found: dict[str, float] = {}
    place: tuple[float | None, float | None] = (None, None)
    for line in case["lines"]:
        if news := reader.read(line):
            found |= news
            place = (reader.progress.epoch, reader.progress.batch)
    may = set(case.get("may_also", ())) - case["metrics"].keys()
    assert {name: value for name, value in found.items() if name not in may} == case["metrics"]
    if case["metrics"]:
        assert place == (case.get("epoch"), case.get("step"))


@pytest.mark.parametrize("case", MORE, ids=[f"{at}-{case['kind']}" for at, case in enumerate(MORE)])
def test_further_programs_are_read_as_well(case: dict[str, Any]) -> None:
    found = read(*case["lines"], options=case.get("options", ()))
    may = set(case.get("may_also", ())) - case["metrics"].keys()
    assert {name: value for name, value in found.items() if name not in may} == case["metrics"]


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("loss: 0.31 acc=0.92", {"loss": 0.31, "acc": 0.92}),
        ("VAL_MSE_LOSS: 0.5", {"VAL_MSE_LOSS": 0.5}),
        ("Epoch 3/12 - loss: 1e-3, val_loss=2.5E+2", {"loss": 1e-3, "val_loss": 250.0}),
        ("12/12 - 1s - 3ms/step - loss: 0.31 - accuracy: 0.92", {"loss": 0.31, "accuracy": 0.92}),
        ("accuracy: 92.5%", {"accuracy": 92.5}),
        ("{'loss': 0.31, 'learning_rate': 5e-05, 'epoch': 1.5}", {"loss": 0.31, "learning_rate": 5e-05}),
        ('{"loss": 0.31, "is_best": true, "note": "ok"}', {"loss": 0.31}),
        ('{"train": {"loss": 0.3}, "val": {"loss": 0.4}}', {"train_loss": 0.3, "val_loss": 0.4}),
        ("2024-01-02 12:30:01 INFO validation loss: 0.3", {"validation_loss": 0.3}),
        ("2024-01-02 12:30:01.123 | INFO     | __main__:train:33 - loss: 0.3", {"loss": 0.3}),
        ("[2024-01-02 12:30:01,123][root][INFO] - loss: 0.3", {"loss": 0.3}),
        ("I1128 21:10:02.123456 1234 train.py:33] loss 0.3", {"loss": 0.3}),
        ("Test set: Average loss: 0.0312, Accuracy: 9890/10000 (99%)", {"Test_Average_loss": 0.0312, "Test_Accuracy": 98.9}),
        ("Epoch 3: 100%|███| 12/12 [00:01<00:00,  8.2it/s, v_num=0, train_loss=0.31]", {"train_loss": 0.31}),
        ("\x1b[32mloss\x1b[0m: \x1b[1m0.5\x1b[0m", {"loss": 0.5}),
        ("Final test accuracy: 0.93.", {"Final_test_accuracy": 0.93}),
        ("a: .5 b: 5. c: -3", {"a": 0.5, "b": 5.0, "c": -3.0}),
        ("IoU@0.5: 0.7 f1/macro=0.4", {"IoU@0.5": 0.7, "f1/macro": 0.4}),
        ("acc: 0.92 ± 0.01 (0.9)", {"acc": 0.92}),
        ("CV score 0.91 +/- 0.02", {"CV_score": 0.91}),
        ("loss = 0.25", {"loss": 0.25}),
        ("loss=0.3|acc=0.9", {"loss": 0.3, "acc": 0.9}),
        ("loss  6.40 | ppl 601.45", {"loss": 6.4, "ppl": 601.45}),
        ("Loss 6.9e+00 (7.0e+00)", {"Loss": 6.9}),
        ("Accuracy: 9852/10000 (99%)", {"Accuracy": 98.52}),
        ("top 5 accuracy: 0.9", {"top_5_accuracy": 0.9}),
        ("step 100/500 reward 12", {"reward": 12.0}),
        ("|    ep_rew_mean      | 22.3     |", {"ep_rew_mean": 22.3}),
        ("val loss: 0.3000 (best: 0.2900)", {"val_loss": 0.3, "best": 0.29}),
        ("iteration 10: train loss=1.5e-2 | val loss=2e-2", {"train_loss": 0.015, "val_loss": 0.02}),
        ("Epoch 1: train_loss=0.3, val_loss=0.4, time=3.2s", {"train_loss": 0.3, "val_loss": 0.4}),
        ("Mean squared error: 3,424.1", {"Mean_squared_error": 3424.1}),
    ],
)  # fmt: skip
def test_reported_numbers_are_metrics(line: str, metrics: dict[str, float]) -> None:
    assert read(line) == metrics


@pytest.mark.parametrize(
    "line",
    [
        "http://127.0.0.1:8050/a=3/b",
        "Listening on localhost:8050",
        "args: 0.1 --epochs 3",
        "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.",
        "at train.py:33",
        "train.py:33: UserWarning: x",
        '  File "train.py", line 33, in <module>',
        "time: 12:30",
        "Elapsed: 0:01:30",
        "date: 2024-01-02",
        "2024-01-02T10:20:30",
        "params: 1,234,567",
        "torch==2.13.0",
        "release: 1.2.3",
        "Python 3.11",
        "took: 3.2s",
        "GPU memory: 12.3 GB",
        "path=/data/1",
        "pid: 4711",
        "Device: cuda:0",
        "conv1: (3, 64)",
        "Using 4 GPUs",
        "Loaded 60000 images in 3.5 seconds",
        "Found 3 classes: 1, 2, 3",
        "Model has 1.2M parameters",
        "lr schedule: cosine 0.1 -> 0.001",
        "loss: 1,234",
        "12/12 [00:01<00:00,  8.2it/s]",
        "x" * 5_000 + " loss: 1",
        "",
    ],
)
def test_other_numbers_are_none(line: str) -> None:
    assert read(line) == {}


def test_nan_and_infinities_are_numbers() -> None:
    found = read("loss=inf acc=-Infinity x: nan", "{'y': nan, 'epoch': 1.0}")
    assert (found["loss"], found["acc"]) == (math.inf, -math.inf)
    assert math.isnan(found["x"])
    assert math.isnan(found["y"])


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
    reader = OutputReader()
    reader.read(line)
    assert (reader.progress.epoch, reader.progress.epochs, reader.progress.batch) == (epoch, epochs, batch)


def test_progress_stays_until_the_next_epoch() -> None:
    reader = OutputReader()
    reader.read("Epoch 1/3 step 5")
    reader.read("loss: 1")
    assert (reader.progress.epoch, reader.progress.batch) == (1, 5)
    reader.read("Epoch 2/3")
    assert (reader.progress.epoch, reader.progress.epochs, reader.progress.batch) == (2, 3, None)


def test_an_echoed_hyperparameter_is_no_metric() -> None:
    assert read("lr: 0.1 loss: 2", options=["lr"]) == {"loss": 2}


def test_a_table_of_parts_has_both_names() -> None:
    rows = (
        "| rollout/       |        |",
        "|    ep_rew_mean | 22.3   |",
        "| time/          |        |",
        "|    fps         | 1000   |",
    )
    assert read(*rows) == {"rollout/ep_rew_mean": 22.3, "time/fps": 1000}


def test_a_header_waits_for_its_rows() -> None:
    reader = OutputReader()
    assert reader.read("step,loss,lr") == {}
    assert reader.read("saving the model") == {}
    assert reader.read("10,0.5,0.1") == {"loss": 0.5, "lr": 0.1}
    assert reader.progress.batch == 10
    assert reader.read("11,nan,0.1")["lr"] == 0.1


@given(st.lists(st.text(alphabet="ab:=. 0123456789eE+-,%\t'\"[](){}/|nif_loss", max_size=200), max_size=4))
def test_any_lines_give_only_names_and_numbers(lines: list[str]) -> None:
    reader = OutputReader()
    for line in lines:
        for name, value in reader.read(line).items():
            assert name
            assert isinstance(value, float)


@given(st.text(max_size=100))
def test_any_text_is_read(line: str) -> None:
    OutputReader().read(line)


@pytest.mark.parametrize(
    "part",
    ["a ", "a=", "1:", "epoch", "a: 1e", "0.1 ", "a 0.1 ", "|", "a,", "[1/2 ", "(", "1,1", "a.b/", " ", "- ", "loss 1 (+/- "],
)  # fmt: skip
def test_a_hostile_line_takes_no_time(part: str) -> None:
    # Where it took time beyond measure, the test's own limit would tell.
    reader = OutputReader()
    for _ in range(20):
        reader.read((part * 4_000)[:4_000])


def test_a_model_s_summary_and_a_configuration_s_tree_hold_no_metrics() -> None:
    """As Lightning with rich prints them."""
    reader = OutputReader()
    for line in (
        "│ 6 │ train_acc    │ MulticlassAccuracy │      0 │ train │     0 │", "Trainable params: 336 K",
        "Modules in train mode: 21", "Total FLOPs: 0", "│         lr: 0.001", "│         save_top_k: 1",
        "└── factor: 0.1",
    ):  # fmt: skip
        assert reader.read(line) == {}, line
    assert reader.read("│         test/acc          │    0.5     │") == {"test/acc": 0.5}


def test_how_long_a_batch_took_is_no_metric_but_a_time_that_is_named_is() -> None:
    reader = OutputReader()
    line = "Epoch: [0][ 10/100]\tTime  0.123 ( 0.456)\tData  0.001 ( 0.002)\tLoss 6.9e+00 (7.0e+00)"
    assert reader.read(line) == {"Loss": 6.9}
    assert reader.read("inference_time: 0.25 accuracy: 0.5") == {"inference_time": 0.25, "accuracy": 0.5}


@pytest.mark.parametrize(
    "mark", ["[default{}]:", "[rank{}]: ", "[trainer{}]:", "[1,{}]<stdout>:", "rank{}: ", "worker{}: "]
)
def test_of_several_processes_the_first_counts(mark: str) -> None:
    reader = OutputReader()
    assert reader.read(f"{mark.format(0)}Epoch 1 loss: 0.5") == {"loss": 0.5}
    assert reader.read(f"{mark.format(1)}Epoch 2 loss: 0.7") == {}
    assert (reader.progress.epoch, reader.others) == (1, 1)


def test_a_process_that_reports_alone_counts_whatever_its_number() -> None:
    reader = OutputReader()
    assert reader.read("worker 2: loss=0.5") == {"loss": 0.5}
    assert reader.read("worker 3: loss=0.7") == {}
    # Until an earlier one is heard of.
    assert reader.read("worker 1: loss=0.4") == {"loss": 0.4}
    assert reader.read("worker 2: loss=0.5") == {}


@pytest.mark.parametrize("line", ["[epoch1]: loss 0.5", "[fold2]: loss: 0.5", "worker loss: 0.5"])
def test_what_only_looks_like_the_mark_of_a_process_is_read(line: str) -> None:
    assert list(OutputReader().read(line).values()) == [0.5]
