"""What the name of a metric usually says."""

from __future__ import annotations

import re

# Parts of names of which less is better.
SMALL_IS_GOOD = {
    *("loss", "error", "err", "mse", "rmse", "mae", "mape", "nll", "perplexity", "ppl", "wer", "cer", "fid", "bpb"),
    *("time", "seconds", "latency", "memory", "deviance", "regret", "distance", "inertia"),
}
PARTS = re.compile(r"[a-z]+")


def usual_goal(name: str) -> str:
    """`minimize` for losses, errors and costs, else `maximize`."""
    return "minimize" if SMALL_IS_GOOD & set(PARTS.findall(name.lower())) else "maximize"
