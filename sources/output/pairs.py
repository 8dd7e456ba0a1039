"""Names with a number each: `loss: 0.3`, `acc=0.9`, `Loss -> 0.5`, `| loss  7.70 | ppl 2213.16`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sources.output.counters import take_counters
from sources.output.numbers import NUMBER, Number, number_at
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
_BOUNDARY = re.compile(r"[|\t;,{}\"]|\s-{1,3}\s|\s{2,}|[:=]\s|(?<=\s)['\"]")
_NAME_WORD = re.compile(rf"(?:{_WORD})\Z")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*\Z")
_SPLIT = re.compile(
    rf"\W*(?P<word>{'|'.join(SPLIT_WORDS)})(?:ing)?(?:\s+(?:set|results?|metrics|phase|loop|data|dataset|epoch|step))?"
    r"(?:\s*[:|\])>]+|\s-+\s)(?!\s*[-+.]?\d)",
    re.IGNORECASE,
)
_SPREAD = rf"\s*(?:\(\s*(?:\+/-|±)?\s*{NUMBER}\s*%?\s*\)|(?:\+/-|±)\s*{NUMBER})?"
_PART = re.compile(
    rf"\s*(?P<name>(?:{_WORD})(?: (?:{_WORD})){{0,3}})\s{{1,16}}(?P<number>{NUMBER})"
    rf"(?P<unit>\s?%|[A-Za-z/]{{1,10}}\b)?{_SPREAD}(?=\s|$)",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"[|\t;]|,(?=\s)|\s-\s")


@dataclass
class _Found:
    name: str
    number: Number
    # By `:` or `=`; without a blank behind it, an address looks the same.
    is_tight: bool = False


class Pairs:
    """The form that most scripts print. It remembers nothing."""

    def read(self, text: str) -> Report | None:
        """What the line says; never None, as it is asked last."""
        rest, place = take_counters(text)
        split, rest = _take_split(rest)
        strong, rest = _strong(rest)
        weak = list(_weak(rest))
        has_counter = place.epoch is not None or place.batch is not None
        is_report = has_counter or any(measures(each.name) for each in (*strong, *weak))
        tight = sum(each.is_tight for each in strong)
        metrics: dict[str, float] = {}
        for each in strong:
            if each.is_tight and each.number.is_whole and not (is_report or tight > 1):
                continue
            if each.number.is_count and not measures(each.name):
                continue
            metrics.setdefault(each.name, each.number.value)
        for each in weak:
            if is_report and (not each.number.is_whole or measures(each.name)):
                metrics.setdefault(each.name, each.number.value)
        return Report({_named(split, name): value for name, value in metrics.items() if not is_never(name)}, place)


def _take_split(text: str) -> tuple[str, str]:
    """The part of the data that the line opens with, and the text behind it."""
    match = _SPLIT.match(text)
    # `Training: 50%|...` is what a progress bar is about.
    if match is None or text[match.start() : match.end()].lower().find("ing") >= 0:
        return "", text
    return match["word"], text[match.end() :]


def _named(split: str, name: str) -> str:
    return f"{split}_{name}" if split and split.lower() not in in_words(name) else name


# --- with a separator -------------------------------------------------------------------------------------------------


def _strong(text: str) -> tuple[list[_Found], str]:
    """Pairs with a separator, and the text without them."""
    found: list[_Found] = []
    kept: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(text):
        if match.start() < start:
            continue
        number = number_at(text, match.end())
        label = text[start : match.start()]
        if number is None:
            continue
        name, before = _name_of(label)
        is_tight = bool(match["colon"]) and not match[0][-1].isspace()
        if not name or (is_tight and label[-1:].isdigit() and _DIGITS.match(label.split()[-1])):
            continue
        found.append(_Found(name, number, is_tight))
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
    words = label[cut:].strip().lstrip("'\"([<*>•-– ").split()
    if words and words[-1].endswith(")") and words[-1].count("(") < words[-1].count(")"):
        words[-1] = words[-1].rstrip(")")
    words = _without_levels(words)
    digits = [at for at, word in enumerate(words) if _DIGITS.match(word)]
    if digits and not (words and measures(words[-1])):
        at = max((at for at in range(digits[0]) if words[at].lower() in PREPOSITIONS), default=0)
        words = words[:at]
    if not 0 < len(words) <= LONGEST_NAME_WORDS or not all(
        _NAME_WORD.match(word) or _DIGITS.match(word) for word in words
    ):
        return "", label
    return "_".join(words), label[:cut]


def _without_levels(words: list[str]) -> list[str]:
    return [word for at, word in enumerate(words) if at == len(words) - 1 or word.lower() not in LOG_LEVELS]


# --- without one ------------------------------------------------------------------------------------------------------


def _weak(text: str) -> Iterator[_Found]:
    """Names and numbers with nothing but blanks between; only where a whole stretch is made of them."""
    for segment in _SEGMENT.split(text):
        found = _chain(segment.strip(" :,-"))
        yield from found


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
