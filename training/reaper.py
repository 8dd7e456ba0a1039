"""The reaper: finds experiments whose owner is gone, and sees to it that their spools are read first.

A spool lies on the host that ran the attempt, so that is where it is read: here, or by a task that Ray starts there.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from sqlalchemy.exc import DBAPIError

from storage.leases import LEASE_S, NODE_LOST, UNSEEN, VANISHED, Cause, find_lost, release_lost
from storage.store import Store, is_outage
from training.salvage import Salvager

LOOK_EVERY_S = 5.0
READERS = 4

log = logging.getLogger("hypertuner.reaper")


class Reaper:
    """Sees to experiments whose owner did not renew its lease, but never right after an outage.

    While the database was away no owner could renew; each gets a whole lease's time to come back first.
    """

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir
        self._host = socket.gethostname()
        self._trusted_from = time.monotonic() + LEASE_S
        self._seen = self._looked = time.monotonic()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="salvage")
        self._must_end = threading.Event()

    # --- whom to believe --------------------------------------------------------------------------------------------

    def is_trusted(self) -> bool:
        """Whether an expired lease means a dead owner."""
        return time.monotonic() >= self._trusted_from

    def on_answer(self) -> None:
        """The database answered. A long silence, whatever its cause, counts as an outage."""
        now = time.monotonic()
        if now - self._seen > LEASE_S / 2:
            self._trusted_from = now + LEASE_S
        self._seen = now

    def on_outage(self) -> None:
        """The database was away just now."""
        self._trusted_from = time.monotonic() + LEASE_S

    # --- what to do -------------------------------------------------------------------------------------------------

    def look(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        """Now and then, look for leases that ran out. nodes: as Ray lists them."""
        now = time.monotonic()
        if not self.is_trusted() or now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        for host in find_lost(self._store):
            self._see_to(host, nodes, UNSEEN)

    def on_death(self, owner: str, host: str, nodes: Sequence[Mapping[str, Any]], *, is_node_gone: bool) -> None:
        """A worker is known to be dead; its lease need not run out first."""
        self._see_to(host, nodes, NODE_LOST if is_node_gone else VANISHED, owner)

    def close(self) -> None:
        """Take nothing further over; whoever comes next does."""
        self._must_end.set()
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _see_to(self, host: str, nodes: Sequence[Mapping[str, Any]], cause: Cause, owner: str | None = None) -> None:
        if host == self._host:
            self._readers.submit(self._salvage, [owner] if owner else [], cause)
            return
        node = next((each for each in nodes if each["Alive"] and each["NodeManagerHostname"] == host), None)
        if node is not None:
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = ray.remote(_salvage_there).options(num_cpus=0, max_retries=0, scheduling_strategy=where)
            task.remote(str(self._data_dir), [owner] if owner else [], cause)
            return
        # Its spool is out of reach with its host.
        if number := release_lost(self._store, owner=owner, host=host, cause=NODE_LOST):
            log.warning("%s experiments on %s were lost with it and are queued again", number, host)

    def _salvage(self, owners: Sequence[str], cause: Cause) -> None:
        try:
            Salvager(self._data_dir, must_end=self._must_end).salvage(cause, owners=owners)
        except DBAPIError as error:
            # Their leases run out, and the next look finds them.
            if not is_outage(error):
                log.exception("lost experiments could not be seen to")
        except Exception:
            log.exception("lost experiments could not be seen to")


def _salvage_there(data_dir: str, owners: Sequence[str], cause: Cause) -> None:
    Salvager(Path(data_dir)).salvage(cause, owners=owners)
