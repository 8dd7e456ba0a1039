"""Log templates: lines that come again with only their numbers changed are one template, as in log template mining.

A template whose numbers move may be a report of metrics, whatever its form; a person says so by naming a number.
Masking numbers before lines are grouped is the first step of Drain (He et al., ICWS 2017); training logs need no
second one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sources.output.patterns import Mark, Pattern, PatternError
from sources.output.prefixes import plain
from sources.output.words import EPOCH_WORDS, METRIC_WORDS, SENTENCE_WORDS, STEP_WORDS, UNITS, in_words

MOST_LINES = 20_000
MOST_KINDS = 2_000
MOST_TEMPLATES = 12
LONGEST_LINE = 400
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)(?![\w.]*\w)(?!,\d)",
    re.IGNORECASE,
)
# All that may change from line to line, also where it is no number that could be a metric: `3.2s`, `12:30`.
_DIGITS = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,:/]\d+)*\.?(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b", re.IGNORECASE)
# The words in front of a number, up to what parts them from the ones before.
_NAME = re.compile(r"([A-Za-z_][\w/.@-]*(?: [A-Za-z_][\w/.@-]*){0,2})[^\w]{0,12}$")
_UNIT = re.compile(r"\s?([A-Za-z]+)\b")
# Without a word before it or a unit behind it.
UNNAMED = "value"
# What stands between braces would be a hole.
_BRACES = re.compile(r"[{}]")


@dataclass
class Template:
    """Lines of one kind: the last of them, how many there were, and where its numbers stand.

    moving: which of the numbers were not always the same.
    """

    sample: str
    count: int = 0
    numbers: list[Mark] = field(default_factory=list)
    moving: list[bool] = field(default_factory=list)
    _first: list[str] = field(default_factory=list, repr=False)

    @property
    def is_likely(self) -> bool:
        """Whether it looks like a report: something moves in it that is no counter."""
        return any(
            moves and mark.name not in ("epoch", "step") and not mark.name.startswith(UNNAMED)
            for moves, mark in zip(self.moving, self.numbers, strict=True)
        )

    def pattern(self, names: Mapping[int, str]) -> str:
        """A pattern that takes the numbers at these places by these names; all others may be anything.

        Raises PatternError where no pattern would take just these, as where two numbers are glued together.
        """
        text, at = [], 0
        for place, mark in enumerate(self.numbers):
            text += [self._plain(at, mark.start), f"{{{names.get(place, '')}}}"]
            at = mark.end
        # What follows the last number that counts says nothing, and may not always be there, but where it has the only
        # word of the line.
        short, whole = "".join(text[: 2 * max(names, default=0) + 2]), "".join([*text, self._plain(at, None)])
        try:
            return self._taking(short.strip(), names)
        except PatternError as error:
            try:
                return self._taking(whole.strip(), names)
            except PatternError:
                raise error from None

    def _plain(self, start: int, end: int | None) -> str:
        return _DIGITS.sub("{}", _BRACES.sub("{}", self.sample[start:end]))

    def _taking(self, kept: str, names: Mapping[int, str]) -> str:
        taken = {mark.spot for mark in Pattern(kept).marks(self.sample)}
        if missed := [mark for place, mark in enumerate(self.numbers) if place in names and mark.spot not in taken]:
            digits = self.sample[missed[0].start : missed[0].end]
            raise PatternError(f"No pattern takes {digits} out of this line; write a regular expression.")
        return kept

    def can_take(self, place: int) -> bool:
        """Whether a pattern takes the number at a place."""
        try:
            self.pattern({place: self.numbers[place].name})
        except PatternError:
            return False
        return True


def find_templates(lines: Iterable[str]) -> list[Template]:
    """The templates of lines with numbers: first those that look like reports, the most frequent first."""
    kinds: dict[str, Template] = {}
    for count, line in enumerate(lines):
        if count >= MOST_LINES:
            break
        text = plain(line).strip()
        found = list(_NUMBER.finditer(text)) if 0 < len(text) <= LONGEST_LINE else []
        if not found:
            continue
        key = f"{len(found)} {' '.join(_DIGITS.sub('#', text).split())}"
        if key not in kinds and len(kinds) >= MOST_KINDS:
            continue
        _see(kinds.setdefault(key, Template(text)), text, found)
    ranked = sorted(kinds.values(), key=lambda each: (-each.is_likely, -_measures(each), -each.count))
    return ranked[:MOST_TEMPLATES]


def _see(template: Template, text: str, found: Sequence[re.Match[str]]) -> None:
    values = [match[0] for match in found]
    if not template.count:
        template._first, template.moving = values, [False] * len(values)
    moved = zip(template.moving, values, template._first, strict=True)
    template.moving = [moves or value != first for moves, value, first in moved]
    template.sample, template.count = text, template.count + 1
    template.numbers = _named(text, found)


def _named(text: str, found: Sequence[re.Match[str]]) -> list[Mark]:
    """The numbers with the names that stand before them, each once."""
    marks: list[Mark] = []
    before = 0
    for match in found:
        name = _name_of(text[before : match.start()], text[match.end() :])
        taken = {mark.name for mark in marks}
        if name in taken:
            name = next(f"{name} {at}" for at in itertools.count(2) if f"{name} {at}" not in taken)
        marks.append(Mark(match.start(), match.end(), name))
        before = match.end()
    return marks


def _name_of(before: str, after: str) -> str:
    match = _NAME.search(before)
    words = match[1] if match else ""
    last = words.rpartition(" ")[2].lower()
    if last in EPOCH_WORDS:
        return "epoch"
    if last in STEP_WORDS:
        return "step"
    unit = _UNIT.match(after)
    if not words and unit and unit[1].lower() not in UNITS:
        words = unit[1]
    # `The score is now 0.5` is about the score.
    kept = words.split(" ")
    while kept and kept[-1].lower() in SENTENCE_WORDS:
        kept.pop()
    while kept and kept[0].lower() in SENTENCE_WORDS:
        kept.pop(0)
    return " ".join(kept).strip(" -./") or words.strip(" -./") or UNNAMED


def _measures(template: Template) -> bool:
    return any(not METRIC_WORDS.isdisjoint(in_words(mark.name)) for mark in template.numbers)
