"""Pages while the database restarts, is away, or has no room for one more connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psycopg2
import pytest

from app.server import create_app
from app.settings import Settings
from storage.embedded import EmbeddedServer
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser
from tests.product import wait_until

PAGES = ("/projects/digits", "/download/digits/experiments.csv", "/healthz")


@pytest.fixture
def project(store: Store) -> None:
    made = register_project(store, "Digits", directory="/tmp", command=["python", "x.py"], hyperparameters=[])
    create_run(store, made, NewRun("python x.py", {"lr": [1]}, [], [NewExperiment({"lr": 1})]))


@contextmanager
def no_connection_left(url: str) -> Iterator[None]:
    """Somebody holds every connection that the server gives."""
    with ExitStack() as held:
        with suppress(psycopg2.OperationalError):
            while True:
                held.enter_context(closing(psycopg2.connect(url.replace("+psycopg2", ""))))
        yield


@pytest.mark.usefixtures("project")
def test_the_first_click_after_a_restart_of_the_database_works(browser: Browser, postgres: EmbeddedServer) -> None:
    assert [browser.get(page).status_code for page in PAGES] == [200, 200, 200]
    postgres.stop()
    postgres.start()
    assert [browser.get(page).status_code for page in PAGES] == [200, 200, 200]
    postgres.stop()
    postgres.start()
    changed = browser.ask("POST", "/changes/digits/runs/1", data=b"{}", content_type="application/json")
    assert changed.status_code == 200


@pytest.mark.usefixtures("project")
def test_without_the_database_every_page_says_so_and_comes_back_by_itself(
    browser: Browser, postgres: EmbeddedServer
) -> None:
    postgres.stop()
    try:
        answers = [browser.get(page) for page in PAGES]
    finally:
        postgres.start()
    # The frame of the page needs no database; what it shows comes by further questions.
    assert [answer.status_code for answer in answers] == [200, 503, 503]
    # What was found a moment ago is still told for a second.
    wait_until(lambda: [browser.get(page).status_code for page in PAGES] == [200, 200, 200], "all is well again", 10)


@pytest.mark.usefixtures("project")
def test_a_database_without_a_free_connection_is_a_503_and_no_longer_than_that(
    settings: Settings, store: Store, database_url: str
) -> None:
    with closing(Store(database_url, pool_size=1)) as own:
        browser = Browser(create_app(settings, own)).log_in(store)
        own.engine.dispose()
        with no_connection_left(database_url):
            answer = browser.get("/download/digits/experiments.csv")
            assert answer.status_code == 503
            assert "Traceback" not in answer.get_data(as_text=True)
        assert browser.get("/download/digits/experiments.csv").status_code == 200
