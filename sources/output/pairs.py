"""Names with a number each: `loss: 0.3`, `acc=0.9`, `Loss -> 0.5`, `| loss  7.70 | ppl 2213.16`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sources.output.counters import take_counters
from sources.output.numbers import NUMBER, NUMBER_CLASSES, Number, number_at
from sources.output.report import Report
from sources.output.words import (
    LOG_LEVELS,
    LONGEST_NAME_WORDS,
    PREPOSITIONS,
    SENTENCE_WORDS,
    SPLIT_WORDS,
    in_words,
    is_never,
    measures,
)

_WORD = r"[^\W\d_](?:[\w./@^%'+*-]|\([\w()]{1,12}\))*|_[\w./@^-]+"
_SEPARATOR = re.compile(r"\s?\s{0,40}(?:(?P<colon>:)|=(?!=)|->|=>|→|\.{3,})\s{0,12}")
# A name does not reach over any of these.
_BOUNDARY = re.compile(r"[|\t;,{}\[\"]|\s-{1,3}\s|\s{2,}|[:=]\s|(?<=\s)['\"]")
# What decorates the beginning of a name or of a line.
_DECORATION = "'\"([<>*•=!)]%#~–-: "
_NAME_WORD = re.compile(rf"(?:{_WORD})\Z")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*\Z")
# `Test: `, `[valid] `, `Val - `, `Test set: `; but not `test: 0.68`, which is a name with its number.
_SPLIT = re.compile(
    rf"(?:^\W*|(?<=[\s|\[(,;]))(?P<word>{'|'.join(SPLIT_WORDS)})"
    r"(?:\s+(?:set|results?|metrics|phase|loop|data|dataset|epoch|step))?"
    r"(?:\s*[:|\])>]+|\s-+\s)(?!\s*[-+.]?\d)",
    re.IGNORECASE,
)
# `Conv2d(1, 32, stride=2)` shows an object, and `f(x, weight=0.5)` a line of code.
_CALL = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\((?P<inner>[^()]{0,400}=[^()]{0,400})\)")
_SPREAD = rf"\s*(?:\(\s*(?:\+/-|±)?\s*{NUMBER}\s*%?\s*\)|(?:\+/-|±|\+)\s*{NUMBER})?"
_PART = re.compile(
    rf"\s*(?P<name>(?:{_WORD})(?: (?:{_WORD})){{0,3}})\s{{1,16}}(?P<number>{NUMBER})"
    rf"(?P<unit>\s?%|[A-Za-z/]{{1,10}}\b)?{_SPREAD}\.?(?=\s|$)",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"[|\t;\[]|,(?=\s)|\s-\s|:\s")


@dataclass
class _Found:
    name: str
    number: Number
    # By `:` or `=`; without a blank behind it, an address looks the same.
    is_tight: bool = False
    is_strong: bool = False


class Pairs:
    """The form that most scripts print. It remembers nothing."""

    def read(self, text: str) -> Report | None:
        """What the line says; never None, as it is asked last."""
        rest, place = take_counters(text)
        if "(" in rest and "=" in rest:
            rest = _CALL.sub(_without_code, rest)
        found = [(split, each) for split, part in _by_split(rest) for each in _pairs(part)]
        has_counter = place.epoch is not None or place.batch is not None
        is_report = has_counter or any(measures(each.name) for _, each in found)
        if not is_report and len(found) == 1 and text[:1] in ' "│├└':
            # A single number in an indented or quoted line, or in a tree of them, without a word of training belongs to
            # a configuration.
            return Report(place=place)
        tight = sum(each.is_tight for _, each in found)
        metrics: dict[str, float] = {}
        for name, each in _named(found):
            if _counts(each, is_report=is_report, tight=tight) and not is_never(each.name, each.number.value):
                metrics.setdefault(name, each.number.value)
        return Report(metrics, place)


def _counts(each: _Found, *, is_report: bool, tight: int) -> bool:
    """Whether a pair is to be believed on a line like this."""
    if each.is_strong:
        is_address = each.is_tight and each.number.is_whole and not (is_report or tight > 1)
        return not is_address and (not each.number.is_count or measures(each.name))
    return is_report and (not each.number.is_whole or measures(each.name))


def _without_code(call: re.Match[str]) -> str:
    # `losses(a=0.31, b=0.4)` reports.
    inner = call["inner"]
    if call["name"].rpartition(".")[2].lower() in NUMBER_CLASSES:
        return call[0]
    return f" | {inner}" if measures(call["name"]) or measures(inner) else " | "


# --- parts of the data ------------------------------------------------------------------------------------------------


def _by_split(text: str) -> Iterator[tuple[str, str]]:
    """Stretches of the text, each with the part of the data that it is about."""
    split, start = "", 0
    for match in _SPLIT.finditer(text):
        yield split, text[start : match.start()]
        split, start = match["word"], match.end()
    yield split, text[start:]


def _named(found: list[tuple[str, _Found]]) -> Iterator[tuple[str, _Found]]:
    """Every pair with its whole name. A name that stands twice belongs to the part of the data that was named last."""
    names = [each.name for _, each in found]
    latest = ""
    for split, each in found:
        own = next((word for word in each.name.split("_") if word.lower() in SPLIT_WORDS), "")
        latest = own or latest
        before = split or (latest if names.count(each.name) > 1 else "")
        yield (f"{before}_{each.name}" if before and before.lower() not in in_words(each.name) else each.name), each


# --- pairs ------------------------------------------------------------------------------------------------------------


def _pairs(text: str) -> list[_Found]:
    strong, rest = _strong(text)
    return [*strong, *_weak(rest)]


def _strong(text: str) -> tuple[list[_Found], str]:
    """Pairs with a separator, and the text without them."""
    found: list[_Found] = []
    kept: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(text):
        if match.start() < start or (number := number_at(text, match.end())) is None:
            continue
        label = text[start : match.start()]
        name, before = _name_of(label)
        is_tight = bool(match["colon"]) and not match[0][-1].isspace()
        if not name or (is_tight and label[-1:].isdigit() and _DIGITS.match(label.split()[-1])):
            # Its number is no part of the next name.
            kept.append(text[start : number.end])
        else:
            found.append(_Found(name, number, is_tight, is_strong=True))
            kept.append(before)
        start = number.end
    kept.append(text[start:])
    return found, " | ".join(kept) if found else text


def _name_of(label: str) -> tuple[str, str]:
    """The name that ends a label, words joined by `_`, and the text in front of it; no name where it is a sentence."""
    label = label.rstrip()
    if label[-1:] in "'\"":
        label = label[:-1]
    cut = max((match.end() for match in _BOUNDARY.finditer(label)), default=0)
    words = label[cut:].strip().lstrip(_DECORATION).split()
    if words and words[-1].count("(") < words[-1].count(")"):
        words[-1] = words[-1].rstrip(")")
    words = _without_levels(words)
    digits = [at for at, word in enumerate(words) if _DIGITS.match(word)]
    if digits and not (words and measures(words[-1])):
        at = max((at for at in range(digits[0]) if words[at].lower() in PREPOSITIONS), default=0)
        words = words[:at]
    is_name = all(_NAME_WORD.match(word) or (at and _DIGITS.match(word)) for at, word in enumerate(words))
    return ("_".join(words) if is_name and len(words) <= LONGEST_NAME_WORDS else ""), label[:cut]


def _without_levels(words: list[str]) -> list[str]:
    return [word for at, word in enumerate(words) if at == len(words) - 1 or word.lower() not in LOG_LEVELS]


def _weak(text: str) -> Iterator[_Found]:
    """Names and numbers with nothing but blanks between; only where a whole stretch is made of them."""
    for segment in _SEGMENT.split(text):
        yield from _chain(segment.lstrip(_DECORATION + ",").rstrip(" ,:-"))


def _chain(segment: str) -> list[_Found]:
    found = []
    at = 0
    while at < len(segment):
        match = _PART.match(segment, at)
        if match is None:
            return []
        words = match["name"].split()
        number = number_at(segment, match.start("number"))
        if {word.lower() for word in words} & SENTENCE_WORDS:
            return []
        # With another unit than a percent it is a time or a size, and no reason to doubt the others.
        if number is not None and (match["unit"] or "%").strip() == "%":
            found.append(_Found("_".join(_without_levels(words)), number))
        at = match.end()
    return found
