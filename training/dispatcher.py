"""The dispatcher: the standing process that conducts all runs side by side and keeps one pool of workers for them.

`python -P -m training.dispatcher --data-dir DIR [--ray ADDRESS] [--own] [--once]`. It may die and come back at any
time, and two of them do no harm: what is whose stands in the database, and workers go on without it.
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
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg2
import ray
from sqlalchemy.exc import DBAPIError

from analysis.limits import DiskLimits
from storage.folders import read_database_url
from storage.run_leases import claim_runs, count_open_runs, settle_paused
from storage.schema import WORK_CHANNEL
from storage.store import CONNECT_TIMEOUT_S, OWNER_PATIENCE_S, PATIENCE_S, Store, is_outage
from training.asking import ADAPTIVE
from training.backoff import Backoff
from training.cluster import Cluster, connect
from training.engine import Engine, Limits
from training.keeper import Keeper
from training.reaper import Reaper
from training.watch.watcher import Watcher

# The fallback where a notification got lost, and how soon a request is seen.
POLL_EVERY_S, LOOK_EVERY_S, THINKING_S = 2.0, 0.5, 0.1

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


class Dispatcher:
    """Takes up runs until it is told to end; their experiments go on without it."""

    def __init__(self, data_dir: Path, store: Store, limits: Limits, *, is_own: bool) -> None:
        """is_own: the cluster is this machine alone and serves nobody else."""
        self._store = store
        self._name = f"dispatcher-{socket.gethostname()}-{secrets.token_hex(4)}"
        self._listener = Listener(store)
        self._cluster = Cluster(is_fixed=is_own)
        self._reaper = Reaper(store, data_dir)
        self._keeper = Keeper(store_of(store.url.render_as_string(hide_password=False)), self._cluster)
        self._engine = Engine(store, str(data_dir), self._cluster, self._reaper, self._keeper, limits=limits)
        self._backoff = Backoff()
        self._must_end = False

    def end(self, *_: object) -> None:
        """End at the next opportunity."""
        self._must_end = True

    def serve(self, *, once: bool) -> None:
        """Work until told to end; once: only until no run is open."""
        self._keeper.start()
        while not self._must_end:
            try:
                open_runs = self._look()
                pause = THINKING_S if self._engine.is_thinking else LOOK_EVERY_S if open_runs else POLL_EVERY_S
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
        self._engine.close()
        self._keeper.end()
        self._reaper.close()
        self._listener.close()

    def _look(self) -> int:
        """One look at what is to be done; returns how many runs are open."""
        may_take = self._reaper.is_trusted()
        for run in claim_runs(self._store, self._name, take_expired=may_take):
            log.info("run %s of project %s is taken up (fence %s)", run.number, run.project_id, run.fence)
            self._engine.take_up(run)
        self._reaper.on_answer()
        settle_paused(self._store, adaptive=ADAPTIVE, take_expired=may_take)
        self._engine.look()
        self._keeper.tell(is_ready=self._engine.is_ready)
        return count_open_runs(self._store)


def store_of(url: str, patience_s: float = OWNER_PATIENCE_S) -> Store:
    """A connection for one thread, which waits for no silent server."""
    return Store(url, pool_size=1, patience_s=patience_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """Connect to Ray and to the data folder's database, and serve."""
    parser = argparse.ArgumentParser(prog="training.dispatcher", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--ray", default="auto", help="the address of Ray's GCS; waited for")
    parser.add_argument("--own", action="store_true", help="the cluster is this machine alone and serves nobody else")
    parser.add_argument("--most-places", type=int, default=1_000, help="what a growing cluster is asked for at most")
    for limit in fields(DiskLimits):
        parser.add_argument(f"--{limit.name.replace('_', '-')}", type=float, default=limit.default)
    parser.add_argument("--once", action="store_true", help="end when no run is open")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        url = read_database_url(options.data_dir)
    except FileNotFoundError as error:
        log.error("The database is unknown: %s is missing. Start `hypertuner up`, which writes it.", error.filename)
        return 1
    store = store_of(url)
    connect(options.ray)
    disk = DiskLimits(**{limit.name: getattr(options, limit.name) for limit in fields(DiskLimits)})
    limits = Limits(options.most_places, disk)
    dispatcher = Dispatcher(options.data_dir, store, limits, is_own=options.own)
    watcher = Watcher(store_of(url, PATIENCE_S))
    watcher.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, dispatcher.end)
    with suppress(KeyboardInterrupt):
        dispatcher.serve(once=options.once)
    watcher.end()
    store.close()
    ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
