"""Experiments as columns: few bytes, and every value as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from answers.experiment_columns import MOST_WORDS, columns, numbers
from storage.columns import ExperimentColumns


def of(settings: list[dict[str, Any]]) -> ExperimentColumns:
    count = len(settings)
    missing = np.full(count, np.nan)
    return ExperimentColumns(
        np.arange(1, count + 1), np.full(count, 2), missing, missing, missing, settings, metrics=[], remarks=[]
    )


def values(settings: list[Any]) -> Any:
    return columns(of([{"x": each} for each in settings]), ["x"], [])["hyperparameters"][0]["values"]


def read(column: Any) -> list[Any]:
    words = dict(enumerate(column["words"]))
    return [words.get(code) for code in column["codes"].tolist()]


def test_few_different_numbers_are_bytes() -> None:
    column = numbers(np.array([0.3, np.nan, 0.1, 0.3]))
    assert column["codes"].dtype == np.uint8
    assert read(column) == [0.3, None, 0.1, 0.3]


def test_many_different_numbers_are_numbers() -> None:
    many = np.arange(MOST_WORDS + 1.0)
    assert numbers(many) is many
    assert read(numbers(many[:-1])) == list(range(MOST_WORDS))


def test_infinity_is_a_number_of_an_array_because_json_has_none() -> None:
    assert numbers(np.array([np.inf, 1.0])).tolist() == [np.inf, 1.0]


@pytest.mark.parametrize("settings", [["sgd", None, "adam"], [True, 1, False, 0], [1, "1", None], [None, None]])
def test_words_stay_what_they_were(settings: list[Any]) -> None:
    found = read(values(settings))
    assert found == settings
    assert list(map(type, found)) == list(map(type, settings))


def test_more_words_than_a_byte_can_count() -> None:
    settings = [f"word {place}" for place in range(1000)]
    column = values(settings)
    assert column["codes"].dtype == np.int32
    assert read(column) == settings


def test_a_whole_number_beyond_all_floats_is_a_word() -> None:
    assert read(values([10**400, 1])) == [10**400, 1]
