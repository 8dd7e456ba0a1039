"""Sessions are rows: listed, ended by anybody who is in, in force everywhere within seconds, and cheap to look up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from dash import Dash
from sqlalchemy import text

from answers.sessions import browser_words
from app.server import create_app
from app.sessions import FREE_MISTAKES, KEPT_S, KnownSessions, WrongLinks
from app.settings import Settings
from storage.sessions import create_session, end_session, fetch_sessions, find_session
from storage.store import Store
from storage.tokens import create_link_token
from tests.app.conftest import Browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def listed(browser: Browser, **question: object) -> list[dict[str, object]]:
    answer = browser.ask("POST", "/sessions", json={"do": "list", **question})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    sessions: list[dict[str, object]] = answer.get_json()["sessions"]
    return sessions


def test_every_browser_is_listed_with_its_end(app: Dash, store: Store) -> None:
    mine, other = Browser(app), Browser(app)
    link = f"/login?token={create_link_token(store)}"
    assert mine.get(link, headers={"User-Agent": FIREFOX}).status_code == 303
    other.log_in(store)
    found = listed(mine)
    assert [each["isOwn"] for each in found] == [False, True]
    assert found[1]["browser"] == "Firefox on Linux"
    assert found[1]["address"] == "127.0.0.1"
    assert str(found[1]["began"]) < str(found[1]["ends"])


def test_a_session_is_ended_from_another_browser(app: Dash, store: Store) -> None:
    mine, other = Browser(app).log_in(store), Browser(app).log_in(store)
    theirs = next(each["id"] for each in listed(mine) if not each["isOwn"])
    assert len(listed(mine, do="end", id=theirs)) == 1
    assert other.get("/").status_code == 401
    assert mine.get("/").status_code == 200


def test_a_logout_ends_the_session_on_the_server(browser: Browser, app: Dash) -> None:
    cookie = browser.client.get_cookie("hypertuner-8050", domain="127.0.0.1")
    assert cookie is not None
    assert browser.ask("POST", "/logout", json={}).status_code == 204
    assert browser.get("/").status_code == 401
    kept = Browser(app)
    kept.client.set_cookie("hypertuner-8050", cookie.value, domain="127.0.0.1")
    assert kept.get("/").status_code == 401


def test_an_end_is_in_force_in_another_process_within_five_seconds(store: Store) -> None:
    assert KEPT_S < 5
    secret = create_session(store, FIREFOX, "127.0.0.1")
    clock = Clock()
    elsewhere = KnownSessions(store, clock)
    id_ = elsewhere.find(secret)
    assert id_
    end_session(store, id_)
    clock.now += KEPT_S
    assert elsewhere.find(secret) is None


def test_a_session_that_is_known_costs_no_query(store: Store) -> None:
    secret = create_session(store, FIREFOX, "127.0.0.1")
    known = KnownSessions(store)
    known.find(secret)
    started = time.perf_counter()
    for _ in range(1000):
        known.find(secret)
    assert (time.perf_counter() - started) / 1000 < 0.0005


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = now() - interval '1 second'",
        "seen_at = now() - interval '8 days'",
        "ended_at = now()",
    ],
)
def test_a_session_ends_by_itself(store: Store, change: str) -> None:
    secret = create_session(store, FIREFOX, "127.0.0.1")
    with store.begin() as connection:
        connection.execute(text(f"UPDATE session SET {change}"))
    assert find_session(store, secret) is None
    assert fetch_sessions(store) == []


def test_use_makes_it_live_on_and_old_ones_are_forgotten(store: Store) -> None:
    secret = create_session(store, FIREFOX, "127.0.0.1")
    with store.begin() as connection:
        connection.execute(text("UPDATE session SET seen_at = now() - interval '6 days'"))
    assert find_session(store, secret)
    with store.begin() as connection:
        assert connection.scalar(text("SELECT seen_at > now() - interval '1 minute' FROM session"))
        connection.execute(text("UPDATE session SET ended_at = now() - interval '2 days'"))
    create_session(store, FIREFOX, "127.0.0.1")
    with store.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM session")) == 1


def test_only_a_hash_of_the_cookie_is_kept(store: Store) -> None:
    secret = create_session(store, "x" * 5000 + "\0", "127.0.0.1")
    with store.begin() as connection:
        row = connection.execute(text("SELECT * FROM session")).one()
    assert secret not in str(row)
    assert len(row.user_agent) == 300


def test_the_page_says_that_the_database_is_away_to_who_has_a_signed_cookie() -> None:
    away = Store("postgresql://nobody@127.0.0.1:1/nothing")
    assert KnownSessions(away).find("anything") is not None
    away.close()


def test_links_live_for_ten_minutes_unless_more_is_asked(store: Store) -> None:
    create_link_token(store)
    create_link_token(store, minutes=90)
    with store.begin() as connection:
        spans = connection.scalars(
            text("SELECT extract(epoch FROM expires_at - created_at) / 60 FROM token ORDER BY expires_at")
        ).all()
    assert [round(float(each)) for each in spans] == [10, 90]


def test_a_thousand_wrong_links_open_nothing_and_lock_nobody_out(app: Dash, store: Store) -> None:
    guesser, owner = Browser(app), Browser(app)
    statuses = [guesser.get(f"/login?token={number:043}").status_code for number in range(1000)]
    assert set(statuses[:FREE_MISTAKES]) == {401}
    assert set(statuses[FREE_MISTAKES:]) == {429}
    assert guesser.get("/").status_code == 401
    assert owner.log_in(store).get("/").status_code == 200


def test_wrong_links_wait_longer_and_longer_and_a_minute_forgives(store: Store) -> None:
    clock = Clock()
    wrong = WrongLinks(clock)
    waits = [wrong.wait_s("a") for _ in range(FREE_MISTAKES + 6)]
    assert waits == [0] * FREE_MISTAKES + [0.5, 1, 2, 4, 8, 8]
    assert wrong.wait_s("b") == 0
    clock.now += 61
    assert wrong.wait_s("a") == 0


@pytest.mark.parametrize(("host", "is_secure"), [("tuner.example", True), ("127.0.0.1:8050", False)])
def test_a_cookie_is_secure_where_the_setting_says_that_there_is_tls(
    data_dir: Path, store: Store, host: str, is_secure: bool
) -> None:
    app = create_app(Settings(data_dir=data_dir, hosts=("https://tuner.example",)), store)
    link = f"/login?token={create_link_token(store)}"
    spoofed = {"X-Forwarded-Proto": "http"}
    answer = Browser(app).get(link, host=host, headers=spoofed)
    assert answer.status_code == 303
    assert ("Secure" in answer.headers["Set-Cookie"]) is is_secure
    assert ("Strict-Transport-Security" in answer.headers) is is_secure
    visitor = Browser(app).log_in(store)
    plain = visitor.ask("POST", "/sessions", host=host, headers={"Origin": f"http://{host}"}, json={"do": "list"})
    assert (plain.status_code == 403) is is_secure


@pytest.mark.parametrize("question", [{}, [], 1, {"do": "end"}, {"do": "end", "id": "1"}, {"do": "end", "id": 2**70}])
def test_a_question_that_makes_no_sense_ends_nothing(browser: Browser, question: object) -> None:
    assert browser.ask("POST", "/sessions", json=question).status_code == 404
    assert len(listed(browser)) == 1


def test_browsers_are_called_as_people_call_them() -> None:
    assert browser_words(FIREFOX) == "Firefox on Linux"
    chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    assert browser_words(chrome) == "Chrome on Windows"
    assert browser_words(f"{chrome} Edg/140.0") == "Edge on Windows"
    assert browser_words("curl/8.5") == "curl"
    assert browser_words("") == "unknown browser"
