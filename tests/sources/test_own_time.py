"""How long a child may go on: its own time counts, and not that of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from sources.own_time import OutOfTime, await_child


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True) as started:
        try:
            yield started
        finally:
            # Its own children, too.
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


def test_the_status_of_one_that_ends_is_told() -> None:
    with child("raise SystemExit(3)") as ended:
        assert await_child(ended, 60) == 3


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(600)",
        "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'while True: pass'])",
    ],
)
def test_one_that_runs_or_sleeps_without_end_is_given_up(code: str) -> None:
    with child(code) as endless, pytest.raises(OutOfTime):
        await_child(endless, 0.5)


def test_what_others_take_of_the_machine_does_not_count() -> None:
    # It gets a tenth of a processor, and so takes far longer than it may on the clock.
    with child("import time\nwhile time.process_time() < 0.3: pass") as slow:
        hungry = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(16)]
        try:
            assert await_child(slow, 1.0) == 0
        finally:
            for each in hungry:
                each.kill()
                each.wait()
