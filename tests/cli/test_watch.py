"""Watching parts: real processes that end, that do not start, and that are given up."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from cli.watch import MOST_FAILURES, PartError, Watched
from tests.product import wait_until


class Sleeper:
    """A part that is one process; `fails` says how often its start does not work."""

    title = back = "The sleeper"
    log_path = Path("/dev/null")

    def __init__(self, *, fails: int = 0) -> None:
        self.fails = fails
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, must_end: threading.Event) -> None:
        self.starts += 1
        if self.starts <= self.fails:
            raise PartError("it is too early")
        self.process = subprocess.Popen(["sleep", "600"])

    def ended(self) -> str | None:
        return None if self.process and self.process.poll() is None else "it ended by itself"

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def kill(self) -> int:
        assert self.process
        pid = self.process.pid
        os.kill(pid, signal.SIGKILL)
        return pid


def watched(part: Sleeper, said: list[str]) -> Watched:
    made = Watched(part, said.append)
    made.begin()
    return made


def test_a_part_that_ends_is_started_again_and_stopped_at_the_end() -> None:
    part, said = Sleeper(), list[str]()
    made = watched(part, said)
    made.await_first()
    killed = part.kill()
    wait_until(lambda: part.process is not None and part.process.pid != killed, "another process")
    wait_until(lambda: made.state.word == "working", "it works")
    made.end()
    assert part.process
    assert part.process.poll() is not None
    assert said[0] == "The sleeper: it ended by itself. It is started again (log: /dev/null)"
    assert said[1].startswith("The sleeper (")


def test_a_part_that_fails_five_times_is_given_up_with_its_reason() -> None:
    part, said = Sleeper(fails=MOST_FAILURES), list[str]()
    made = watched(part, said)
    wait_until(lambda: made.is_broken, "it is given up")
    assert made.problem == "The sleeper is broken: it is too early (log: /dev/null)"
    assert part.starts == MOST_FAILURES
    made.end()
    assert "Everything else goes on" in said[-1]


def test_failures_before_the_first_success_are_raised_to_whoever_waits() -> None:
    made = watched(Sleeper(fails=MOST_FAILURES), [])
    with pytest.raises(PartError, match="it is too early"):
        made.await_first()
    made.end()


def test_what_another_try_would_not_mend_is_given_up_at_once() -> None:
    part = Sleeper()
    part.start = lambda _: open("/nonsense").close()  # type: ignore[method-assign]
    made = watched(part, [])
    with pytest.raises(FileNotFoundError):
        made.await_first()
    assert made.is_broken
    made.end()


def test_a_late_success_counts() -> None:
    made = watched(part := Sleeper(fails=2), [])
    wait_until(lambda: made.state.word == "working", "it works at last")
    made.await_first()
    made.end()
    assert part.starts == 3


def test_an_end_ends_also_one_that_is_being_started_again() -> None:
    part = Sleeper()
    made = watched(part, [])
    made.await_first()
    part.kill()
    made.end()
    assert part.process
    assert part.process.poll() is not None
