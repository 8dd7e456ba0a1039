"""What tells experiments apart."""

from __future__ import annotations

import math
from typing import Any

import pytest

from analysis.differences import MISSING, compare_metrics, compare_numbers, compare_settings, is_same

NAN = math.nan


@pytest.mark.parametrize(
    ("one", "other"),
    [(3, 3.0), (3, "3"), (-0.0, 0), (NAN, NAN), (math.inf, math.inf), (True, True), (None, None),
     ("", ""), ([1, 2.0], [1.0, 2]), ([NAN], [NAN]), ({"a": [1]}, {"a": [1.0]}), (10**15, 1e15), (MISSING, MISSING)],
)  # fmt: skip
def test_what_a_script_is_given_alike_is_the_same(one: Any, other: Any) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [(True, 1), (False, 0), (None, MISSING), (None, ""), ("a", "A"), ("a", "a "), (1, 1.001), (NAN, 0), (math.inf, -math.inf),
     ([1, 2], [2, 1]), ([1], 1), (["1, 2"], [1, 2]), (10**15, 10**15 + 1), ({"a": 1}, {"a": 1, "b": 2}), ("", [])],
)  # fmt: skip
def test_what_is_another_value_differs(one: Any, other: Any) -> None:
    assert not is_same(one, other)
    assert not is_same(other, one)


def test_a_setting_that_keeps_its_default_is_what_the_script_takes() -> None:
    row, other = compare_settings([{"lr": 0.1}, {"width": 8}], [{"lr": 0.1}, {"lr": 0.1}], 0)
    assert (row.name, row.differs) == ("lr", False)
    assert [(cell.value, cell.is_default) for cell in row.cells] == [(0.1, False), (0.1, True)]
    assert other.differs
    assert [(cell.value, cell.is_default, cell.differs) for cell in other.cells] == [
        (MISSING, False, False), (8, False, True),
    ]  # fmt: skip


def test_of_very_many_settings_those_that_differ_are_told() -> None:
    one: dict[str, Any] = {f"option_{place}": place for place in range(150)}
    rows = compare_settings([one, one | {"option_7": 7.0, "option_8": "x", "option_149": None}, one], [{}] * 3, 0)
    assert len(rows) == 150
    assert [row.name for row in rows if row.differs] == ["option_8", "option_149"]
    assert [cell.differs for cell in rows[8].cells] == [False, True, False]
    of_another = compare_settings([one, one | {"option_8": "x"}, one], [{}] * 3, 1)
    assert [cell.differs for cell in of_another[8].cells] == [True, False, True]


def test_a_goal_tells_better_from_worse() -> None:
    loss = compare_numbers("loss", [0.5, 0.25, 0.75, 0.5], 0, "minimize")
    assert [(cell.by, cell.share, cell.is_better) for cell in loss.cells] == [
        (None, None, None), (-0.25, -0.5, True), (0.25, 0.5, False), (None, None, None),
    ]  # fmt: skip
    assert [cell.is_better for cell in compare_numbers("accuracy", [0.5, 0.75, 0.25], 0, "maximize").cells] == [
        None,
        True,
        False,
    ]
    unknown = compare_numbers("width", [1, 2], 0)
    assert (unknown.cells[1].by, unknown.cells[1].is_better) == (1, None)


def test_what_is_no_number_to_subtract_has_no_difference_in_numbers() -> None:
    for values in ([1.0, NAN], [NAN, 1.0], [1.0, math.inf], [math.inf, -math.inf], [-1e308, 1e308]):
        cell = compare_numbers("loss", values, 0, "minimize").cells[1]
        assert (cell.differs, cell.by, cell.share, cell.is_better) == (True, None, None, None)
    assert not compare_numbers("loss", [NAN, NAN], 0, "minimize").differs
    assert compare_numbers("loss", [0.0, 2.0], 0).cells[1].share is None
    assert compare_numbers("loss", [5e-324, 1e300], 0).cells[1].share is None


def test_a_missing_number_is_no_nan() -> None:
    row = compare_numbers("loss", [None, NAN, 1.0, None], 0, "minimize")
    assert row.cells[0].value is MISSING
    assert [cell.differs for cell in row.cells] == [False, True, True, False]
    assert [cell.by for cell in row.cells] == [None] * 4
    with pytest.raises(IndexError):
        compare_numbers("loss", [1.0], 1)


def test_metrics_come_in_order_of_appearance() -> None:
    rows = compare_metrics(
        [{"loss": 1.0}, {"accuracy": 0.5, "loss": 1.0}], 1, {"loss": "minimize", "accuracy": "maximize"}
    )
    assert [(row.name, row.differs, row.goal) for row in rows] == [
        ("loss", False, "minimize"),
        ("accuracy", True, "maximize"),
    ]
    assert compare_metrics([{}, {}], 0, {}) == []
