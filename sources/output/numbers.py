"""Numbers as scripts print them: `1e-3`, `92.5 %`, `9852/10000 (99%)`, `0,25`, `12,345.6`, `tensor(0.3)`, `[0.3]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sources.output.words import UNITS

_PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?"
# The longest first: thousands, a decimal comma, then everything else.
NUMBER = rf"[-+−]?(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![\d,])|\d+,\d+(?![\d,.])|{_PLAIN})"
# What may follow, so that `1.2.3`, `2024-01-02`, `12:30`, `3.2s`, `3/b`, `1,2,3` and `45%|` of a bar are no numbers.
END = r"(?=[\s;|)\]}('\"]|,(?!\d)|%(?!\|)|\+(?:\d|/-)|±|\.?(?:\s|$)|$)"
# What a tensor or a NumPy scalar shows itself as.
NUMBER_CLASSES = ("tensor", "array", "devicearray", "decimal", "float16", "float32", "float64", "int32", "int64")
_OPENERS = rf"(?:[\w.]+\.)?(?:{'|'.join(NUMBER_CLASSES)})\(\s*|\[\s*"
_VALUE = re.compile(
    # A tensor or a NumPy scalar, a list of one, or a text.
    rf"(?P<open>{_OPENERS})?['\"]?(?P<number>{NUMBER})"
    rf"(?:\s?/\s?(?P<of>\d+)(?![\d.])(?:\s*\(\s*(?P<percent>\d+(?:\.\d+)?)\s?%\s*\))?)?{END}['\"]?",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"\s*[\])]|,\s*\w+=|,\s*grad_fn")
# A percent, or what it was with others: `0.3+0.01`, `0.3 ± 0.01`.
_BEHIND = re.compile(rf"\s?%|\s?(?:\+/-|±|\+)\s?{NUMBER}", re.IGNORECASE)
# No unit is a name that has a number of its own.
_UNIT = re.compile(r"\s([A-Za-zμµ]+(?:/[A-Za-z]+)?)(?![\w(/])(?!\s*[:=])")
_RATE = re.compile(r"[a-z]+/(?:s|sec|second|it|iter|step|batch|epoch|min|h)")
_THOUSANDS = re.compile(r"[-+−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True)
class Number:
    """A number at a place in a line. is_count: it looks like a count of something, and not like a measurement."""

    value: float
    end: int
    is_count: bool
    is_whole: bool


def number_at(text: str, start: int) -> Number | None:
    """The number that begins just there; None where there is none, or one with a unit that is no percent."""
    match = _VALUE.match(text, start)
    if match is None:
        return None
    end = match.end()
    if match["open"]:
        closed = _CLOSE.match(text, end)
        if closed is None:
            return None
        end = closed.end() if closed[0].strip() in ("]", ")") else _after_bracket(text, end)
    unit = _UNIT.match(text, end)
    if unit and (unit[1].lower() in UNITS or _RATE.fullmatch(unit[1].lower())):
        return None
    if behind := _BEHIND.match(text, end):
        end = behind.end()
    value = value_of(match["number"])
    if value is None:
        return None
    is_count = False
    if match["of"]:
        whole = float(match["of"])
        if whole <= 0 or not 0 <= value <= whole:
            return None
        # Without a percentage behind it nobody says that it is not `3 of 10`.
        is_count = match["percent"] is None
        value = 100 * value / whole if match["percent"] else value / whole
    written = match["number"]
    is_count = is_count or (bool(_THOUSANDS.fullmatch(written)) and "." not in written and abs(value) >= 1000)
    return Number(value, end, is_count, written.lstrip("+-−").isdigit())


def value_of(text: str) -> float | None:
    """A number as written; None for `1,234`, which is a thousand to some and a little more than one to others."""
    written = text.strip().replace("−", "-")
    if "," in written:
        whole, _, rest = written.partition(",")
        has_groups = bool(_THOUSANDS.fullmatch(written))
        if has_groups and whole.lstrip("+-") not in ("0", "00", "000") and ("." in rest or "," in rest):
            written = written.replace(",", "")
        elif has_groups and whole.lstrip("+-") != "0":
            return None
        else:
            written = written.replace(",", ".")
    try:
        return float(written)
    except ValueError:
        return None


def _after_bracket(text: str, start: int) -> int:
    at = text.find(")", start)
    return len(text) if at < 0 else at + 1
