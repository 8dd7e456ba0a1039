"""A proxy between a worker and PostgreSQL's socket that is slow, or breaks off after a commit."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PORT_NAME = ".s.PGSQL.5432"


class Proxy:
    """Carries every message between clients in `folder` and a server's socket.

    delay_s: what each question waits. cut_every: so many commits pass, and the answer to the next never comes back.
    """

    def __init__(self, folder: Path, server: Path, *, delay_s: float = 0.0, cut_every: int = 0) -> None:
        self.folder, self.commits, self.cuts = folder, 0, 0
        self._server, self._delay_s, self._cut_every = server / PORT_NAME, delay_s, cut_every
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / PORT_NAME))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._server))
            threading.Thread(target=self._carry_answers, args=(server, client), daemon=True).start()
            while question := client.recv(1 << 20):
                time.sleep(self._delay_s)
                # A simple query: its kind, its length, its text.
                if question.startswith(b"Q") and b"COMMIT" in question[:20] and self._is_to_be_cut():
                    client.shutdown(socket.SHUT_RDWR)
                server.sendall(question)
                if client.fileno() < 0:
                    return

    def _is_to_be_cut(self) -> bool:
        self.commits += 1
        is_due = bool(self._cut_every) and self.commits % self._cut_every == 0
        self.cuts += is_due
        return is_due

    def _carry_answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(1 << 20):
                client.sendall(answer)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
