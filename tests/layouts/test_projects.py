"""Numbers, durations and progress as people read them."""

from __future__ import annotations

import math

import pytest

from analysis.words import duration, number
from layouts.projects import progress, tuned
from tests.text import text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.9877"), (-0.5, "−0.5"), (123456.0, "123,456"), (1.5e9, "1.5e+09"), (math.nan, "NaN"), (math.inf, "∞"),
     (-math.inf, "−∞"), (0.0, "0"), (1e-9, "1e−09")],
)  # fmt: skip
def test_numbers_have_four_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.42, "0.4 s"), (42, "42 s"), (75.2, "1 min 15 s"), (3600, "1 h 0 min"), (200_000, "2 d 7 h")],
)
def test_durations_have_their_two_largest_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_progress_says_what_ended_and_what_failed() -> None:
    assert "3 of 6, 1 failed" in text_of(progress({"finished": 2, "failed": 1, "queued": 2, "running": 1}))
    assert "2 finished, 1 running, 1 failed, 2 queued" in text_of(
        progress({"finished": 2, "failed": 1, "queued": 2, "running": 1})
    )
    assert '"4"' in text_of(progress({"finished": 4}))
    assert '"0"' in text_of(progress({}))


def test_candidates_are_listed_by_name() -> None:
    shown = text_of(tuned({"lr": [0.1, 0.01], "augment": [True, False]}))
    assert "0.1 0.01" in shown
    assert "True False" in shown
