"""Who is logged in: the cookie, the login by a link, the logout, and the list of all sessions."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from answers.sessions import answer
from app.pages import error_page
from storage.sessions import create_session, end_session, find_session
from storage.store import Store, is_outage
from storage.tokens import use_link_token

# An end is in force within this time in every web process; until then a request costs no query.
KEPT_S = 4.0
MOST_KEPT = 1_000
# So many wrong links from one address within a minute cost nothing, the next ones more and more time.
FREE_MISTAKES = 5
MISTAKES_WITHIN_S = 60.0
LONGEST_WAIT_S = 8.0
# While the database is away nobody can be looked up, and nothing can be read either.
UNKNOWN = 0

HOW_TO_GET_IN = (
    "Each link opens one browser once, within a few minutes.\n"
    "For a new link, type `hypertuner link` in the terminal of the machine on which HyperTuner runs."
)


class CookieOfTheConnection(SecureCookieSessionInterface):
    """The signed cookie, which goes over TLS only where it came to the browser that way."""

    def __init__(self, is_tls: Callable[[], bool]) -> None:
        self._is_tls = is_tls

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - as Flask calls it
        """Whether the browser shall keep the cookie to itself where there is no TLS."""
        return self._is_tls()


class KnownSessions:
    """Which secrets are logged in, as the database says; each is asked for at most every few seconds."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        # Secret -> the session's id or None, and until when that is believed.
        self._known: OrderedDict[str, tuple[int | None, float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, secret: str) -> int | None:
        """The id of the open session that the secret belongs to, or None. UNKNOWN while the database is away."""
        known = self._known.get(secret)
        if known is not None and self._clock() < known[1]:
            return known[0]
        try:
            found = find_session(self._store, secret)
        except Exception as error:
            if not is_outage(error):
                raise
            return UNKNOWN if known is None else known[0]
        with self._lock:
            self._known[secret] = (found, self._clock() + KEPT_S)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Ask for everybody again, because some session has ended."""
        with self._lock:
            self._known.clear()


class WrongLinks:
    """How long who sent wrong links has to wait for the next answer. Right links never wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """Count one more wrong link from an address; returns the seconds that its answer shall take."""
        with self._lock:
            now = self._clock()
            recent = [moment for moment in self._seen.pop(address, []) if now - moment < MISTAKES_WITHIN_S]
            self._seen[address] = [*recent[-100:], now]
            while len(self._seen) > MOST_KEPT:
                self._seen.popitem(last=False)
        mistakes = len(self._seen[address]) - FREE_MISTAKES
        return 0.0 if mistakes <= 0 else min(LONGEST_WAIT_S, 0.25 * 2**mistakes)


def attach(server: Flask, store: Store, is_tls: Callable[[], bool]) -> KnownSessions:
    """Add login, logout and the list of sessions to a server."""
    known, wrong = KnownSessions(store), WrongLinks()
    server.session_interface = CookieOfTheConnection(is_tls)
    server.add_url_rule("/login", "login", lambda: _login(store, known, wrong), methods=["GET"])
    server.add_url_rule("/logout", "logout", lambda: _logout(store, known), methods=["POST"])
    server.add_url_rule("/sessions", "sessions", lambda: _sessions(store, known), methods=["POST"])
    return known


def session_id(known: KnownSessions) -> int | None:
    """The id of the session that the request belongs to, or None."""
    secret = session.get("id")
    return known.find(secret) if isinstance(secret, str) else None


def safe_next(target: str | None) -> str:
    """Where to go after login: a path of this site, else the first page."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return "/"
    # Browsers read a backslash as a slash, and drop tabs and line ends.
    if "\\" in target or any(ord(character) < 0x20 for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


# --- how ------------------------------------------------------------------------------------------------------------


def _login(store: Store, known: KnownSessions, wrong: WrongLinks) -> AnyResponse:
    target = redirect(safe_next(request.args.get("next")), code=303)
    if session_id(known) is not None:
        return target
    token = request.args.get("token", "")
    if not token:
        return error_page(401, "HyperTuner is closed to others.", HOW_TO_GET_IN)
    if not use_link_token(store, token):
        return _refused(wrong.wait_s(request.remote_addr or ""))
    session.clear()
    session["id"] = create_session(store, request.headers.get("User-Agent", ""), request.remote_addr or "")
    session.permanent = True
    return target


def _refused(wait_s: float) -> AnyResponse:
    if not wait_s:
        return error_page(401, "This link was used before, or is too old.", HOW_TO_GET_IN)
    hold = getattr(request.environ.get("gunicorn.socket"), "hold", None)
    if hold is not None:
        # The connection waits, and no thread with it: see web_worker.py.
        hold(wait_s)
    page = error_page(429, "There were too many wrong links.", f"Answers take longer now.\n{HOW_TO_GET_IN}")
    page.headers["Retry-After"] = str(math.ceil(wait_s))
    return page


def _logout(store: Store, known: KnownSessions) -> AnyResponse:
    if g.session_id:
        end_session(store, g.session_id)
    known.forget()
    session.clear()
    return Response(status=204)


def _sessions(store: Store, known: KnownSessions) -> AnyResponse:
    question = request.get_json(silent=True)
    found: dict[str, Any] | None = None
    if isinstance(question, Mapping):
        found = answer(store, g.session_id, question)
        if question.get("do") == "end":
            known.forget()
    return Response(status=404) if found is None else jsonify(found)
