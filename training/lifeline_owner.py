"""The owner's side of a lifeline supervisor."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(__file__).with_name("lifeline.py")
START_TIMEOUT_S = 30.0
# What may pass between the end of a stopped script's grace and the supervisor's own end.
CLOSE_MARGIN_S = 10.0


class StartError(Exception):
    """A script that could not be started; the message is one sentence that says why."""


class SupervisorLost(StartError):
    """No fault of the script: the supervisor that should start it is not there."""


class MountError(StartError):
    """This machine does not let a script have mounts of its own."""


@dataclass(frozen=True)
class Mounts:
    """What only the script sees: each step is the arguments of mount(2), with paths that begin in the folder `base`."""

    base: str
    steps: Sequence[tuple[str, str, str, int, str]]


@dataclass(frozen=True)
class Ended:
    """How a script ended; neither exit code nor signal where the supervisor itself was killed."""

    exit_code: int | None
    signal: int | None
    duration_s: float
    max_rss_bytes: int


class LifelineOwner:
    """One standing supervisor, for one script after another.

    Guarantees that when it is closed, or its owner or the supervisor itself dies by whatever cause, no process of the
    script is left. The first script starts the supervisor, and one that was killed is replaced at the next start.
    """

    def __init__(self, *, pass_fds: Collection[int] = ()) -> None:
        """pass_fds: open descriptors that every script finds under the same numbers, such as a bound socket."""
        self._pass_fds = tuple(pass_fds)
        self._to: int | None = None
        self._from: int | None = None
        self._input = b""
        self._grace_s = 10.0
        self._is_running = False
        self._started = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdout: str,
        stderr: str,
        *,
        grace_s: float = 10.0,
        stop_signal: int | None = None,
        is_leader: bool = False,
        end: str | None = None,
        lock: str | None = None,
        mounts: Mounts | None = None,
    ) -> int:
        """Start a script and return its process id; it gets nothing on stdin and appends to the two files.

        grace_s: what it has between the request to end (`stop_signal`, else SIGTERM) and SIGKILL.
        is_leader: it ends its own children well, as servers do, so that only it is asked.
        end, lock: files that tell others how it ended, and until then that it is held (see `spool_folders`).
        mounts: what it sees in other places than we do.
        Raises StartError; MountError where the mounts cannot be made.
        """
        command = {"argv": list(argv), "cwd": cwd, "env": dict(env), "stdout": stdout, "stderr": stderr}
        manner = {"grace_s": grace_s, "stop_signal": stop_signal, "is_leader": is_leader, "end": end, "lock": lock}
        if not self.alive:
            # Of one that was killed, the guard may still be at work.
            self.close()
            self._open()
        self._grace_s = grace_s
        self._started = time.monotonic()
        self._send({"start": {**command, **manner, "mounts": asdict(mounts) if mounts else None}})
        answer = self._receive(START_TIMEOUT_S)
        if answer is None:
            self.close()
            raise SupervisorLost("The supervisor that should start it does not answer.")
        if "error" in answer:
            raise (MountError if answer.get("stage") == "mount" else StartError)(answer["error"])
        self._is_running = True
        return int(answer["started"])

    def wait(self, timeout_s: float | None) -> Ended | None:
        """Wait until the script and everything that it left behind are gone; None if they are not by then.

        Without a script there is nothing to wait for, and the answer is None at once.
        """
        if not self._is_running:
            return None
        answer = self._receive(timeout_s)
        if answer is not None:
            self._is_running = False
            return Ended(**answer["ended"])
        if self._from is None:
            self._is_running = False
            return Ended(None, None, time.monotonic() - self._started, 0)
        return None

    def stop(self, grace_s: float | None = None) -> None:
        """Ask the script to end; it is killed after the grace. `wait` tells when it is gone."""
        if self._is_running:
            self._send({"stop": {"grace_s": grace_s}})

    def close(self) -> None:
        """End the script and the supervisor, and wait until both are gone."""
        if self._to is not None:
            os.close(self._to)
            self._to = None
            deadline = time.monotonic() + self._grace_s + CLOSE_MARGIN_S
            while self._from is not None and time.monotonic() < deadline:
                self._receive(deadline - time.monotonic())
        self._forget()

    @property
    def alive(self) -> bool:
        """Whether the supervisor process is there."""
        if self._from is None or self._to is None:
            return False
        poll = select.poll()
        poll.register(self._from, select.POLLHUP)
        # Nobody reads what we would send: the lifeline itself is dead, and its guard about to be.
        poll.register(self._to, select.POLLERR)
        return not poll.poll(0)

    # --- how --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._forget()
        argv = [sys.executable, "-I", "-S", "-X", "utf8", str(PROGRAM)]
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        try:
            with subprocess.Popen(
                argv, stdin=theirs_in, stdout=theirs_out, start_new_session=True, cwd="/", pass_fds=self._pass_fds
            ) as started:
                # It forks itself away from us and ends.
                started.wait()
        except OSError as error:
            self._forget()
            raise SupervisorLost(f"The supervisor that should start it cannot be started: {error.strerror}.") from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def _send(self, command: Mapping[str, Any]) -> None:
        if self._to is None:
            return
        data = json.dumps(command).encode("ascii") + b"\n"
        # A supervisor that was killed answers nothing, which `_receive` notices.
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._to, data) :]

    def _receive(self, timeout_s: float | None) -> dict[str, Any] | None:
        """The next reply; None when there is none in time, or ever (then the pipe is forgotten)."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while b"\n" not in self._input:
            if self._from is None:
                return None
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._from], [], [], patience)[0]:
                return None
            data = os.read(self._from, 1 << 16)
            if not data:
                self._forget()
                return None
            self._input += data
        line, _, self._input = self._input.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _forget(self) -> None:
        for descriptor in (self._to, self._from):
            if descriptor is not None:
                os.close(descriptor)
        self._to = self._from = None
        self._input = b""
