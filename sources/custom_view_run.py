"""Runs a custom view in a child process of the project's interpreter, within bounds of time, memory and output."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.own_time import LOOK_EVERY_S, OwnTime

HERE = Path(__file__).parent
MOST_SAID_BYTES = 20_000
# What a child may know of its surroundings: addresses and secrets of ours are not among it.
KEPT_VARIABLES = (
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
)  # fmt: skip
ALONE = {
    # Each thread of these takes memory, and the machine has others to serve.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
    # What it said before it was ended counts most.
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Limits:
    """What one view may take. timeout_s: of its own time, running or asleep, whatever else the machine does."""

    timeout_s: float = 10.0
    memory_bytes: int = 2_000_000_000
    most_bytes: int = 5_000_000
    file_bytes: int = 64_000_000


@dataclass(frozen=True)
class Place:
    """Where a view runs: the folder that holds `views/`, the interpreter, and the working directory."""

    project: Path
    python: str
    directory: Path


@dataclass(frozen=True)
class CurveColumns:
    """A metric's columns by name, all of one length: `values`, and `epochs` and `batches` where they are known."""

    metric: str
    columns: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Payload:
    """A view that the script attached; content: None where it is left out."""

    name: str
    kind: str
    epoch: float | None
    content: bytes | None


@dataclass(frozen=True)
class Material:
    """What a view gets; facts and experiments are the fields of ViewData and Listed in hypertuner/view_data.py."""

    facts: Mapping[str, Any]
    experiments: Sequence[Mapping[str, Any]]
    curves: Sequence[CurveColumns] = ()
    views: Sequence[Payload] = ()


@dataclass(frozen=True)
class Outcome:
    """A figure as the view wrote it, or a sentence that says why there is none, with the traceback where there is one.

    said: the end of what it printed; left_out: how many bytes came before.
    """

    figure: Any
    problem: str
    traceback: str
    said: str
    left_out: int
    seconds: float


def run_view(file: str, place: Place, material: Material, limits: Limits) -> Outcome:
    """Call the view of a file. Whatever it does is an outcome; no process of its session is left."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hypertuner-view-") as scratch:
        _write(Path(scratch), file, place, material, limits)
        child = _Child(limits)
        ended = child.call(Path(scratch), place)
    told = _read(ended, child.answer, file, limits)
    return Outcome(
        told.get("figure"),
        str(told.get("problem", "")),
        str(told.get("traceback", "")),
        child.said.text,
        child.said.left_out,
        time.monotonic() - begun,
    )


# --- what the child reads -------------------------------------------------------------------------------------------


def _write(scratch: Path, file: str, place: Place, material: Material, limits: Limits) -> None:
    client = scratch / "client"
    client.mkdir()
    # Only this package, so that a view can import it and nothing else of ours.
    (client / "hypertuner").symlink_to(HERE.parent / "hypertuner", target_is_directory=True)
    run = {"file": file, "project": os.path.abspath(place.project), **vars(limits)}
    (scratch / "run.json").write_text(json.dumps(run))
    written = {
        "facts": material.facts,
        "experiments": material.experiments,
        "curves": [
            {"metric": each.metric, "count": len(each.columns["values"]), "columns": list(each.columns)}
            for each in material.curves
        ],
        "views": [
            {
                "name": each.name,
                "kind": each.kind,
                "epoch": each.epoch,
                "size": None if each.content is None else len(each.content),
            }
            for each in material.views
        ],
    }
    (scratch / "view.json").write_text(json.dumps(written))
    with (scratch / "values.bin").open("wb") as values:
        for curve in material.curves:
            for column in curve.columns.values():
                values.write(np.ascontiguousarray(column, np.float64).tobytes())
    with (scratch / "payloads.bin").open("wb") as payloads:
        for view in material.views:
            payloads.write(view.content or b"")


# --- the child ------------------------------------------------------------------------------------------------------


@dataclass
class _Said:
    """The end of what was printed."""

    tail: bytearray = field(default_factory=bytearray)
    left_out: int = 0

    def add(self, chunk: bytes) -> None:
        self.tail += chunk
        over = len(self.tail) - MOST_SAID_BYTES
        if over > 0:
            del self.tail[:over]
            self.left_out += over

    @property
    def text(self) -> str:
        return self.tail.decode("utf-8", "replace")


@dataclass(frozen=True)
class _Ended:
    """How it ended; status None: it had to be ended, because of what `why` says."""

    status: int | None
    why: str = ""


class _Child:
    """One call of a view, until it has ended or has to be ended."""

    def __init__(self, limits: Limits) -> None:
        self.answer, self.said = bytearray(), _Said()
        self._limits = limits

    def call(self, scratch: Path, place: Place) -> _Ended:
        reading, writing = os.pipe()
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        try:
            child = subprocess.Popen(
                [place.python, str(HERE / "custom_view_child.py"), str(scratch), str(writing)],
                cwd=place.directory,
                env={**environment, **ALONE},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(reading)
            return _Ended(None, f"{place.python} cannot be started: {error.strerror}.")
        finally:
            os.close(writing)
        assert child.stdout is not None
        try:
            return self._listen(child, reading, child.stdout.fileno())
        finally:
            # Also what the view started and left behind.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            os.close(reading)
            child.stdout.close()

    def _listen(self, child: subprocess.Popen[bytes], reading: int, saying: int) -> _Ended:
        most, clock, left, looked = (
            self._limits.most_bytes,
            OwnTime(child.pid),
            self._limits.timeout_s,
            time.monotonic(),
        )
        with selectors.DefaultSelector() as ready:
            ready.register(reading, selectors.EVENT_READ)
            ready.register(saying, selectors.EVENT_READ)
            while True:
                status = child.poll()
                found = ready.select(0 if status is not None else 0.05)
                if time.monotonic() - looked >= LOOK_EVERY_S:
                    left, looked = self._limits.timeout_s - clock.spent(), time.monotonic()
                # What it left behind may go on writing; nobody waits for that.
                if status is not None and (not found or left <= 0):
                    return _Ended(status)
                if left <= 0:
                    return _Ended(None, "time")
                for key, _ in found:
                    chunk = os.read(key.fd, 65_536)
                    if not chunk:
                        ready.unregister(key.fd)
                    elif key.fd == saying:
                        self.said.add(chunk)
                    else:
                        self.answer += chunk
                # The child itself says how large its figure is; this is for one that writes past it.
                if len(self.answer) > most + 100_000:
                    return _Ended(None, f"A view may return {most / 1e6:,.0f} MB at most.")


def _read(ended: _Ended, answer: bytearray, file: str, limits: Limits) -> Mapping[str, Any]:
    if ended.why == "time":
        return {
            "problem": f"{file} was ended after {limits.timeout_s:g} s, which is the most that a view may take. "
            "Compute what takes longer in the script, and attach it with hypertuner.views."
        }
    if ended.status is None:
        return {"problem": ended.why}
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return told
    if ended.status < 0:
        return {"problem": f"{file} was killed by {_signal(-ended.status)} before it returned a figure."}
    return {"problem": f"{file} ended with status {ended.status} before it returned a figure."}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
