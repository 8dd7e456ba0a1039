"""Several words in one cell: a code for each combination, in the order in which a person should read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from analysis.curves import RULES
from analysis.curves.words import SEVERITIES, short
from answers.flag_words import LOOKS, flag_sentences, flag_words
from storage.flag_columns import NO_FLAGS, Combination, FlagColumn, Word
from storage.schema import EXPERIMENT_STATES


def flag(rule: str) -> Word:
    return Word("flag", rule)


def test_a_combination_is_one_code_and_no_words_are_a_code_beyond() -> None:
    both = Combination((flag("plateau"), flag("overfitting")), np.array([0, 2]))
    one = Combination((Word("tag", "odd"), Word("highlight", ""), flag("not_finite")), np.array([3]))
    found = flag_words(FlagColumn([both, one]), 4)
    assert found["codes"].tolist() == [0, 2, 0, 1]
    assert found["words"] == [["overfitting", "plateau"], ["NaN", "highlighted", "odd"]]


def test_nothing_said_is_next_to_no_bytes() -> None:
    assert flag_words(NO_FLAGS, 5)["codes"].tolist() == []
    assert flag_sentences(NO_FLAGS) == []


def test_sentences_come_with_their_words() -> None:
    said = {4: [(flag("plateau"), "It stays."), (flag("not_finite"), "It is NaN.")]}
    assert flag_sentences(FlagColumn((), said)) == [[4, [["NaN", "It is NaN."], ["plateau", "It stays."]]]]


def test_every_flag_has_its_place_and_its_look() -> None:
    assert set(SEVERITIES) == {rule.__name__ for rule in RULES}
    assert [word for word, _ in LOOKS] == [*map(short, SEVERITIES), "highlighted", "note"]


def test_the_browser_knows_the_states_in_the_order_of_the_database() -> None:
    columns = (Path(__file__).parents[2] / "assets" / "experiments" / "columns.js").read_text()
    listed = re.search(r"export const STATES = (\[.*?\]);", columns)
    assert listed
    assert json.loads(listed[1]) == list(EXPERIMENT_STATES)
