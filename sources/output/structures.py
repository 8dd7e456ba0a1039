"""Lines that are one object: JSON, or a dictionary as Python prints it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sources.output.numbers import value_of
from sources.output.report import Progress, Report
from sources.output.words import EPOCH_WORDS, STEP_WORDS, is_never

DEEPEST = 3


class Structures:
    """Objects with numbers in them; nested ones have both names."""

    def read(self, text: str) -> Report | None:
        """What the object says; None where the line is none, or one that cannot be read."""
        text = text.strip()
        if not (text.startswith("{") and text.endswith("}")):
            return None
        data = _loaded(text)
        if not isinstance(data, dict):
            return None
        report = Report(place=Progress())
        for name, value in _numbers(data, "", DEEPEST):
            word = name.lower()
            if word in EPOCH_WORDS:
                report.place.epoch = value
            elif word in STEP_WORDS:
                report.place.batch = value
            elif not is_never(name, value):
                report.metrics[name] = value
        return report


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _numbers(data: Mapping[Any, Any], before: str, depth: int) -> Iterator[tuple[str, float]]:
    for key, value in data.items():
        name = f"{before}{key}".strip().replace(" ", "_")
        if isinstance(value, Mapping) and depth > 1:
            yield from _numbers(value, f"{name}_", depth - 1)
        elif isinstance(value, str):
            if (number := value_of(value)) is not None:
                yield name, number
        elif isinstance(value, int | float) and not isinstance(value, bool):
            try:
                yield name, float(value)
            except OverflowError:
                continue
