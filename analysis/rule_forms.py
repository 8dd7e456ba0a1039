"""A rule as a person writes it, checked: what is wrong is named at its place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analysis.rules import COMPARISONS, FLAGS, LIMITS, MOVES, Condition

LONGEST_TAG = 40
LONGEST_METRIC = 300
MOST_TIMES = 10_000
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
# What a rule does, as the form asks for it, and as it is said of what it was done to.
ACTIONS = {"highlight": "highlight it", "tag": "tag it", "stop": "stop it"}
DONE = {"highlight": "highlighted", "tag": "tagged", "stop": "stopped"}


class RuleError(ValueError):
    """Something that is no rule; `field` is where, the message says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Action:
    """What a rule does: `highlight`, `tag` with a word, or `stop`."""

    do: str
    tag: str | None = None

    def words(self) -> str:
        """As people say it."""
        return f"tag “{self.tag}”" if self.do == "tag" else ACTIONS[self.do]

    def done(self, condition: Condition, when: str) -> str:
        """What is said of an experiment that the rule did this to: "stopped by rule: loss > 2 (at epoch 7)"."""
        return f"{DONE[self.do]} by rule: {condition.words()} ({when})"


def read_condition(written: Mapping[str, Any]) -> Condition:
    """A condition from a form's fields, which are text, or from what `kept` made of one. Raises RuleError."""
    comparison = written.get("comparison")
    if not isinstance(comparison, str) or comparison not in COMPARISONS:
        raise RuleError("comparison", "Choose a comparison.")
    after = None if _is_empty(written.get("after")) else _number("after", written["after"], least=0)
    if comparison == "present":
        if written.get("flag") not in FLAGS:
            raise RuleError("flag", "Choose a flag.")
        metric = None if _is_empty(written.get("metric")) else _metric(written["metric"])
        return Condition(comparison, metric, flag=written["flag"], after=after)
    value = None
    if comparison in LIMITS:
        value = _number("value", written.get("value"))
    elif comparison in MOVES:
        value = _number("value", written.get("value"), least=0)
    return Condition(comparison, _metric(written.get("metric")), value, times=_times(written.get("times")), after=after)


def read_action(written: Mapping[str, Any]) -> Action:
    """An action from a form's fields, or from what `kept` made of one. Raises RuleError."""
    do = written.get("do")
    if do not in DONE:
        raise RuleError("do", "Choose what the rule does.")
    if do != "tag":
        return Action(do)
    word = written.get("tag")
    plain = " ".join(word.split()) if isinstance(word, str) else ""
    if not plain or "\0" in plain:
        raise RuleError("tag", "Give the tag a word.")
    if len(plain) > LONGEST_TAG:
        raise RuleError("tag", f"A tag has at most {LONGEST_TAG} characters; this one has {len(plain)}.")
    return Action(do, plain)


def kept(part: Condition | Action) -> dict[str, Any]:
    """As JSON keeps it."""
    return {name: value for name, value in asdict(part).items() if value is not None}


def _is_empty(written: Any) -> bool:
    return written is None or (isinstance(written, str) and not written.strip())


def _metric(written: Any) -> str:
    if _is_empty(written) or not isinstance(written, str):
        raise RuleError("metric", "Name a metric.")
    if len(written) > LONGEST_METRIC or "\0" in written:
        raise RuleError("metric", "This is no metric's name.")
    return written.strip()


def _number(field: str, written: Any, least: float = -math.inf) -> float:
    if _is_empty(written):
        raise RuleError(field, "Give a number.")
    try:
        number = float(str(written).strip().replace("−", "-").replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RuleError(field, f"“{str(written).strip()[:40]}” is no number.")
    if number < least:
        raise RuleError(field, f"It is {least:g} or more.")
    return number


def _times(written: Any) -> int:
    if _is_empty(written):
        return 1
    text = str(written).strip()
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise RuleError("times", f"“{text[:20]}” is no number of epochs: it takes 1 or more.")
    if int(text) > MOST_TIMES:
        raise RuleError("times", f"More than {MOST_TIMES:,} epochs in a row are too many.")
    return int(text)
