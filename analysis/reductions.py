"""How the values that an experiment has of a metric become one number: the last, the smallest, a mean, an epoch's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

# "mean 3" is the mean of the last three, "epoch 5" the last value that was reported at epoch 5.
_WRITTEN = re.compile(
    r"(?P<plain>last|smallest|largest)|mean (?P<most>[1-9][0-9]{0,5})|epoch (?P<epoch>[0-9]{1,9}(\.[0-9]{1,6})?)",
    re.ASCII,
)
# An address may say anything; nobody reduces more metrics than this by hand.
MOST_METRICS = 200


@dataclass(frozen=True)
class Reduction:
    """One word of last, smallest, largest, mean and epoch; `of`: how many last values, or which epoch."""

    by: str
    of: float | None = None

    @classmethod
    def read(cls, written: object) -> Reduction | None:
        """A reduction as the address has it, or None where it is none."""
        match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
        if match is None:
            return None
        if match["plain"]:
            return cls(match["plain"])
        return cls("mean", float(match["most"])) if match["most"] else cls("epoch", float(match["epoch"]))

    def written(self) -> str:
        """As the address has it."""
        return self.by if self.of is None else f"{self.by} {_number(self.of)}"

    def words(self, goal: str | None = None) -> str:
        """As people say it. goal: where it is known, the better one of smallest and largest is the best one."""
        if self.of is not None:
            return f"mean of last {_number(self.of)}" if self.by == "mean" else f"at epoch {_number(self.of)}"
        return "best" if self.by == {"minimize": "smallest", "maximize": "largest"}.get(goal or "") else self.by


LAST = Reduction("last")

Reductions = Mapping[str, Reduction]


def read_reductions(written: object) -> dict[str, Reduction]:
    """The reductions by the names of their metrics, from an address's JSON; what cannot be read is left out."""
    try:
        found = json.loads(written) if isinstance(written, str) else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    pairs = [(name, Reduction.read(each)) for name, each in list(found.items())[:MOST_METRICS]]
    return {name: each for name, each in pairs if each is not None and each != LAST}


def title_of(metric: str, reduction: Reduction, goal: str | None = None) -> str:
    """The name of what a column holds: "loss", "loss (smallest)"."""
    return metric if reduction == LAST else f"{metric} ({reduction.words(goal)})"


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
