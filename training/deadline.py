"""The client's own limit on how long a database may be silent."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event

# Well below a lease, so that one that is held by who waits for an answer is renewed by another connection in time.
FIRST_PATIENCE_S, LONGEST_PATIENCE_S = 8.0, 60.0
LOOK_EVERY_S = 0.5


class Deadline:
    """Cuts a connection that has been in use for too long, which its user sees as an outage.

    PostgreSQL's own limits are obeyed by the server, and those of TCP mean nothing on a local socket: without this,
    whoever asks a server process that stands still waits for ever. Each cut in a row is given twice the time of the
    last, so that an answer that takes long arrives in the end.
    """

    def __init__(self, engine: Engine, *, patience_s: float = FIRST_PATIENCE_S) -> None:
        self._first_patience_s = self._patience_s = patience_s
        self._lock = threading.Lock()
        self._in_use: dict[Any, float] = {}
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
        with self._lock:
            self._in_use[connection] = time.monotonic()

    def _on_checkin(self, connection: Any, *_: Any) -> None:
        """Given back; None where it broke, and was closed before."""
        with self._lock:
            if self._in_use.pop(connection, None) is not None:
                self._patience_s = self._first_patience_s

    def _on_close(self, connection: Any, *_: Any) -> None:
        with self._lock:
            self._in_use.pop(connection, None)
            self._cut.discard(connection)

    def _watch(self) -> None:
        while not self._must_end.wait(LOOK_EVERY_S):
            # The lock keeps who gives it back from closing it, and its number from belonging to another file.
            with self._lock:
                for connection, since in self._in_use.items():
                    if connection not in self._cut and time.monotonic() - since > self._patience_s:
                        self._cut.add(connection)
                        self._patience_s = min(self._patience_s * 2, LONGEST_PATIENCE_S)
                        _shut_down(connection)


def _shut_down(connection: Any) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as opened:
        opened.shutdown(socket.SHUT_RDWR)
