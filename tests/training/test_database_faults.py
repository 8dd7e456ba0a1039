"""What the database may do while scripts run: go, freeze, be locked, fill up, refuse; nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text

from storage.embedded import APP_ROLE, BOOTSTRAP_ROLE, EmbeddedServer
from storage.experiments import fetch_curves
from storage.leases import VANISHED
from storage.records import Experiment, Run
from storage.run_leases import claim_runs
from storage.store import Store
from tests.training.conftest import Workshop, wait_until
from training.experiment import ExperimentWorker
from training.salvage import Salvager

# So long that a lease of 15 s would run out; the quick ones need less.
LONG_S = 20.0


class Counting:
    """A script that logs whole numbers until it is told to stop, and leaves how many it handed over."""

    def __init__(self, workshop: Workshop, *, pause_s: float = 0.005) -> None:
        self.workshop = workshop
        self.gate, self.truth = workshop.folder / "gate", workshop.folder / "truth"
        action = (
            "step = 0\n"
            f"while not os.path.exists({str(self.gate)!r}): hypertuner.log(step=step); step += 1; time.sleep({pause_s})\n"
            f"open({str(self.truth)!r}, 'w').write(str(step))"
        )
        self.run: Run = workshop.launch(action)

    def stored(self) -> int:
        return self.experiment().value_count

    def experiment(self) -> Experiment:
        return self.workshop.experiments(self.run)[0]

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
        (curve,) = fetch_curves(self.workshop.store, experiment.id)
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


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """SIGSTOP for as long as the block lasts."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


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
