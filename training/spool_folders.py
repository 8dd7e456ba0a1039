"""The folders of attempts on this machine: who holds one, how its script ended, and which may go.

Whoever wants to know whether an attempt is over asks `guard_of` first and `read_end` second: the end is written before
the lock is released, so a free lock without an end means that the attempt was cut off.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METRICS, STDOUT, STDERR = "metrics.jsonl", "stdout", "stderr"
# What the script logged by other packages: see hypertuner/hooks.
HOOKED = "hooked.jsonl"
END, LOCK, READ = "end.json", "lock", "read"
MOST_END_BYTES = 4_096
# Between taking the lock and writing its pid into it a supervisor does nothing else.
PID_PATIENCE_S = 1.0
# What is being removed is out of the way first, so that half a folder is never taken for an attempt that nobody read.
REMOVED = ".removed-"


@dataclass(frozen=True)
class End:
    """How a script ended, as its supervisor wrote it down.

    stopped: its owner asked for the end. cut: its supervisor made it, because the owner had vanished or a signal
    told it to. Neither: the script ended by itself.
    """

    exit_code: int | None
    signal: int | None
    duration_s: float
    max_rss_bytes: int
    ended_at: float
    stopped: bool
    cut: bool


def make_folder(folder: Path) -> None:
    """A private, empty folder; one of that name is left from an older database and goes."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)


# --- the end --------------------------------------------------------------------------------------------------------


def read_end(folder: Path) -> End | None:
    """How the folder's script ended; None where nothing is written down, or nothing that a supervisor would write."""
    try:
        data = json.loads(_read_small(folder / END))
    except (OSError, ValueError, RecursionError):
        return None
    return _end_of(data) if isinstance(data, dict) else None


def _end_of(data: dict[str, Any]) -> End | None:
    whole: dict[str, Any] = {name: data.get(name) for name in End.__dataclass_fields__}
    codes = [whole["exit_code"], whole["signal"]]
    numbers = [whole["duration_s"], whole["max_rss_bytes"], whole["ended_at"]]
    is_sound = (
        sum(_is_number(code, int, 256) for code in codes) == codes.count(None) == 1
        and all(_is_number(number, int | float, 2**62) for number in numbers)
        and isinstance(whole["max_rss_bytes"], int)
        and all(isinstance(flag, bool) for flag in (whole["stopped"], whole["cut"]))
    )
    return End(**whole) if is_sound else None


def _is_number(value: object, kind: Any, limit: int) -> bool:
    """Whether it is of that kind and from 0 to below the limit; NaN is not."""
    return isinstance(value, kind) and not isinstance(value, bool) and 0 <= value < limit


def _read_small(path: Path) -> bytes:
    """An ordinary file's bytes, if they are few. The folder is the script's, so no link is followed or pipe waited for.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("no ordinary file")
        return file.read(MOST_END_BYTES)


# --- the lock -------------------------------------------------------------------------------------------------------


def guard_of(folder: Path) -> int | None:
    """The pid of the supervisor that holds the folder's script; None where none does.

    It is 0 where the lock is held, but by nobody who says so in it: the script itself could do that.
    """
    deadline = time.monotonic() + PID_PATIENCE_S
    while is_locked(folder):
        pid = _pid_in(folder / LOCK)
        if pid or time.monotonic() > deadline:
            return pid
        time.sleep(0.01)
    return None


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder's lock."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def ask_to_end(folder: Path) -> bool:
    """Have the supervisor that holds the folder's script end it within its grace; False where none holds it.

    The end says then that it was cut, unless the script ended by itself before.
    """
    pid = guard_of(folder)
    if not pid:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _pid_in(path: Path) -> int:
    """The pid that stands in a lock, if that process has it open; 0 otherwise."""
    try:
        pid = int(_read_small(path))
        return pid if pid > 1 and _has_open(pid, path) else 0
    except (OSError, ValueError):
        return 0


def _has_open(pid: int, path: Path) -> bool:
    if sys.platform != "linux":
        return True
    wanted = path.stat(follow_symlinks=False)
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if os.path.samestat(descriptor.stat(), wanted):
                return True
    return False


# --- room on the disk -----------------------------------------------------------------------------------------------


def mark_read(folder: Path) -> None:
    """All that the folder says is in the database: it may go. One that is gone already is no matter."""
    with suppress(OSError):
        os.close(os.open(folder / READ, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def prune(spool_dir: Path, limit_bytes: int) -> list[Path]:
    """Remove folders until the whole takes no more than `limit_bytes` of disk; returns which, in order.

    Those that were read longest ago go first. What is not marked as read, or is held by a supervisor, stays.
    """
    for rest in spool_dir.glob(f"{REMOVED}*"):
        shutil.rmtree(rest, ignore_errors=True)
    sizes = {folder: _disk_bytes(folder) for folder in _folders(spool_dir)}
    total = sum(sizes.values())
    removed = []
    for folder in sorted(sizes, key=lambda each: (_read_at(each), each.name)):
        if total <= limit_bytes:
            break
        if math.isfinite(_read_at(folder)) and not is_locked(folder) and _remove(folder):
            removed.append(folder)
            total -= sizes[folder]
    return removed


def _folders(spool_dir: Path) -> list[Path]:
    try:
        with os.scandir(spool_dir) as entries:
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder for folder in folders if not folder.name.startswith(REMOVED)]


def _read_at(folder: Path) -> float:
    """When it was marked as read; infinite where it was not."""
    try:
        return (folder / READ).stat(follow_symlinks=False).st_mtime
    except OSError:
        return math.inf


def _remove(folder: Path) -> bool:
    away = folder.with_name(REMOVED + folder.name)
    try:
        folder.rename(away)
    except OSError:
        return False
    shutil.rmtree(away, ignore_errors=True)
    return True


def _disk_bytes(folder: Path) -> int:
    """What it takes on the disk: a hole in a file takes nothing."""
    return sum(512 * blocks for blocks in _blocks(folder))


def _blocks(folder: Path) -> Iterator[int]:
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(OSError):
                yield os.lstat(os.path.join(root, name)).st_blocks
