"""What a rule would have done to experiments that have ended, told by the very evaluation that watches live ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.rule_forms import DONE, Action
from analysis.rules import Condition, Subject, firing

BEST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Past:
    """An experiment that has ended. score: the objective's last value, NaN where it has none."""

    subject: Subject
    duration_s: float
    score: float


@dataclass(frozen=True)
class DryRun:
    """How many would have fired, how many of these ended among the best, and which share of the time was left then.

    best: how many are the best tenth; 0 where no objective tells. reporting: how many reported the metric at all.
    """

    total: int
    reporting: int
    fired: int
    best: int
    fired_best: int
    saved: float


def dry_run(condition: Condition, past: Sequence[Past]) -> DryRun:
    """Evaluate a condition on past experiments; better is what the goal of their runs says."""
    found = [firing(condition, each.subject) for each in past]
    best = _best(past)
    total_s = sum(each.duration_s for each in past)
    saved_s = sum(_left(each, fired.at) for each, fired in zip(past, found, strict=True) if fired)
    reporting = sum(condition.metric is None or each.subject.metric(condition.metric) is not None for each in past)
    return DryRun(
        total=len(past),
        reporting=reporting,
        fired=sum(each is not None for each in found),
        best=len(best),
        fired_best=sum(found[place] is not None for place in best),
        saved=saved_s / total_s if total_s > 0 else 0.0,
    )


def _best(past: Sequence[Past]) -> list[int]:
    scored = [place for place, each in enumerate(past) if math.isfinite(each.score)]
    if not scored:
        return []
    sign = 1 if past[scored[0]].subject.goal == "minimize" else -1
    scored.sort(key=lambda place: sign * past[place].score)
    return scored[: math.ceil(BEST_SHARE * len(scored))]


def _left(past: Past, at: float) -> float:
    """Seconds from a moment to the last value."""
    last = max((float(each.times.max(initial=-math.inf)) for each in past.subject.reported), default=-math.inf)
    return min(past.duration_s, max(0.0, last - at)) if math.isfinite(last) else 0.0


def words(found: DryRun, condition: Condition, action: Action, *, is_all: bool) -> str:
    """In a sentence: "Would have stopped 14 of 60 past experiments; 2 of them ended in the best 10 %; ...".

    is_all: whether no older ones were left out.
    """
    if not found.total:
        return "There is no past experiment to try it on yet."
    if not found.reporting:
        return f"No past experiment has reported “{condition.metric}”: so far the rule would have done nothing."
    newest = "of " if is_all else "of the newest "
    done, all_ = DONE[action.do], f"{newest}{found.total:,} past experiment{'' if found.total == 1 else 's'}"
    if not found.fired:
        return f"Would have {done} none {all_}."
    parts = [f"Would have {done} {found.fired:,} {all_}"]
    if found.best:
        count = {0: "none", 1: "1"}.get(found.fired_best, f"{found.fired_best:,}")
        parts.append(f"{count} of {'them' if found.fired > 1 else 'it'} ended in the best 10 %")
    if found.fired == 1 and found.best:
        parts[1] = "it ended in the best 10 %" if found.fired_best else "it did not end in the best 10 %"
    if action.do == "stop":
        parts.append(f"it would have saved {100 * found.saved:.0f} % of the time")
    return f"{'; '.join(parts)}."
