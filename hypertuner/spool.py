"""The file through which a script tells its launcher things, and how to complain without stopping a training."""

from __future__ import annotations

import os
import sys

VARIABLE = "HYPERTUNER_METRICS"
# Enough to see what is wrong, too few to bury the script's own messages.
MOST_WARNINGS = 20

_warned: set[str] = set()


def warn_once(message: str) -> None:
    """Say it on stderr, unless it was said before; never raises, as warnings turned into errors would."""
    if message in _warned or len(_warned) >= MOST_WARNINGS:
        return
    _warned.add(message)
    try:  # noqa: SIM105  Importing contextlib costs a millisecond.
        sys.stderr.write(f"hypertuner: {message}\n")
    except (OSError, ValueError, AttributeError):
        # It may be full, closed, or None (a program without a console).
        pass


class Spool:
    """The metrics file that the launcher named.

    Guarantees that a line is appended by one write, so that lines of several processes do not mix, and
    that nothing which happens to the file (full, gone, closed under us) raises: it costs one warning.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._identity = (0, 0)
        self._is_torn = False

    @property
    def folder(self) -> str:
        """Where payload files go: beside the metrics."""
        return os.path.dirname(self.path)

    def append(self, record: dict[str, object]) -> None:
        """Write one record as a line of JSON; NaN and infinities as Python writes them."""
        import json  # Here, so that a script that never logs does not pay for it.

        line = (json.dumps(record) + "\n").encode("ascii")
        try:
            if not self._is_open():
                self._open()
            if self._is_torn:
                # A full disk took only a part of the line before: what follows must not become part of it.
                line = b"\n" + line
            written = os.write(self._descriptor, line)
            self._is_torn = 0 < written < len(line)
            if written < len(line):
                warn_once(f"{self.path} took only a part of a line; is the disk full?")
        except OSError as error:
            warn_once(f"metrics are not written: {error}")

    def _is_open(self) -> bool:
        # A script may close every descriptor (daemons do) and get the same number for a file of its own.
        try:
            seen = os.fstat(self._descriptor)
        except OSError:
            return False
        return (seen.st_dev, seen.st_ino) == self._identity and seen.st_nlink > 0

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        # Threads that come here at once open it twice, which costs a descriptor; a lock could stay locked in a fork.
        self._descriptor = os.open(self.path, flags, 0o600)
        opened = os.fstat(self._descriptor)
        self._identity = (opened.st_dev, opened.st_ino)


_spool = Spool("")


def is_first() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    sizes = (("WORLD_SIZE", "RANK"), ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"))
    # RANK alone may be anything, such as an option of LoRA.
    return all(os.environ.get(rank, "0") == "0" or os.environ.get(size, "1") == "1" for size, rank in sizes)


def current() -> Spool | None:
    """The spool of this process, or None where the script runs on its own."""
    global _spool  # noqa: PLW0603  One per process, like the variable that names it.
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    if path != _spool.path:
        _spool = Spool(path)
    return _spool


def announce() -> None:
    """Make the empty file, so that the launcher does not take what is printed before the first line for metrics."""
    path = os.environ.get(VARIABLE)
    if path:
        try:  # noqa: SIM105  Importing contextlib costs a millisecond.
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        except OSError:
            # The first line will say it.
            pass
