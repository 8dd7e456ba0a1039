"""Patterns that a person writes: texts with holes and regular expressions, and what is said of bad ones."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.output.patterns import Mark, Pattern, PatternError, read_patterns
from sources.output.reader import OutputReader


@pytest.mark.parametrize(
    ("pattern", "line", "metrics", "epoch", "step"),
    [
        ("step {step} | loss {loss}", "step 30 | loss 0.25", {"loss": 0.25}, None, 30),
        ("step {step} | loss {loss}", "[12:00] step  30|loss   0.25 | lr 3", {"loss": 0.25}, None, 30),
        ("quality ..> {val quality}", "Quality, no: quality ..> -1.5e-3", {"val quality": -1.5e-3}, None, None),
        ("ep {epoch} {} acc {acc} %", "ep 3 (of 7) acc 92.5%", {"acc": 92.5}, 3, None),
        ("größe {g}", "für größe 0,25 und", {"g": 0.25}, None, None),
        (r"(?P<epoch>\d+):\s(?P<f1>\S+) (good|bad)", "12: 0.5 bad", {"f1": 0.5}, 12, None),
        ("loss {loss}", "loss nan", {"loss": pytest.approx(float("nan"), nan_ok=True)}, None, None),
        ("a(b)* [c] {x}", "a(b)* [c] 4", {"x": 4}, None, None),
    ],
)  # fmt: skip
def test_a_line_that_fits_gives_its_numbers(
    pattern: str, line: str, metrics: dict[str, float], epoch: float | None, step: float | None
) -> None:
    report = Pattern(pattern).read(line)
    assert report
    assert (report.metrics, report.place.epoch, report.place.batch) == (metrics, epoch, step)


@pytest.mark.parametrize("line", ["", "step 30", "step x | loss 0.25", "step 30 | loss 1,234", "loss 0.25"])
def test_another_line_gives_nothing(line: str) -> None:
    assert Pattern("step {step} | loss {loss}").read(line) is None


def test_marks_are_places_in_the_line() -> None:
    line = "ä step 30 | loss 0.25"
    marks = Pattern("step {step} | loss {loss}").marks(line)
    assert marks == [Mark(7, 9, "step"), Mark(17, 21, "loss")]
    assert [line[mark.start : mark.end] for mark in marks] == ["30", "0.25"]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "one line"), ("loss {loss}\nacc {acc}", "one line"), ("x" * 501, "500 characters"),
        ("loss", "no hole"), ("loss {}", "no hole"), ("{loss}", "no word"), ("{a} | {b}", "no word"),
        ("a {x} b {x}", "two holes"), ("a {<b>}", "no name"), ("(?P<loss>[", "cannot be read"),
        ("(?P<loss>x*)", "every line"), ("(?P<a b>x)", "cannot name a group"), ("a" + " {b}" * 0 + " {c" , "no hole"),
        ("z " + " ".join(f"{{n{at}}}" for at in range(21)), "more than 20"),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, says: str) -> None:
    with pytest.raises(PatternError, match=says):
        Pattern(pattern)


def test_patterns_that_were_kept_and_are_bad_by_now_cost_only_themselves() -> None:
    assert [each.text for each in read_patterns(["loss {loss}", "nothing"])] == ["loss {loss}"]


@given(st.text(max_size=60), st.text(max_size=80))
def test_any_pattern_is_used_or_refused_and_any_line_is_read(pattern: str, line: str) -> None:
    try:
        made = Pattern(pattern)
    except PatternError:
        return
    for mark in made.marks(line):
        assert 0 <= mark.start <= mark.end <= len(line)
    made.read(line)


def test_an_expression_that_backtracks_for_ever_elsewhere_is_quick() -> None:
    pattern = Pattern(r"(?P<loss>(a+)+)b")
    began = time.process_time()
    assert pattern.read("a" * 4_000) is None
    # A backtracking engine would need longer than the universe is old.
    assert time.process_time() - began < 5


def test_patterns_add_to_what_is_read_anyway() -> None:
    reader = OutputReader(["quality"], [Pattern("quality now {quality}"), Pattern("pass {epoch}")])
    assert reader.read("pass 2 quality now 0.5, loss: 0.25") == {"quality": 0.5, "loss": 0.25}
    assert reader.progress.epoch == 2
    assert reader.read("loss: 0.125") == {"loss": 0.125}
