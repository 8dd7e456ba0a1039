"""Metrics and progress in the lines that a script prints.

Conservative: a number counts only right after `name:` or `name=`, and only where it ends like a number, so that dates,
times, addresses, versions and paths are none. Percentages are kept as printed: `92.5%` is 92.5.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

# Longer lines are data, not reports.
LONGEST_REPORT = 4_000

_NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)"
# "1,234" is one number that we do not read; "0.92." ends a sentence; "3.2s" is a time.
_NUMBER_END = r"(?=%?(?:[\s;|)\]}'\"]|,(?!\d{3}\b)|\.?(?:\s|$)|$))"
_WORD = r"[A-Za-z_][\w./@-]{0,63}"
_METRIC = re.compile(
    rf"(?:(?<=[\s,;|(\[{{:'\"])|^)(?P<name>{_WORD}(?: {_WORD}){{0,2}})['\"]?"
    rf"(?:\s?=\s?|\s?:\s{{1,8}}|:(?!\d+{_NUMBER_END}))['\"]?(?P<number>{_NUMBER}){_NUMBER_END}",
    re.IGNORECASE | re.ASCII,
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_PLACE = (
    r"\b{word}\b['\"]?\s{{0,4}}[:=#]?\s{{0,4}}[\[(]?\s?(\d{{1,9}}(?:\.\d+)?)"
    r"(?:\s?(?:/|of)\s?(\d{{1,9}})\b)?(?![\w.-]|:\d)"
)
_EPOCH = re.compile(_PLACE.format(word="epoch"), re.IGNORECASE | re.ASCII)
_BATCH = re.compile(_PLACE.format(word="(?:batch|step|iter|iteration)"), re.IGNORECASE | re.ASCII)
_LOG_LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
# Numbers that stand behind a name on many a line and measure nothing.
_NEVER = frozenset(
    {"epoch", "epochs", "batch", "step", "iter", "iteration", "it", "eta", "pid", "rank", "seed", "line", "port"}
    | {"version", "v_num", "time", "elapsed", "date"}
)


@dataclass
class Progress:
    """Where the training stands, as the last lines said."""

    epoch: float | None = None
    epochs: float | None = None
    batch: float | None = None


def parse_line(line: str, progress: Progress, not_metrics: Collection[str] = ()) -> dict[str, float]:
    """The metrics on a line, by name; `progress` moves on with what the line says of epochs and batches."""
    if len(line) > LONGEST_REPORT:
        return {}
    text = _ANSI.sub("", line)
    _move(progress, text)
    found = {}
    for match in _METRIC.finditer(text):
        name = _name(match["name"])
        last_word = name.rpartition("_")[2].lower() if " " in match["name"] else name.lower()
        if name and name not in not_metrics and last_word not in _NEVER:
            found[name] = float(match["number"])
    return found


def _move(progress: Progress, text: str) -> None:
    if match := _EPOCH.search(text):
        epoch = float(match[1])
        if epoch != progress.epoch:
            progress.batch = None
        progress.epoch = epoch
        if match[2]:
            progress.epochs = float(match[2])
    if match := _BATCH.search(text):
        progress.batch = float(match[1])


def _name(words: str) -> str:
    """`INFO validation loss` becomes `validation_loss`."""
    return "_".join(word for word in words.split(" ") if word.lower() not in _LOG_LEVELS)
