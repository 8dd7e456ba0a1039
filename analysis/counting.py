"""Which experiments count: the one rule behind best, trends, importance, reports, and what stands beside them.

An experiment counts when it is finished, or when a person includes unfinished ones; of an experiment that counts, those
values count that are finite. One that reuses another is finished with that one's values, and counts as it does; repeats
count one by one. The page is told by its spec which states count, and applies the rule in
assets/experiments/counting.js.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

# Everything else is unfinished: its values may be those of a training's middle, or of a crash.
COUNTED_STATES = ("finished",)
# How an address says that a person includes unfinished ones: include=unfinished.
PARAMETER, INCLUDED = "include", "unfinished"


class Judged(Protocol):
    """What the rule looks at; the number decides between equals."""

    @property
    def state(self) -> str: ...
    @property
    def number(self) -> int: ...


Experiment = TypeVar("Experiment", bound=Judged)


def is_included(written: object) -> bool:
    """Whether an address includes unfinished experiments; anything else than the word does not."""
    return written == INCLUDED


def is_finished(state: str) -> bool:
    """Whether an experiment in this state counts without anybody's doing."""
    return state in COUNTED_STATES


def is_counted(state: str, value: float | None = 0.0, *, include_unfinished: bool = False) -> bool:
    """Whether a value of an experiment in this state counts; without a value, whether the experiment does."""
    return (include_unfinished or is_finished(state)) and value is not None and math.isfinite(value)


def ranked(
    experiments: Iterable[Experiment],
    value_of: Callable[[Experiment], float | None],
    goal: str,
    *,
    include_unfinished: bool = False,
) -> list[Experiment]:
    """Those that count with a finite value, the best first, equals by number; then all others, by number."""

    def key(experiment: Experiment) -> tuple[bool, float, int]:
        value = value_of(experiment)
        if value is None or not is_counted(experiment.state, value, include_unfinished=include_unfinished):
            return True, 0.0, experiment.number
        return False, value if goal == "minimize" else -value, experiment.number

    return sorted(experiments, key=key)


def best_of(
    experiments: Iterable[Experiment],
    value_of: Callable[[Experiment], float | None],
    goal: str,
    *,
    include_unfinished: bool = False,
) -> Experiment | None:
    """The best of those that count, or None where none does."""
    first = next(iter(ranked(experiments, value_of, goal, include_unfinished=include_unfinished)), None)
    if first is None or not is_counted(first.state, value_of(first), include_unfinished=include_unfinished):
        return None
    return first


def finished_condition(column: str) -> str:
    """The rule's part on states as SQL, for a column with the state."""
    return f"{column} IN ({', '.join(repr(state) for state in COUNTED_STATES)})"


def finite_condition(column: str) -> str:
    """The rule's part on values as SQL: PostgreSQL takes NaN for larger than infinity."""
    return f"({column} > '-Infinity' AND {column} < 'Infinity')"


def left_out_words(states: Iterable[str]) -> str:
    """How many do not count, and in which states: "3 unfinished: 1 running, 2 failed"; "" for none."""
    unfinished = [state for state in states if not is_finished(state)]
    if not unfinished:
        return ""
    kinds = [f"{unfinished.count(state):,} {state}" for state in dict.fromkeys(unfinished)]
    return f"{len(unfinished):,} unfinished: {', '.join(kinds)}"
