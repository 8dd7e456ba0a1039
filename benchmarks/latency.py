"""From launch to the first value readable in PostgreSQL: everything up, and nothing up.

The peer does the least that could be done on Ray: a task that starts the script as a child process, reads its first
value, and commits it; warm on a running Ray, cold including Ray's own start (PostgreSQL is up already for the peer).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from app.settings import Settings
from benchmarks.figures import Budget, arguments, present, scratch_folder
from benchmarks.scheduling import ROWS, SCRIPT, commit, report_of
from cli.services import Services
from storage.embedded import OWNER_ROLE, EmbeddedServer
from storage.folders import prepare_data_dir
from storage.heartbeats import last_beat
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.store import Store

COMMAND = "import argparse; p = argparse.ArgumentParser(); p.add_argument('--number', type=int); p.parse_args()\n"


FIRST_VALUE = """SELECT 1 FROM metric_chunk chunk JOIN experiment ON experiment.id = chunk.experiment_id
    WHERE CAST(experiment.settings AS jsonb) @> CAST(:s AS jsonb)"""


def await_value(store: Store, table: str) -> None:
    """Wait until there is a row."""
    while True:
        with store.begin() as connection:
            if connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table})")):
                return
        time.sleep(0.005)


@contextmanager
def emptied(store: Store, *tables: str) -> Iterator[None]:
    """Begin with empty tables."""
    with store.begin() as connection:
        for table in tables:
            connection.execute(text(f"DELETE FROM {table}"))
    yield


def warm(store: Store, script: Path) -> float:
    """Seconds from queueing a run to its first value, with everything up."""
    command = [sys.executable, str(script)]
    project = register_project(store, "Latency", directory=str(script.parent), command=command, hyperparameters=[])
    number = {"name": "number", "flag": "--number", "type": "int"}
    while not ((heard := last_beat(store, "dispatcher")) and heard[1]["is_ready"]):
        time.sleep(0.05)
    with emptied(store, "metric_summary", "metric_chunk"):
        started = time.perf_counter()
        run = create_run(store, project, NewRun("latency", {"number": [1]}, [number], [NewExperiment({"number": 1})]))
        await_value(store, "metric_chunk")
        elapsed = time.perf_counter() - started
    while (found := find_run(store, project.id, run.number)) and found.state in {"queued", "running"}:
        time.sleep(0.02)
    return elapsed


def cold(folder: Path, script: Path, position: int) -> float:
    """Seconds from typing `hypertuner run` with nothing up to the first value, data folder already made."""
    data_dir = folder / "cold"
    argv = [sys.executable, "-m", "hypertuner", "run", "--project", "cold", "--again", "--data-dir", str(data_dir)]
    argv += ["--", sys.executable, str(script), "--number", f"[{position}]"]
    log = (folder / "cold.log").open("ab")
    started = time.perf_counter()
    command = subprocess.Popen(argv, stdout=log, stderr=log)
    url_file = data_dir / "secrets" / "database_url"
    seen = None
    while seen is None and command.poll() is None:
        try:
            store = Store(url_file.read_text(), pool_size=0)
            with store.begin() as connection:
                seen = connection.scalar(text(FIRST_VALUE), {"s": f'{{"number": {position}}}'})
        except Exception:  # noqa: BLE001 - the server is still starting
            time.sleep(0.01)
    elapsed = time.perf_counter() - started
    if command.wait(120) != 0:
        sys.exit(f"the cold start failed:\n{(folder / 'cold.log').read_text()}")
    log.close()
    return elapsed


def peer(url: str, script: Path, *, is_cold: bool) -> float:
    """Seconds of a bare Ray task; cold starts Ray first."""
    import ray

    def start() -> None:
        ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    @ray.remote
    def one(path: str, database: str) -> None:
        commit(Store(database, pool_size=0), report_of(path, 1))

    store = Store(url, pool_size=1)
    if not is_cold:
        start()
        ray.get(one.remote(str(script), url))
    with emptied(store, "plain_value"):
        started = time.perf_counter()
        if is_cold:
            start()
        one.remote(str(script), url)
        await_value(store, "plain_value")
        elapsed = time.perf_counter() - started
    ray.shutdown()
    store.close()
    return elapsed


def main() -> None:
    """Peer, then us."""
    options = arguments(__doc__ or "")
    times = 3 if options.quick else 7
    with scratch_folder() as folder:
        script = folder / "project" / "script.py"
        script.parent.mkdir()
        script.write_text(COMMAND + SCRIPT)
        with EmbeddedServer(prepare_data_dir(folder / "peer"), folder) as server:
            url = server.url_of(OWNER_ROLE)
            with Store(url, pool_size=0).begin() as connection:
                connection.execute(text(ROWS))
            peer_cold = peer(url, script, is_cold=True)
            peer_warm = peer(url, script, is_cold=False)
        with Services(Settings(data_dir=folder / "warm"), say=lambda _: None) as services:
            services.start_training()
            warm(services.store, script)
            ours_warm = [warm(services.store, script) for _ in range(times)]
        cold(folder, script, 0)
        ours_cold = [cold(folder, script, position + 1) for position in range(1 if options.quick else 3)]
    figures = {
        "warm_s": statistics.median(ours_warm),
        "cold_s": statistics.median(ours_cold),
        "peer_warm_s": peer_warm,
        "peer_cold_s": peer_cold,
    }
    rows = [
        ("HyperTuner", figures["warm_s"], figures["cold_s"]),
        ("Ray task + child + PostgreSQL", peer_warm, peer_cold),
    ]
    budgets = {"warm_s": Budget(1.0), "cold_s": Budget(8.0)}
    present("latency", ("contestant", "warm, s", "cold, s"), rows, figures, budgets)


if __name__ == "__main__":
    main()
