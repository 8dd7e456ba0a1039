"""Candidates of a hyperparameter: one value, lists and ranges, from what a person types and back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from analysis.hyperparameters import Hyperparameter, Value, text_of
from analysis.numbers import BLANKS, CandidateError, read_number, rounded
from analysis.ranges import expand_range

# How a range begins.
RANGE = re.compile(r"\[?\s*[-+.\d][^,\]]*:", re.ASCII)
INFINITE = re.compile(r"(?P<sign>[-+]?)inf(inity)?", re.IGNORECASE)
QUOTES = "\"'"
# The candidate by which an option is left out, so that the script has its own default or none.
LEFT_OUT = "None"
TRUE_WORDS = {"true", "yes", "on", "1"}
FALSE_WORDS = {"false", "no", "off", "0"}


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


@dataclass(frozen=True)
class Span:
    """A range as written: `from:to:step`. Without a step it is an interval, with `log` one on a log scale."""

    start: str
    stop: str
    step: str = ""

    @property
    def is_interval(self) -> bool:
        """Whether it means everything between its ends."""
        return self.step.strip(BLANKS) in ("", "log")

    def __str__(self) -> str:
        ends = f"{self.start.strip(BLANKS)}:{self.stop.strip(BLANKS)}"
        return f"{ends}:{step}" if (step := self.step.strip(BLANKS)) else ends


@dataclass(frozen=True)
class Written:
    """Candidates, and the range by which they were written if they were."""

    candidates: Candidates
    span: Span | None = None


def written_as(candidates: Candidates) -> Written:
    """Candidates as one would write them."""
    if isinstance(candidates, Interval):
        step = "log" if candidates.is_log else ""
        return Written(candidates, Span(text_of(candidates.low), text_of(candidates.high), step))
    return Written(candidates)


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

    Floats keep every digit.
    Raises CandidateError.
    """
    try:
        return _parse_value(text, hyperparameter)
    except CandidateError as error:
        raise CandidateError(error.message, len(text) - len(text.lstrip(BLANKS))) from None


def _parse_value(text: str, hyperparameter: Hyperparameter) -> Value:
    flag = hyperparameter.title
    if "\0" in text:
        raise CandidateError(f"A value of {flag} holds a NUL character, which no command line can carry; leave it out.")
    if hyperparameter.takes_many:
        return _many(text, flag)
    if hyperparameter.choices:
        return _choice(text, hyperparameter)
    if hyperparameter.type == "float" and (infinite := INFINITE.fullmatch(text.strip(BLANKS))):
        # As text, because JSON has no such number: beside numbers it is a word of its own.
        return "-inf" if infinite["sign"] == "-" else "inf"
    if hyperparameter.type in ("int", "float"):
        return rounded(read_number(text, hyperparameter.type, flag), hyperparameter.type)
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
        number = rounded(read_number(text, hyperparameter.type, hyperparameter.title), hyperparameter.type)
        if number in hyperparameter.choices:
            return number
    listed = ", ".join(map(text_of, hyperparameter.choices[:12])) + (
        ", ..." if len(hyperparameter.choices) > 12 else ""
    )
    raise CandidateError(f"{wanted!r} is no choice of {hyperparameter.title}; it takes {listed}.")


def _many(text: str, flag: str) -> str:
    try:
        return shlex.join(shlex.split(text))
    except ValueError:
        raise CandidateError(
            f"A quote in {text!r} is not closed; {flag} takes several values with blanks between."
        ) from None


def parse_candidates(text: str, hyperparameter: Hyperparameter) -> Written:
    """Read `[28,56,112]`, `28, 56`, one value, a range `[28:112:*2]`, or an interval `[0.1:0.5]`.

    Duplicates are dropped. A text value with a comma stands in quotes, within which a backslash escapes a double quote.
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


def retyped(hyperparameter: Hyperparameter, text: str) -> Hyperparameter:
    """What no parser declares has the type of its candidates: whole numbers, numbers, or text."""
    for type_ in ("int", "float"):
        with suppress(CandidateError):
            typed = replace(hyperparameter, type=type_)
            parse_candidates(text, typed)
            return typed
    # Where a range was meant, its slip can be named.
    return replace(hyperparameter, type="float" if RANGE.match(text) else "text")


def _parse_bracket(text: str, start: int, hyperparameter: Hyperparameter) -> Written:
    elements, end = read_bracket(text, start)
    if text[end:].strip(BLANKS):
        raise CandidateError("Something stands behind the closing bracket; remove it, or put it in quotes.", end)
    if not elements:
        raise CandidateError("There is no value here; write at least one, as in [28,56].", start)
    values: list[Value] = []
    for element in elements:
        try:
            span = _span(element, hyperparameter)
            if span and len(elements) == 1:
                return Written(read_span(span, hyperparameter), span)
            if span and span.is_interval:
                raise CandidateError(f"{element.text} has no step and so stands alone; remove the other values.")
            found = read_span(span, hyperparameter) if span else (_element_value(element, hyperparameter),)
            assert not isinstance(found, Interval)
            values.extend(found)
        except CandidateError as error:
            raise CandidateError(error.message, element.column) from None
    return Written(tuple(dict.fromkeys(values)))


def _element_value(element: Element, hyperparameter: Hyperparameter) -> Value:
    """One entry of a bracket; `None` leaves a number or a text out, and in quotes it is that text."""
    has_words = hyperparameter.choices or hyperparameter.type in ("bool", "choice") or hyperparameter.takes_many
    if element.is_quoted or has_words or element.text.strip(BLANKS) != LEFT_OUT:
        return parse_value(element.text, hyperparameter)
    if hyperparameter.is_required:
        raise CandidateError(f"{hyperparameter.title} is required, so it cannot be left out.")
    return None


def _span(element: Element, hyperparameter: Hyperparameter) -> Span | None:
    """The range that an entry of a bracket is, if it is one."""
    is_number = hyperparameter.type in ("int", "float") and not element.is_quoted
    if not is_number or ":" not in element.text:
        return None
    parts = element.text.split(":")
    if len(parts) > 3:
        raise CandidateError(f"{element.text!r} is no range; write from:to:step, as in 28:112:*2.")
    return Span(*parts)


def read_span(span: Span, hyperparameter: Hyperparameter) -> Candidates:
    """What a range means: its values, or an interval where it has no step.

    Raises CandidateError.
    """
    flag, kind = hyperparameter.title, hyperparameter.type
    if span.is_interval:
        return _interval(span, hyperparameter)
    values = expand_range(span.start, span.stop, span.step, kind, flag).values
    return tuple(parse_value(text_of(value), hyperparameter) for value in values)


def _interval(span: Span, hyperparameter: Hyperparameter) -> Interval:
    flag, kind, is_log = hyperparameter.title, hyperparameter.type, span.step.strip(BLANKS) == "log"
    low, high = (rounded(read_number(end, kind, flag), kind) for end in (span.start, span.stop))
    if hyperparameter.choices:
        raise CandidateError(f"{flag} has choices and nothing in between; click or list those that you want.")
    if low >= high:
        raise CandidateError(
            f"{text_of(low)} to {text_of(high)} goes nowhere; an interval begins with its smaller end."
        )
    if is_log and low <= 0:
        raise CandidateError(f"A log scale has no place for {text_of(low)}; begin above 0, or leave out log.")
    return Interval(low, high, is_log=is_log, is_whole=kind == "int")


def unreached_stop(span: Span, hyperparameter: Hyperparameter) -> str | None:
    """The end of a range that its steps jump over, as typed. Raises CandidateError."""
    if span.is_interval:
        return None
    found = expand_range(span.start, span.stop, span.step, hyperparameter.type, hyperparameter.title)
    return None if found.stop_reached else span.stop.strip(BLANKS)


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


def format_candidates(candidates: Candidates) -> str:
    """The bracket text that reads back as these candidates."""
    if isinstance(candidates, Interval):
        ends = f"{text_of(candidates.low)}:{text_of(candidates.high)}"
        return f"[{ends}:log]" if candidates.is_log else f"[{ends}]"
    return f"[{','.join(map(_format_element, candidates))}]"


def _format_element(value: Value) -> str:
    if value is None:
        return LEFT_OUT
    text = text_of(value)
    if isinstance(value, str) and _needs_quotes(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _needs_quotes(text: str) -> bool:
    return (
        text in ("", LEFT_OUT) or text.strip(BLANKS) != text or text[0] in QUOTES or any(mark in text for mark in ",[]")
    )
