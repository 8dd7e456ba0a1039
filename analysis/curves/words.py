"""Numbers and names as sentences have them."""

from __future__ import annotations

from analysis.curves.pairs import read_name

MOST_DIGITS = 12
# What an experiment suffers from, what deserves a look, and what only describes it; the gravest first.
SEVERITIES = {
    "not_finite": "bad",
    "divergence": "bad",
    "overfitting": "warn",
    "noise": "warn",
    "plateau": "plain",
    "improving": "plain",
}


def spoken(metric: str) -> str:
    """A metric's name in small words, as in "validation loss" for `val_loss` and "batch loss" for `batch_loss`."""
    name = read_name(metric)
    # A metric may be reported both ways; by epoch is what people mean where nothing is said.
    counted_by = "" if name.counted_by == "epoch" else name.counted_by
    return " ".join(filter(None, [counted_by, name.part, *name.words])) or metric


def place(x: float, unit: str) -> str:
    """As in "epoch 7" or "step 12,000"."""
    return f"{unit} {x:,.10g}"


def numbers(*values: float) -> list[str]:
    """Values with three digits, or as many as it takes to tell them apart."""
    for digits in range(3, MOST_DIGITS):
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def moved(first: float, last: float) -> str:
    """Which way, in one word."""
    return "rose" if last > first else "fell"


def short(rule: str) -> str:
    """What a rule's flag is called where there is room for a word."""
    return "NaN" if rule == "not_finite" else rule
