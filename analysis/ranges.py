"""Ranges: the values from one number to another by adding, multiplying, powers, or a number of points."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow

from analysis.hyperparameters import HyperparameterType, tidied
from analysis.numbers import BLANKS, FLOAT_LIMIT, CandidateError, read_number, rounded

MAX_RANGE_VALUES = 10_000
POINT_DIGITS = 6
MOST_READABLE = 1_000
POINTS = re.compile(r"(n|log)([0-9]{1,9})")
STEPS = "2 to add, *2 to multiply, n5 or log5 for five points"


@dataclass(frozen=True)
class Range:
    """The values of a range; `stop_reached` is false where the steps jump over its end."""

    values: tuple[int | float, ...]
    stop_reached: bool


def expand_range(
    start: str | float, stop: str | float, step: str, type: HyperparameterType, flag: str = "This range"
) -> Range:
    """The values from start to stop, both included where the steps meet them.

    step: `2` adds, `*2` or `2*` multiplies, `^2` raises to a power; `-2`, `*0.5` and `^0.5` go down. `n5` gives five
    points at equal distances, `log5` five at equal ratios. `flag` is only for the sentences.
    Raises CandidateError.
    """
    first, last = read_number(start, type, flag), read_number(stop, type, flag)
    word = str(step).strip(BLANKS)
    if points := POINTS.fullmatch(word):
        exact = _points(first, last, int(points[2]), is_log=points[1] == "log")
    elif word.startswith("*") or word.endswith("*"):
        exact = _multiplied(first, last, _step(word[1:] if word.startswith("*") else word[:-1], word), type, flag)
    elif word.startswith("^"):
        exact = _raised(first, last, _step(word[1:], word), type, flag)
    else:
        exact = _added(first, last, _step(word, word), type, flag)
    values = tuple(
        dict.fromkeys(
            _fitted(number, type, is_point=bool(points), is_computed=number not in (first, last)) for number in exact
        )
    )
    # The end as typed may carry float noise that the values do not.
    return Range(values, stop_reached=tidied(values[-1]) == tidied(rounded(last, type)))


def _fitted(number: Decimal, type: HyperparameterType, *, is_point: bool, is_computed: bool) -> int | float:
    # Points between two whole numbers rarely are whole; steps were checked to be.
    if type == "int":
        return rounded(number.to_integral_value() if is_point else number, type)
    return tidied(float(number)) if is_computed else float(number)


def _step(text: str, word: str) -> Decimal:
    try:
        step = Decimal(text.strip(BLANKS))
    except InvalidOperation:
        raise CandidateError(f"{word!r} is no step; write {STEPS}.") from None
    if not step.is_finite() or abs(step) >= FLOAT_LIMIT:
        raise CandidateError(f"A step is a finite number, which {word!r} is not; write {STEPS}.")
    return step


def _points(first: Decimal, last: Decimal, count: int, *, is_log: bool) -> list[Decimal]:
    if count < 2:
        raise CandidateError(f"A range of {count} point{'s' if count == 0 else ''} is none; write 2 or more.")
    if count > MAX_RANGE_VALUES:
        raise CandidateError(f"{count:,} points are more than the {MAX_RANGE_VALUES:,} that a range can have.")
    if is_log and (first <= 0 or last <= 0):
        raise CandidateError(
            f"A log scale has no place for {min(first, last)}; keep both above 0, or write n{count} for even steps."
        )
    parts = [Decimal(index) / (count - 1) for index in range(1, count - 1)]
    if is_log:
        low, high = first.ln(), last.ln()
        between = [_readable((low + (high - low) * part).exp(), None, count) for part in parts]
    else:
        between = [_readable(first + (last - first) * part, abs(last - first), count) for part in parts]
    return [first, *between, last]


def _readable(number: Decimal, span: Decimal | None, count: int) -> Decimal:
    """A point with digits that a person can read; where points lie densely, they stay as they are.

    span: of a range with equal distances, a millionth of which tells nothing apart; else significant digits count.
    """
    if count > MOST_READABLE or number == 0 or span == 0:
        return number
    largest = (number if span is None else span).adjusted()
    return number.quantize(Decimal(1).scaleb(largest - POINT_DIGITS + 1)).normalize()


def _added(first: Decimal, last: Decimal, step: Decimal, type: HyperparameterType, flag: str) -> list[Decimal]:
    if step == 0:
        raise CandidateError("A step of 0 never ends; write 2 to add or *2 to multiply.")
    if type == "int" and step != step.to_integral_value():
        raise CandidateError(f"{flag} takes whole numbers, and a step of {step} leaves them; write a whole step.")
    if (last - first) * step < 0:
        raise CandidateError(_upside_down(first, last, str(step), f"{-step}"))
    if abs(last - first) > abs(step) * (MAX_RANGE_VALUES - 1):
        raise CandidateError(_endless(first, last, str(step)))
    return [first + index * step for index in range(int((last - first) / step) + 1)]


def _multiplied(first: Decimal, last: Decimal, factor: Decimal, type: HyperparameterType, flag: str) -> list[Decimal]:
    if factor <= 0 or factor == 1:
        raise CandidateError(
            f"A step of *{factor} never arrives; multiply by more than 1, or by less than 1 to go down."
        )
    if first * last <= 0:
        raise CandidateError(
            f"Multiplying never leads from {first} to {last}; keep both on the same side of 0, or write a step to add."
        )
    if first != last and (abs(last) > abs(first)) != (factor > 1):
        raise CandidateError(_upside_down(first, last, f"*{factor}", f"*{(1 / factor).normalize():.6g}"))
    values = [first]
    while abs(values[-1] * factor) <= abs(last) if factor > 1 else abs(values[-1] * factor) >= abs(last):
        values.append(values[-1] * factor)
        if len(values) > MAX_RANGE_VALUES:
            raise CandidateError(_endless(first, last, f"*{factor}"))
        if type == "int" and values[-1] != values[-1].to_integral_value():
            raise CandidateError(
                f"{flag} takes whole numbers, and *{factor} leads to {values[-1]}; list the values instead."
            )
    return values


def _raised(first: Decimal, last: Decimal, power: Decimal, type: HyperparameterType, flag: str) -> list[Decimal]:
    if power <= 0 or power == 1:
        raise CandidateError(f"A step of ^{power} never arrives; raise to more than 1, or to less than 1 to go down.")
    if min(first, last) <= 1:
        raise CandidateError(f"Powers never lead from {first} to {last}; begin and end above 1, or multiply as in *2.")
    if first != last and (last > first) != (power > 1):
        raise CandidateError(_upside_down(first, last, f"^{power}", f"^{(1 / power).normalize():.6g}"))
    values = [first]
    following = _power(first, power)
    while following <= last if power > 1 else following >= last:
        values.append(following)
        if len(values) > MAX_RANGE_VALUES:
            raise CandidateError(_endless(first, last, f"^{power}"))
        if type == "int" and following != following.to_integral_value():
            raise CandidateError(
                f"{flag} takes whole numbers, and ^{power} leads to {following:.6g}; list the values instead."
            )
        following = _power(following, power)
    return values


def _power(number: Decimal, power: Decimal) -> Decimal:
    # Beyond what decimals can hold lies beyond every end, too.
    try:
        return number**power
    except Overflow:
        return Decimal("Infinity")


def _upside_down(first: Decimal, last: Decimal, step: str, other: str) -> str:
    way, opposite = ("up", "down") if last > first else ("down", "up")
    if first < 0 and step.startswith("*"):
        opposite = "away from 0" if abs(last) < abs(first) else "towards 0"
    return f"{first} to {last} goes {way} and a step of {step} goes {opposite}; swap the ends, or write {other}."


def _endless(first: Decimal, last: Decimal, step: str) -> str:
    return (
        f"A step of {step} from {first} to {last} never ends: that is more than {MAX_RANGE_VALUES:,} values; "
        "take a larger step."
    )
