"""What is said of experiments in one word each, for very many at once: flags, tags, what rules highlight, and notes.

Most experiments share their combination of words with many others, so that a combination comes once, with the ids of
all that have it. Sentences are for few: each is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from storage.reductions import Rows, unpacked_whole

# Sentences of more experiments would be most of a page's bytes; their own pages have them.
MOST_WITH_SENTENCES = 3_000


@dataclass(frozen=True)
class Word:
    """One word of an experiment; kind is `flag` (then word is its rule's name), `tag`, `highlight` or `note`."""

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

# The beginning of a note is enough where the pointer rests.
NOTE_CHARACTERS = 300

# Flags are those of the experiment whose results are shown; tags and rules are about the experiment itself.
_SAID = f"""SELECT experiment.id, 'flag' AS kind, rule AS word, sentence FROM experiment
        JOIN flag ON flag.experiment_id = coalesce(reused_from, experiment.id) WHERE {{condition}}
    UNION ALL SELECT experiment.id, 'highlight', '', sentence FROM experiment
        JOIN rule_firing AS firing ON firing.experiment_id = experiment.id JOIN rule ON rule.id = firing.rule_id
        WHERE rule.action->>'do' = 'highlight' AND rule.deleted_at IS NULL AND {{condition}}
    UNION ALL SELECT experiment.id, 'tag', word, tag.created_by FROM experiment
        JOIN tag ON tag.experiment_id = experiment.id WHERE {{condition}}
    UNION ALL SELECT experiment.id, 'note', 'note', left(note.text, {NOTE_CHARACTERS}) FROM experiment
        JOIN note ON note.experiment_id = experiment.id WHERE note.deleted_at IS NULL AND {{condition}}"""
_WORDS = f"SELECT kind, word, string_agg(int8send(id), '') AS ids FROM ({_SAID}) AS said GROUP BY kind, word"
_SENTENCES = f"SELECT * FROM ({_SAID}) AS said ORDER BY id, kind, word, sentence"


def read_flags(connection: Connection, condition: str, values: Mapping[str, Any], ids: Rows) -> FlagColumn:
    """What is said of the experiments that meet a condition in SQL; `ids` are theirs, row by row."""
    found = connection.execute(text(_WORDS.format(condition=condition)), values).all()
    order = np.argsort(ids, kind="stable")
    has = np.zeros((len(ids), len(found)), dtype=bool)
    for place, row in enumerate(found):
        has[order[np.searchsorted(ids, unpacked_whole(row.ids), sorter=order)], place] = True
    combinations = _combinations([Word(row.kind, row.word) for row in found], has)
    if sum(len(each.rows) for each in combinations) > MOST_WITH_SENTENCES:
        return FlagColumn(combinations)
    sentences: dict[int, list[tuple[Word, str]]] = {}
    if combinations:
        rows = {id_: row for row, id_ in enumerate(ids.tolist())}
        for owner, kind, word, sentence in connection.execute(text(_SENTENCES.format(condition=condition)), values):
            sentences.setdefault(rows[owner], []).append((Word(kind, word), sentence))
    return FlagColumn(combinations, sentences)


def _combinations(words: Sequence[Word], has: NDArray[np.bool_]) -> list[Combination]:
    """The different combinations of words. has: (experiments, words)."""
    rows = np.flatnonzero(has.any(axis=1))
    if not len(rows):
        return []
    different, codes = np.unique(np.packbits(has[rows], axis=1), axis=0, return_inverse=True)
    members = np.unpackbits(different, axis=1, count=len(words)).astype(bool)
    codes = codes.ravel()
    return [
        Combination(tuple(word for word, is_in in zip(words, own, strict=True) if is_in), rows[codes == code])
        for code, own in enumerate(members)
    ]
