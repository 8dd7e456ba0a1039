"""How the web, the database and the dispatcher are, for whoever watches: answered within a second whatever they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify

from storage.heartbeats import AWAY_AFTER_S, last_beat
from storage.store import Store

ANSWER_WITHIN_S = 0.7
# How long an answer of the database is still news.
FRESH_S = 1.0


class Health:
    """Asks the database in a thread of its own, at most one at a time, so that a silent one holds nobody up."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._news = threading.Condition()
        self._is_asking = False
        self._found: dict[str, Any] = {}
        self._found_at = -FRESH_S

    def look(self) -> dict[str, Any]:
        """What was found within the last second; "silent" where the database does not answer."""
        with self._news:
            if not self._is_fresh():
                self._ask()
                self._news.wait_for(self._is_fresh, ANSWER_WITHIN_S)
            return dict(self._found) if self._is_fresh() else {"database": "silent", "dispatcher": "unknown"}

    def _is_fresh(self) -> bool:
        return self._clock() - self._found_at < FRESH_S

    def _ask(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            threading.Thread(target=self._find, name="health", daemon=True).start()

    def _find(self) -> None:
        found: dict[str, Any] = {"database": "away", "dispatcher": "unknown"}
        try:
            beat = last_beat(self._store, "dispatcher")
            found = {"database": "ok", **_words(beat[0] if beat else None)}
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, this says so
            found["reason"] = type(error).__name__
        with self._news:
            self._is_asking = False
            self._found, self._found_at = found, self._clock()
            self._news.notify_all()


def _words(age_s: float | None) -> dict[str, Any]:
    if age_s is None:
        return {"dispatcher": "never seen"}
    return {"dispatcher": "ok" if age_s <= AWAY_AFTER_S else "away", "dispatcher_seen_s": round(age_s, 1)}


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server. It is 503 only without the database: without a dispatcher the web still serves."""
    health = Health(store)

    def answer() -> Response:
        found = health.look()
        response = jsonify(found)
        response.status_code = 200 if found["database"] == "ok" else 503
        return response

    server.add_url_rule("/healthz", "healthz", answer, methods=["GET"])
