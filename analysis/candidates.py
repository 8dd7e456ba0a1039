"""Candidates of a hyperparameter: one value, lists and ranges, from what a person types and back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from analysis.hyperparameters import Hyperparameter, HyperparameterType, Value, text_of

MAX_RANGE_VALUES = 10_000
# What shells and shlex split at; other white space belongs to a value.
BLANKS = " \t\r\n"
QUOTES = "\"'"
TRUE_WORDS = {"true", "yes", "on", "1"}
FALSE_WORDS = {"false", "no", "off", "0"}
# Whole numbers end up in 64-bit columns, and others in double precision.
INT_LIMIT = 2**63
FLOAT_LIMIT = Decimal("1e300")


class CandidateError(ValueError):
    """A value, list or range that cannot be read; `column` is the place in the text, counted from 0."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True)
class Range:
    """The values of a range; `stop_reached` is false where the steps jump over its end."""

    values: tuple[int | float, ...]
    stop_reached: bool


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included, for strategies that draw: even on a log scale where `is_log`.

    is_whole: only whole numbers.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False


# What one hyperparameter is searched over, and a whole search space by name, in the order of the command line.
Candidates = tuple[Value, ...] | Interval
Space = Mapping[str, Candidates]


def space_to_json(space: Space) -> dict[str, Any]:
    """A search space as plain data."""
    return {name: asdict(each) if isinstance(each, Interval) else list(each) for name, each in space.items()}


def space_from_json(data: Mapping[str, Any]) -> dict[str, Candidates]:
    """Back from plain data."""
    return {name: Interval(**each) if isinstance(each, Mapping) else tuple(each) for name, each in data.items()}


@dataclass(frozen=True)
class Element:
    """One entry of a bracket, without its quotes, and where it begins."""

    text: str
    column: int
    is_quoted: bool


def parse_value(text: str, hyperparameter: Hyperparameter) -> Value:
    """Read one value as the hyperparameter's type and choices want it.

    Floats keep 12 significant digits, as the script will see them.
    Raises CandidateError.
    """
    try:
        return _parse_value(text, hyperparameter)
    except CandidateError as error:
        raise CandidateError(error.message, len(text) - len(text.lstrip(BLANKS))) from None


def _parse_value(text: str, hyperparameter: Hyperparameter) -> Value:
    flag = hyperparameter.flag
    if "\0" in text:
        raise CandidateError(f"A value of {flag} holds a NUL character, which no command line can carry; leave it out.")
    if hyperparameter.takes_many:
        return _many(text, flag)
    if hyperparameter.choices:
        return _choice(text, hyperparameter)
    if hyperparameter.type in ("int", "float"):
        return _round(_number(text, hyperparameter.type, flag), hyperparameter.type)
    if hyperparameter.type == "bool":
        return _bool(text, flag)
    return text


def _bool(text: str, flag: str) -> bool:
    word = text.strip(BLANKS).lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise CandidateError(f"{flag} is either true or false, and {text.strip(BLANKS)!r} is neither.")
    return word in TRUE_WORDS


def _choice(text: str, hyperparameter: Hyperparameter) -> Value:
    wanted = text.strip(BLANKS)
    for choice in hyperparameter.choices:
        if text_of(choice) in (wanted, text):
            return choice
    if hyperparameter.type in ("int", "float"):
        number = _round(_number(text, hyperparameter.type, hyperparameter.flag), hyperparameter.type)
        if number in hyperparameter.choices:
            return number
    listed = ", ".join(map(text_of, hyperparameter.choices[:12])) + (
        ", ..." if len(hyperparameter.choices) > 12 else ""
    )
    raise CandidateError(f"{wanted!r} is no choice of {hyperparameter.flag}; it takes {listed}.")


def _many(text: str, flag: str) -> str:
    try:
        return shlex.join(shlex.split(text))
    except ValueError:
        raise CandidateError(
            f"A quote in {text!r} is not closed; {flag} takes several values with blanks between."
        ) from None


def _number(text: str | float, type: HyperparameterType, flag: str) -> Decimal:
    """A number as exact decimals, whole where the type says so.

    Raises CandidateError.
    """
    word = str(text).strip(BLANKS)
    kind, example = ("a whole number", "28") if type == "int" else ("a number", "0.3")
    try:
        number = Decimal(word)
    except InvalidOperation:
        remedy = (
            f"several values stand in brackets, as in [{word.strip('[]')}]"
            if "," in word
            else f"write one like {example}"
        )
        raise CandidateError(f"{flag} takes {kind}, which {word!r} is not; {remedy}.") from None
    if not number.is_finite():
        raise CandidateError(f"{flag} takes a finite number, which {word!r} is not; write one like {example}.")
    if abs(number) >= FLOAT_LIMIT or (type == "int" and abs(number) >= INT_LIMIT):
        raise CandidateError(f"{word} is too large for {flag}; write a number like {example}.")
    if type == "int" and number != number.to_integral_value():
        raise CandidateError(f"{flag} takes {kind}, which {word} is not; write one like {example}.")
    return number


def _round(number: Decimal, type: HyperparameterType) -> int | float:
    # Through text_of, so that what is stored is exactly what the script is given.
    return int(number) if type == "int" else float(text_of(float(number)))


def expand_range(
    start: str | float, stop: str | float, step: str, type: HyperparameterType, flag: str = "This range"
) -> Range:
    """The values from start to stop, both included where the steps meet them.

    step: `2` adds, `*2` or `2*` multiplies; `-2` and `*0.5` go down. `flag` is only for the sentences.
    Raises CandidateError.
    """
    first, last = _number(start, type, flag), _number(stop, type, flag)
    word = str(step).strip(BLANKS)
    if word.startswith("*") or word.endswith("*"):
        exact = _multiplied(first, last, _step(word.strip("*"), word), type, flag)
    else:
        exact = _added(first, last, _step(word, word), type, flag)
    values = tuple(dict.fromkeys(_round(number, type) for number in exact))
    return Range(values, stop_reached=exact[-1] == last)


def _step(text: str, word: str) -> Decimal:
    try:
        step = Decimal(text.strip(BLANKS))
    except InvalidOperation:
        raise CandidateError(f"{word!r} is no step; write 2 to add or *2 to multiply.") from None
    if not step.is_finite() or abs(step) >= FLOAT_LIMIT:
        raise CandidateError(f"A step is a finite number, which {word!r} is not; write 2 to add or *2 to multiply.")
    return step


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


def parse_candidates(text: str, hyperparameter: Hyperparameter) -> tuple[Value, ...]:
    """Read `[28,56,112]`, `28, 56`, one value, or ranges `[28:112:2*]`; duplicates are dropped.

    A text value with a comma stands in quotes, within which a backslash escapes a double quote.
    Raises CandidateError.
    """
    offset = len(text) - len(text.lstrip(BLANKS))
    if text.startswith("[", offset):
        return _parse_bracket(text, offset, hyperparameter)
    bracketed = f"[{text}]"
    try:
        end = read_bracket(bracketed)[1]
        if end < len(bracketed):
            raise CandidateError("This bracket was never opened; write [ in front, or remove it.", end - 1)
        return _parse_bracket(bracketed, 0, hyperparameter)
    except CandidateError as error:
        # The brackets added here are no columns.
        raise CandidateError(error.message, min(max(error.column - 1, offset), len(text))) from None


def _parse_bracket(text: str, start: int, hyperparameter: Hyperparameter) -> tuple[Value, ...]:
    elements, end = read_bracket(text, start)
    if text[end:].strip(BLANKS):
        raise CandidateError("Something stands behind the closing bracket; remove it, or put it in quotes.", end)
    if not elements:
        raise CandidateError("There is no value here; write at least one, as in [28,56].", start)
    values: list[Value] = []
    for element in elements:
        try:
            values.extend(_element_values(element, hyperparameter))
        except CandidateError as error:
            raise CandidateError(error.message, element.column) from None
    return tuple(dict.fromkeys(values))


def _element_values(element: Element, hyperparameter: Hyperparameter) -> Iterable[Value]:
    is_number = hyperparameter.type in ("int", "float") and not element.is_quoted
    if not is_number or ":" not in element.text:
        return [parse_value(element.text, hyperparameter)]
    parts = element.text.split(":")
    if len(parts) != 3:
        raise CandidateError(f"{element.text!r} is no range; write from:to:step, as in 28:112:2*.")
    start, stop, step = parts
    values = expand_range(start, stop, step, hyperparameter.type, hyperparameter.flag).values
    return [parse_value(text_of(value), hyperparameter) for value in values]


def read_bracket(text: str, start: int = 0) -> tuple[list[Element], int]:
    """The entries of the bracket that opens at `start`, and the place behind its end.

    Raises CandidateError where it does not close.
    """
    elements: list[Element] = []
    at = start + 1
    while True:
        at = _skip_blanks(text, at)
        if text[at : at + 1] == "]":
            return elements, at + 1
        element, at = _read_element(text, at, start)
        elements.append(element)
        if text[at] == ",":
            at += 1


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at


def _read_element(text: str, at: int, bracket: int) -> tuple[Element, int]:
    """The entry at `at`, and the place of the comma or bracket behind it."""
    if text[at : at + 1] in ("'", '"'):
        value, end = _read_quoted(text, at)
        end = _skip_blanks(text, end)
        if end < len(text) and text[end] not in ",]":
            raise CandidateError("A comma is missing behind the quote; write one, or close the bracket.", end)
        element = Element(value, at, is_quoted=True)
    else:
        end = at
        while end < len(text) and text[end] not in ",[]":
            end += 1
        element = Element(text[at:end].rstrip(BLANKS), at, is_quoted=False)
    if end >= len(text):
        raise CandidateError("This bracket is never closed; write ] behind the last value.", bracket)
    if text[end] == "[":
        raise CandidateError("A bracket inside a bracket; put a value that contains one in quotes.", end)
    if not element.text and not element.is_quoted:
        raise CandidateError("A value is missing before this comma; write it, or remove the comma.", at)
    return element, end


def _read_quoted(text: str, at: int) -> tuple[str, int]:
    quote, end, value = text[at], at + 1, ""
    while end < len(text) and text[end] != quote:
        if quote == '"' and text[end] == "\\" and text[end + 1 : end + 2] in ("\\", '"'):
            end += 1
        value += text[end]
        end += 1
    if end >= len(text):
        raise CandidateError(f"This quote is never closed; write {quote} behind the value.", at)
    return value, end + 1


def format_candidates(values: Iterable[Value]) -> str:
    """The bracket text that reads back as these values."""
    return f"[{','.join(map(_format_element, values))}]"


def _format_element(value: Value) -> str:
    text = text_of(value)
    if isinstance(value, str) and _needs_quotes(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _needs_quotes(text: str) -> bool:
    return not text or text.strip(BLANKS) != text or text[0] in QUOTES or any(mark in text for mark in ",[]")
