"""What a person types as a value, list or range."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.candidates import (
    Candidates,
    Interval,
    Span,
    Written,
    format_candidates,
    parse_candidates,
    parse_value,
    space_from_json,
    space_to_json,
    unreached_stop,
)
from analysis.hyperparameters import Hyperparameter, text_of
from analysis.numbers import CandidateError

INT = Hyperparameter("batch_size", "--batch_size", "int", 56)
FLOAT = Hyperparameter("dropout_rate", "--dropout_rate", "float", 0.5)
BOOL = Hyperparameter("use_bn", "--use_bn", "bool", False)
CHOICE = Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=("adam", "sgd"))
DEPTH = Hyperparameter("depth", "--depth", "int", 18, choices=(18, 34, 50))
TEXT = Hyperparameter("device", "--device", "text", "cpu")
LAYERS = Hyperparameter("layers", "--layers", "text", "64 32", takes_many=True)


@pytest.mark.parametrize(
    ("text", "hyperparameter", "value"),
    [
        ("28", INT, 28),
        (" -3 ", INT, -3),
        ("1e3", INT, 1000),
        ("1e-3", FLOAT, 0.001),
        ("3", FLOAT, 3.0),
        ("0.30000000000000004", FLOAT, 0.30000000000000004),
        ("0.1234567890123456", FLOAT, 0.1234567890123456),
        ("18446744073709551615", INT, 2**64 - 1),
        ("Yes", BOOL, True),
        ("0", BOOL, False),
        ("sgd", CHOICE, "sgd"),
        ("34", DEPTH, 34),
        ("cuda:0", TEXT, "cuda:0"),
        ("", TEXT, ""),
        ("64   'a b'", LAYERS, "64 'a b'"),
    ],
)
def test_a_value_has_its_hyperparameters_type(text: str, hyperparameter: Hyperparameter, value: object) -> None:
    parsed = parse_value(text, hyperparameter)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "hyperparameter", "said"),
    [
        ("fast", INT, "--batch_size takes a whole number, which 'fast' is not; write one like 28."),
        ("0.5", INT, "--batch_size takes a whole number, which 0.5 is not; write one like 28."),
        ("28,56", INT, "several values stand in brackets, as in [28,56]"),
        ("1e99", INT, "too large"),
        ("1e1000000", INT, "too large"),
        ("nan", FLOAT, "takes a finite number"),
        ("inf", INT, "takes a finite number"),
        ("maybe", BOOL, "--use_bn is either true or false, and 'maybe' is neither."),
        ("adma", CHOICE, "'adma' is no choice of --optimizer; it takes adam, sgd."),
        ("35", DEPTH, "it takes 18, 34, 50"),
        ("a\0b", TEXT, "NUL"),
        ("64 'a", LAYERS, "is not closed"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_one_sentence(
    text: str, hyperparameter: Hyperparameter, said: str
) -> None:
    with pytest.raises(CandidateError) as refused:
        parse_value(text, hyperparameter)
    assert said in refused.value.message
    assert str(refused.value) == refused.value.message


def test_a_refused_value_is_named_at_its_place() -> None:
    with pytest.raises(CandidateError) as refused:
        parse_value("   fast", INT)
    assert refused.value.column == 3


@pytest.mark.parametrize(
    ("text", "hyperparameter", "values"),
    [
        ("[28,56,112]", INT, (28, 56, 112)),
        ("28, 56, 112", INT, (28, 56, 112)),
        (" [ 28 , 56 ] ", INT, (28, 56)),
        ("28", INT, (28,)),
        ("[28:112:2*]", INT, (28, 56, 112)),
        ("[4:8:4, 100, 8]", INT, (4, 8, 100)),
        ("0.1:0.3:0.1", FLOAT, (0.1, 0.2, 0.3)),
        ("[28,28,56,]", INT, (28, 56)),
        ("[0.3,0.30]", FLOAT, (0.3,)),
        ("[true,no]", BOOL, (True, False)),
        ("[cuda:0,cuda:1:2]", TEXT, ("cuda:0", "cuda:1:2")),
        ("""["a, b",'c"',don't]""", TEXT, ("a, b", 'c"', "don't")),
        (r'["say \"hi\" \\ now"]', TEXT, ('say "hi" \\ now',)),
        ('[""]', TEXT, ("",)),
        ("[64 32, 128]", LAYERS, ("64 32", "128")),
    ],
)
def test_candidates_are_lists_ranges_or_both(
    text: str, hyperparameter: Hyperparameter, values: tuple[object, ...]
) -> None:
    assert parse_candidates(text, hyperparameter).candidates == values


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("[]", 0, "There is no value here"),
        ("  [ ]", 2, "There is no value here"),
        ("", 0, "There is no value here"),
        ("28,,56", 3, "A value is missing"),
        ("[28,,56]", 4, "A value is missing"),
        ("[28, 56", 0, "never closed"),
        ('[28, "56]', 5, "quote is never closed"),
        ("[28, fast]", 5, "takes a whole number"),
        ("28, fast", 4, "takes a whole number"),
        ("28, 56]", 6, "never opened"),
        ("[28] 56", 4, "behind the closing bracket"),
        ("[28,[56]]", 4, "A bracket inside a bracket"),
        ('["28" 56]', 6, "A comma is missing"),
        ("[1, 4:8]", 4, "4:8 has no step and so stands alone"),
        ("[1, 4:8:1:2]", 4, "write from:to:step"),
        ("[8:4]", 1, "an interval begins with its smaller end"),
        ("[-4:8:log]", 1, "A log scale has no place for -4"),
        ("[4:8:two]", 1, "'two' is no step"),
        ("[1, 4:8:0]", 4, "A step of 0 never ends"),
    ],
)
def test_bad_candidates_are_named_at_their_place(text: str, column: int, said: str) -> None:
    with pytest.raises(CandidateError) as refused:
        parse_candidates(text, INT)
    assert said in refused.value.message
    assert refused.value.column == column


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TYPICAL_TEXTS = st.text("ab,[]\"'\\ :\t-", max_size=8)
FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200).map(
    lambda value: float(text_of(value))
)


def test_none_leaves_an_option_out_and_in_quotes_it_is_a_text() -> None:
    assert parse_candidates("[None,0.1]", FLOAT).candidates == (None, 0.1)
    assert parse_candidates('[None,"None",x]', TEXT).candidates == (None, "None", "x")
    assert format_candidates((None, "None", "x")) == '[None,"None",x]'
    with pytest.raises(CandidateError, match="is required, so it cannot be left out"):
        parse_candidates("[None,0.1]", replace(FLOAT, is_required=True))
    # Of choices it is one, or none.
    with pytest.raises(CandidateError, match="no choice"):
        parse_candidates("[None]", CHOICE)


INTS = st.integers(-(2**64) + 1, 2**64 - 1)


def some(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(values, min_size=1, max_size=5, unique=True)


@given(
    st.one_of(
        st.tuples(st.just(INT), some(INTS)),
        st.tuples(st.just(FLOAT), some(FLOATS)),
        st.tuples(st.just(BOOL), some(st.booleans())),
        st.tuples(st.just(CHOICE), some(st.sampled_from(CHOICE.choices))),
        st.tuples(st.just(TEXT), some(TEXTS | TYPICAL_TEXTS)),
    )
)
def test_formatted_candidates_read_back_as_they_were(drawn: tuple[Hyperparameter, list[object]]) -> None:
    hyperparameter, values = drawn
    text = format_candidates(tuple(values))  # type: ignore[arg-type]
    assert parse_candidates(text, hyperparameter) == Written(tuple(values))  # type: ignore[arg-type]


@given(TYPICAL_TEXTS | TEXTS | st.text("0123456789.:*-e,[] ", max_size=12), st.sampled_from([INT, FLOAT, TEXT, BOOL]))
def test_any_text_is_read_or_refused_within_itself(text: str, hyperparameter: Hyperparameter) -> None:
    column, message = 0, "."
    try:
        assert parse_candidates(text, hyperparameter).candidates
    except CandidateError as error:
        column, message = error.column, error.message
    assert 0 <= column <= len(text)
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("text", "hyperparameter", "candidates", "span"),
    [
        ("[0.1:0.5]", FLOAT, Interval(0.1, 0.5), Span("0.1", "0.5")),
        ("1e-5 : 1e-1 : log", FLOAT, Interval(1e-5, 0.1, is_log=True), Span("1e-5 ", " 1e-1 ", " log")),
        ("[-4:8]", INT, Interval(-4, 8, is_whole=True), Span("-4", "8")),
        ("[28:256:*2]", INT, (28, 56, 112, 224), Span("28", "256", "*2")),
        ("[1:3:n3]", INT, (1, 2, 3), Span("1", "3", "n3")),
        ("[28,56:112:*2]", INT, (28, 56, 112), None),
    ],
)
def test_a_range_that_stands_alone_is_remembered_as_written(
    text: str, hyperparameter: Hyperparameter, candidates: Candidates, span: Span | None
) -> None:
    assert parse_candidates(text, hyperparameter) == Written(candidates, span)


@pytest.mark.parametrize(
    ("span", "missed"),
    [
        (Span("28", "256", "*2"), "256"),
        (Span("28", " 112 ", "*2"), None),
        (Span("4", "9", "2"), "9"),
        (Span("4", "9"), None),
        (Span("4", "9", "log"), None),
    ],
)
def test_the_end_that_steps_jump_over_is_said(span: Span, missed: str | None) -> None:
    assert unreached_stop(span, INT) == missed


def test_a_range_of_choices_takes_only_choices() -> None:
    depth = Hyperparameter("depth", "--depth", "int", 18, choices=(18, 20, 22, 24))
    assert parse_candidates("[18:22:2]", depth).candidates == (18, 20, 22)
    with pytest.raises(CandidateError, match="21' is no choice"):
        parse_candidates("[18:22:3]", depth)
    with pytest.raises(CandidateError, match="nothing in between"):
        parse_candidates("[18:22]", depth)


INTERVALS = (
    st.tuples(FLOATS, FLOATS, st.booleans())
    .filter(lambda each: each[0] < each[1])
    .map(lambda each: Interval(each[0], each[1], is_log=each[2] and each[0] > 0))
)


@given(INTERVALS)
def test_a_formatted_interval_reads_back_as_it_was(interval: Interval) -> None:
    assert parse_candidates(format_candidates(interval), FLOAT).candidates == interval


@given(st.dictionaries(st.text(max_size=4), INTERVALS | some(INTS).map(tuple) | some(TEXTS).map(tuple), max_size=4))
def test_a_search_space_survives_json(space: dict[str, Candidates]) -> None:
    assert space_from_json(json.loads(json.dumps(space_to_json(space)))) == space
