"""The CSV of experiments: exact for programs, safe for spreadsheets."""

import csv
import io
import math
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.table import Flavour, experiments_csv
from storage.records import Experiment, MetricSummary, Value


def an_experiment(
    number: int = 1,
    settings: Mapping[str, Value] | None = None,
    metrics: Mapping[str, float] | None = None,
    **changes: Any,
) -> Experiment:
    summaries = {name: MetricSummary(3, last, None, None) for name, last in (metrics or {}).items()}
    values: dict[str, Any] = dict.fromkeys(Experiment.__dataclass_fields__)
    values |= {"id": number, "number": number, "run_number": 1, "state": "finished", "settings": settings or {}}
    return Experiment(**{**values, "metrics": summaries, **changes})


def rows(*experiments: Experiment, flavour: Flavour = "exact", **options: Any) -> list[list[str]]:
    text = "".join(experiments_csv(experiments, flavour=flavour, **options))
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def cells(value: Value, flavour: Flavour) -> str:
    return rows(an_experiment(settings={"x": value}), flavour=flavour)[1][3]


def test_columns_are_the_union_in_order_of_appearance() -> None:
    table = rows(
        an_experiment(
            1,
            {"batch_size": 28, "rate": 0.3},
            {"loss": 0.25},
            started_at=datetime(2026, 5, 4, 12, 30, 0, 125000, tzinfo=timezone(timedelta(hours=2))),
            duration_s=3.5,
        ),
        an_experiment(2, {"rate": 0.5, "flag": True}, {"accuracy": 0.9}, state="failed", reason="exit code 1"),
    )
    assert table == [
        [
            "experiment",
            "run",
            "state",
            "batch_size",
            "rate",
            "flag",
            "loss",
            "accuracy",
            "started",
            "duration_s",
            "counted",
            "reason",
        ],
        ["1", "1", "finished", "28", "0.3", "", "0.25", "", "2026-05-04T10:30:00.125000+00:00", "3.5", "yes", ""],
        ["2", "1", "failed", "", "0.5", "True", "", "0.9", "", "", "no", "exit code 1"],
    ]


def test_who_counts_stands_beside_the_state() -> None:
    both = [an_experiment(1), an_experiment(2, state="running")]
    place = rows(*both)[0].index("counted")
    assert [row[place] for row in rows(*both)[1:]] == ["yes", "no"]
    assert [row[place] for row in rows(*both, include_unfinished=True)[1:]] == ["yes", "yes"]


def test_an_order_of_hyperparameters_comes_first() -> None:
    table = rows(an_experiment(settings={"a": 1, "b": 2, "c": 3}), order=["c", "unknown", "a"])
    assert table[0][3:6] == ["c", "a", "b"]
    assert table[1][3:6] == ["3", "1", "2"]


def test_equal_names_say_which_is_which() -> None:
    (names, values) = rows(an_experiment(settings={"loss": "mse", "run": 9}, metrics={"loss": 0.5, "state": 1.0}))
    assert names[:7] == [
        "experiment",
        "run",
        "state",
        "hyperparameter loss",
        "hyperparameter run",
        "metric loss",
        "metric state",
    ]
    assert values[3:7] == ["mse", "9", "0.5", "1.0"]


def test_no_experiments_are_a_line_of_names() -> None:
    assert list(experiments_csv([])) == ["experiment,run,state,started,duration_s,counted,reason\r\n"]


def test_lines_come_one_by_one() -> None:
    assert len(list(experiments_csv([an_experiment(number) for number in range(5)]))) == 6


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_exact_texts_read_back_as_they_were(text: str) -> None:
    names, values = rows(an_experiment(settings={text: text}, reason=text))
    assert values[3] == values[-1] == text
    assert names[3] in (text, f"hyperparameter {text}")


@given(st.floats() | st.integers() | st.booleans())
def test_exact_numbers_read_back_as_they_were(number: float) -> None:
    seen = cells(number, "exact")
    read = {"True": True, "False": False}[seen] if isinstance(number, bool) else type(number)(seen)
    if math.isnan(number):
        assert math.isnan(read)
    else:
        assert (read, math.copysign(1, read)) == (number, math.copysign(1, number))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", " =", "\u00a0="])
def test_a_spreadsheet_computes_no_text(start: str) -> None:
    text = f"{start}cmd|' /C calc'!A1"
    assert cells(text, "spreadsheet") == f"'{text}"
    assert cells(text, "exact") == text
    (names, values) = rows(
        an_experiment(settings={text: 1}, metrics={f"{text}2": 1.0}, reason=text), flavour="spreadsheet"
    )
    assert names[3:5] == [f"'{text}", f"'{text}2"]
    assert values[-1] == f"'{text}"


@pytest.mark.parametrize("value", [-0.5, -3, 1e-300, "-0.5", "+1e5", "-.5", "plain", "a=b", "", True, 0.1])
def test_a_spreadsheet_gets_numbers_and_plain_text_as_they_are(value: Value) -> None:
    assert cells(value, "spreadsheet") == cells(value, "exact")


def test_minus_infinity_is_a_word_to_a_spreadsheet() -> None:
    assert [cells(value, "spreadsheet") for value in (math.inf, -math.inf, math.nan)] == ["inf", "'-inf", "nan"]


def test_both_flavours_are_read_by_pandas(tmp_path: Any) -> None:
    experiments = [an_experiment(n, {"rate": n / 7, "name": 'grüße, "x"\n=1'}, {"loss": n / 3}) for n in range(1, 4)]
    for flavour in ("exact", "spreadsheet"):
        path = tmp_path / f"{flavour}.csv"
        path.write_bytes("".join(experiments_csv(experiments, flavour=flavour)).encode())  # type: ignore[arg-type]
        frame = pd.read_csv(path)
        assert list(frame["rate"]) == [n / 7 for n in range(1, 4)]
        assert list(frame["loss"]) == [n / 3 for n in range(1, 4)]
        assert set(frame["name"]) == {'grüße, "x"\n=1'}
        assert frame.columns[0] == "experiment"


def test_notes_are_a_column_where_there_are_any() -> None:
    two = [an_experiment(1, {"note": 7}), an_experiment(2, {"note": 8})]
    assert rows(*two, notes={})[0][-1] == "reason"
    table = rows(*two, notes={2: 'a, "b"\nc'})
    assert (table[0][3], table[0][-1]) == ("hyperparameter note", "note")
    assert [row[-1] for row in table[1:]] == ["", 'a, "b"\nc']
    assert rows(an_experiment(1), flavour="spreadsheet", notes={1: "=1+1"})[1][-1] == "'=1+1"
