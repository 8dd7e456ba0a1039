"""What is said of experiments in one word each, for very many of them at once: flags, tags, and what rules highlight.

Most experiments share their combination of words with many others, so that a combination comes once, with the ids of
all that have it. Sentences are for few: each is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from storage.reductions import Rows, unpacked_whole

# Sentences of more experiments would be most of a page's bytes; their own pages have them.
MOST_WITH_SENTENCES = 3_000


@dataclass(frozen=True)
class Word:
    """One word of an experiment; kind is `flag` (then word is its rule's name), `tag` or `highlight`."""

    kind: str
    word: str


@dataclass(frozen=True)
class Combination:
    """Words that stand together, and the rows of all experiments that have just these."""

    words: tuple[Word, ...]
    rows: Rows


@dataclass(frozen=True)
class FlagColumn:
    """The combinations, and by row what is said in full; no sentences where there would be too many."""

    combinations: Sequence[Combination] = ()
    sentences: Mapping[int, Sequence[tuple[Word, str]]] | None = None


NO_FLAGS = FlagColumn()

# Flags are those of the experiment whose results are shown; tags and rules are about the experiment itself.
_SAID = """WITH own AS (SELECT id, coalesce(reused_from, id) AS source FROM experiment WHERE {condition}),
    said AS (
        SELECT own.id, 'flag' AS kind, rule AS word, sentence FROM own JOIN flag ON flag.experiment_id = own.source
        UNION ALL SELECT own.id, 'highlight', '', sentence FROM own
            JOIN rule_firing AS firing ON firing.experiment_id = own.id JOIN rule ON rule.id = firing.rule_id
            WHERE rule.action->>'do' = 'highlight' AND rule.deleted_at IS NULL
        UNION ALL SELECT own.id, 'tag', word, created_by FROM own JOIN tag ON tag.experiment_id = own.id)"""
_COMBINATIONS = f"""{_SAID} SELECT words, string_agg(int8send(id), '') FROM (
        SELECT id, array_agg(DISTINCT kind || ':' || word) AS words FROM said GROUP BY id) AS each
    GROUP BY words"""
_SENTENCES = f"{_SAID} SELECT id, kind, word, sentence FROM said ORDER BY id, kind, word, sentence"


def read_flags(connection: Connection, condition: str, values: Mapping[str, Any], ids: Rows) -> FlagColumn:
    """What is said of the experiments that meet a condition in SQL; `ids` are theirs, row by row."""
    order = np.argsort(ids, kind="stable")
    combinations = [
        Combination(
            tuple(Word(*word.split(":", 1)) for word in words),
            order[np.searchsorted(ids, unpacked_whole(owners), sorter=order)],
        )
        for words, owners in connection.execute(text(_COMBINATIONS.format(condition=condition)), values)
    ]
    if sum(len(each.rows) for each in combinations) > MOST_WITH_SENTENCES:
        return FlagColumn(combinations)
    sentences: dict[int, list[tuple[Word, str]]] = {}
    if combinations:
        rows = {id_: row for row, id_ in enumerate(ids.tolist())}
        for owner, kind, word, sentence in connection.execute(text(_SENTENCES.format(condition=condition)), values):
            sentences.setdefault(rows[owner], []).append((Word(kind, word), sentence))
    return FlagColumn(combinations, sentences)
