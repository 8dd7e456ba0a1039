"""The dispatcher: the standing Ray job that takes up queued runs and gives each a scheduler.

`python -P -m training.dispatcher --data-dir DIR [--warm] [--once]`. It may die and come back at any time, and two of
them do no harm: what is whose stands in the database.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg2
import ray
from ray.exceptions import RayError
from sqlalchemy.exc import DBAPIError

from storage.folders import read_database_url
from storage.heartbeats import beat
from storage.records import Run
from storage.run_leases import claim_runs, count_open_runs, settle_paused
from storage.schema import WORK_CHANNEL
from storage.store import CONNECT_TIMEOUT_S, Store, is_outage
from training.asking import ADAPTIVE
from training.backoff import Backoff
from training.cluster import cluster_resources
from training.reaper import Reaper
from training.scheduler import RunScheduler
from training.watch.watcher import Watcher

NAMESPACE = "hypertuner"
# The fallback where a notification got lost.
POLL_EVERY_S = 2.0
BEAT_EVERY_S = 3.0

log = logging.getLogger("hypertuner.dispatcher")


class Listener:
    """Waits for the database's word that there is work; without a connection it only waits."""

    def __init__(self, store: Store) -> None:
        self._address = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: Any = None

    def wait(self, timeout_s: float) -> None:
        """Return at the next word, or after the timeout. What was said before it first listened is not heard."""
        try:
            if self._connection is None:
                self._connect()
                return
            if select.select([self._connection], [], [], timeout_s)[0]:
                self._connection.poll()
                self._connection.notifies.clear()
        except psycopg2.Error:
            self.close()
            time.sleep(timeout_s)

    def _connect(self) -> None:
        connection = psycopg2.connect(self._address, connect_timeout=CONNECT_TIMEOUT_S)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {WORK_CHANNEL}")
        self._connection = connection

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class SpareScheduler:
    """A run scheduler that waits, so that a run need not wait for one.

    is_warm: while no run is open it also holds a worker, which takes a CPU from nobody on a machine of our own.
    """

    def __init__(self, data_dir: str, *, is_warm: bool) -> None:
        self._data_dir = data_dir
        self._is_warm = is_warm
        self._actor: Any = None
        self._answer: Any = None
        # Whether a launch would find everything warm.
        self.is_ready = False

    def keep(self, *, is_idle: bool) -> None:
        """Make one if there is none, replace a dead one, and tell it to stay."""
        if self._answer is not None and ray.wait([self._answer], timeout=0)[0]:
            try:
                self.is_ready = bool(ray.get(self._answer))
            except RayError as error:
                log.warning("a spare scheduler ended: %s", error)
                self._actor = None
        if self._actor is None:
            self._actor = self._make()
        self._answer = self._actor.stay.remote()
        if is_idle and self._is_warm:
            self._answer = self._actor.warm.remote()

    def conduct(self, run: Run) -> None:
        """Give the run to the spare, which from then on lives as long as the run, and begin with the next spare."""
        if self._actor is None:
            self._actor = self._make()
        self._actor.conduct.remote(run)
        self._actor, self._answer, self.is_ready = self._make(), None, False

    def dismiss(self) -> None:
        """End a spare that nobody will need."""
        if self._actor is not None:
            ray.kill(self._actor)
        self._actor = self._answer = None

    def _make(self) -> Any:
        name = f"scheduler-{secrets.token_hex(4)}"
        options = {"name": name, "namespace": NAMESPACE, "lifetime": "detached", "num_cpus": 0, "max_restarts": 0}
        return ray.remote(RunScheduler).options(**options).remote(self._data_dir, name)


class Dispatcher:
    """Takes up runs until it is told to end; the runs go on without it."""

    def __init__(self, data_dir: Path, store: Store, *, is_warm: bool) -> None:
        self._store = store
        self._name = f"dispatcher-{socket.gethostname()}-{secrets.token_hex(4)}"
        self._listener = Listener(store)
        self._spare = SpareScheduler(str(data_dir), is_warm=is_warm)
        self._reaper = Reaper(store)
        self._backoff = Backoff()
        self._beaten = 0.0
        self._was_idle = False
        self._must_end = False

    def end(self, *_: object) -> None:
        """End at the next opportunity."""
        self._must_end = True

    def serve(self, *, once: bool) -> None:
        """Work until told to end; once: only until no run is open."""
        while not self._must_end:
            pause = POLL_EVERY_S
            try:
                open_runs = self._look()
            except DBAPIError as error:
                if not is_outage(error):
                    raise
                log.warning("the database is away: %s", str(error.orig).strip())
                self._reaper.on_outage()
                self._backoff.failed()
                pause = self._backoff.until - time.monotonic()
            else:
                self._backoff.succeeded()
                if once and not open_runs:
                    break
            self._listener.wait(max(0.0, pause))
        self._spare.dismiss()
        self._listener.close()

    def _look(self) -> int:
        """One look at what is to be done; returns how many runs are open."""
        for run in claim_runs(self._store, self._name, take_expired=self._reaper.is_trusted()):
            log.info("run %s of project %s is taken up", run.number, run.project_id)
            self._spare.conduct(run)
        self._reaper.on_answer()
        settle_paused(self._store, adaptive=ADAPTIVE, take_expired=self._reaper.is_trusted())
        if released := self._reaper.release():
            log.warning("%s experiments were lost and are queued again", released)
        open_runs = count_open_runs(self._store)
        is_idle = open_runs == 0
        if time.monotonic() - self._beaten >= BEAT_EVERY_S or is_idle != self._was_idle:
            self._spare.keep(is_idle=is_idle)
            beat(self._store, "dispatcher", {**cluster_resources(), "is_ready": self._spare.is_ready})
            self._beaten, self._was_idle = time.monotonic(), is_idle
        return open_runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Connect to the Ray around us and to the data folder's database, and serve."""
    parser = argparse.ArgumentParser(prog="training.dispatcher", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--warm", action="store_true", help="hold a worker ready while nothing runs")
    parser.add_argument("--once", action="store_true", help="end when no run is open")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        store = Store(read_database_url(options.data_dir), pool_size=1)
    except FileNotFoundError as error:
        log.error("The database is unknown: %s is missing. Start `hypertuner up`, which writes it.", error.filename)
        return 1
    ray.init(address="auto", namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    dispatcher = Dispatcher(options.data_dir, store, is_warm=options.warm)
    watcher = Watcher(Store(read_database_url(options.data_dir), pool_size=1))
    watcher.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, dispatcher.end)
    with suppress(KeyboardInterrupt):
        dispatcher.serve(once=options.once)
    watcher.end()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
