"""What a person types into fields: numbers, shares and paths, or the sentence that says why it is none."""

from __future__ import annotations

import math
from typing import Any

from analysis.sharing import refused_share

MOST_NUMBER = 1_000_000_000


class FormError(ValueError):
    """A field that cannot be read; `place` names the part of the form beside which the sentence belongs."""

    def __init__(self, message: str, place: str, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.column = column


def read_whole(what: str, written: Any, default: int, place: str, *, least: float) -> int:
    """A whole number, or the default where nothing is written. Raises FormError."""
    number = read_number(what, written, place, least=least, is_whole=True)
    return default if number is None else int(number)


def read_number(
    what: str, written: Any, place: str, *, least: float = -math.inf, is_whole: bool = False
) -> float | None:
    """An optional number. Raises FormError with a sentence that begins with `what`."""
    if written is None or not str(written).strip():
        return None
    try:
        value = float(str(written))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least or (is_whole and value != int(value)) or abs(value) > MOST_NUMBER:
        if value > MOST_NUMBER:
            from_ = f", at most {MOST_NUMBER:,}"
        else:
            from_ = f" from {least:g} up" if math.isfinite(least) else ""
        raise FormError(f"{what} is {str(written)!r}; write a {'whole ' if is_whole else ''}number{from_}.", place)
    return value


def read_share(priority: Any, weight: Any) -> tuple[int, float]:
    """A run's priority and weight. Raises FormError."""
    first = read_number("The priority", priority, "resources", is_whole=True)
    share = read_number("The share", weight, "resources")
    wanted = (0 if first is None else int(first), 1.0 if share is None else share)
    if refused := refused_share(*wanted):
        raise FormError(refused, "resources")
    return wanted


def read_paths(written: str | None) -> list[str]:
    """Files and folders, separated by commas."""
    return list(dict.fromkeys(part.strip() for part in (written or "").split(",") if part.strip()))
