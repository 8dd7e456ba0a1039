"""A launch whose server is killed while it is at work: the run is there whole, or not at all."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from analysis.hyperparameters import Hyperparameter
from layouts import ids as page_ids
from layouts import launch_ids as ids
from sources.identity import code_of
from storage.projects import register_project
from storage.store import Store
from tests.app.conftest import Browser
from tests.app.served import Served
from tests.app.test_server import ask

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

POINTS, LATEST_S = 10, 0.2
LINE = "python train.py --lr [1:100:1]"


class Wire:
    """A served web as `ask` takes it; `sent` is the last question."""

    def __init__(self, web: Served) -> None:
        self._web = web
        self.sent = b""

    def get(self, path: str) -> Answer:
        return Answer(self._web.ask("GET", path))

    def call(self, body: dict[str, Any]) -> Answer:
        self.sent = json.dumps(body).encode()
        return Answer(self._web.ask("POST", "/_dash-update-component", self.sent))


class Answer:
    """What a test client's answer has."""

    def __init__(self, answer: Any) -> None:
        self.status_code, self._content = answer.status, answer.content

    def get_data(self, *, as_text: bool = False) -> Any:
        return self._content.decode() if as_text else self._content


@pytest.fixture
def question(data_dir: Path, database_url: str, store: Store, tmp_path: Path) -> bytes:
    """The request by which a browser launches 100 experiments; it made the first run."""
    (tmp_path / "train.py").write_text("# takes whatever it is given\n")
    register_project(
        store, "Digits", directory=str(tmp_path), command=["python", "train.py"], objective="accuracy",
        hyperparameters=[Hyperparameter("lr", "--lr", "float", 0.1).to_json()],
        code_digest=code_of(tmp_path / "train.py").digest,
    )  # fmt: skip
    web = Served(data_dir, database_url, store)
    wire = Wire(web)
    browser = cast("Browser", wire)
    place = {f"{ids.OPENED}.data": {"mode": "new"}, "location.pathname": "/projects/digits"}
    context = ask(browser, f"{ids.TITLE}.children@", place)[ids.CONTEXT]["data"]
    form = {
        f"{ids.COMMAND}.value": LINE, f"{ids.STRATEGY}.value": "grid", f"{ids.OBJECTIVE}.value": "accuracy",
        f"{ids.GOAL}.value": "maximize", f"{ids.CONTEXT}.data": context, f"{ids.DECISIONS}.data": {},
        f"{ids.START}.n_clicks": 1,
    }  # fmt: skip
    try:
        answer = ask(browser, f"{page_ids.LOCATION}.pathname...{ids.DIALOG}", form)
        assert answer[page_ids.LOCATION]["pathname"] == "/projects/digits/runs/1", answer
    finally:
        web.close()
    return wire.sent.replace(json.dumps(context["key"]).encode(), b'"KEY"')


def sizes(store: Store) -> list[tuple[str, int]]:
    """State and number of experiments of every run but the first, which the fixture made."""
    with store.read() as connection:
        rows = connection.execute(
            text("""SELECT run.state, (SELECT count(*) FROM experiment WHERE run_id = run.id) FROM run
                WHERE number > 1 ORDER BY number""")
        )
        return [(row[0], row[1]) for row in rows]


def test_a_launch_whose_server_is_killed_is_there_whole_or_not_at_all(
    question: bytes, data_dir: Path, database_url: str, store: Store
) -> None:
    chance, made = random.Random(4), 0
    for point in range(POINTS):
        web = Served(data_dir, database_url, store)
        asking = threading.Thread(target=send, args=(web, of_point(question, point)))
        asking.start()
        time.sleep(chance.uniform(0, LATEST_S))
        for pid in (web.process.pid, *web.workers()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        asking.join(60)
        web.process.wait(20)
        found = sizes(store)
        assert len(found) in (made, made + 1)
        assert set(found) <= {("queued", 100)}
        made = len(found)
    print(f"{made} of {POINTS} launches were made before the kill")
    web = Served(data_dir, database_url, store)
    try:
        # Whoever was not answered sends again: it is there once.
        for point in range(POINTS):
            send(web, of_point(question, point))
    finally:
        web.close()
    assert sizes(store) == [("queued", 100)] * POINTS


def of_point(question: bytes, point: int) -> bytes:
    """The same with a key and values of its own: what is queued already would be left out."""
    values = f"[{100 * (point + 1) + 1}:{100 * (point + 2)}:1]"
    return question.replace(b"KEY", f"key-{point}".encode()).replace(b"[1:100:1]", values.encode())


def send(web: Served, body: bytes) -> None:
    """Launch; whether anybody answers is another matter."""
    with suppress(OSError, HTTPException):
        web.ask("POST", "/_dash-update-component", body)
