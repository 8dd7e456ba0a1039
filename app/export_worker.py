"""Makes what the queue of downloads holds: `python -P -m app.export_worker`. The web starts it, and it ends by itself.

Each file is made by a forked child with limits of memory, computing time and size; the parent holds the slot, watches
for a cancel, and ends the child with everything that it started. Where the parent dies, the child dies with it.
"""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from app.export_job import make_export
from app.settings import Settings, read_settings
from storage.exports import Task, finish_export, is_wanted, take_next, take_slot
from storage.store import Store

# A queue that has just become empty may soon hold something again.
IDLE_S = 5.0
LOOK_EVERY_S = 0.2
KEEP_FILES_S = 3600
MEMORY_BYTES = {"csv": 1 << 30, "pdf": 3 << 29}
COMPUTING_S = {"csv": 600, "pdf": 60}
FILE_BYTES = 4 << 30
PR_SET_PDEATHSIG = 1
# Who cannot have as much any more had too little memory.
LITTLE_BYTES = 1 << 22
# How a child ends that had too little memory to say so itself.
NO_MEMORY = 3
# Libraries in C crash without memory, and so does a stack that cannot grow.
ENDS_OF_NO_MEMORY = (NO_MEMORY, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)

log = logging.getLogger("hypertuner.exports")


def main() -> None:
    """Work until the queue is empty."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = read_settings()
    store = Store(_database_url(settings), pool_size=1)
    folder = exports_folder(settings.data_dir)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
        slot = take_slot(held)
        if slot is not None:
            _work(store, slot, folder)
    store.close()


def exports_folder(data_dir: Path) -> Path:
    """Where finished files wait to be fetched; only ours to read."""
    folder = data_dir / "exports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def remove_old_files(folder: Path, older_than_s: float = KEEP_FILES_S) -> None:
    """Remove the files that were not fetched for an hour, and what a killed worker left."""
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - older_than_s:
                path.unlink()


def _database_url(settings: Settings) -> str:
    return settings.database_url or (settings.data_dir / "secrets" / "database_url").read_text().strip()


def _work(store: Store, slot: int, folder: Path) -> None:
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < IDLE_S:
        task = take_next(store, slot)
        if task is None:
            time.sleep(LOOK_EVERY_S)
            continue
        remove_old_files(folder)
        _make_in_child(store, task, folder)
        idle_since = time.monotonic()


def _make_in_child(store: Store, task: Task, folder: Path) -> None:
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _be_child(store, task, folder, parent)
    # Both sides say it, because either may be first; what the child starts is in its group, too.
    with suppress(OSError):
        os.setpgid(child, child)
    is_wanted_still = True
    try:
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
            time.sleep(LOOK_EVERY_S)
            if is_wanted_still and not is_wanted(store, task.id):
                # Cancelled; or the child has finished this moment, and then nothing is lost.
                is_wanted_still = False
                _end(child)
        if ended[1] and is_wanted_still:
            finish_export(store, task.id, reason=_why(ended[1]))
    finally:
        _end(child)
        (folder / f"{task.id}.part").unlink(missing_ok=True)


def _end(child: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _why(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code in ENDS_OF_NO_MEMORY:
        return "It needs more memory than a download may take; choose fewer experiments."
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "It took too much computing time and was given up; choose fewer experiments."
    return "It could not be made; the file exports.log among the server's logs says why."


def _be_child(store: Store, task: Task, folder: Path, parent: int) -> None:
    """The child's whole life; it never returns, and runs no clean-up that is the parent's."""
    status = 1
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            return
        os.nice(5)
        _limit(task.kind)
        # The connections belong to the parent.
        store.engine.dispose(close=False)
        make_export(store, task, folder)
        status = 0
    except BaseException as error:
        status = NO_MEMORY if _is_lack_of_memory(error) else status
        # Without memory even that may fail.
        with suppress(Exception):
            log.exception("Download %s could not be made", task.id)
    finally:
        os._exit(status)


def _is_lack_of_memory(error: BaseException) -> bool:
    """Whether there was too little; a library, or the database's driver, may have said it in words of its own."""
    if isinstance(error, MemoryError):
        return True
    try:
        mmap.mmap(-1, LITTLE_BYTES).close()
        return "out of memory" in str(error)
    except (OSError, MemoryError):
        return True


def _limit(kind: str) -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES[kind]),
        (resource.RLIMIT_CPU, COMPUTING_S[kind]),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
    ):
        resource.setrlimit(what, (most, most))
    # The size of a file is told as an error where it is written.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


if __name__ == "__main__":
    main()
