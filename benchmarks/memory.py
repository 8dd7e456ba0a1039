"""What an idle `up` costs, and what forty open runs cost more than one: memory as PSS, processes, and CPU.

PSS counts a page that n processes share as 1/n of it for each. The limit for the open runs is none at all: a run is a
row. The first experiment of forty runs should start as soon as that of one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from benchmarks.figures import Budget, arguments, present, scratch_folder
from storage.requests import request_stop
from storage.run_leases import count_open_runs
from storage.store import Store
from tests.faults.rain import Rain
from tests.product import Product, family

OPEN_RUNS = 40


def tree(data_dir: Path) -> dict[int, str]:
    """Every process of the product on a data folder, with the start of its command line."""
    return family(data_dir)


def pss_mb(processes: Mapping[int, str]) -> float:
    """Their proportional set size in all, in MB; those that ended meanwhile count nothing."""
    total = 0
    for pid in processes:
        with suppress(OSError, IndexError, ValueError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    return total / 1000


def cpu_s(processes: Mapping[int, str]) -> float:
    """The CPU seconds that they have used so far."""
    ticks = 0
    for pid in processes:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def settled(data_dir: Path, seconds: float) -> tuple[int, float, float]:
    """Processes, MB and the CPU's share in percent, once nothing changes any more."""
    time.sleep(seconds)
    before, began = cpu_s(tree(data_dir)), time.monotonic()
    time.sleep(seconds)
    found = tree(data_dir)
    return len(found), pss_mb(found), 100 * (cpu_s(found) - before) / (time.monotonic() - began)


def first_start(store: Store, rain: Rain, count: int) -> float:
    """Queue so many runs at once; returns the seconds from the first one's queueing until an experiment of it runs."""
    for _ in range(count):
        rain.launch(store, 3)
    statement = text(
        """SELECT extract(epoch FROM min(experiment.started_at) - min(run.created_at))
        FROM run JOIN experiment ON run_id = run.id WHERE run.state IN ('queued', 'running')"""
    )
    while True:
        with store.read() as connection:
            if (seconds := connection.scalar(statement)) is not None:
                return float(seconds)
        time.sleep(0.01)


def end_all(store: Store) -> None:
    """Stop every open run and wait until none is open."""
    with store.read() as connection:
        ids = list(connection.scalars(text("SELECT id FROM run WHERE state IN ('queued', 'running')")))
    for run_id in ids:
        request_stop(store, run_id)
    while count_open_runs(store):
        time.sleep(0.1)


def main() -> None:
    """Idle, one run, forty runs."""
    options = arguments(__doc__ or "")
    seconds = 5.0 if options.quick else 30.0
    with scratch_folder() as folder:
        data_dir = folder / "data"
        rain = Rain(folder / "rain", steps=100_000, pause_s=1)
        product = Product(["up"], data_dir)
        product.wait_for("Ctrl-C stops everything")
        store = Store((data_dir / "secrets" / "database_url").read_text().strip())
        rows, starts = [("idle", *settled(data_dir, seconds))], {}
        for count in (1, OPEN_RUNS):
            starts[count] = first_start(store, rain, count)
            rows.append((f"{count} open run{'' if count == 1 else 's'}", *settled(data_dir, seconds)))
            end_all(store)
        store.close()
        product.interrupt()
    idle, one, many = rows
    figures = {
        "idle_processes": float(idle[1]), "idle_mb": idle[2], "idle_cpu_percent": idle[3],
        "forty_runs_cost_mb": many[2] - one[2], "forty_runs_cost_processes": float(many[1] - one[1]),
        "first_start_of_one_s": starts[1], "first_start_of_forty_s": starts[OPEN_RUNS],
    }  # fmt: skip
    budgets = {"forty_runs_cost_mb": Budget(100), "forty_runs_cost_processes": Budget(0)}
    present("memory", ("state", "processes", "PSS, MB", "CPU, %"), rows, figures, budgets)


if __name__ == "__main__":
    main()
