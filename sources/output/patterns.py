"""Lines as a person describes them: a text with holes, `step {step} | loss {loss}`, or a regular expression.

Expressions are run by RE2, whose time grows with the line and with nothing else, so that none can stop a training's
values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import re2

from sources.output.numbers import value_of
from sources.output.report import Progress, Report
from sources.output.words import EPOCH_WORDS, STEP_WORDS

LONGEST_PATTERN = 500
MOST_HOLES = 20
# `{name}` is a number, `{}` anything.
_HOLE = re.compile(r"\{([^{}]*)\}")
_GROUPS = re.compile(r"\(\?P<")
# RE2 knows no look-ahead, so that this is the plain part of the numbers that are read elsewhere.
_VALUE = r"[-+−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|(?i:nan|inf(?:inity)?))"
# What Python takes for white space.
_BLANK = r"[\s\v\pZ\x{1c}-\x{1f}\x{85}]"
_NAME = re.compile(r"[^\x00-\x1f{}<>()]{1,100}")
_TEXT = re.compile(r"[^\W\d_]")
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20


class PatternError(ValueError):
    """A pattern that cannot be used; the message says why and what to write."""


@dataclass(frozen=True)
class Mark:
    """A number in a line that a pattern took: from where to where, and by which name."""

    start: int
    end: int
    name: str

    @property
    def spot(self) -> tuple[int, int]:
        """From where to where."""
        return self.start, self.end


@dataclass
class Pattern:
    """A pattern as it is written, ready to read lines; `names` are those of its holes in their order.

    Raises PatternError where it cannot be used.
    """

    text: str
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        text = self.text.strip()
        if not 0 < len(text) <= LONGEST_PATTERN or "\n" in text:
            raise PatternError(f"A pattern is one line of at most {LONGEST_PATTERN} characters.")
        expression, self.names = _expression(text) if _GROUPS.search(text) else _with_holes(text)
        if not self.names:
            raise PatternError("It has no hole; write {name} where the number of a metric stands, as in loss {loss}.")
        if len(self.names) > MOST_HOLES:
            raise PatternError(f"It has more than {MOST_HOLES} holes; take two patterns.")
        if twice := next((name for name in self.names if self.names.count(name) > 1), None):
            raise PatternError(f"{twice} stands in two holes; give each a name of its own.")
        try:
            self._compiled = re2.compile(expression, _OPTIONS)
        except re2.error as error:
            raise PatternError(f"The regular expression cannot be read: {_said(error)}.") from None
        if self._compiled.search(""):
            raise PatternError("It fits an empty line, and so every line; write what stands around the number.")

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names that are metrics, and no counters."""
        return tuple(name for name in self.names if name.lower() not in EPOCH_WORDS | STEP_WORDS)

    def read(self, text: str) -> Report | None:
        """What a line says; None where it does not fit, or a number is none after all."""
        report = Report(place=Progress())
        for mark in self.marks(text):
            value = value_of(text[mark.start : mark.end])
            if value is None:
                return None
            word = mark.name.lower()
            if word in EPOCH_WORDS:
                report.place.epoch = value
            elif word in STEP_WORDS:
                report.place.batch = value
            else:
                report.metrics[mark.name] = value
        return report if report.metrics or report.place != Progress() else None

    def marks(self, text: str) -> list[Mark]:
        """Where the numbers of a line that fits stand; none for another line."""
        found = self._compiled.search(text)
        if found is None:
            return []
        spans = [(found.span(at + 1), name) for at, name in enumerate(self.names)]
        return [Mark(start, end, name) for (start, end), name in spans if start >= 0]


def read_patterns(texts: tuple[str, ...] | list[str]) -> list[Pattern]:
    """Patterns that were kept; one that cannot be used any more is left out."""
    patterns = []
    for text in texts:
        try:
            patterns.append(Pattern(text))
        except PatternError:
            continue
    return patterns


def _with_holes(text: str) -> tuple[str, tuple[str, ...]]:
    if not _TEXT.search(_HOLE.sub("", text)):
        raise PatternError("It has no word around its holes, and so fits every line with a number; write one.")
    names = []
    expression, at = [], 0
    for hole in _HOLE.finditer(text):
        expression.append(_literal(text[at : hole.start()], is_first=at == 0))
        name = hole[1].strip()
        if not name:
            expression.append(r".*?")
        elif not _NAME.fullmatch(name):
            raise PatternError(f"{{{hole[1]}}} is no name for a metric; write letters, digits, and - _ / . or spaces.")
        else:
            names.append(name)
            expression.append(rf"({_VALUE})")
        at = hole.end()
    expression.append(_literal(text[at:], is_first=at == 0, is_last=True))
    return "".join(expression), tuple(names)


def _literal(text: str, *, is_first: bool = False, is_last: bool = False) -> str:
    """The text itself; where it has white space, a line may have more of it, and beside a sign none.

    is_first, is_last: whether no hole stands before or behind it.
    """
    parts = re.split(r"(\s+)", text)
    made = []
    for at, part in enumerate(parts):
        if at % 2 == 0:
            made.append(re2.escape(part))
            continue
        before = parts[at - 1][-1:] or ("" if is_first and at == 1 else "0")
        after = parts[at + 1][:1] or ("" if is_last and at == len(parts) - 2 else "0")
        made.append(_BLANK + ("+" if before.isalnum() and after.isalnum() else "*"))
    return "".join(made)


def _expression(text: str) -> tuple[str, tuple[str, ...]]:
    """A regular expression whose named groups are the holes; others do not count."""
    named = re.findall(r"\(\?P<([^>]*)>", text)
    if bad := next((name for name in named if not re.fullmatch(r"\w{1,100}", name, re.ASCII)), None):
        raise PatternError(f"{bad!r} cannot name a group; write letters, digits and _, or a pattern with {{holes}}.")
    # Places count, and so no other group may have one.
    plain = re.sub(r"(?<!\\)\((?!\?)", "(?:", text)
    return plain, tuple(named)


def _said(error: Exception) -> str:
    words = error.args[0] if error.args else error
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
