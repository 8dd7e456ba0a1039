"""Experiments per second: 1,000 scripts that do nothing but report 10 steps of 4 metrics.

All contestants start the same script as a child process with the same arguments, as many at a time as the machine has
cores, read what it reported, and (but for Ray Tune, which keeps its own files) commit the values of each experiment to
PostgreSQL: a pool of threads in one process, a pool of Ray actors doing the same, HyperTuner, Optuna with its
PostgreSQL storage, and Ray Tune with its usual settings and with those that make it fastest.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.settings import Settings
from benchmarks.figures import Budget, arguments, present, scratch_folder
from cli.services import Services
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.store import Store

CORES = os.cpu_count() or 1
SCRIPT = """
import os, sys
with open(os.environ["HYPERTUNER_METRICS"], "a") as file:
    for step in range(10):
        file.write('{"t": 0, "epoch": %d, "m": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}}\\n' % step)
"""
ROWS = """CREATE TABLE IF NOT EXISTS plain_value (experiment bigint, name text, step integer, value double precision)"""
OWN_POOL_LIMIT = 1.3


def report_of(script: str, number: int) -> list[tuple[int, str, int, float]]:
    """Run the script once as a child process and read its 40 values as rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        subprocess.run(
            [sys.executable, script, f"--number={number}"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=(Path(folder) / "stdout").open("wb"),
            stderr=(Path(folder) / "stderr").open("wb"),
            env={**os.environ, "HYPERTUNER_METRICS": str(path)},
        )
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(number, name, line["epoch"], value) for line in lines for name, value in line["m"].items()]


def commit(store: Store, rows: list[tuple[int, str, int, float]]) -> None:
    """One transaction per experiment."""
    with store.begin() as connection:
        connection.execute(
            text("INSERT INTO plain_value VALUES (:e, :n, :s, :v)"),
            [dict(zip("ensv", row, strict=True)) for row in rows],
        )


def process_pool(script: str, url: str, count: int) -> float:
    """Threads that start children and commit."""
    store = Store(url)

    def one(number: int) -> None:
        commit(store, report_of(script, number))

    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(one, range(count)))
    elapsed = time.perf_counter() - started
    store.close()
    return elapsed


def actor_pool(script: str, url: str, count: int) -> float:
    """A bare pool of Ray actors, reused, each starting children and committing."""
    import ray

    @ray.remote(num_cpus=1)
    class Worker:
        def __init__(self) -> None:
            self.store = Store(url)

        def one(self, number: int) -> None:
            commit(self.store, report_of(script, number))

    workers = [Worker.remote() for _ in range(CORES)]
    pool = ray.util.ActorPool(workers)
    list(pool.map(lambda worker, number: worker.one.remote(number), range(CORES)))
    started = time.perf_counter()
    list(pool.map_unordered(lambda worker, number: worker.one.remote(number), range(count)))
    elapsed = time.perf_counter() - started
    for worker in workers:
        ray.kill(worker)
    return elapsed


def optuna_study(script: str, url: str, count: int) -> float:
    """Optuna's own parallel loop on its PostgreSQL storage, reporting each step of one metric."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # A schema of its own: its tables have names like ours.
    with Store(url, pool_size=0).begin() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS optuna"))
    storage = f"{url}&options=-csearch_path%3Doptuna"
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler())

    def objective(trial: Any) -> float:
        trial.suggest_int("number", 0, count)
        rows = report_of(script, trial.number)
        for _, name, step, value in rows:
            if name == "a":
                trial.report(value, step)
        return rows[-1][3]

    started = time.perf_counter()
    study.optimize(objective, n_trials=count, n_jobs=CORES)
    return time.perf_counter() - started


def ray_tune(script: str, _: str, count: int, *, at_its_best: bool) -> float:
    """Ray Tune: a process per trial by default; reused actors and one report at its best."""
    import ray
    from ray import tune

    def trainable(config: dict[str, int]) -> None:
        rows = report_of(script, config["number"])
        steps: dict[int, dict[str, float]] = {}
        for _, name, step, value in rows:
            steps.setdefault(step, {})[name] = value
        for values in [steps[max(steps)]] if at_its_best else steps.values():
            tune.report(values)

    trainable_class = trainable
    configuration = tune.TuneConfig(num_samples=1, reuse_actors=at_its_best, max_concurrent_trials=CORES)
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            trainable_class,
            param_space={"number": tune.grid_search(list(range(count)))},
            tune_config=configuration,
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        started = time.perf_counter()
        tuner.fit()
        elapsed = time.perf_counter() - started
    assert ray.is_initialized()
    return elapsed


def hypertuner(script: str, store: Store, count: int) -> float:
    """A run, from the row that queues it to the row that ends it."""
    command, directory = [sys.executable, script], str(Path(script).parent)
    project = register_project(store, "Bench", directory=directory, command=command, hyperparameters=[])
    number = {"name": "number", "flag": "--number", "type": "int"}
    settings = [NewExperiment({"number": value}) for value in range(count)]
    started = time.perf_counter()
    run = create_run(store, project, NewRun("bench", {"number": list(range(count))}, [number], settings))
    while (current := find_run(store, project.id, run.number)) and current.state in {"queued", "running"}:
        time.sleep(0.02)
    elapsed = time.perf_counter() - started
    assert current is not None
    assert current.state == "finished", current
    with store.begin() as connection:
        values = connection.scalar(text("SELECT sum(value_count) FROM experiment WHERE run_id = :run"), {"run": run.id})
    assert values == 40 * count, values
    return elapsed


def repeated(contest: Callable[[], float], times: int) -> float:
    """The median of so many runs."""
    return statistics.median(contest() for _ in range(times))


def peers(script: str, url: str, count: int, times: int, quick: bool) -> Iterable[tuple[str, int, float]]:
    """Everybody but us: name, number of experiments, seconds."""
    import ray

    yield "process pool", count, repeated(lambda: process_pool(script, url, count), times)
    yield "Optuna on PostgreSQL", count, optuna_study(script, url, count)
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    ray.init(num_cpus=CORES, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield "pool of Ray actors", count, repeated(lambda: actor_pool(script, url, count), times)
        best = 100 if quick else 300
        yield "Ray Tune, at its best", best, ray_tune(script, url, best, at_its_best=True)
        few = 10 if quick else 40
        yield "Ray Tune, as usual", few, ray_tune(script, url, few, at_its_best=False)
    finally:
        ray.shutdown()


def main() -> None:
    """Peers first, then us, on the same PostgreSQL server."""
    options = arguments(__doc__ or "")
    count, times = (150, 1) if options.quick else (1000, 3)
    rates: dict[str, float] = {}
    with scratch_folder() as folder:
        script = folder / "project" / "script.py"
        script.parent.mkdir()
        script.write_text(SCRIPT)
        with Services(Settings(data_dir=folder / "data"), say=lambda _: None) as services:
            url = services.owner_url
            with Store(url, pool_size=0).begin() as connection:
                connection.execute(text(ROWS))
            for name, number, seconds in peers(str(script), url, count, times, options.quick):
                rates[name] = number / seconds
            services.start_training()
            hypertuner(str(script), services.store, 2 * CORES)
            rates["HyperTuner"] = count / repeated(lambda: hypertuner(str(script), services.store, count), times)
    ours = rates["HyperTuner"]
    rows = [(name, rate, rate / ours) for name, rate in sorted(rates.items(), key=lambda pair: -pair[1])]
    figures = {f"per_s_{name.lower().replace(' ', '_').replace(',', '')}": rate for name, rate in rates.items()}
    figures["times_the_pool_of_ray_actors"] = rates["pool of Ray actors"] / ours
    present(
        "scheduling",
        ("contestant", "experiments/s", "times HyperTuner"),
        rows,
        figures,
        {"times_the_pool_of_ray_actors": Budget(OWN_POOL_LIMIT)},
    )


if __name__ == "__main__":
    main()
