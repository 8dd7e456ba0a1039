"""What a launcher that was killed together with its supervisors may have left behind."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from training.head import HEAD_MARK
from training.lifeline_owner import PROGRAM

PATIENCE_S = 15.0


def end_leftovers(data_dir: Path) -> int:
    """End every process whose environment says that it belongs to this folder's Ray or scripts; how many there were.

    Only whoever holds the folder may ask for it, and before anything of Ray is started. Supervisors end by themselves,
    with their scripts, once their owners are gone; they are killed only if they do not.
    """
    marks = (
        os.fsencode(f"{HEAD_MARK}={data_dir / 'secrets' / 'ray_token'}"),
        os.fsencode(f"HYPERTUNER_METRICS={data_dir / 'spool'}{os.sep}"),
    )
    found: set[int] = set()
    deadline = time.monotonic() + PATIENCE_S
    while left := _with_marks(marks):
        is_late = time.monotonic() > deadline
        for pid in left:
            if is_late or not _is_supervisor(pid):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
        found |= left
        if time.monotonic() > deadline + 1:
            break
        time.sleep(0.05)
    return len(found)


def _with_marks(marks: tuple[bytes, ...]) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if any(each.startswith(marks) for each in (entry / "environ").read_bytes().split(b"\0")):
                    found.add(int(entry.name))
    return found


def _is_supervisor(pid: int) -> bool:
    with suppress(OSError):
        return os.fsencode(PROGRAM) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False
