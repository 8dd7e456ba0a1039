"""Waiting for a child process for as long as it gets on, however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.1
# What gets on without end, as on a disk that does not answer, is given up as well.
LONGEST = 30
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class OutOfTime(Exception):
    """The child has had its time, and runs on."""


@dataclass(frozen=True)
class _Look:
    """The processes of a session at one moment: CPU seconds, and whether one of them runs or waits for a disk."""

    cpu_s: float
    is_awake: bool


class OwnTime:
    """What a child that leads a session of its own, and its own children, have taken: on the CPU, or asleep.

    Time in which other programs kept the machine from them does not count.
    """

    def __init__(self, session: int) -> None:
        self._session = session
        self._begun = self._seen = time.monotonic()
        self._before, self._asleep_s = _Look(0.0, is_awake=True), 0.0

    def spent(self) -> float:
        """Seconds so far; to be asked again and again, as sleep is what was seen asleep twice."""
        now = time.monotonic()
        look = _look(self._session, now - self._begun)
        if not look.is_awake and not self._before.is_awake and look.cpu_s <= self._before.cpu_s:
            self._asleep_s += now - self._seen
        self._before, self._seen = look, now
        return max(look.cpu_s, self._asleep_s, (now - self._begun) / LONGEST)


def await_child(child: subprocess.Popen[bytes], limit_s: float) -> int:
    """Wait for the end of a child that leads a session of its own; returns its status.

    limit_s: of its own time. Raises OutOfTime.
    """
    clock = OwnTime(child.pid)
    while True:
        try:
            return child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            pass
        if clock.spent() >= limit_s:
            raise OutOfTime


def _look(session: int, elapsed_s: float) -> _Look:
    if not Path("/proc/self/stat").exists():
        # Without /proc all time counts.
        return _Look(elapsed_s, is_awake=True)
    ticks, is_awake = 0, False
    for entry in os.scandir("/proc"):
        fields = _stat(entry.name) if entry.name.isdigit() else []
        if fields and int(fields[3]) == session:
            # Its own time, and that of children that it has waited for.
            ticks += sum(int(field) for field in fields[11:15])
            is_awake |= fields[0] in (b"R", b"D")
    return _Look(ticks / _TICKS_PER_S, is_awake)


def _stat(pid: str) -> list[bytes]:
    """What /proc says of a process from its state on; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []
