"""Several words in one cell: a code for each combination, in the order in which a person should read them."""

from __future__ import annotations

import numpy as np

from answers.flag_words import flag_sentences, flag_words
from storage.flag_columns import NO_FLAGS, Combination, FlagColumn, Word


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
