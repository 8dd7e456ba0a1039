"""What the name of a metric usually says."""

from __future__ import annotations

import re
from typing import Literal

Goal = Literal["minimize", "maximize"]

# Parts of names of which less is better.
SMALL_IS_GOOD = {
    *("loss", "error", "err", "mse", "rmse", "mae", "mape", "nll", "perplexity", "ppl", "wer", "cer", "fid", "bpb"),
    *("time", "seconds", "latency", "memory", "deviance", "regret", "distance", "inertia"),
}
# Parts of names of which more is better.
LARGE_IS_GOOD = {
    *("accuracy", "acc", "auc", "auroc", "auprc", "f1", "iou", "map", "precision", "recall", "dice", "bleu", "rouge"),
    *("r2", "score", "reward", "return", "psnr", "ssim", "kappa", "mcc", "silhouette", "throughput"),
}
# As in valLoss, and as in MSELoss.
HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
PARTS = re.compile(r"[a-z]+")
# A digit may belong to the name, as in f1.
NUMBERED = re.compile(r"[a-z]\d(?![a-z\d])")


def known_goal(name: str) -> Goal | None:
    """What a metric's name says of its goal; None where it says nothing."""
    plain = HUMP.sub(" ", name).lower()
    parts = {*PARTS.findall(plain), *NUMBERED.findall(plain)}
    if SMALL_IS_GOOD & parts:
        return "minimize"
    return "maximize" if LARGE_IS_GOOD & parts else None


def usual_goal(name: str) -> Goal:
    """`minimize` for losses, errors and costs, else `maximize`."""
    return known_goal(name) or "maximize"
