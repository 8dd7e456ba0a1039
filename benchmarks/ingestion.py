"""Values per second into PostgreSQL: ours, exactly once, against a bare COPY of the same values as rows.

Both write batches of 10,000 values (4 metrics, as many epochs as it takes) from 1, 4 and 8 processes into the same
server. COPY fills a table without any index or key, which is the fastest that rows can be.
"""

from __future__ import annotations

import io
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier

from sqlalchemy import text

from benchmarks.figures import Budget, arguments, present, scratch_folder
from storage.embedded import OWNER_ROLE, EmbeddedServer
from storage.folders import prepare_data_dir
from storage.ingestion import Batch, Values, record
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.records import Claim
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

BATCH = 10_000
METRICS = ("loss", "accuracy", "validation_loss", "validation_accuracy")
WRITERS = (1, 4, 8)
# A writer that fails must end the program, not hang it.
START_TIMEOUT_S, MEASURE_TIMEOUT_S = 60, 300
NUMBERS = [1.0 / (position + 1) for position in range(BATCH // len(METRICS))]
EPOCHS: list[float | None] = [float(position) for position in range(len(NUMBERS))]
BATCHES: list[float | None] = [None] * len(NUMBERS)
TIMES = [1.7e9 + position for position in range(len(NUMBERS))]

Write = Callable[[str, "Claim | None", int, Barrier], None]


def write_ours(url: str, claim: Claim | None, batches: int, barrier: Barrier) -> None:
    """Record batches the way an experiment's owner does."""
    assert claim is not None
    store = Store(url, pool_size=1)
    ids = metric_ids(store, claim.project_id, METRICS)
    barrier.wait()
    for number in range(batches):
        first = number * len(NUMBERS)
        values = [Values(ids[name], first, NUMBERS, EPOCHS, BATCHES, TIMES) for name in METRICS]
        record(store, claim, Batch({"metrics": number}, {"metrics": number + 1}, values))
    barrier.wait()


def write_copy(url: str, _: Claim | None, batches: int, barrier: Barrier) -> None:
    """COPY the same values as rows."""
    connection = Store(url, pool_size=1).engine.raw_connection()
    cursor = connection.cursor()
    barrier.wait()
    for number in range(batches):
        first = number * len(NUMBERS)
        rows = io.StringIO(
            "".join(
                f"1\t1\t{metric}\t{first + position}\t{value!r}\t{epoch!r}\t\\N\t{moment!r}\n"
                for metric in range(len(METRICS))
                for position, (value, epoch, moment) in enumerate(zip(NUMBERS, EPOCHS, TIMES, strict=True))
            )
        )
        cursor.copy_expert("COPY bare_value FROM STDIN", rows)
        connection.commit()
    barrier.wait()


def rate(write: Write, url: str, claims: list[Claim | None], batches: int) -> float:
    """Values per second of all writers together, from the moment that each is connected."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(claims) + 1)
    writers = [context.Process(target=write, args=(url, claim, batches, barrier)) for claim in claims]
    for writer in writers:
        writer.start()
    barrier.wait(START_TIMEOUT_S)
    started = time.perf_counter()
    barrier.wait(MEASURE_TIMEOUT_S)
    elapsed = time.perf_counter() - started
    for writer in writers:
        writer.join()
    return len(claims) * batches * BATCH / elapsed


def fresh_claims(store: Store, count: int) -> list[Claim | None]:
    """Experiments of a new run, each claimed."""
    project = register_project(store, "Bench", directory="/", command=["python", "x.py"], hyperparameters=[])
    made = create_run(
        store, project, NewRun("python x.py", {}, [], [NewExperiment({"number": number}) for number in range(count)])
    )
    (_run,) = (run for run in claim_runs(store, "bench") if run.id == made.id)
    return [claim_experiment(store, Place("bench", "here")) for _ in range(count)]


def main() -> None:
    """Measure alternately, so that what else the machine does hits both alike."""
    options = arguments(__doc__ or "")
    batches, repetitions = (20, 2) if options.quick else (60, 5)
    rows, figures = [], {}
    with scratch_folder() as folder, EmbeddedServer(prepare_data_dir(folder / "data"), folder) as server:
        store = Store(server.url)
        owner = server.url_of(OWNER_ROLE)
        with Store(owner, pool_size=0).begin() as connection:
            connection.execute(
                text(
                    """CREATE TABLE bare_value (experiment bigint, attempt integer, metric integer, seq bigint,
                    value double precision, epoch double precision, batch double precision, time double precision)"""
                )
            )
        for writers in WRITERS:
            per_writer = max(4, batches // writers)
            ours, copy = [], []
            for _ in range(repetitions):
                copy.append(rate(write_copy, owner, [None] * writers, per_writer))
                ours.append(rate(write_ours, server.url, fresh_claims(store, writers), per_writer))
            ratio = statistics.median(mine / bare for mine, bare in zip(ours, copy, strict=True))
            figures[f"ratio_{writers}_writers"] = ratio
            figures[f"values_per_s_{writers}_writers"] = statistics.median(ours)
            rows.append((writers, statistics.median(ours), statistics.median(copy), ratio))
        store.close()
    budgets = {f"ratio_{writers}_writers": Budget(1.0, is_floor=True) for writers in WRITERS}
    present("ingestion", ("writers", "ours, values/s", "bare COPY, values/s", "ours / COPY"), rows, figures, budgets)


if __name__ == "__main__":
    main()
