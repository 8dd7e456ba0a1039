"""Lines that come again with only their numbers changed, as candidates for patterns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.output import templates
from sources.output.patterns import Pattern, PatternError
from sources.output.templates import find_templates

LINES = """Using device cpu with 8 workers
Pass 1 of 5 >>> the score is now 0.51 (cost went to 1.2e-3), 3.2s
Pass 2 of 5 >>> the score is now 0.61 (cost went to 1.1e-3), 33s
\x1b[32m[ 100/2000]\x1b[0m ppl~~ 12.5 ~~ 40 tok
[ 200/2000] ppl~~  1.5 ~~ 41 tok
Finished
""".splitlines()


def test_lines_of_one_kind_are_one_template_and_likely_reports_come_first() -> None:
    first, second, third = find_templates(LINES)
    assert (first.count, first.sample) == (2, LINES[2])
    assert [mark.name for mark in first.numbers] == ["Pass", "of", "score", "cost"]
    assert first.moving == [True, False, True, True]
    assert [mark.name for mark in second.numbers][-2:] == ["ppl", "tok"]
    assert (third.is_likely, third.sample) == (False, LINES[0])


def test_a_number_that_is_pressed_makes_a_pattern_that_fits_all_lines_of_its_kind() -> None:
    first, second, _ = find_templates(LINES)
    text = first.pattern({2: "quality"})
    assert text == "Pass {} of {} >>> the score is now {quality}"
    reports = [Pattern(text).read(line) for line in LINES]
    assert [report.metrics for report in reports if report] == [{"quality": 0.51}, {"quality": 0.61}]
    assert Pattern(second.pattern({2: "ppl"})).read(LINES[4]).metrics == {"ppl": 1.5}  # type: ignore[union-attr]


def test_several_numbers_of_a_line_make_one_pattern() -> None:
    (found,) = find_templates(["epoch 3 step 40: zeal ~ 0.5", "epoch 4 step 50: zeal ~ 0.6"])
    assert [mark.name for mark in found.numbers] == ["epoch", "step", "zeal"]
    assert found.pattern({0: "epoch", 1: "step", 2: "zeal"}) == "epoch {epoch} step {step}: zeal ~ {zeal}"
    assert found.pattern({0: "epoch"}) == "epoch {epoch}"
    with pytest.raises(PatternError, match="zeal stands in two holes"):
        found.pattern({0: "zeal", 2: "zeal"})
    with pytest.raises(PatternError, match="no hole"):
        found.pattern({})


def test_a_number_without_a_word_before_it_counts_beside_another() -> None:
    for line, pattern in (
        ("[2/9] zeal ~ 0.75", "[{epoch}/{}] zeal ~ {zeal}"),
        ("3/10 zeal 0.5 !", "{epoch}/{} zeal {zeal}"),
        ("(7) zeal 0.5", "({epoch}) zeal {zeal}"),
    ):
        (found,) = find_templates([line])
        assert found.can_take(0), line
        assert found.pattern({0: "epoch", len(found.numbers) - 1: "zeal"}) == pattern


def test_a_number_that_no_pattern_could_name_is_not_offered() -> None:
    (found,) = find_templates([f"{'x' * 101} 0.5"])
    assert not found.can_take(0)


def test_very_many_numbers_of_one_name_have_names_of_their_own() -> None:
    (found,) = find_templates(["0 " * 190])
    assert len({mark.name for mark in found.numbers}) == 190


def test_very_many_kinds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MOST_KINDS", 5)
    found = find_templates(f"{'x' * at} 5" for at in range(1, 100))
    assert len(found) == 5


WORDS = [
    "loss",
    "{x}",
    "1",
    "0.25",
    "-3e-4",
    "1,234",
    "of",
    " ",
    ": ",
    "=",
    "(",
    "%",
    "12:30",
    "3s",
    "v1.2.3",
    "ä",
    "nan",
    "[",
    "/",
]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map("".join) | st.text(max_size=60), max_size=8))
def test_every_number_of_any_line_makes_a_pattern_that_fits_it_or_is_refused(lines: list[str]) -> None:
    for template in find_templates(lines):
        for place, mark in enumerate(template.numbers):
            if template.can_take(place):
                text = template.pattern({place: "number"})
                marks = Pattern(text).marks(template.sample)
                assert (mark.start, mark.end) in {(each.start, each.end) for each in marks}
