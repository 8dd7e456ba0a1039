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

HERE = Path(__file__).parent
MOST_SAID_BYTES = 20_000
# What a child may know of its surroundings: addresses and secrets of ours are not among it.
KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV")
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
    """What one view may take."""

    timeout_s: float = 10.0
    memory_bytes: int = 2_000_000_000
    most_bytes: int = 5_000_000
    file_bytes: int = 64_000_000


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


def run_view(
    file: str, project: Path, python: str, directory: Path, material: Material, limits: Limits = Limits()
) -> Outcome:
    """Call the view of a file in the folder `project`, in the working directory `directory`.

    Whatever the view does is an outcome; no process of its session is left.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hypertuner-view-") as scratch:
        _write(Path(scratch), file, project, material, limits)
        ended, answer, said = _call(Path(scratch), python, directory, begun + limits.timeout_s, limits)
    told = _read(ended, answer, file, limits)
    return Outcome(
        told.get("figure"),
        str(told.get("problem", "")),
        str(told.get("traceback", "")),
        said.text,
        said.left_out,
        time.monotonic() - begun,
    )


# --- what the child reads -------------------------------------------------------------------------------------------


def _write(scratch: Path, file: str, project: Path, material: Material, limits: Limits) -> None:
    client = scratch / "client"
    client.mkdir()
    # Only this package, so that a view can import it and nothing else of ours.
    (client / "hypertuner").symlink_to(HERE.parent / "hypertuner", target_is_directory=True)
    run = {"file": file, "project": os.path.abspath(project), **vars(limits)}
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


def _call(
    scratch: Path, python: str, directory: Path, deadline: float, limits: Limits
) -> tuple[_Ended, bytearray, _Said]:
    answer, said = bytearray(), _Said()
    reading, writing = os.pipe()
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    try:
        child = subprocess.Popen(
            [python, str(HERE / "custom_view_child.py"), str(scratch), str(writing)],
            cwd=directory,
            env={**environment, **ALONE},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
        )
    except OSError as error:
        os.close(reading)
        return _Ended(None, f"{python} cannot be started: {error.strerror}."), answer, said
    finally:
        os.close(writing)
    try:
        ended = _listen(child, reading, answer, said, deadline, limits)
    finally:
        # Also what the view started and left behind.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(reading)
        assert child.stdout is not None
        child.stdout.close()
    return ended, answer, said


def _listen(
    child: subprocess.Popen[bytes], reading: int, answer: bytearray, said: _Said, deadline: float, limits: Limits
) -> _Ended:
    """Read what it writes until it has ended, in time and within bounds."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(reading, selectors.EVENT_READ)
        ready.register(child.stdout.fileno(), selectors.EVENT_READ)
        while True:
            status, left = child.poll(), deadline - time.monotonic()
            found = ready.select(0 if status is not None else max(0.0, min(left, 0.05)))
            # What it left behind may go on writing; nobody waits for that.
            if status is not None and (not found or left <= 0):
                return _Ended(status)
            if left <= 0:
                return _Ended(None, "time")
            for key, _ in found:
                chunk = os.read(key.fd, 65_536)
                if not chunk:
                    ready.unregister(key.fd)
                elif key.fd != reading:
                    said.add(chunk)
                else:
                    answer += chunk
                    # The child itself says how large its figure is; this is for one that writes past it.
                    if len(answer) > limits.most_bytes + 100_000:
                        return _Ended(None, f"A view may return {limits.most_bytes / 1e6:,.0f} MB at most.")


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
