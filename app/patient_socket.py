"""A client's socket as threads see it: whatever they write is taken at once, however slowly the client reads."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO, Any

# What a client has not read yet waits in memory up to here, and beyond in a file without a name.
MOST_IN_MEMORY = 256_000
MOST_IN_FILE = 2_000_000_000
# So much at most is sent in one go, so that a fast client does not keep the others waiting.
MOST_AT_ONCE = 1_000_000


class _FilePart:
    """Bytes of a file that wait."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self.file, self.start, self.end = file, start, end


class PatientSocket:
    """Guarantees that no method waits for the client.

    A request has been read whole before a thread looks at it (`receive`), so that for the thread there is nothing more
    to come; what it writes waits here until the worker's loop has sent it (`flush`).
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._lock = threading.Lock()
        self._waiting: deque[memoryview | _FilePart] = deque()
        self._in_memory = 0
        self._spill: IO[bytes] | None = None
        self._spilled = 0
        self._is_broken = False
        self._held_until = 0.0

    # --- for the thread -----------------------------------------------------------------------------------------------

    def sendall(self, data: bytes) -> None:
        """Send, or keep for later. Raises OSError where the client is gone or nothing more can be kept."""
        with self._lock:
            if self._is_broken:
                raise ConnectionResetError("The client is gone.")
            try:
                self._send_waiting()
                if rest := memoryview(data)[0 if self._waiting or self._is_held() else self._sent(data) :]:
                    self._keep(rest)
            except OSError:
                self._is_broken = True
                raise

    def send(self, data: bytes) -> int:
        """The same, as sockets have it."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Send a part of a file from the worker's loop; the file may be closed meanwhile."""
        end = os.fstat(file.fileno()).st_size if count is None else offset + count
        with self._lock:
            self._waiting.append(_FilePart(os.fdopen(os.dup(file.fileno()), "rb"), offset, end))
        return end - offset

    def hold(self, seconds: float) -> None:
        """Let what is written from now on wait for so long."""
        self._held_until = time.monotonic() + seconds

    def recv(self, _size: int, _flags: int = 0) -> bytes:
        """Nothing more comes; the request is here as a whole."""
        return b""

    def setblocking(self, _is_blocking: bool) -> None:
        """It never blocks."""

    def settimeout(self, _seconds: float | None) -> None:
        """It never waits."""

    def gettimeout(self) -> float | None:
        """As of a socket that blocks."""
        return None

    def shutdown(self, _how: int) -> None:
        """Give the answer up, as gunicorn does where it breaks off: the client must not take it for complete."""
        self._is_broken = True
        with suppress(OSError):
            # The close then resets the connection, which is seen also where an answer ends with its connection.
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    # --- for the worker's loop ----------------------------------------------------------------------------------------

    def receive(self, size: int) -> bytes | None:
        """What has come from the client: b"" at its end, None where it has to be waited for."""
        try:
            return self._sock.recv(size)
        except (BlockingIOError, InterruptedError):
            return None

    def flush(self) -> bool:
        """Send what waits, as far as the client takes it now; true where anything was taken."""
        with self._lock:
            if self._is_held():
                return True
            try:
                return self._send_waiting()
            except OSError:
                self._is_broken = True
                return False

    @property
    def is_done(self) -> bool:
        """Whether nothing waits any more, or nobody who would read it."""
        return self._is_broken or not self._waiting

    @property
    def is_held(self) -> bool:
        """Whether what waits shall not be sent yet."""
        return self._is_held()

    @property
    def is_broken(self) -> bool:
        """Whether some of what was written never reaches the client."""
        return self._is_broken

    def half_close(self) -> None:
        """Say that nothing more comes."""
        self._sock.shutdown(socket.SHUT_WR)

    def fileno(self) -> int:
        """For the poller."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close it, with everything that waits."""
        with self._lock:
            self._is_broken = True
            for part in self._waiting:
                if isinstance(part, _FilePart):
                    part.file.close()
            self._waiting.clear()
            if self._spill is not None:
                self._spill.close()
            self._sock.close()

    # --- how ----------------------------------------------------------------------------------------------------------

    def _is_held(self) -> bool:
        return time.monotonic() < self._held_until

    def _sent(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _send_waiting(self) -> bool:
        total = 0
        while self._waiting and total < MOST_AT_ONCE and not self._is_held():
            part = self._waiting[0]
            sent = self._send_part(part) if isinstance(part, _FilePart) else self._send_memory(part)
            if not sent:
                break
            total += sent
        return total > 0

    def _send_memory(self, part: memoryview) -> int:
        sent = self._sent(part)
        self._in_memory -= sent
        if sent == len(part):
            self._waiting.popleft()
        elif sent:
            self._waiting[0] = part[sent:]
        return sent

    def _send_part(self, part: _FilePart) -> int:
        try:
            wanted = min(part.end - part.start, MOST_AT_ONCE)
            sent = os.sendfile(self._sock.fileno(), part.file.fileno(), part.start, wanted) if wanted else 0
        except (BlockingIOError, InterruptedError):
            return 0
        if wanted and not sent:
            raise ConnectionAbortedError("The file became shorter.")
        part.start += sent
        if part.start >= part.end:
            self._waiting.popleft()
            if part.file is not self._spill:
                part.file.close()
        return sent

    def _keep(self, rest: memoryview) -> None:
        if self._in_memory + len(rest) <= MOST_IN_MEMORY:
            self._in_memory += len(rest)
            # A copy, so that a large answer is not kept for its last piece.
            self._waiting.append(memoryview(bytes(rest)))
            return
        if self._spilled + len(rest) > MOST_IN_FILE:
            raise ConnectionAbortedError("The client reads too slowly for so much.")
        if self._spill is None:
            self._spill = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the socket
        start = self._spilled
        while rest:
            written = os.pwrite(self._spill.fileno(), rest, self._spilled)
            self._spilled += written
            rest = rest[written:]
        last: Any = self._waiting[-1] if self._waiting else None
        if isinstance(last, _FilePart) and last.file is self._spill:
            last.end = self._spilled
        else:
            self._waiting.append(_FilePart(self._spill, start, self._spilled))
