"""The client's own limit on how long a database may be silent."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

LONGEST_PATIENCE_S = 60.0
# For the answer to nothing but a question whether somebody is there.
PING_PATIENCE_S = 8.0
LOOK_EVERY_S = 0.5


class Deadline:
    """Cuts a connection that has been in use for too long, which its user sees as an outage.

    PostgreSQL's own limits are obeyed by the server, and those of TCP mean nothing on a local socket: without this,
    whoever asks a server process that stands still waits for ever. Each cut in a row is given twice the time of the
    last, so that an answer that takes long arrives in the end.
    """

    def __init__(self, engine: Engine, patience_s: float, *, checks_idle: bool) -> None:
        """checks_idle: a connection is tried before it is used; a pool's own test of it would know no deadline."""
        self._dialect = engine.dialect
        self._checks_idle = checks_idle
        self._first_patience_s = self._patience_s = patience_s
        self._lock = threading.Lock()
        self._in_use: dict[Any, float] = {}
        self._pinged: set[Any] = set()
        self._cut: set[Any] = set()
        self._must_end = threading.Event()
        event.listen(engine, "checkout", self._on_checkout)
        event.listen(engine, "checkin", self._on_checkin)
        event.listen(engine, "close", self._on_close)
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no longer."""
        self._must_end.set()
        self._thread.join()

    def _on_checkout(self, connection: Any, *_: Any) -> None:
        self._begin(connection, is_ping=self._checks_idle)
        if self._checks_idle:
            try:
                self._dialect.do_ping(connection)
            except psycopg2.Error as error:
                raise InvalidatePoolError(str(error)) from error
            self._begin(connection, is_ping=False)

    def _begin(self, connection: Any, *, is_ping: bool) -> None:
        with self._lock:
            self._in_use[connection] = time.monotonic()
            (self._pinged.add if is_ping else self._pinged.discard)(connection)

    def _on_checkin(self, connection: Any, *_: Any) -> None:
        """Given back; None where it broke, and was closed before."""
        with self._lock:
            if self._in_use.pop(connection, None) is not None:
                self._patience_s = self._first_patience_s

    def _on_close(self, connection: Any, *_: Any) -> None:
        with self._lock:
            self._in_use.pop(connection, None)
            self._pinged.discard(connection)
            self._cut.discard(connection)

    def _watch(self) -> None:
        while not self._must_end.wait(LOOK_EVERY_S):
            # The lock keeps who gives it back from closing it, and its number from belonging to another file.
            with self._lock:
                for connection, since in self._in_use.items():
                    is_ping = connection in self._pinged
                    patience_s = PING_PATIENCE_S if is_ping else self._patience_s
                    if connection not in self._cut and time.monotonic() - since > patience_s:
                        self._cut.add(connection)
                        _shut_down(connection)
                        if not is_ping:
                            self._patience_s = min(self._patience_s * 2, LONGEST_PATIENCE_S)


def _shut_down(connection: Any) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as opened:
        opened.shutdown(socket.SHUT_RDWR)
