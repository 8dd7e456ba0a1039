"""Files that leave the page: who asks for what is not there gets a sentence."""

from __future__ import annotations

import csv
import io
from functools import partial
from urllib.parse import quote

import pytest
from sqlalchemy import text

from app.table import experiments_csv
from app.tables import Table, read_ranges, table_lines
from storage.configuration import keep_revision
from storage.experiments import fetch_experiments
from storage.projects import metric_ids, register_project
from storage.records import Project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.table import read_pages
from tests.app.conftest import Browser


@pytest.fixture
def project(store: Store) -> Project:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    for rates in ([0.1, 0.2, 0.3], [0.4]):
        create_run(
            store,
            project,
            NewRun("python train.py", {"lr": rates}, [], [NewExperiment({"lr": rate}) for rate in rates]),
        )
    return project


def rows(browser: Browser, query: str = "") -> list[list[str]]:
    answer = browser.get(f"/download/digits/experiments.csv{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True))))


def test_the_table_has_one_row_per_experiment(browser: Browser, project: Project) -> None:
    assert len(rows(browser)) == 1 + 4
    assert len(rows(browser, "?run=1")) == 1 + 3
    assert len(rows(browser, "?run=1&numbers=2-3,4")) == 1 + 2
    assert len(rows(browser, "?numbers=")) == 1


def test_numbers_that_an_address_has_no_room_for_come_in_the_body(browser: Browser, project: Project) -> None:
    many = ",".join(map(str, range(2, 60_000, 2)))
    answer = browser.ask("POST", "/download/digits/experiments.csv?run=1", json={"numbers": many})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert [row.split(",")[0] for row in answer.get_data(as_text=True).splitlines()[1:]] == ["2"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_run_comes_with_the_numbers_that_its_page_shows(browser: Browser, store: Store, project: Project) -> None:
    ids = metric_ids(store, project.id, ["loss", "speed"])
    with store.begin() as connection:
        connection.execute(
            text("""INSERT INTO metric_summary (experiment_id, metric_id, attempt, "count", "last", minimum, maximum)
                SELECT id, metric, 1, 3, 2, number / 4.0, 3 FROM experiment, unnest(CAST(:metrics AS int[])) AS metric
                WHERE number IN (1, 3)"""),
            {"metrics": list(ids.values())},
        )
    query = "?run=1&reduce=" + quote('{"loss": "smallest", "speed": "last", "nothing": "largest"}')
    names, *found = rows(browser, query)
    assert names[4:6] == ["loss (smallest)", "speed"]
    assert [row[4:6] for row in found] == [["0.25", "2.0"], ["", ""], ["0.75", "2.0"]]
    for bad in ("?run=1&reduce={", "?run=1&reduce=", '?reduce={"loss":"smallest"}'):
        assert rows(browser, bad)[0][4:6] == ["loss", "speed"]


def test_it_is_a_file_with_a_name(browser: Browser, project: Project) -> None:
    answer = browser.get("/download/digits/experiments.csv?run=2")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="digits-run-2.csv"'
    assert answer.mimetype == "text/csv"


def test_columns_come_in_the_order_of_the_scripts_options(browser: Browser, store: Store) -> None:
    known = [{"name": "lr"}, {"name": "depth"}]
    project = register_project(store, "Digits", directory="/tmp", command=["a", "b"], hyperparameters=known)
    create_run(store, project, NewRun("b", {}, known, [NewExperiment({"depth": 1, "lr": 0.1})]))
    for query in ("", "?run=1"):
        assert rows(browser, query)[0][3:5] == ["lr", "depth"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("nothing/experiments.csv", 404, "no project of this name"),
        ("digits/experiments.csv?run=9", 404, "has no run 9"),
        ("digits/experiments.csv?run=999999999", 404, "has no run"),
        ("digits/experiments.csv?run=99999999999999999999", 400, "by its number"),
        ("digits/experiments.csv?run=x", 400, "by its number"),
        ("digits/experiments.csv?numbers=1;2", 400, "no number"),
        ("digits/experiments.csv?flavour=../x", 400, "exact or spreadsheet"),
    ],
)
def test_what_is_not_there_is_said_plainly(
    browser: Browser, project: Project, path: str, status: int, sentence: str
) -> None:
    answer = browser.get(f"/download/{path}")
    assert answer.status_code == status
    assert sentence in answer.get_data(as_text=True)


def test_numbers_stay_ranges_however_many_they_span(browser: Browser, project: Project) -> None:
    assert read_ranges("1-3, 7,9-9,8") == [(1, 3), (7, 9)]
    assert read_ranges("5-6,1-999999999,3") == [(1, 999_999_999)]
    assert read_ranges("") == read_ranges("9-1") == []
    for written in ("a", "1--2", "-1", "1.5", "٣", "9999999999"):
        with pytest.raises(ValueError, match="no number"):
            read_ranges(written)
    with pytest.raises(ValueError, match="100,000"):
        read_ranges("1," * 100_001)
    hostile = ",".join(["1-999999999"] * 18)
    assert len(rows(browser, f"?numbers={hostile}")) == 1 + 4


def test_a_large_table_is_not_made_at_once(browser: Browser, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.downloads.MOST_ROWS_AT_ONCE", 3)
    answer = browser.get("/download/digits/experiments.csv")
    assert answer.status_code == 413
    assert "hypertuner export" in answer.get_data(as_text=True)
    assert len(rows(browser, "?run=1")) == 1 + 3


def test_pages_join_to_one_table(store: Store, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "".join(experiments_csv(fetch_experiments(store, project.id)))
    for rows_ in (1, 2, 3, 1000):
        monkeypatch.setattr("app.tables.read_pages", partial(read_pages, rows=rows_))
        assert "".join(table_lines(store, Table(project))) == whole


def test_a_table_is_what_there_was_when_it_began(store: Store, project: Project) -> None:
    lines = table_lines(store, Table(project))
    next(lines)
    create_run(store, project, NewRun("python train.py", {}, [], [NewExperiment({"other": 1})]))
    assert len(list(lines)) == 4


def test_what_was_not_committed_is_a_file(browser: Browser, project: Project, store: Store) -> None:
    digest = keep_revision(store, {"commit": "abc"}, "-a\n+<b>\n")
    create_run(store, project, NewRun("python train.py", {}, [], [], revision_digest=digest))
    answer = browser.get("/download/digits/runs/3/uncommitted.diff")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "-a\n+<b>\n")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="digits-run-3.diff"'
    assert answer.mimetype == "text/x-diff"
    for address in ("runs/1/uncommitted.diff", "runs/9/uncommitted.diff", "runs/99999999999/uncommitted.diff"):
        assert browser.get(f"/download/digits/{address}").status_code == 404
