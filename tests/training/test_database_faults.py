"""What the database may do while scripts run: go, freeze, be locked, fill up, refuse; nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.embedded import APP_ROLE, BOOTSTRAP_ROLE, OWNER_ROLE, EmbeddedServer, find_binaries
from storage.experiments import fetch_curves, fetch_experiments
from storage.folders import prepare_data_dir
from storage.leases import VANISHED
from storage.records import Experiment, Run
from storage.run_leases import claim_runs
from storage.store import Store, check_schema, is_outage
from tests.product import frozen
from tests.training.conftest import Workshop, make_workshop, small_disk, wait_until
from tests.training.proxy import Proxy
from training.experiment import ExperimentWorker
from training.salvage import Salvager

# So long that a lease of 15 s would run out; the quick ones need less.
LONG_S = 20.0


class Counting:
    """A script that logs whole numbers until it is told to stop, and leaves how many it handed over."""

    def __init__(self, workshop: Workshop, *, metrics: int = 1, pause_s: float = 0.005) -> None:
        """metrics: how many are logged at once."""
        self.workshop = workshop
        self.gate, self.truth = workshop.outside / "gate", workshop.outside / "truth"
        action = (
            "step = 0\n"
            f"while not os.path.exists({str(self.gate)!r}):\n"
            f"    hypertuner.log(**{{f'step{{i}}': step for i in range({metrics})}}); step += 1; time.sleep({pause_s})\n"
            f"open({str(self.truth)!r}, 'w').write(str(step))"
        )
        self.metrics = metrics
        self.run: Run = workshop.launch(action)

    def stored(self) -> int:
        """How many values the database has; none that is known while it is away."""
        try:
            return self.experiment().value_count
        except DBAPIError as error:
            if not is_outage(error):
                raise
            return 0

    def experiment(self) -> Experiment:
        return self.workshop.experiments(self.run)[0]

    def leased_until(self) -> float:
        """When the lease that the worker renews ends; 0 while the database is away."""
        query = text("SELECT extract(epoch FROM lease_until) FROM experiment WHERE run_id = :run")
        with suppress(DBAPIError), self.workshop.store.read() as connection:
            return float(connection.scalar(query, {"run": self.run.id}) or 0)
        return 0

    def await_values(self, more_than: int = 0) -> None:
        wait_until(lambda: self.stored() > more_than, what="values")

    @contextmanager
    def at_work(self, worker: ExperimentWorker) -> Iterator[None]:
        """The worker works in a thread of its own; at the end of the block the script ends, and both are waited for."""
        claim_runs(self.workshop.store, "dispatcher")
        thread = threading.Thread(target=worker.work)
        thread.start()
        try:
            self.await_values()
            yield
        finally:
            self.gate.touch()
            thread.join(90)
        assert not thread.is_alive()

    def assert_whole(self) -> None:
        """Everything arrived, once, in the first attempt."""
        experiment = self.experiment()
        assert (experiment.state, experiment.attempt, experiment.reason) == ("finished", 1, None)
        curves = fetch_curves(self.workshop.store, experiment.id)
        assert len(curves) == self.metrics
        for curve in curves:
            assert list(curve.values) == list(range(int(self.truth.read_text())))


@pytest.fixture
def counting(workshop: Workshop) -> Counting:
    return Counting(workshop)


def admin(postgres: EmbeddedServer) -> psycopg2.extensions.connection:
    """A connection that may do anything."""
    url = Store(postgres.url_of(BOOTSTRAP_ROLE), pool_size=0).url
    made = psycopg2.connect(dbname=url.database, user=url.username, password=url.password, host=str(url.query["host"]))
    made.autocommit = True
    return made


def backends_of_worker(store: Store) -> list[int]:
    """The server's processes that serve others than this store."""
    with store.read() as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE usename = :role AND pid <> pg_backend_pid()"
        return list(connection.scalars(text(others), {"role": APP_ROLE}))


def backend_of(worker: ExperimentWorker) -> int:
    """The server's process on the one connection of a worker that has not begun to work."""
    with worker.store.read() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


@pytest.mark.faults
def test_a_frozen_server_process_is_left_for_another_before_the_lease_runs_out(
    worker: ExperimentWorker, counting: Counting
) -> None:
    pid = backend_of(worker)
    with counting.at_work(worker), frozen([pid]):
        before, started = counting.stored(), time.monotonic()
        counting.await_values(before + 100)
        assert time.monotonic() - started < 14
    counting.assert_whole()


@pytest.mark.faults
def test_a_frozen_postmaster_costs_nothing(
    worker: ExperimentWorker, counting: Counting, postgres: EmbeddedServer
) -> None:
    """It serves whom it has; who comes anew, as after a cut, waits for it."""
    pid = backend_of(worker)
    with counting.at_work(worker):
        with frozen([postmaster_of(postgres)]):
            os.kill(pid, signal.SIGTERM)
            stored = counting.stored()
            wait_until(lambda: worker.backoff.pause_s > 0.4, what="attempts to connect that failed")
        counting.await_values(stored + 100)
    counting.assert_whole()


@contextmanager
def salvaging(workshop: Workshop) -> Iterator[None]:
    """Somebody else takes over, as soon as it may, whatever has no owner any more."""
    must_end = threading.Event()

    def look() -> None:
        salvager = Salvager(
            workshop.data_dir, must_end=must_end, database_url=str(workshop.store.url.render_as_string(False))
        )
        while not must_end.wait(0.2):
            salvager.salvage(VANISHED)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        must_end.set()
        thread.join(60)


@pytest.mark.faults
def test_a_locked_table_costs_nothing(worker: ExperimentWorker, counting: Counting, postgres: EmbeddedServer) -> None:
    with counting.at_work(worker), closing(admin(postgres)) as locker, locker.cursor() as cursor:
        locker.autocommit = False
        cursor.execute("LOCK TABLE metric_chunk")
        wait_until(lambda: worker.backoff.pause_s > 0.4, what="a transaction that was cut")
        # The lease is another table's matter, and is kept meanwhile.
        wait_until(lambda: counting.experiment().attempt == 1)
        locker.rollback()
    counting.assert_whole()


def test_a_password_that_no_longer_holds_costs_nothing_once_it_does_again(
    worker: ExperimentWorker, counting: Counting, postgres: EmbeddedServer
) -> None:
    pid = backend_of(worker)
    right = Store(postgres.url, pool_size=0).url.password
    with counting.at_work(worker), closing(admin(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {APP_ROLE} PASSWORD 'another'")
        try:
            cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
            wait_until(lambda: worker.backoff.pause_s > 0.4, what="a login that was refused")
        finally:
            cursor.execute(f"ALTER ROLE {APP_ROLE} PASSWORD %s", (right,))
        counting.await_values(counting.stored() + 100)
    counting.assert_whole()


def test_a_server_without_a_free_connection_costs_nothing_once_it_has_one(
    worker: ExperimentWorker, counting: Counting, postgres: EmbeddedServer, database_url: str
) -> None:
    pid = backend_of(worker)
    with counting.at_work(worker), ExitStack() as held:
        with suppress(psycopg2.OperationalError):
            while True:
                held.enter_context(closing(psycopg2.connect(dsn_of(database_url))))
        with closing(admin(postgres)) as connection, connection.cursor() as cursor:
            # Those of a superuser are kept free for such a case.
            cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
            wait_until(lambda: worker.backoff.pause_s > 0.4, what="a connection that was refused")
        held.close()
        counting.await_values(counting.stored() + 100)
    counting.assert_whole()


def dsn_of(url: str) -> str:
    """A URL as psycopg2 takes it."""
    return url.replace("+psycopg2", "")


def postmaster_of(server: EmbeddedServer) -> int:
    """The server's first process."""
    with closing(admin(server)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone() or ("",)
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


@pytest.mark.parametrize(("delay_s", "cut_every"), [(0.2, 0), (0.0, 3)], ids=["slow", "cut after every third commit"])
def test_a_slow_way_to_the_database_and_a_lost_answer_cost_nothing(
    counting: Counting, short_folder: Path, data_dir: Path, database_url: str, delay_s: float, cut_every: int
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ht-proxy-") as folder:
        with Proxy(Path(folder), short_folder / "pg", delay_s=delay_s, cut_every=cut_every) as proxy:
            url = Store(database_url, pool_size=0).url.update_query_dict({"host": folder})
            worker = ExperimentWorker(str(data_dir), "far", database_url=url.render_as_string(False))
            with closing(worker), counting.at_work(worker):
                stored = counting.stored()
                counting.await_values(stored + 300)
        assert proxy.cuts > 1 or not cut_every
    counting.assert_whole()


@pytest.mark.faults
def test_a_long_outage_costs_nothing_and_is_caught_up_with(
    workshop: Workshop, worker: ExperimentWorker, postgres: EmbeddedServer, data_dir: Path
) -> None:
    """The backlog is that of ten minutes at 1,000 values a second; it comes faster."""
    counting = Counting(workshop, metrics=200, pause_s=0.004)
    with counting.at_work(worker):
        postgres.stop()
        try:
            spool = next((data_dir / "spool").iterdir()) / "metrics.jsonl"
            first = lines_in(spool)
            wait_until(lambda: lines_in(spool) - first > 600_000 / 200, what="a backlog", timeout_s=120)
            size = spool.stat().st_size
            assert size < 200_000_000
        finally:
            postgres.start()
        waiting, stored, returned = lines_in(spool) * 200, counting.stored(), time.monotonic()
        wait_until(lambda: counting.stored() > stored, what="the first of them")
        began, first_part = time.monotonic(), counting.stored()
        wait_until(lambda: counting.stored() >= waiting, what="the backlog in the database")
        now = time.monotonic()
    print(
        f"{waiting - stored:,} values in {size:,} bytes were stored "
        f"{now - returned:.1f} s after the return; once it was noticed, {(waiting - first_part) / (now - began):,.0f} a second"
    )
    counting.assert_whole()


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n")


@pytest.mark.faults
def test_four_fast_scripts_at_once_lose_nothing(workshop: Workshop, database_url: str, data_dir: Path) -> None:
    action = (
        "until = time.monotonic() + 20; step = 0\n"
        "while time.monotonic() < until: hypertuner.log(step=step); step += 1; time.sleep(0.0015)\n"
        f"open({str(workshop.outside)!r} + f'/truth-{{x:.0f}}', 'w').write(str(step))"
    )
    run = workshop.launch(action, [1.0, 2.0, 3.0, 4.0])
    claim_runs(workshop.store, "dispatcher")
    workers = [ExperimentWorker(str(data_dir), f"worker-{n}", database_url=database_url) for n in range(4)]
    threads = [threading.Thread(target=each.work) for each in workers]
    for thread in threads:
        thread.start()
    for thread, worker in zip(threads, workers, strict=True):
        thread.join(120)
        worker.close()
    total = 0
    for number, experiment in enumerate(workshop.experiments(run), start=1):
        (curve,) = fetch_curves(workshop.store, experiment.id)
        handed_over = int((workshop.outside / f"truth-{number}").read_text())
        assert list(curve.values) == list(range(handed_over))
        total += handed_over
    print(f"{total / 20:,.0f} values a second")
    assert total > 4 * 20 * 100


def test_a_dump_made_during_a_run_is_whole_and_can_be_read_elsewhere(
    counting: Counting, worker: ExperimentWorker, postgres: EmbeddedServer
) -> None:
    url = Store(postgres.url_of(OWNER_ROLE), pool_size=0).url
    dsn = f"host={url.query['host']} user={url.username} password={url.password}"
    with counting.at_work(worker):
        dump = subprocess.run(
            [find_binaries() / "pg_dump", f"{dsn} dbname={url.database}"], check=True, capture_output=True
        ).stdout
    with closing(admin(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE copy OWNER {OWNER_ROLE}")
        try:
            subprocess.run(
                [find_binaries() / "psql", "-q", "-v", "ON_ERROR_STOP=1", f"{dsn} dbname=copy"],
                input=dump, check=True, capture_output=True,
            )  # fmt: skip
            copy = Store(postgres.url_of(OWNER_ROLE, "copy"), pool_size=0)
            check_schema(copy)
            (experiment,) = fetch_experiments(copy, counting.run.project_id, run_id=counting.run.id)
            (curve,) = fetch_curves(copy, experiment.id)
            assert list(curve.values) == list(range(experiment.value_count))
        finally:
            cursor.execute("DROP DATABASE copy WITH (FORCE)")
    counting.assert_whole()


@pytest.mark.faults
@pytest.mark.parametrize("is_all_full", [False, True], ids=["only the database's disk", "the spool's as well"])
def test_a_full_disk_of_the_database_ends_no_training(tmp_path: Path, is_all_full: bool) -> None:
    """After room was made it goes on by itself; with the spool on the same disk, what could not be written is missing."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ht-full-") as name, small_disk(Path(name), "size=300m"):
        folder = Path(name)
        folder.chmod(0o711)
        data_dir = prepare_data_dir(folder / "data")
        if not is_all_full:
            (tmp_path / "spool").mkdir()
            (data_dir / "spool").rmdir()
            (data_dir / "spool").symlink_to(tmp_path / "spool")
        with EmbeddedServer(data_dir, folder) as server, closing(Store(server.url)) as store:
            counting = Counting(make_workshop(store, data_dir, tmp_path))
            with closing(ExperimentWorker(str(data_dir), "worker", database_url=server.url)) as worker:  # noqa: SIM117
                with counting.at_work(worker):
                    filler = folder / "filler"
                    fill(filler)
                    use_up_what_is_reserved(server)
                    before = counting.leased_until()
                    wait_until(
                        lambda: worker.backoff.pause_s > 0.4 or counting.leased_until() > before + 3,
                        what="a transaction for which there is no room, or leases without values",
                    )
                    filler.unlink()
                    if not server.is_running:
                        server.start()
                    counting.await_values(counting.stored() + 100)
            if is_all_full:
                experiment = counting.experiment()
                (curve,) = fetch_curves(store, experiment.id)
                assert (experiment.state, experiment.attempt) == ("finished", 1)
                assert list(curve.values) == sorted(set(curve.values))
                assert len(curve.values) <= int(counting.truth.read_text())
            else:
                counting.assert_whole()


def fill(filler: Path) -> None:
    """Leave no room on a disk."""
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


def use_up_what_is_reserved(server: EmbeddedServer) -> None:
    """PostgreSQL keeps some room for its log; with none left it ends itself."""
    with suppress(psycopg2.Error):
        while True:
            with closing(admin(server)) as connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS junk (text text)")
                cursor.execute("INSERT INTO junk SELECT 'x'")
                cursor.execute("SELECT pg_switch_wal()")
