"""Questions that no page of ours asks, at every address: a 4xx or an answer, soon, and never a broken server."""

from __future__ import annotations

import json
import time

import pytest
from dash import Dash

from analysis.hyperparameters import Hyperparameter
from app.bodies import MOST_COMMAS, MOST_CONTAINERS
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser

ADDRESSES = [
    "/changes/digits/experiments/1",
    "/changes/digits/runs/1",
    "/curves/digits",
    "/custom-views/digits/1",
    "/download/digits/experiments.csv",
    "/exports",
    "/new-project",
    "/notes/digits/1",
    "/replay/digits/1",
    "/rules/digits",
    "/sessions",
    "/teaching/digits",
    "/_dash-update-component",
]
NAMES = ("numbers", "cursor", "reduce", "metrics", "held", "seen", "x", "stretch", "do", "rule", "id", "name", "version",
         "picked", "pattern", "patterns", "experiment", "line", "names", "folder", "command", "text", "kind", "slug", "run", "output", "inputs", "state", "changedPropIds", "outputs")  # fmt: skip
VALUES = {
    "huge number": 10**400,
    "infinity": float("inf"),
    "not a number": float("nan"),
    "deep": [[[[[[[[{}]]]]]]]],
    "many names": {f"n{number}": number for number in range(20_000)},
    "huge range": ",".join(["1-999999999"] * 50),
    "zero": "a\0b",
    "half a character": "\ud800",
    "long": "x" * 1_000_000,
    "list": [None, True, -1, 2**63, "", {}],
}
REFUSED = {
    "deep": b"[" * 9_000_000,
    "closed": b"[" * 20_000 + b"]" * 20_000,
    "rather deep": b'{"a":' * 70 + b"1" + b"}" * 70,
    "very many lists": b"[" + b"[]," * (MOST_CONTAINERS + 1) + b"1]",
    "very many values": b"[" + b"1," * (MOST_COMMAS + 1) + b"1]",
    "no text": b'{"numbers": "\\ud800"}',
    "too large": b" " * 10_000_001,
}


@pytest.fixture
def asked(browser: Browser, store: Store) -> Browser:
    project = register_project(store, "Digits", directory="/tmp", command=["python", "x.py"], hyperparameters=[])
    known = [Hyperparameter("lr", "--lr", "float").to_json()]
    create_run(store, project, NewRun("python x.py", {"lr": [1, 2]}, known, [NewExperiment({"lr": 1})]))
    return browser


@pytest.mark.parametrize("kind", REFUSED)
def test_deep_and_huge_json_is_refused_soon(asked: Browser, kind: str) -> None:
    for address in ADDRESSES:
        # Computing time: the machine may be busy with something else.
        started = time.thread_time()
        answer = asked.ask("POST", address, data=REFUSED[kind], content_type="application/json")
        assert answer.status_code in (400, 413), (address, answer.get_data(as_text=True))
        assert time.thread_time() - started < 1, address


@pytest.mark.parametrize("value", VALUES)
def test_no_value_breaks_an_address(asked: Browser, value: str) -> None:
    for address in ADDRESSES:
        bodies = [{"do": "add", name: VALUES[value]} for name in NAMES]
        for body in [*bodies, VALUES[value]]:
            started = time.thread_time()
            answer = asked.ask("POST", address, data=json.dumps(body), content_type="application/json")
            assert answer.status_code < 500, (address, str(body)[:50], answer.get_data(as_text=True))
            assert time.thread_time() - started < 1, address


@pytest.mark.parametrize(
    "query", ["numbers=" + "1-999999999," * 3000, "run=1&reduce=" + "[" * 5000, "run=%00", "x=%ff"]
)
def test_no_query_breaks_an_address(asked: Browser, app: Dash, query: str) -> None:
    for path in ("/download/digits/experiments.csv", "/logs/digits/experiments/1", "/login", "/"):
        assert asked.get(f"{path}?{query}").status_code < 500, path
