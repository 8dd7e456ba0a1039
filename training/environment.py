"""Where a run's scripts run: the machine, its GPUs, the interpreter and its packages.

It is asked once per run and host, beside the first script, by processes that nobody waits for before that script ends.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

# A file system on the network may take long to list its packages.
TIME_LIMIT_S = 20.0
MOST_BYTES = 2_000_000
MOST_PACKAGES = 5_000
MOST_GPUS = 64
LONGEST_WORD = 200

_MARK = "hypertuner-environment "
# Runs in any Python since 3.8. Neither the folder that it starts in nor that of a script is a place to import from.
_PROGRAM = f"""
import sys
sys.path[:] = [each for each in sys.path if each]
import json, platform
packages, problem = {{}}, ""
try:
    from importlib import metadata
    for found in metadata.distributions():
        name = found.metadata["Name"]
        if name:
            packages.setdefault(name, str(found.version))
except Exception as error:
    problem = "Its packages cannot be listed: %s." % error
print({_MARK!r} + json.dumps({{"python": platform.python_version(), "implementation": platform.python_implementation(),
    "executable": sys.executable, "problem": problem,
    "packages": sorted(packages.items(), key=lambda each: each[0].lower())}}))
"""
_GPU_QUERY = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]


@dataclass
class _Question:
    """A process whose first bytes of output are an answer; it is killed when it takes too long."""

    argv: list[str]
    environment: Mapping[str, str]
    directory: str
    problem: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def __post_init__(self) -> None:
        if not self.argv:
            self.problem = "Nobody can tell which Python this command uses, if any."
            return
        try:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
                cwd=self.directory,
                env=dict(self.environment),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self.problem = (
                f"{self.argv[0][:LONGEST_WORD]} cannot be started: {getattr(error, 'strerror', None) or error}."
            )

    def answer(self, patience_s: float) -> str | None:
        """What it said, once it has ended or if it does in time; None while it goes on."""
        if self._process is not None:
            try:
                self._process.wait(max(0.0, patience_s))
            except subprocess.TimeoutExpired:
                return None
        self._output.seek(0)
        return self._output.read(MOST_BYTES).decode("utf-8", "replace").replace("\0", "")

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            # One that waits for a broken driver cannot even be killed; nobody waits for it.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
        self._output.close()


class EnvironmentProbe:
    """Asks an interpreter and the machine what they are; begins at once and is looked at now and then."""

    def __init__(self, python: Sequence[str], environment: Mapping[str, str], directory: str) -> None:
        """python: what starts the interpreter of the run's command, nothing where nobody can tell; environment and
        directory: those of its scripts."""
        self._until = time.monotonic() + TIME_LIMIT_S
        self._facts: dict[str, Any] | None = None
        self._python = _Question([*python, "-c", _PROGRAM] if python else [], environment, directory)
        smi = shutil.which("nvidia-smi", path=environment.get("PATH"))
        self._gpus = _Question([smi, *_GPU_QUERY], environment, directory) if smi else None

    def facts(self, patience_s: float = 0.0) -> dict[str, Any] | None:
        """All that is known, once everything has answered, failed or taken too long; None until then.

        Asked again it says the same again: whoever writes it down may have to try twice.
        """
        if self._facts is not None:
            return self._facts
        now = time.monotonic()
        until = min(now + patience_s, self._until)
        python = self._python.answer(until - now)
        gpus = self._gpus.answer(until - time.monotonic()) if self._gpus else ""
        if (python is None or gpus is None) and time.monotonic() < self._until:
            return None
        problem = self._python.problem
        self.close()
        late = f"It did not say within {TIME_LIMIT_S:g} s what its packages are."
        found = {"problem": problem or late} if python is None else read_interpreter(python, problem)
        self._facts = {**machine(), "gpus": read_gpus(gpus or ""), **found}
        return self._facts

    def close(self) -> None:
        """End what still runs."""
        for question in (self._python, self._gpus):
            if question:
                question.end()


def machine() -> dict[str, Any]:
    """System, processors and memory of this machine."""
    system = f"{platform.system()} {platform.release()}"
    with suppress(OSError, KeyError, ValueError):
        system = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {system}"
    memory = 0
    with suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"system": f"{system}, {platform.machine()}", "cpus": os.cpu_count() or 0, "memory_bytes": memory}


def read_interpreter(output: str, problem: str = "") -> dict[str, Any]:
    """What an interpreter said of itself, among whatever else its start printed."""
    line = next((line for line in reversed(output.splitlines()) if line.startswith(_MARK)), "")
    try:
        said = json.loads(line.removeprefix(_MARK))
        packages = [[_word(name), _word(version)] for name, version in said["packages"][:MOST_PACKAGES]]
        names = ("python", "implementation", "executable", "problem")
        return {**{name: _word(said[name]) for name in names}, "packages": packages}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {
            "problem": _word(problem)
            or "The program that runs the script did not answer like a Python of 3.8 or newer."
        }


def read_gpus(output: str) -> list[dict[str, str]]:
    """The rows of nvidia-smi: name, memory and driver of each GPU. A machine without a driver says something else."""
    rows = [line.split(", ") for line in output.splitlines()[:MOST_GPUS]]
    # MIG and some virtual GPUs have no memory of their own to tell: [N/A].
    is_row = re.compile(r"[0-9]+ MiB|\[.*\]").fullmatch
    return [
        {"name": _word(row[0]), "memory": _word(row[1]), "driver": _word(row[2])}
        for row in rows
        if len(row) == 3 and is_row(row[1])
    ]


def _word(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode().replace("\0", "")[:LONGEST_WORD]
