"""Whole logs: an attempt's streams on this machine's disk, or their ends in the database where they lie on another."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from storage.store import Store

STREAMS = ("stdout", "stderr")
PIECE_BYTES = 1_000_000


@dataclass(frozen=True)
class LogPlace:
    """Whose log it is (an experiment that reuses another has the other's), and the last lines of both streams."""

    experiment_id: int
    attempt: int
    host: str | None
    tails: dict[str, str]


class LogFile:
    """One stream, read in pieces from its beginning, or from where the disk still has it.

    is_whole: whether all that was kept of it is here, rather than only its last lines. has_beginning: whether nothing
    of a very long one was given back to the disk. is_cut: whether reading ended because it took too long.
    """

    def __init__(self, descriptor: int | None, tail: str, time_limit_s: float) -> None:
        self._descriptor = descriptor
        self._tail = tail.encode("utf-8", "backslashreplace")
        self._until = time.monotonic() + time_limit_s
        self._start = _first_byte(descriptor) if descriptor is not None else 0
        self.is_whole = descriptor is not None
        self.has_beginning = self._start == 0
        self.is_cut = False

    @property
    def size(self) -> int:
        """Bytes that there are to read."""
        if self._descriptor is None:
            return len(self._tail)
        return max(0, os.fstat(self._descriptor).st_size - self._start)

    def end(self, most: int) -> tuple[bytes, int]:
        """The last bytes of it, at most so many, and how many are before them; the file stays open."""
        before = max(0, self.size - most)
        if self._descriptor is None:
            return self._tail[before:], before
        return os.pread(self._descriptor, most, self._start + before), before

    def pieces(self) -> Generator[bytes]:
        """All of it up to its present end, as long as the time allows; closes the file."""
        if self._descriptor is None:
            yield self._tail
            return
        # What comes while it is read belongs to the next question.
        at, end = self._start, self._start + self.size
        try:
            while at < end:
                if time.monotonic() > self._until:
                    self.is_cut = True
                    return
                piece = os.pread(self._descriptor, min(PIECE_BYTES, end - at), at)
                if not piece:
                    return
                at += len(piece)
                yield piece
        finally:
            os.close(self._descriptor)
            self._descriptor = None


def find_log(store: Store, slug: str, number: int) -> LogPlace | None:
    """The log of an experiment's newest attempt; None where there is no such experiment."""
    statement = text(
        """SELECT source.id, source.attempt, source.host, log.stdout_tail, log.stderr_tail
        FROM project JOIN experiment ON experiment.project_id = project.id
            JOIN experiment source ON source.id = coalesce(experiment.reused_from, experiment.id)
            LEFT JOIN experiment_log log ON log.experiment_id = source.id
        WHERE project.slug = :slug AND experiment.number = :number"""
    )
    with store.read() as connection:
        row = connection.execute(statement, {"slug": slug, "number": number}).one_or_none()
    if row is None:
        return None
    tails = {"stdout": row.stdout_tail or "", "stderr": row.stderr_tail or ""}
    return LogPlace(row.id, row.attempt, row.host, tails)


def open_log(data_dir: Path, place: LogPlace, stream: str, *, time_limit_s: float) -> LogFile:
    """One of STREAMS, from this machine's disk if it lies there, else its last lines."""
    return LogFile(_descriptor_of(data_dir, place, stream), place.tails[stream], time_limit_s)


def _descriptor_of(data_dir: Path, place: LogPlace, stream: str) -> int | None:
    # On another machine, a folder of this name would be another experiment's.
    if place.host != socket.gethostname() or stream not in STREAMS:
        return None
    path = data_dir / "spool" / f"{place.experiment_id}-{place.attempt}" / stream
    try:
        # The file belongs to the script: no link leads elsewhere, and a pipe does not make us wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _first_byte(descriptor: int) -> int:
    """Where the file begins to have bytes: of a very long one the beginning is given back to the disk."""
    with suppress(OSError, AttributeError):
        return os.lseek(descriptor, 0, os.SEEK_DATA)
    return 0
