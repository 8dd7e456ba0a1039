"""Files that are made in the background: by real workers, two at once, whoever dies meanwhile."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from pypdf import PdfReader
from sqlalchemy import text

from app.export_worker import remove_old_files
from storage.exports import SLOTS, Task, add_export, needs_worker, take_next, take_slot
from storage.projects import register_project
from storage.records import Project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser
from tests.mixed import mixed_run
from tests.product import processes_of, wait_until

CSV = {"do": "add", "kind": "csv", "slug": "digits", "run": "1"}
PDF = {"do": "add", "kind": "pdf", "slug": "digits", "run": "1"}


@pytest.fixture
def project(store: Store) -> Project:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    rates = [0.1, 0.2, 0.3]
    create_run(
        store, project, NewRun("python train.py", {"lr": rates}, [], [NewExperiment({"lr": rate}) for rate in rates])
    )
    return project


@pytest.fixture(autouse=True)
def no_worker_stays(data_dir: Path) -> Iterator[None]:
    yield
    for pid in workers(data_dir):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not workers(data_dir), "the workers are gone")


def workers(data_dir: Path) -> list[int]:
    return [pid for pid, words in processes_of(data_dir).items() if "app.export_worker" in words]


def parent_of(pid: int) -> int:
    # After the name, which is in brackets: state, parent.
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ask(browser: Browser, **question: object) -> dict[str, Any]:
    answer = browser.ask("POST", "/exports", json=question)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def ended(browser: Browser, id_: int) -> dict[str, Any]:
    """Wait until a file is made, or cannot be."""
    found: dict[str, Any] = {}

    def look() -> bool:
        found.update(next(each for each in ask(browser, do="list")["exports"] if each["id"] == id_))
        return found["state"] in ("done", "failed")

    wait_until(look, "the file is made", 60)
    return found


def fill(store: Store, count: int) -> None:
    """Many more experiments of the first run, each with a long setting, so that a table of them takes a while."""
    with store.begin() as connection:
        connection.execute(
            text("""INSERT INTO experiment (project_id, run_id, number, state, settings, fingerprint)
                SELECT project_id, run_id, n, 'finished', json_build_object('lr', n, 'text', repeat('x', 1000)), n
                FROM experiment, generate_series(10, :last) AS n WHERE number = 1"""),
            {"last": 9 + count},
        )


def test_a_table_and_a_report_are_made_and_fetched(browser: Browser, project: Project, data_dir: Path) -> None:
    table, report = ask(browser, **CSV)["added"], ask(browser, **PDF)["added"]
    assert ended(browser, table)["state"] == ended(browser, report)["state"] == "done"
    answer = browser.get(f"/exports/{table}")
    assert len(list(csv.reader(io.StringIO(answer.get_data(as_text=True))))) == 1 + 3
    assert answer.headers["Content-Disposition"] == "attachment; filename=digits-run-1.csv"
    assert int(answer.headers["Content-Length"]) == len(answer.get_data())
    answer = browser.get(f"/exports/{report}")
    assert answer.get_data().startswith(b"%PDF")
    assert answer.mimetype == "application/pdf"
    assert {path.stat().st_mode & 0o777 for path in (data_dir / "exports").iterdir()} == {0o600}
    wait_until(lambda: not workers(data_dir), "an idle worker ends by itself", 60)


def test_a_report_counts_unfinished_experiments_only_where_it_is_asked_to(browser: Browser, store: Store) -> None:
    mixed = mixed_run(store)
    question = {**PDF, "slug": mixed.project.slug, "run": str(mixed.run.number)}
    texts = []
    for more in ({}, {"include": "unfinished"}):
        made = ask(browser, **question, **more)["added"]
        assert ended(browser, made)["state"] == "done"
        pages = PdfReader(io.BytesIO(browser.get(f"/exports/{made}").get_data())).pages
        texts.append(" ".join(" ".join(page.extract_text().split()) for page in pages))
    assert "Left out of the best setting" in texts[0]
    assert "Counted like finished experiments" in texts[1]


def test_a_browser_sees_and_fetches_only_its_own(browser: Browser, app: Dash, project: Project, store: Store) -> None:
    mine = ask(browser, **CSV)["added"]
    ended(browser, mine)
    other = Browser(app).log_in(store)
    assert ask(other, do="list")["exports"] == []
    assert other.get(f"/exports/{mine}").status_code == 404
    ask(other, do="cancel", id=mine)
    assert browser.get(f"/exports/{mine}").status_code == 200


def test_a_cancel_removes_the_file_or_ends_its_making(
    browser: Browser, project: Project, store: Store, data_dir: Path
) -> None:
    done = ask(browser, **CSV)["added"]
    ended(browser, done)
    ask(browser, do="cancel", id=done)
    assert browser.get(f"/exports/{done}").status_code == 404
    fill(store, 50_000)
    slow = ask(browser, **CSV)["added"]
    folder = data_dir / "exports"
    wait_until(lambda: any(folder.glob("*.part")), "the file is being made")
    ask(browser, do="cancel", id=slow)
    wait_until(lambda: not any(folder.iterdir()), "nothing of it is left")
    assert ask(browser, do="list")["exports"] == []


def test_a_killed_worker_costs_only_time_and_its_child_dies_with_it(
    browser: Browser, project: Project, store: Store, data_dir: Path
) -> None:
    fill(store, 20_000)
    id_ = ask(browser, **CSV)["added"]
    wait_until(lambda: any((data_dir / "exports").glob("*.part")), "the file is being made")
    there = workers(data_dir)
    parent = next(pid for pid in there if parent_of(pid) not in there)
    os.kill(parent, signal.SIGKILL)
    assert ended(browser, id_)["state"] == "done"
    assert browser.get(f"/exports/{id_}").get_data().count(b"\n") == 1 + 3 + 20_000


def test_what_kills_its_worker_twice_is_given_up(store: Store, browser: Browser, project: Project) -> None:
    with store.begin() as connection:
        session = connection.scalar(text("SELECT id FROM session"))
    id_ = add_export(store, session, "csv", {}, "x.csv")
    assert take_next(store, 0) == Task(id_, "csv", {})
    assert take_next(store, 1) is None
    assert take_next(store, 0) == Task(id_, "csv", {})
    assert take_next(store, 0) is None
    assert ask(browser, do="list")["exports"][0]["reason"] == "The program that made it was ended twice."


def test_only_two_are_made_at_once_and_the_others_know_their_place(
    browser: Browser, project: Project, store: Store
) -> None:
    with store.engine.connect() as first, store.engine.connect() as second:
        assert [take_slot(first), take_slot(second), take_slot(first)][:SLOTS] == [0, 1]
        third = Store(store.url.render_as_string(hide_password=False), pool_size=1)
        with third.engine.connect() as connection:
            assert take_slot(connection) is None
        third.close()
        for _ in range(3):
            ask(browser, **CSV)
        assert not needs_worker(store)
        assert [each["ahead"] for each in ask(browser, do="list")["exports"]] == [0, 1, 2]
    store.engine.dispose()
    assert needs_worker(store)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({**CSV, "slug": "nothing"}, "no project of this name"),
        ({**CSV, "run": "9"}, "has no run 9"),
        ({**PDF, "run": "x"}, "by its number"),
        ({**PDF, "run": "9"}, "has no run 9"),
        ({**CSV, "numbers": "1;2"}, "no number"),
        ({**CSV, "flavour": "../x"}, "exact or spreadsheet"),
        ({**CSV, "kind": "exe"}, "a csv or a pdf"),
        ({**CSV, "numbers": "1" * 2_000_000}, "too long"),
        ({"do": "burn"}, "added, listed or cancelled"),
        ({"do": "cancel", "id": 2**70}, "added, listed or cancelled"),
    ],
)
def test_what_cannot_be_made_is_said_plainly(
    browser: Browser, project: Project, question: dict[str, object], sentence: str
) -> None:
    assert sentence in ask(browser, **question)["error"]


def test_a_queue_has_an_end(browser: Browser, project: Project, store: Store) -> None:
    with store.begin() as connection:
        session = connection.scalar(text("SELECT id FROM session"))
    for _ in range(40):
        add_export(store, session, "csv", {"slug": "gone"}, "x.csv")
    assert "40 downloads are being made already" in ask(browser, **CSV)["error"]


def test_a_file_that_cannot_be_made_says_why(browser: Browser, project: Project, store: Store) -> None:
    with store.begin() as connection:
        session = connection.scalar(text("SELECT id FROM session"))
    id_ = add_export(store, session, "csv", {"slug": "digits", "run": "7"}, "x.csv")
    found = ended(browser, id_)
    assert (found["state"], found["reason"]) == ("failed", "The project Digits has no run 7.")


@pytest.mark.parametrize(
    ("limit", "rows", "sentence"),
    [
        (
            "MEMORY_BYTES['csv'] = 1 << 26",
            10,
            "It needs more memory than a download may take; choose fewer experiments.",
        ),
        (
            "COMPUTING_S['csv'] = 1",
            60_000,
            "It took too much computing time and was given up; choose fewer experiments.",
        ),
        ("FILE_BYTES = 1 << 20", 3_000, "The file cannot be written: File too large."),
    ],
)
def test_a_file_that_takes_too_much_is_given_up(
    browser: Browser, project: Project, store: Store, data_dir: Path, limit: str, rows: int, sentence: str
) -> None:
    fill(store, rows)
    with store.begin() as connection:
        session = connection.scalar(text("SELECT id FROM session"))
    add_export(store, session, "csv", {"slug": "digits", "run": "1"}, "x.csv")
    environment = {
        **os.environ,
        "HYPERTUNER_DATA_DIR": str(data_dir),
        "HYPERTUNER_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "OPENBLAS_NUM_THREADS": "1",
    }
    program = f"import app.export_worker as worker\nworker.{limit}\nworker.IDLE_S = 0.1\nworker.main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [(each["state"], each["reason"]) for each in ask(browser, do="list")["exports"]] == [("failed", sentence)]
    assert list((data_dir / "exports").iterdir()) == []


def test_old_files_are_removed(data_dir: Path) -> None:
    folder = data_dir / "exports"
    folder.mkdir(exist_ok=True)
    for name, age_s in (("1.csv", 3700), ("2.csv", 60)):
        (folder / name).write_text("x")
        os.utime(folder / name, (time.time() - age_s,) * 2)
    remove_old_files(folder)
    assert [path.name for path in folder.iterdir()] == ["2.csv"]
