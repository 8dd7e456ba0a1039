"""What the web survives: killed workers, slow readers, many tabs, a silent database. Minutes long, for `make faults`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from storage.embedded import EmbeddedServer
from storage.folders import prepare_data_dir
from storage.projects import metric_ids, register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.served import Served
from tests.product import Product, processes_of, wait_until

pytestmark = pytest.mark.faults

LARGE, SMALL = 20_000, 4_000
TABS, TABS_FOR_S = 100, 20


@pytest.fixture
def web(data_dir: Path, database_url: str, store: Store) -> Iterator[Served]:
    """A served project: run 1 with a table that is made in the background, run 2 with one that is made at once."""
    project = register_project(store, "Digits", directory="/tmp", command=["python", "x.py"], hyperparameters=[])
    for _ in range(2):
        create_run(store, project, NewRun("python x.py", {"lr": [1, 2]}, [], [NewExperiment({"lr": 1})]))
    metric_ids(store, project.id, ["loss"])
    with store.begin() as connection:
        for run, first, count in ((1, 100, LARGE), (2, 100_000, SMALL)):
            connection.execute(
                text("""INSERT INTO experiment (project_id, run_id, number, state, settings, fingerprint)
                    SELECT project_id, run_id, n, 'finished', json_build_object('text', repeat('x', 2000)), n
                    FROM experiment, generate_series(:first, :last) AS n WHERE number = :run"""),
                {"run": run, "first": first, "last": first + count - 1},
            )
    served = Served(data_dir, database_url, store)
    yield served
    served.close()
    for pid, words in processes_of(data_dir).items():
        if "app.export_worker" in words:
            os.kill(pid, signal.SIGKILL)


def ask(web: Served, **question: object) -> dict[str, Any]:
    answer = web.ask("POST", "/exports", json.dumps(question).encode())
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.content)  # type: ignore[attr-defined]
    assert "error" not in found, found
    return found


def made(web: Served, **question: object) -> str:
    """The address of a file, once it is made."""
    id_ = ask(web, do="add", slug="digits", run="1", **question)["added"]

    def is_done() -> bool:
        each = next(each for each in ask(web, do="list")["exports"] if each["id"] == id_)
        assert each["state"] != "failed", each
        return bool(each["state"] == "done")

    wait_until(is_done, "the file is made", 120)
    return f"/exports/{id_}"


def kill_workers(web: Served) -> None:
    for pid in web.workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def fetch_and_kill(web: Served, path: str) -> bytes:
    """Begin to read slowly, kill every web worker, and read on; raises where the transfer is visibly broken."""
    with web.connect(web.request(path), receive_bytes=4096) as connection:
        answer = HTTPConnection("x").response_class(connection)
        answer.begin()
        assert answer.status == 200
        received = answer.read(100_000)
        kill_workers(web)
        return received + answer.read()


@pytest.mark.parametrize("is_large", [True, False])
def test_a_download_whose_server_dies_is_a_broken_transfer_and_the_next_one_works(web: Served, is_large: bool) -> None:
    path = made(web, kind="csv") if is_large else "/download/digits/experiments.csv?run=2"
    with pytest.raises((IncompleteRead, ConnectionResetError)):
        fetch_and_kill(web, path)
    wait_until(lambda: answers(web), "the web is back", 60)
    whole = web.ask("GET", path)
    assert whole.status == 200
    assert whole.content.count(b"\n") == 2 + (LARGE if is_large else SMALL)  # type: ignore[attr-defined]


def answers(web: Served) -> bool:
    with contextlib.suppress(OSError, AssertionError):
        return web.health_s() < 5
    return False


def test_slow_readers_hold_no_transaction_and_no_thread(web: Served, store: Store) -> None:
    large = made(web, kind="csv")
    with ExitStack() as held:
        for path in [large, "/download/digits/experiments.csv?run=2"] * 20:
            held.enter_context(web.connect(web.request(path), receive_bytes=4096))
        wait_until(lambda: open_transactions(store) == 0, "every answer is computed, though nobody has read it", 30)
        assert max(web.health_s() for _ in range(5)) < 1
        started = time.monotonic()
        assert web.ask("GET", "/").status == 200
        assert time.monotonic() - started < 5


def open_transactions(store: Store) -> int:
    with store.read() as connection:
        return int(
            connection.scalar(
                text("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'""")
            )
            or 0
        )


def test_health_is_told_while_many_reports_wait(web: Served) -> None:
    ids = [ask(web, do="add", kind="pdf", slug="digits", run="2")["added"] for _ in range(24)]
    slowest = 0.0

    def are_done() -> bool:
        nonlocal slowest
        slowest = max(slowest, web.health_s())
        states = {each["id"]: each["state"] for each in ask(web, do="list")["exports"]}
        assert sum(state == "working" for state in states.values()) <= 2
        return all(states[id_] == "done" for id_ in ids)

    wait_until(are_done, "24 reports are made", 400)
    assert slowest < 1


def test_a_hundred_tabs_are_answered(web: Served, store: Store) -> None:
    first = web.ask("POST", "/changes/digits/runs/2", b"{}").content  # type: ignore[attr-defined]
    cursor = json.loads(first[4 : 4 + int.from_bytes(first[:4], "little")])["cursor"]
    spent, errors = [], []
    until = time.monotonic() + TABS_FOR_S

    def be_tab(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", web.port, timeout=30)
        body = json.dumps({"cursor": cursor})
        time.sleep(number / TABS)
        while time.monotonic() < until:
            started = time.monotonic()
            connection.request(
                "POST", "/changes/digits/runs/2", body, {**web.headers(), "Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            answer.read()
            spent.append(time.monotonic() - started)
            if answer.status not in (200, 204):
                errors.append(answer.status)
            time.sleep(max(0.0, 1 - (time.monotonic() - started)))
        connection.close()

    tabs = [threading.Thread(target=be_tab, args=(number,)) for number in range(TABS)]
    for tab in tabs:
        tab.start()
    with store.read() as connection:
        most = max(count_connections(connection) for _ in range(20) if not time.sleep(TABS_FOR_S / 25))
    for tab in tabs:
        tab.join()
    assert errors == []
    assert len(spent) > TABS * TABS_FOR_S / 4
    assert statistics.quantiles(spent, n=20)[-1] < 1
    assert most <= 20


def count_connections(connection: Any) -> int:
    return int(connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hypertuner'")))


def test_health_is_told_while_the_database_is_silent(short_folder: Path, data_dir: Path) -> None:
    folder = short_folder / "own"
    folder.mkdir(mode=0o711)
    own = prepare_data_dir(folder / "data")
    with EmbeddedServer(own, folder) as server:
        store = Store(server.url)
        web = Served(data_dir, server.url, store)
        try:
            frozen = [pid for pid, words in processes_of(own).items() if "postgres" in words]
            leader = next(int(line) for line in (own / "postgres" / "postmaster.pid").read_text().splitlines()[:1])
            frozen = sorted({leader, *frozen, *children_of(leader)})
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                # What the database said a moment ago is still told for a second.
                wait_until(lambda: health_soon(web) == (503, "silent"), "the silence is told", 10)
            finally:
                for pid in frozen:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
            wait_until(lambda: answers(web), "the database answers again", 60)
        finally:
            web.close()
            store.close()


def health_soon(web: Served) -> tuple[int, str]:
    started = time.monotonic()
    answer = web.ask("GET", "/healthz", timeout_s=10)
    assert time.monotonic() - started < 1
    return answer.status, json.loads(answer.content)["database"]  # type: ignore[attr-defined]


def children_of(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in found]


@pytest.mark.parametrize("is_killed", [False, True])
def test_no_worker_outlives_the_product(data_dir: Path, is_killed: bool) -> None:
    product = Product(["up"], data_dir)
    try:
        link = product.link
        store = Store((data_dir / "secrets" / "database_url").read_text().strip())
        project = register_project(store, "Digits", directory="/tmp", command=["python", "x.py"], hyperparameters=[])
        create_run(store, project, NewRun("python x.py", {"lr": [1, 2]}, [], []), is_draft=True)
        store.close()
        host = link.split("/")[2]
        connection = HTTPConnection(host, timeout=30)
        connection.request("GET", link.partition(host)[2])
        answer = connection.getresponse()
        answer.read()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        body = json.dumps({"do": "add", "kind": "csv", "slug": "digits", "run": "1"})
        headers = {"Cookie": cookie, "Origin": f"http://{host}", "Content-Type": "application/json"}
        connection.request("POST", "/exports", body, headers)
        assert "added" in json.loads(connection.getresponse().read())
        connection.close()
        wait_until(lambda: export_workers(data_dir) != [], "a worker is there")
    finally:
        if is_killed:
            product.kill()
        else:
            product.interrupt()
    wait_until(lambda: processes_of(data_dir) == {}, f"nothing is left of {processes_of(data_dir)}", 30)


def export_workers(data_dir: Path) -> list[int]:
    return [pid for pid, words in processes_of(data_dir).items() if "app.export_worker" in words]
