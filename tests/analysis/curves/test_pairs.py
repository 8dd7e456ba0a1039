"""Which metric belongs to which, told from names that people and frameworks use."""

from __future__ import annotations

import pytest

from analysis.curves.pairs import by_epoch, pairs, read_name
from analysis.curves.words import numbers, place, spoken


@pytest.mark.parametrize(
    ("validation", "training"),
    [
        ("val_loss", "loss"),
        ("valid_loss", "train_loss"),
        ("validation_accuracy", "training_accuracy"),
        ("test_acc", "train_acc"),
        ("val_acc", "training_accuracy"),
        ("eval/loss", "train/loss"),
        ("eval_loss", "loss"),
        ("dev.f1", "train.f1"),
        ("Loss/val", "Loss/train"),
        ("valLoss", "trainLoss"),
        ("valloss", "trainloss"),
        ("vldErr", "trnError"),
        ("top5_acc_val", "top5_acc_train"),
        ("val_loss", "train_loss_epoch"),
        ("val", "train"),
        ("验证_val", "验证_train"),
    ],
)
def test_a_validation_metric_finds_its_training_metric(validation: str, training: str) -> None:
    assert pairs([validation, training, "lr", "value"]) == {validation: training}


def test_a_metric_by_batches_finds_the_one_by_epochs() -> None:
    assert by_epoch(["batch_loss", "validation_loss", "training_loss", "accuracy"]) == {"batch_loss": "training_loss"}
    assert by_epoch(["val_loss_step", "val_loss", "train_loss"]) == {"val_loss_step": "val_loss"}
    assert by_epoch(["batch", "step_time", "loss"]) == {}


def test_a_name_that_says_training_goes_before_one_that_says_nothing() -> None:
    assert pairs(["loss", "train_loss", "val_loss"]) == {"val_loss": "train_loss"}
    assert pairs(["train_loss_step", "train_loss_epoch", "val_loss"]) == {"val_loss": "train_loss_epoch"}
    assert pairs(["train_loss_step", "train_loss_epoch", "val_loss_step"]) == {"val_loss_step": "train_loss_step"}


def test_validation_and_test_may_share_their_training_metric() -> None:
    assert pairs(["loss", "val_loss", "test_loss"]) == {"val_loss": "loss", "test_loss": "loss"}


@pytest.mark.parametrize(
    "metrics",
    [
        ["val_loss"],
        ["loss", "val_accuracy"],
        ["value_loss", "loss"],
        ["train_loss", "training_loss"],
        ["train_runtime", "eval_runtime"],
        ["train_samples_per_second", "test_samples_per_second"],
        ["", "_", "val", "损失"],
    ],
)
def test_what_is_no_pair_stays_alone(metrics: list[str]) -> None:
    assert pairs(metrics) == {}


def test_the_order_of_names_does_not_matter() -> None:
    names = ["val_loss", "train_loss", "loss", "test_loss", "acc", "val_acc"]
    assert pairs(names) == pairs(names[::-1])


def test_names_and_numbers_are_spoken() -> None:
    assert spoken("val_loss") == "validation loss"
    assert spoken("train/acc") == "training accuracy"
    assert spoken("loss") == "loss"
    assert spoken("batch_accuracy") == "batch accuracy"
    assert spoken("train_loss_step") == "step training loss"
    assert spoken("train_loss_epoch") == "training loss"
    assert spoken("__") == "__"
    assert read_name("eval/loss_epoch").counted_by == "epoch"
    assert numbers(0.123456, 0.4) == ["0.123", "0.4"]
    assert numbers(0.99951, 0.99952) == ["0.99951", "0.99952"]
    assert numbers(1.0, 1.0) == ["1", "1"]
    assert place(12_000.0, "step") == "step 12,000"
    assert place(0.5, "epoch") == "epoch 0.5"
