"""Watching the parts of the product: each is started, watched and started again by a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LOOK_EVERY_S = 0.1
# This many failures within this time mean that starting it again does not help.
MOST_FAILURES, FAILURES_WITHIN_S = 5, 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0

ADVICE = "Everything else goes on; start `hypertuner up` anew to try it again."

Say = Callable[[str], None]

log = logging.getLogger("hypertuner.up")


class PartError(Exception):
    """A part that could not be started; the message says why."""


class Part(Protocol):
    """Something that `up` keeps running.

    `title` is its name for people, `back` what is said when it was started again.
    """

    title: str
    back: str

    @property
    def log_path(self) -> Path | str:
        """Where it says more: a file, or an address."""

    def start(self, must_end: threading.Event) -> None:
        """Start it and return once it works, however long that takes; at once where `must_end` is set.

        Raises PartError.
        """

    def ended(self) -> str | None:
        """Why it no longer works, or None while it does; "" where that is no fault of its own."""

    def stop(self) -> None:
        """End it and all that it started; also one that has ended, or never began."""


@dataclass(frozen=True)
class State:
    """How a part is: `word` is starting, working, restarting or broken, since a time; `reason` where it failed."""

    word: str
    since: float
    reason: str | None = None


class Watched:
    """One part with the thread that keeps it running.

    Guarantees that no other part waits for it, and that it is given up after five failures in two minutes.
    """

    def __init__(self, part: Part, say: Say, *, advice: str = ADVICE) -> None:
        """advice: what is said when the part is given up."""
        self.part = part
        self._advice = advice
        self._say = say
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES)
        self._must_end = threading.Event()
        self._settled = threading.Event()
        self._first_error: Exception | None = None
        self.state = State("starting", time.time())
        self._thread = threading.Thread(target=self._serve, name=part.title, daemon=True)

    def begin(self) -> None:
        """Start the part, beside whoever calls."""
        self._thread.start()

    def await_first(self) -> None:
        """Wait until it works for the first time. Raises whatever kept its first start from working."""
        self._settled.wait()
        if self._first_error is not None:
            raise self._first_error

    def end(self) -> None:
        """Stop the part and its thread."""
        self._must_end.set()
        self._thread.join()

    @property
    def is_broken(self) -> bool:
        """Whether it is not started again."""
        return self.state.word == "broken"

    @property
    def problem(self) -> str | None:
        """What is wrong with it, in a sentence, where it is broken."""
        if not self.is_broken:
            return None
        return f"{self.part.title} is broken: {self.state.reason} (log: {self.part.log_path})"

    def _serve(self) -> None:
        while not self._must_end.is_set():
            began = time.monotonic()
            is_first = self.state.word == "starting"
            reason = self._start()
            if reason is None and not self._must_end.is_set():
                if not is_first:
                    self._say(f"{self.part.back} ({time.monotonic() - began:.1f} s)")
                self.state = State("working", time.time())
                if not self._settled.is_set():
                    # An earlier try may have failed; now it works.
                    self._first_error = None
                self._settled.set()
                reason = self._await_end()
            if self._must_end.is_set():
                break
            self._on_end(reason)
        self._settled.set()
        self.part.stop()

    def _start(self) -> str | None:
        """Start the part; returns why that failed."""
        try:
            self.part.start(self._must_end)
        except Exception as error:
            if not isinstance(error, PartError):
                log.exception("%s could not be started", self.part.title)
                # Whatever it is, it is nothing that another try would mend.
                self._failures.extend([time.monotonic()] * MOST_FAILURES)
            if not self._settled.is_set():
                self._first_error = error
            with suppress(Exception):
                self.part.stop()
            return str(error) or type(error).__name__
        return None

    def _await_end(self) -> str:
        while not self._must_end.wait(LOOK_EVERY_S):
            if (reason := self.part.ended()) is not None:
                return reason
        return ""

    def _on_end(self, reason: str | None) -> None:
        now = time.monotonic()
        if reason:
            self._failures.append(now)
        recent = [each for each in self._failures if now - each < FAILURES_WITHIN_S]
        if len(recent) == MOST_FAILURES:
            self.state = State("broken", time.time(), reason)
            log.error("%s", self.problem)
            self._say(f"{self.problem}. {self._advice}")
            self.part.stop()
            self._settled.set()
            self._must_end.wait()
            return
        self.state = State("restarting", time.time(), reason)
        if reason:
            self._say(f"{self.part.title}: {reason}. It is started again (log: {self.part.log_path})")
            self._must_end.wait(min(FIRST_PAUSE_S * 2 ** (len(recent) - 1), LONGEST_PAUSE_S))
