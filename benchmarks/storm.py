"""Many runs at once on a busy machine on which a worker takes half a minute to start: does the engine storm?

Starts are delayed by the environment: a `sitecustomize` that sleeps where Python starts a Ray worker, as a network disk
would. The peer is the same without the delay.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.figures import Budget, arguments, present, scratch_folder
from benchmarks.memory import pss_mb, tree
from storage.run_leases import count_open_runs
from storage.store import Store
from tests.faults.rain import Rain
from tests.product import Product

SLOW_IMPORT = """
import sys, time
if any(word.endswith("default_worker.py") for word in sys.orig_argv):
    time.sleep({delay})
"""
BUSY = "import time; until = time.monotonic() + {seconds}\nwhile time.monotonic() < until: pass"
LONGEST_S = 3600


@dataclass
class Seen:
    """The most that was seen, and how it ended."""

    taken_up: int = 0
    ray_processes: int = 0
    memory_mb: float = 0.0
    seconds: float = 0.0
    wrong: int = 0


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes beside everything that do nothing but compute."""
    loops = [subprocess.Popen([sys.executable, "-c", BUSY.format(seconds=LONGEST_S)]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


class Gauge:
    """Looks at the processes of a data folder every second."""

    def __init__(self, data_dir: Path, seen: Seen) -> None:
        self._data_dir = data_dir
        self._seen = seen
        self._must_end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._must_end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._must_end.wait(1):
            found = tree(self._data_dir)
            rays = sum(line.startswith("ray::") or "default_worker.py" in line for line in found.values())
            self._seen.ray_processes = max(self._seen.ray_processes, rays)
            self._seen.memory_mb = max(self._seen.memory_mb, pss_mb(found))


def contest(folder: Path, *, delay_s: float, runs: int) -> Seen:
    """Queue the runs before Ray is there, restart once when the first works, and wait for the end of all."""
    seen = Seen()
    data_dir, slow = folder / "data", folder / "slow"
    slow.mkdir(parents=True)
    (slow / "sitecustomize.py").write_text(SLOW_IMPORT.format(delay=delay_s))
    more = {"PYTHONPATH": str(slow)} if delay_s else {}
    rain = Rain(folder / "rain", steps=3, pause_s=0.1)
    with Gauge(data_dir, seen):
        product = Product(["up"], data_dir, **more)
        product.wait_for("The page is ready", LONGEST_S)
        store = Store((data_dir / "secrets" / "database_url").read_text().strip())
        began = time.monotonic()
        queued = [rain.launch(store, 3) for _ in range(runs)]
        while not any(rain.told(f"{experiment}-1")[0] for experiment in range(1, 3 * runs + 1)):
            time.sleep(0.2)
        product.interrupt()
        product = Product(["up"], data_dir, **more)
        product.wait_for("Ctrl-C stops everything", LONGEST_S)
        while count_open_runs(store):
            time.sleep(0.2)
        seen.seconds = time.monotonic() - began
        verdict = rain.judge(store, queued)
        seen.wrong = sum(len(getattr(verdict, name)) for name in verdict.__dataclass_fields__)
        with store.read() as connection:
            seen.taken_up = int(connection.scalar(text("SELECT max(fence) FROM run")) or 0)
        store.close()
        product.interrupt()
    return seen


def main() -> None:
    """With and without the delay."""
    options = arguments(__doc__ or "")
    delay_s, loops, runs = (5.0, 4, 5) if options.quick else (30.0, 60, 20)
    cores = os.cpu_count() or 1
    with scratch_folder() as folder, busy_loops(loops):
        slow = contest(folder / "slow", delay_s=delay_s, runs=runs)
        plain = contest(folder / "plain", delay_s=0, runs=runs)
    rows = [
        (name, each.taken_up, each.ray_processes, each.memory_mb, each.seconds, each.wrong)
        for name, each in ((f"a worker starts {delay_s:g} s later", slow), ("without the delay", plain))
    ]
    figures = {
        "taken_up": float(slow.taken_up), "ray_processes": float(slow.ray_processes), "memory_mb": slow.memory_mb,
        "seconds": slow.seconds, "seconds_without_delay": plain.seconds, "wrong": float(slow.wrong + plain.wrong),
    }  # fmt: skip
    # Once, and once more after the restart. Ray itself holds an idle worker per core ready, and two agents.
    budgets = {"taken_up": Budget(2), "ray_processes": Budget(2 * cores + 6), "wrong": Budget(0)}
    columns = ("contestant", "most often taken up", "most Ray workers", "most memory, MB", "seconds", "wrong")
    present("storm", columns, rows, figures, budgets)


if __name__ == "__main__":
    main()
