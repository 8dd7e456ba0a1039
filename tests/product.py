"""The product as a user starts it: one command in a terminal of its own, watched and ended by the tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.folders import prepare_runtime_dir

LINK = re.compile(r"http://127\.0\.0\.1:\d+/login\?token=\S+")
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


def command(*words: str) -> list[str]:
    """A `hypertuner` command line for this interpreter."""
    return [sys.executable, "-m", "hypertuner", *words]


def environment(**more: str) -> dict[str, str]:
    """What a fresh terminal would have: none of our settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HYPERTUNER_")}
    return {**kept, "COLUMNS": "160", **more}


def hypertuner(*words: str, cwd: Path | None = None, timeout_s: float = 150) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(*words), capture_output=True, text=True, check=False, cwd=cwd, env=environment(), timeout=timeout_s
    )


class Product:
    """A command that stays, such as `up` or `demo`, with what it prints."""

    def __init__(self, words: Sequence[str], data_dir: Path, **more: str) -> None:
        """more: environment variables."""
        self.data_dir = data_dir
        self._lines: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            command(*words, "--data-dir", str(data_dir)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment(**more),
            start_new_session=True,
            # Where these tests are in the background, Ctrl-C is ignored, and that would be inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return "".join(self._lines)

    def wait_for(self, pattern: str | re.Pattern[str], timeout_s: float = START_TIMEOUT_S) -> re.Match[str]:
        """Wait until what was printed matches; fails with the output when the process ends or time is up."""
        expression, found = re.compile(pattern), None
        deadline = time.monotonic() + timeout_s
        with self._news:
            while (found := expression.search(self.output)) is None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise AssertionError(f"{pattern!r} was not printed; this was:\n{self.output}\n{self.logs()}")
                self._news.wait(min(left, 0.5))
        return found

    @property
    def link(self) -> str:
        """The first link that was printed."""
        return self.wait_for(LINK)[0]

    def interrupt(self) -> int:
        """Ctrl-C, and wait for the end; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self._ended()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        status = self.process.wait(STOP_TIMEOUT_S)
        self._reader.join(STOP_TIMEOUT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def logs(self, last: int = 3000) -> str:
        """The ends of the services' logs, for failures."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-last:]}"
            for path in sorted((self.data_dir / "logs").glob("*.log"))
        )


def processes_of(data_dir: Path) -> dict[int, str]:
    """The living processes that name this data folder in their command line or environment, with their commands."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            text = words + b"\0" + (entry / "environ").read_bytes()
        except OSError:
            continue
        # A zombie has no command line; it only waits to be counted by its parent.
        if words and os.fsencode(data_dir) in text:
            found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")[:200]
    return found


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    """Wait for a condition; fails with a sentence."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.1)


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """SIGSTOP for as long as the block lasts."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def family(data_dir: Path) -> dict[int, str]:
    """Every living process of the product on a data folder, with the start of its command line."""
    found = processes_of(data_dir) | processes_of(prepare_runtime_dir(data_dir))
    while more := _children(found):
        found |= more
    return found


def _children(parents: Mapping[int, str]) -> dict[int, str]:
    """Processes that name nothing, such as PostgreSQL's, by their parents."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in parents and _parent(int(entry.name)) in parents:
            with suppress(OSError):
                if line := (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]:
                    found[int(entry.name)] = line
    return found


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def part_of(data_dir: Path, part: str) -> list[int]:
    """The living processes that are a part of the product on a data folder, by the part's name in VICTIMS."""
    found = family(data_dir)
    is_victim = VICTIMS[part]
    return [pid for pid, line in found.items() if is_victim(line, found.get(_parent(pid), ""))]


# How to know a part, by its command line and its parent's.
VICTIMS: dict[str, Callable[[str, str], bool]] = {
    "postmaster": lambda line, parent: "/postgres -D" in line,
    "database backend": lambda line, parent: line.startswith("postgres: hypertuner_app"),
    "database walwriter": lambda line, parent: line.startswith("postgres: walwriter"),
    "web": lambda line, parent: "-m gunicorn" in line and "-m gunicorn" not in parent,
    "web worker": lambda line, parent: "-m gunicorn" in line and "-m gunicorn" in parent,
    "dispatcher": lambda line, parent: "-m training.dispatcher" in line,
    "ray": lambda line, parent: "-P -c import os, time" in line,
    "raylet": lambda line, parent: "/raylet/raylet " in line.partition("--")[0],
    "gcs": lambda line, parent: "/gcs/gcs_server " in line.partition("--")[0],
    "worker": lambda line, parent: line.startswith("ray::ExperimentActor"),
    "supervisor": lambda line, parent: "lifeline.py" in line and "lifeline.py" in parent,
    "guard": lambda line, parent: "lifeline.py" in line and "lifeline.py" not in parent,
}
