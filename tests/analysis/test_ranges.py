"""Ranges: exact values, ends that are reached or not, and sentences for those that lead nowhere."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.hyperparameters import HyperparameterType, text_of
from analysis.numbers import CandidateError
from analysis.ranges import MAX_RANGE_VALUES, Range, expand_range


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
        (2, 300, "^2", "int", (2, 4, 16, 256), False),
        (256, 2, "^0.5", "int", (256, 16, 4, 2), True),
        (1.5, 6, "^2", "float", (1.5, 2.25, 5.0625), False),
        (0, 1, "n5", "float", (0.0, 0.25, 0.5, 0.75, 1.0), True),
        (1, 0, "n2", "float", (1.0, 0.0), True),
        (1, 4, "n3", "int", (1, 2, 4), True),
        (1, 3, "n5", "int", (1, 2, 3), True),
        ("1e-4", "1e-1", "log4", "float", (0.0001, 0.001, 0.01, 0.1), True),
        (16, 256, "log5", "int", (16, 32, 64, 128, 256), True),
        (0.1, "0.30000000000000004", "0.1", "float", (0.1, 0.2, 0.3), True),
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
        (2, 32, "**2", "int", "'**2' is no step"),
        (2, 32, "*2*", "int", "'*2*' is no step"),
        (2, 32, "", "int", "'' is no step"),
        (2, 16, "^1", "int", "never arrives"),
        (2, 16, "^-1", "int", "never arrives"),
        (1, 16, "^2", "int", "begin and end above 1"),
        (16, 2, "^2", "int", "swap the ends, or write ^0.5."),
        (8, 2, "^0.5", "int", "leads to 2.82843"),
        (2, 3, "^1.0000001", "float", "more than 10,000 values"),
        (-1, 1, "log5", "float", "A log scale has no place for -1"),
        (0, 1, "log5", "float", "or write n5 for even steps"),
        (0, 1, "n1", "float", "A range of 1 point is none"),
        (0, 1, "n0", "float", "A range of 0 points is none"),
        (0, 1, "n10001", "float", "more than the 10,000"),
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


def test_a_power_beyond_all_numbers_is_beyond_the_end() -> None:
    assert expand_range(2, 100, "^1e299", "float") == Range((2.0,), stop_reached=False)


# What a person types: up to four digits before and behind the point.
TYPED = st.decimals(-9999, 9999, places=4)


@given(TYPED, TYPED, st.decimals("0.0001", 9999, places=4))
def test_adding_gives_exact_decimals_up_to_the_end(start: Decimal, stop: Decimal, step: Decimal) -> None:
    if abs(stop - start) > step * (MAX_RANGE_VALUES - 1):
        return
    step = step if stop >= start else -step
    expanded = expand_range(str(start), str(stop), str(step), "float")
    assert [Decimal(text_of(value)) for value in expanded.values] == [
        start + index * step for index in range(len(expanded.values))
    ]
    beyond = start + len(expanded.values) * step
    assert beyond > stop if step > 0 else beyond < stop
    assert expanded.stop_reached == (Decimal(text_of(expanded.values[-1])) == stop)


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(2, 99))
def test_multiplying_whole_numbers_stays_whole(start: int, stop: int, factor: int) -> None:
    if stop < start:
        return
    values = expand_range(start, stop, f"*{factor}", "int").values
    assert values == tuple(start * factor**index for index in range(len(values)))
    assert all(type(value) is int for value in values)
    assert values[-1] <= stop < values[-1] * factor


@given(TYPED.filter(bool), st.integers(2, 200), st.sampled_from(["int", "float"]))
def test_points_begin_and_end_where_they_should_in_order(start: Decimal, count: int, type: HyperparameterType) -> None:
    first, last = sorted((float(int(start)), float(int(start) + 1000)))
    values = expand_range(first, last, f"n{count}", type).values
    assert (values[0], values[-1]) == (first, last)
    assert list(values) == sorted(set(values))
    assert len(values) == count


@given(st.floats(1e-8, 1e-2), st.floats(1e-1, 1e8), st.integers(3, 60))
def test_log_points_keep_one_ratio(start: float, stop: float, count: int) -> None:
    values = expand_range(text_of(start), text_of(stop), f"log{count}", "float").values
    ratios = [math.log(after / before) for before, after in pairwise(values)]
    assert len(values) == count
    # Points have six digits, so each may be off by half a millionth of ten.
    assert max(ratios) == pytest.approx(min(ratios), abs=3e-5)


@given(
    st.text("0123456789.-+e_ naif", max_size=6),
    st.text("0123456789.-+e_ naif", max_size=6),
    st.text("0123456789.-+e*^nlog ", max_size=7),
    st.sampled_from(["int", "float"]),
)
def test_any_text_is_a_range_or_refused_in_a_sentence(
    start: str, stop: str, step: str, type: HyperparameterType
) -> None:
    values, message = (0.0,), "."
    try:
        values = expand_range(start, stop, step, type).values
    except CandidateError as error:
        message = error.message
    assert message.endswith(".")
    assert 1 <= len(values) <= MAX_RANGE_VALUES
    assert all(math.isfinite(value) for value in values)
