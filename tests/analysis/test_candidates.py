"""What a person types as a value, list or range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.candidates import (
    CandidateError,
    Range,
    expand_range,
    format_candidates,
    parse_candidates,
    parse_value,
)
from analysis.hyperparameters import Hyperparameter, HyperparameterType, text_of

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
        ("0.30000000000000004", FLOAT, 0.3),
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
        ("inf", FLOAT, "takes a finite number"),
        ("nan", FLOAT, "takes a finite number"),
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
    ("start", "stop", "step", "type", "values", "reached"),
    [
        (28, 112, "2*", "int", (28, 56, 112), True),
        (28, 256, "*2", "int", (28, 56, 112, 224), False),
        (4, 8, "4", "int", (4, 8), True),
        (4, 9, "2", "int", (4, 6, 8), False),
        (8, 4, "-2", "int", (8, 6, 4), True),
        (112, 28, "*0.5", "int", (112, 56, 28), True),
        (-1, -8, "*2", "int", (-1, -2, -4, -8), True),
        (5, 5, "1", "int", (5,), True),
        (5, 5, "*2", "int", (5,), True),
        (0.3, 0.7, "0.2", "float", (0.3, 0.5, 0.7), True),
        ("0.1", "0.3", " 0.1 ", "float", (0.1, 0.2, 0.3), True),
        (0.1, 0.0001, "*0.1", "float", (0.1, 0.01, 0.001, 0.0001), True),
        (0, 1, "0.5", "float", (0.0, 0.5, 1.0), True),
    ],
)
def test_a_range_is_exact_and_includes_its_end(
    start: float, stop: float, step: str, type: HyperparameterType, values: tuple[float, ...], reached: bool
) -> None:
    expanded = expand_range(start, stop, step, type)
    assert expanded == Range(values, stop_reached=reached)
    assert {value.__class__ for value in expanded.values} == {int if type == "int" else float}


@pytest.mark.parametrize(
    ("start", "stop", "step", "type", "said"),
    [
        (4, 8, "0", "int", "A step of 0 never ends"),
        (4, 8, "-1", "int", "4 to 8 goes up and a step of -1 goes down; swap the ends, or write 1."),
        (112, 28, "2", "int", "swap the ends, or write -2."),
        (112, 28, "*2", "int", "swap the ends, or write *0.5."),
        (28, 112, "*1", "int", "never arrives"),
        (28, 112, "*0", "int", "never arrives"),
        (28, 112, "*-2", "int", "never arrives"),
        (0, 8, "*2", "int", "same side of 0"),
        (-1, 8, "*2", "int", "same side of 0"),
        (8, 0, "*0.5", "float", "same side of 0"),
        (7, 1, "*0.5", "int", "leads to 3.5"),
        (1, 8, "0.5", "int", "a whole step"),
        (0, 1, "0.0001", "float", "more than 10,000 values"),
        (0, 1, "1e-999999", "float", "more than 10,000 values"),
        (1, 2, "*1.0000001", "float", "more than 10,000 values"),
        (0, "inf", "1", "float", "finite"),
        ("nan", 1, "1", "float", "finite"),
        (0, "1e999999", "1", "float", "too large"),
        (0, 1, "nan", "float", "finite number"),
        (0, 1, "*", "float", "'*' is no step"),
        (0, 1, "two", "float", "'two' is no step"),
        ("a", 1, "1", "int", "takes a whole number"),
    ],
)
def test_a_range_that_never_ends_or_arrives_is_refused(
    start: float, stop: float, step: str, type: HyperparameterType, said: str
) -> None:
    with pytest.raises(CandidateError) as refused:
        expand_range(start, stop, step, type)
    assert said in refused.value.message


def test_the_longest_range_has_ten_thousand_values() -> None:
    assert len(expand_range(1, 10_000, "1", "int").values) == 10_000
    with pytest.raises(CandidateError):
        expand_range(1, 10_001, "1", "int")


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
    assert parse_candidates(text, hyperparameter) == values


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
        ("[1, 4:8]", 4, "write from:to:step"),
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
INTS = st.integers(-(2**63) + 1, 2**63 - 1)


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
    text = format_candidates(values)  # type: ignore[arg-type]
    assert list(parse_candidates(text, hyperparameter)) == values


@given(TYPICAL_TEXTS | TEXTS | st.text("0123456789.:*-e,[] ", max_size=12), st.sampled_from([INT, FLOAT, TEXT, BOOL]))
def test_any_text_is_read_or_refused_within_itself(text: str, hyperparameter: Hyperparameter) -> None:
    column, message = 0, "."
    try:
        assert parse_candidates(text, hyperparameter)
    except CandidateError as error:
        column, message = error.column, error.message
    assert 0 <= column <= len(text)
    assert message.endswith(".")
