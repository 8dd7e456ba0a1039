"""Every place that names a best, ranks or learns agrees on which experiments count; the browser's are in tests/browser."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from analysis.counting import COUNTED_STATES
from answers.insight_desk import Desk
from answers.run_facts import spec_of
from app.report import report_content
from callbacks import projects
from cli.progress import best_experiment, results_table
from storage import overview
from storage.asked import fetch_asked
from storage.experiments import fetch_experiments
from storage.past_curves import past_curves
from storage.store import Store
from tests.app.conftest import Browser
from tests.mixed import BEST, BEST_OF_ALL, SOURCE, Mixed, mixed_run
from tests.text import text_of

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def mixed(store: Store) -> Mixed:
    return mixed_run(store)


def report(store: Store, mixed: Mixed, *, include: bool = False) -> dict[str, Any]:
    experiments = fetch_experiments(store, mixed.project.id, run_id=mixed.run.id)
    return report_content(mixed.project, mixed.run, experiments, now=NOW, include_unfinished=include)


def counted_by_importance(store: Store, mixed: Mixed, *, include: bool = False) -> list[int]:
    with Desk().reading(store, spec_of("mixed", mixed.run), {}) as frame:
        return frame.counted(None, ["accuracy"], {}, include_unfinished=include).numbers


def test_every_place_names_the_same_best(store: Store, mixed: Mixed) -> None:
    experiments = fetch_experiments(store, mixed.project.id, run_id=mixed.run.id)
    in_shell = best_experiment(experiments, mixed.run)
    in_overview = {best.run_id: best for best in overview.fetch_best(store, mixed.project.id)}[mixed.run.id]
    asked = [each for each in fetch_asked(store, mixed.run) if each.value is not None]
    assert in_shell is not None
    assert {
        "shell": in_shell.number,
        "overview": in_overview.experiment,
        "PDF": report(store, mixed)["best"]["experiment"],
        "strategies": max(asked, key=lambda each: each.value or 0).number,
    } == dict.fromkeys(("shell", "overview", "PDF", "strategies"), BEST)
    assert in_overview.value == in_shell.metrics["accuracy"].last == SOURCE
    page = projects.runs_page(store, "mixed")
    assert page is not None
    assert "0.7" in text_of(page)
    assert "0.9" not in text_of(page)
    assert "0.7" in text_of(projects.page(store))


def test_the_report_says_what_it_leaves_out_and_includes_it_on_demand(store: Store, mixed: Mixed) -> None:
    plain = report(store, mixed)
    told = "Left out of the best setting and of the figure: 4 unfinished: 1 failed, 1 stopped, 1 running, 1 queued."
    assert plain["left_out"].startswith(told)
    assert sorted(plain["figure"]["values"]) == [0.4, 0.45, 0.5, 0.6, SOURCE]
    columns = {column["name"]: column for column in plain["table"]["columns"]}
    assert columns["no."]["cells"] == ["2", "4", "3", "6", "5", "7", "8", "9", "10", "11"]
    assert columns["accuracy"]["unfinished"] == [False] * 6 + [True] * 4
    wider = report(store, mixed, include=True)
    assert wider["best"]["experiment"] == BEST_OF_ALL
    assert wider["best"]["unfinished"] == "not finished: failed"
    assert wider["left_out"].startswith("Counted like finished experiments, as was asked for: 4 unfinished")
    assert len(wider["figure"]["values"]) == 8


def test_importance_learns_from_those_that_count(store: Store, mixed: Mixed) -> None:
    assert counted_by_importance(store, mixed) == [2, 3, 4, 5, 6, 7]
    assert counted_by_importance(store, mixed, include=True) == list(range(2, 11))


def test_a_rule_is_tried_against_the_best_of_those_that_count(store: Store, mixed: Mixed) -> None:
    past, _ = past_curves(store, mixed.project.id, None, 100)
    scores = {each.last for each in past if each.last is not None and math.isfinite(each.last)}
    assert scores == {SOURCE, 0.5, 0.6, 0.4, 0.45}
    assert len(past) == 8


def test_the_csv_has_everybody_with_state_and_whether_it_counts(browser: Browser, mixed: Mixed) -> None:
    def counted(query: str) -> dict[str, tuple[str, str]]:
        answer = browser.get(f"/download/mixed/experiments.csv?run=2{query}").get_data(as_text=True)
        return {row["experiment"]: (row["state"], row["counted"]) for row in csv.DictReader(io.StringIO(answer))}

    plain = counted("")
    assert len(plain) == 10
    assert {number for number, (_, word) in plain.items() if word == "yes"} == {"2", "3", "4", "5", "6", "7"}
    assert plain["10"] == ("running", "no")
    assert {word for _, word in counted("&include=unfinished").values()} == {"yes"}
    assert counted("&include=nonsense") == plain


def test_the_shell_lists_those_that_count_first_and_marks_the_others(store: Store, mixed: Mixed) -> None:
    experiments = fetch_experiments(store, mixed.project.id, run_id=mixed.run.id)
    console = Console(width=100, file=io.StringIO())
    console.print(results_table(experiments, mixed.run, 100))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    lines = [line for line in shown.splitlines() if "│" in line and "experiment" not in line]
    assert [line.split()[1] for line in lines] == ["2", "4", "3", "6", "5", "7", "8", "9", "10", "11"]
    assert ["(" in line for line in lines] == [False] * 6 + [True] * 3 + [False]
    assert "in brackets: of an unfinished experiment, not counted" in " ".join(shown.split())


def test_the_page_is_told_which_states_count(store: Store, mixed: Mixed) -> None:
    assert spec_of("mixed", mixed.run)["counted"] == list(COUNTED_STATES)
