"""Errors and warnings lifted out of a log, and search in it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.log_problems import MOST_PROBLEMS, Problem, find_problems
from analysis.log_search import MOST_MATCHES, Match, search

LOG = b"""loading
/code/train.py:12: UserWarning: slow
  warnings.warn("slow")
error: 0.31 val_error: 2
ERROR:root:batch 3 is broken
ERROR:root:batch 4 is broken
\x1b[31mWARNING\x1b[0m: 90% | 5
Traceback (most recent call last):
  File "/code/train.py", line 7, in <module>
    step()
ValueError: Error: no data
train.sh: line 3: 4711 Killed                  python x.py
CUDA out of memory. Tried to allocate 2 GiB
"""


def test_each_problem_comes_once_the_gravest_first() -> None:
    found, left_out = find_problems(LOG)
    assert left_out == 0
    assert found == [
        Problem("memory", "CUDA out of memory. Tried to allocate 2 GiB", "", 13),
        Problem("killed", "train.sh: line 3: 4711 Killed                  python x.py", "", 12),
        Problem("traceback", "ValueError: Error: no data", "train.py:7, in <module>", 8),
        Problem("error", "ERROR:root:batch 3 is broken", "", 5, count=2),
        Problem("warning", "UserWarning: slow", "train.py:12", 2),
        Problem("warning", "WARNING: 90% | 5", "", 7),
    ]


def test_lines_are_counted_from_the_first_of_the_piece() -> None:
    assert find_problems(b"x\nerror: gone\n", first_line=101)[0][0].line == 102


@pytest.mark.parametrize(
    "line",
    ["error: 0.5", "mean_error=0.1", "test error: 12 %", "fatal: 3", "error: nan", "0 errors", "warm restart", "no warnings", "Killed time: 4 s",
     "MeanSquaredError: 0.25"],
)  # fmt: skip
def test_metrics_and_plain_words_are_no_problems(line: str) -> None:
    assert find_problems(line.encode()) == ([], 0)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("train.py: error: argument --x is required", "error"),
        ("2026-01-01 12:00:00 - model - ERROR - bad", "error"),
        ("[ERROR] bad", "error"),
        ("ValueError: bad", "error"),
        ("Killed", "killed"),
        ("Segmentation fault (core dumped)", "killed"),
        ("RuntimeError: CUDA out of memory", "memory"),
        ("WARNING:root:look", "warning"),
        ("DeprecationWarning: old", "warning"),
    ],
)
def test_kinds(line: str, kind: str) -> None:
    assert [each.kind for each in find_problems(line.encode())[0]] == [kind]


def test_very_many_different_ones_are_counted_and_not_all_shown() -> None:
    words = ["".join(chr(97 + int(digit)) for digit in f"{at:03}") for at in range(100)]
    found, left_out = find_problems("\n".join(f"error: {word}" for word in words).encode())
    assert (len(found), left_out) == (MOST_PROBLEMS, 100 - MOST_PROBLEMS)


_LINES = st.lists(
    st.sampled_from(
        [*LOG.splitlines(), b"\xff\xfe", b"\r\r", b"\x1b[", b"", b"[rank0]: Traceback (most recent call last):"]
    )
)


@given(st.binary() | _LINES.map(b"\n".join), st.integers(1, 9))
def test_any_bytes_have_problems_within_them(data: bytes, first_line: int) -> None:
    found, left_out = find_problems(data, first_line=first_line)
    assert left_out >= 0
    assert all(first_line <= each.line <= first_line + data.count(b"\n") and each.count > 0 for each in found)


# --- search -------------------------------------------------------------------------------------------------------


def test_lines_are_found_whatever_their_case_and_wherever_pieces_are_cut() -> None:
    found = search([b"Hel", b"lo\nwor", b"ld HELLO\nx"], "hello")
    assert found.matches == [Match(1, "Hello"), Match(2, "world HELLO")]
    assert (found.count, found.lines) == (2, 3)


def test_colours_do_not_hide_words_and_a_long_line_shows_what_was_found() -> None:
    (match,) = search([b"a" * 5_000 + b"nee\x1b[31mdle" + b"b" * 5_000 + b"\n"], "needle").matches
    assert "needle" in match.text
    assert len(match.text) < 500
    assert match.text[0] == match.text[-1] == "…"


def test_only_the_first_matches_are_kept_and_all_are_counted() -> None:
    found = search([b"x\n" * 10_000], "x")
    assert (len(found.matches), found.count, found.matches[-1].line) == (MOST_MATCHES, 10_000, MOST_MATCHES)


def test_a_line_without_end_takes_no_memory() -> None:
    found = search((b"abc" * 300_000 for _ in range(5)), "abc")
    assert found.lines == 1
    assert {match.line for match in found.matches} == {1}


@given(st.lists(st.binary()), st.text(max_size=5))
def test_a_search_never_raises_and_finds_what_is_there(pieces: Sequence[bytes], words: str) -> None:
    found = search(pieces, words)
    whole = b"".join(pieces)
    assert found.lines == whole.count(b"\n") + (whole != b"" and not whole.endswith(b"\n"))
    assert all(words.lower() in match.text.lower() for match in found.matches)
