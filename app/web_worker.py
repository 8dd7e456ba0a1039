"""gunicorn's threaded worker, whose threads meet no client: the loop reads requests whole first, and sends answers.

In gunicorn's own, each connection that sends half a request or does not read its answer holds a thread, and closing one
that stays open holds the loop for two seconds. Here a connection costs a file descriptor, and is one of these:
gathering (its request is not complete), answered by a thread, sending (what it has not read yet), kept alive by
gunicorn, or lingering (closed by us, until the client has closed it, too).
"""

from __future__ import annotations

import errno
import re
import resource
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from app.bodies import MOST_BYTES
from app.patient_socket import PatientSocket

HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 30.0
# A client that has taken nothing for so long is gone.
READ_WITHIN_S = 30.0
LINGER_S = 2.0
MOST_HEAD_BYTES = 64_000
# Of requests that are not complete, all together; beyond, the largest and the oldest go.
MOST_GATHERED_BYTES = 64_000_000
MOST_GATHERING = 500
RECEIVE_BYTES = 65_536
WANTED_FILES = 8_192
# Whoever asks whether all is well shall not wait for those who ask for more.
HEALTH = re.compile(rb"(GET|HEAD) /healthz[ ?]")
HEALTH_THREADS = 4

_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,18})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_CODING = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
_EXPECT = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r$", re.IGNORECASE | re.MULTILINE)


class Refusal(Exception):
    """A request that is not read to its end; the message is the status line."""


@dataclass
class Incoming:
    """A request as far as it has come. Raises Refusal as soon as it is known not to be wanted."""

    deadline: float
    data: bytearray = field(default_factory=bytearray)
    # Its length as a whole, once its head is there.
    size: int | None = None

    def add(self, piece: bytes) -> bool:
        """Take more of it; true once it is complete, or its head can only be refused."""
        searched = max(0, len(self.data) - 3)
        self.data += piece
        if self.size is None:
            end = self.data.find(b"\r\n\r\n", searched)
            if end < 0:
                if len(self.data) > MOST_HEAD_BYTES:
                    raise Refusal("431 Request Header Fields Too Large")
                return False
            self.size = end + 4 + self._body_length(bytes(self.data[: end + 2]))
        return len(self.data) >= self.size

    def _body_length(self, head: bytes) -> int:
        if _CODING.search(head):
            # Its end is not known before it has come; pages of ours never send one.
            raise Refusal("411 Length Required")
        # Whether a head with two lengths or none at all is right, gunicorn's parser says.
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        if length > MOST_BYTES:
            raise Refusal("413 Content Too Large")
        return length

    @property
    def waits_for_leave(self) -> bool:
        """Whether the client wants to be told first that it may send the body."""
        return bool(_EXPECT.search(bytes(self.data)))


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Guarantees that a thread is held by nothing but its answer's own work."""

    def init_process(self) -> None:
        """Start; ends when the worker does."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        # In the order of their beginnings.
        self.gathering: dict[TConn, Incoming] = {}
        self.gathered_bytes = 0
        # What a thread has answered, and when the client last took something of it.
        self.sending: dict[TConn, tuple[Future[Any], float]] = {}
        self.lingering: dict[TConn, float] = {}
        self.health_pool = ThreadPoolExecutor(max_workers=HEALTH_THREADS, thread_name_prefix="health")
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection; where there are too many, one that says nothing goes."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self.log.warning("There are too many connections.")
            self._drop_oldest()
        while len(self.gathering) > MOST_GATHERING:
            self._drop_oldest()

    # --- gathering ----------------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: TConn) -> None:
        """Read the next request of a connection, and answer it once it is complete. gunicorn calls this for each."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(conn.sock)
        incoming = Incoming(time.monotonic() + HEAD_WITHIN_S)
        self.gathering[conn] = incoming
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_more, conn))
        # What came behind the last request is here already.
        early = conn.parser.unreader.take_buffered() if conn.parser is not None else b""
        if early:
            self._take(conn, incoming, early)
        else:
            self._on_more(conn)

    def _on_more(self, conn: TConn, _socket: object = None) -> None:
        incoming = self.gathering.get(conn)
        if incoming is None:
            # Dropped for another one of the same round of events.
            return
        try:
            piece = conn.sock.receive(RECEIVE_BYTES)
        except OSError:
            piece = b""
        if piece:
            self._take(conn, incoming, piece)
        elif piece is not None:
            self._drop(conn)

    def _take(self, conn: TConn, incoming: Incoming, piece: bytes) -> None:
        had_head = incoming.size is not None
        self.gathered_bytes += len(piece)
        try:
            is_complete = incoming.add(piece)
        except Refusal as refusal:
            self._refuse(conn, str(refusal))
            return
        if is_complete:
            self._answer(conn, bytes(incoming.data))
            return
        if incoming.size is not None and not had_head:
            incoming.deadline += BODY_WITHIN_S - HEAD_WITHIN_S
            if incoming.waits_for_leave:
                conn.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while self.gathered_bytes > MOST_GATHERED_BYTES:
            self._drop(max(self.gathering, key=lambda each: len(self.gathering[each].data)))

    def _answer(self, conn: TConn, request: bytes) -> None:
        self._forget(conn)
        conn.init()
        conn.parser.unreader.unread(request)
        conn.data_ready = True
        pool = self.health_pool if HEALTH.match(request) else self.tpool
        answer = pool.submit(self.handle, conn)
        answer.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _forget(self, conn: TConn) -> None:
        self.gathered_bytes -= len(self.gathering.pop(conn).data)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _drop_oldest(self) -> None:
        if self.gathering:
            self._drop(next(iter(self.gathering)))

    def _refuse(self, conn: TConn, status: str) -> None:
        self._forget(conn)
        words = f"{status.partition(' ')[2]}\n"
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(words)}"
        with suppress(OSError):
            conn.sock.sendall(f"{head}\r\n\r\n{words}".encode())
        self._linger(conn)

    # --- sending ------------------------------------------------------------------------------------------------------

    def finish_request(self, conn: TConn, answer: Future[Any]) -> None:
        """A thread is done with a request; send what the client has not taken yet, then go on with the connection."""
        conn.sock.flush()
        if conn.sock.is_done:
            self._finish(conn, answer)
            return
        self.sending[conn] = answer, time.monotonic()
        self._watch_writing(conn)

    def _watch_writing(self, conn: TConn) -> None:
        if not conn.sock.is_held:
            self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._on_room, conn))

    def _on_room(self, conn: TConn, _socket: object = None) -> None:
        if conn not in self.sending:
            return
        answer, _ = self.sending[conn]
        if conn.sock.flush():
            self.sending[conn] = answer, time.monotonic()
        if conn.sock.is_done:
            del self.sending[conn]
            self.poller.unregister(conn.sock)
            self._finish(conn, answer)

    def _finish(self, conn: TConn, answer: Future[Any]) -> None:
        is_kept = not answer.cancelled() and answer.exception() is None and answer.result()
        if is_kept and not conn.sock.is_broken:
            super().finish_request(conn, answer)
        else:
            self._linger(conn)

    # --- the ends -----------------------------------------------------------------------------------------------------

    def _linger(self, conn: TConn) -> None:
        """Close our side; the rest follows when the client has closed its own, or did not for a while."""
        try:
            conn.sock.half_close()
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_last, conn))
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
            return
        self.lingering[conn] = time.monotonic() + LINGER_S

    def _on_last(self, conn: TConn, _socket: object = None) -> None:
        if conn not in self.lingering:
            return
        try:
            is_over = conn.sock.receive(RECEIVE_BYTES) == b""
        except OSError:
            is_over = True
        if is_over:
            self._end_lingering(conn)

    def _end_lingering(self, conn: TConn) -> None:
        del self.lingering[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Once a second: end what takes too long. gunicorn's loop calls this."""
        now = time.monotonic()
        for conn in [each for each, incoming in self.gathering.items() if now > incoming.deadline or not self.alive]:
            self._drop(conn)
        for conn in [each for each, until in self.lingering.items() if now > until]:
            self._end_lingering(conn)
        for conn, (answer, since) in list(self.sending.items()):
            self._look_after(conn, answer, since, now)

    def _look_after(self, conn: TConn, answer: Future[Any], since: float, now: float) -> None:
        is_watched = conn.sock in self.poller.get_map()
        if conn.sock.is_held:
            self.sending[conn] = answer, now
        elif not is_watched:
            self._watch_writing(conn)
        elif now > since + READ_WITHIN_S:
            del self.sending[conn]
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
