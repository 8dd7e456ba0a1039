"""Addresses lead to pages; what is missing, and a database that is away, have pages too."""

from __future__ import annotations

import time

import pytest

from callbacks.pages import read_address, show_page, show_status, status_of
from storage.heartbeats import AWAY_AFTER_S, beat
from storage.store import Store
from tests.laboratory import Laboratory
from tests.text import text_of


def shown(store: Store, path: str, search: str = "") -> str:
    return text_of(show_page(store, path, None, search))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "Digits"),
        ("/projects/digits", "Run 1"),
        ("/projects/digits/", "Run 1"),
        ("/projects/digits/experiments/2", "Experiment 2"),
        ("/projects/digits/runs/1", "Run 1"),
    ],
)
def test_every_page_is_found(store: Store, finished: Laboratory, path: str, text: str) -> None:
    assert text in shown(store, path)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/projects/nothing/runs/1", "There is no project “nothing”."),
        ("/projects/digits/runs/99", "The project Digits has no run 99."),
        ("/projects/digits/experiments/99", "The project Digits has no experiment 99."),
    ],
)
def test_what_is_missing_is_named(store: Store, finished: Laboratory, path: str, sentence: str) -> None:
    assert sentence in shown(store, path)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/projects", "/projects/other", "/projects/digits/runs/99", "/projects/digits/experiments/0",
     "/projects/digits/experiments/999999999", "/projects/digits/runs/1/x", "/projects/DIGITS/runs/٣", "/projects/../etc",
     "/projects/digits/runs/99999999999999999999"],
)  # fmt: skip
def test_an_address_that_leads_nowhere_says_so(store: Store, finished: Laboratory, path: str) -> None:
    assert "There is nothing at this address" in shown(store, path)


def test_numbers_in_addresses_fit_the_database() -> None:
    assert read_address("/projects/x/runs/1234567890", "") is None
    found = read_address("/projects/x/runs/7", "?a=1")
    assert found
    assert (found[1].slug, found[1].number, found[1].search) == ("x", 7, "?a=1")


def test_the_way_to_the_page_is_shown(store: Store, finished: Laboratory) -> None:
    _, crumbs, title = show_page(store, "/projects/digits/experiments/2", None, "")
    assert title == ["Digits", "Experiment 2"]
    assert crumbs[0].href == "/projects/digits"  # type: ignore[attr-defined]


def test_an_empty_installation_shows_the_command_to_type(store: Store) -> None:
    page = shown(store, "/")
    assert "hypertuner run --project NAME --objective max:METRIC -- python train.py --lr [0.1,0.01]" in page
    assert "data-copy" in page


def test_a_database_that_is_away_gets_a_page_that_asks_again() -> None:
    away = Store("postgresql://nobody@127.0.0.1:1/nothing", pool_size=0)
    page = shown(away, "/")
    assert "The database is away" in page
    assert "retry-poll" in page
    assert show_status(away, 0)[1] is True


def test_the_status_names_resources_or_the_remedy(store: Store) -> None:
    assert "hypertuner up" in text_of(show_status(store, 0))
    beat(store, "dispatcher", {"cpus": 2, "gpus": 0})
    answer, is_away = show_status(store, 1)
    assert "2 CPUs, no GPU, dispatcher running" in text_of(answer)
    assert is_away is False
    late = status_of((AWAY_AFTER_S + 60, {}))
    assert not late.is_good
    assert late.text == "dispatcher away for 75 s"
    assert status_of((1, {"cpus": 1.0, "gpus": 2})).text == "1 CPU, 2 GPUs, dispatcher running"


def test_the_part_that_is_being_started_or_broken_is_named_with_its_log() -> None:
    ray = {"word": "restarting", "since": time.time() - 30, "reason": "it ended by itself", "log": "/logs/ray.log"}
    well = {"word": "working", "since": 0, "reason": None, "log": "/logs/web.log"}
    away = status_of((AWAY_AFTER_S + 5, {}), (1, {"parts": {"The page": well, "Ray": ray}}))
    assert (away.text, away.remedy) == ("Ray is being started (30 s)", "log: /logs/ray.log")
    broken = status_of(None, (1, {"parts": {"The page": well, "Ray": {**ray, "word": "broken"}}}))
    assert broken.text == "Ray is broken: it ended by itself. Start `hypertuner up` anew to try it again."
    silent = status_of((1, {"problem": "Ray has not answered for 12 s"}))
    assert silent.text == "Ray has not answered for 12 s; if it does not come back, it is started anew."
