"""`trainer_state.json` of Hugging Face's Trainer: each checkpoint has one, with all that was logged so far."""

from __future__ import annotations

import json
import math
from pathlib import PurePosixPath

from sources.logged.points import Point
from sources.output.words import is_never

NAME = "trainer_state.json"


class TrainerState:
    """Each checkpoint has one; the newer repeat the older."""

    def parser(self, name: str) -> TrainerStateParser | None:
        return TrainerStateParser() if PurePosixPath(name).name == NAME else None

    def title(self, _name: str, /) -> str:
        return NAME

    def key(self, _name: str, /) -> str:
        return NAME


class TrainerStateParser:
    """Reads the file once it is whole."""

    def read(self, data: bytes, _is_last: bool, /) -> tuple[list[Point], int]:
        try:
            history = json.loads(data)["log_history"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return [], 0
        rows = history if isinstance(history, list) else []
        return [_point(row) for row in rows if isinstance(row, dict)], len(data)


def _point(row: dict[str, object]) -> Point:
    numbers = {
        str(name): float(value)
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    axes = {"epoch", "step"}
    metrics = {name: value for name, value in numbers.items() if name not in axes and not is_never(name, value)}
    epoch, step = numbers.get("epoch"), numbers.get("step")
    return Point(metrics, epoch if epoch is None or math.isfinite(epoch) else None, step)
