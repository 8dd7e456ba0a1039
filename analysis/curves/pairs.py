"""Which metric of validation belongs to which metric of training, told from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.metrics import SMALL_IS_GOOD

TRAINING = {"train", "training", "trn", "tr", "fit"}
VALIDATION = {"val", "valid", "validation", "eval", "evaluation", "dev", "holdout", "heldout", "vld"}
TEST = {"test", "testing", "tst"}
SAME = {"acc": "accuracy", "err": "error", "losses": "loss"}
# How a framework counts is no part of a metric's name: Lightning writes train_loss_epoch beside val_loss.
COUNTED_BY = {"epoch", "step", "batch", "iter", "iteration"}
# A model cannot overfit these.
COSTS = {"time", "seconds", "second", "latency", "memory", "runtime", "duration", "speed", "throughput", "lr", "fps"}
# What may follow a prefix that is written together with it, as in valloss; else `value` would be a validation metric.
METRICS = SMALL_IS_GOOD | {"acc", "accuracy", "auc", "f1", "iou", "map", "precision", "recall", "dice", "bleu", "score"}
HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
BREAK = re.compile(r"[\W_]+")
GLUED = re.compile(
    f"(?P<part>{'|'.join(sorted(TRAINING | VALIDATION | TEST, key=len, reverse=True))})(?P<metric>{'|'.join(METRICS)})"
)


@dataclass(frozen=True)
class Name:
    """A metric's name: of which part of the data ("training", "validation", "test", or "" where it says nothing)."""

    part: str
    words: tuple[str, ...]
    counted_by: str = ""


def read_name(metric: str) -> Name:
    """Take a metric's name apart, as in ("validation", ("loss",)) for `val/loss`, `valLoss` and `valloss`."""
    words = [word.lower() for word in BREAK.split(HUMP.sub(" ", metric)) if word]
    if words and (glued := GLUED.fullmatch(words[0])):
        words[:1] = [glued["part"], glued["metric"]]
    part, counted_by, rest = "", "", []
    for word in words:
        meaning = _part(word)
        if meaning and not part:
            part = meaning
        elif word in COUNTED_BY:
            counted_by = word
        else:
            rest.append(SAME.get(word, word))
    return Name(part, tuple(rest), counted_by)


def pairs(metrics: Iterable[str]) -> dict[str, str]:
    """The training metric of every validation or test metric that has one, by name.

    A name that says nothing of its data (`loss` beside `val_loss`) is of training, unless there is one that says so.
    """
    names = {metric: read_name(metric) for metric in metrics}
    found: dict[str, str] = {}
    for metric, name in names.items():
        if name.part not in ("validation", "test") or COSTS & set(name.words):
            continue
        partners = [
            (other.part != "training", other.counted_by != name.counted_by, other.counted_by != "epoch", text)
            for text, other in names.items()
            if other.words == name.words and (other.part == "training" or (not other.part and other.words))
        ]
        if partners:
            found[metric] = min(partners)[-1]
    return found


def by_epoch(metrics: Iterable[str]) -> dict[str, str]:
    """Of every metric that is counted by batches the one by epochs, if there is one, by name: of training first."""
    names = {metric: read_name(metric) for metric in metrics}
    found: dict[str, str] = {}
    for metric, name in names.items():
        if name.counted_by in ("", "epoch") or not name.words:
            continue
        partners = [
            (other.part != name.part, other.part != "training", text)
            for text, other in names.items()
            if other.words == name.words and other.counted_by in ("", "epoch")
        ]
        if partners:
            found[metric] = min(partners)[-1]
    return found


def _part(word: str) -> str:
    if word in TRAINING:
        return "training"
    if word in VALIDATION:
        return "validation"
    return "test" if word in TEST else ""
