"""Flags, tags and highlights as the browser has them: one column whose cells hold several words.

Each different combination of words is one code, as a category is; what an experiment has is looked up in it. So the
column costs a byte per experiment, and all that counts, filters and brushes categories works on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.curves.words import SEVERITIES, short
from storage.flag_columns import FlagColumn, Word

HIGHLIGHTED = "highlighted"
# The words in the order in which a cell lists them: what ends an experiment first, what people say of it last.
_ORDER = tuple(SEVERITIES)
# How each word looks, in that order; what is not here somebody gave as a tag.
LOOKS = (*((short(rule), look) for rule, look in SEVERITIES.items()), (HIGHLIGHTED, "lit"), ("note", "note"))


def word_of(word: Word) -> str:
    """The word as people read it."""
    return {"flag": short(word.word), "highlight": HIGHLIGHTED}.get(word.kind, word.word)


def flag_words(found: FlagColumn, count: int) -> dict[str, Any]:
    """Codes, one per experiment, that count in lists of words; a code beyond the last one is no word at all."""
    words: list[list[str]] = []
    size = len(found.combinations)
    codes = np.full(count, size, np.uint8 if size < 255 else np.int32)
    for place, combination in enumerate(found.combinations):
        codes[combination.rows] = place
        words.append(list(dict.fromkeys(word_of(word) for word in sorted(combination.words, key=rank))))
    return {"codes": codes if size else np.zeros(0, np.uint8), "words": words}


def flag_sentences(found: FlagColumn) -> Sequence[list[Any]]:
    """What is said in full: [row, [[word, sentence], ...]] of each experiment of which anything is said."""
    return [
        [row, [[word_of(word), sentence] for word, sentence in sorted(said, key=lambda pair: rank(pair[0]))]]
        for row, said in (found.sentences or {}).items()
    ]


def rank(word: Word) -> tuple[int, str]:
    """To sort words by: flags by how much they say, what rules highlight, that there is a note, then tags."""
    if word.kind == "flag":
        return (_ORDER.index(word.word) if word.word in _ORDER else len(_ORDER), word.word)
    return (len(_ORDER) + 1 + ("highlight", "note", "tag").index(word.kind), word.word)
