"""The keeper: renews the leases of the runs that we conduct, and says that we are alive, whatever else takes long."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import DBAPIError

from storage.heartbeats import beat
from storage.run_leases import renew_runs
from storage.store import Store, is_outage
from training.cluster import Cluster

RENEW_EVERY_S = 3.0
# A look at the cluster and the runs takes well under a second; one that takes this long waits for Ray.
SILENCE_S = 10.0

log = logging.getLogger("hypertuner.keeper")


class Keeper:
    """A thread with a connection of its own.

    Guarantees that a run is renewed from the moment of its claim, also while Ray answers nothing.
    """

    def __init__(self, store: Store, cluster: Cluster) -> None:
        """store: for the keeper alone, as it is closed with it."""
        self._store = store
        self._cluster = cluster
        self._fences: dict[int, int] = {}
        self._detail: dict[str, Any] = {}
        self._must_end = threading.Event()
        self._news = threading.Event()
        self._looked = time.monotonic()
        self._thread = threading.Thread(target=self._serve, name="keeper", daemon=True)

    def start(self) -> None:
        """Keep from now on, beside whoever calls."""
        self._thread.start()

    def end(self) -> None:
        """Keep nothing more."""
        self._must_end.set()
        self._news.set()
        self._thread.join(timeout=RENEW_EVERY_S)
        self._store.close()

    def keep(self, fences: dict[int, int]) -> None:
        """Renew these runs from now on: {run id: fence}."""
        self._fences = dict(fences)

    def tell(self, *, is_ready: bool) -> None:
        """A look is over; is_ready: a launch would find a worker that waits for it. What is new is said at once."""
        self._looked = time.monotonic()
        detail = {**self._cluster.summary(), "is_ready": is_ready}
        if detail != self._detail:
            self._detail = detail
            self._news.set()

    def _serve(self) -> None:
        while not self._must_end.is_set():
            try:
                self._keep()
            except DBAPIError as error:
                if not is_outage(error):
                    log.exception("leases could not be renewed")
            except Exception:
                # Whatever it is, the next round may go better, and without it all runs would be lost.
                log.exception("leases could not be renewed")
            self._news.wait(RENEW_EVERY_S)
            self._news.clear()

    def _keep(self) -> None:
        fences = self._fences
        if fences:
            renew_runs(self._store, fences)
        silent = time.monotonic() - self._looked
        problem = {"problem": f"Ray has not answered for {silent:.0f} s"} if silent > SILENCE_S else {}
        with suppress(RuntimeError):
            beat(self._store, "dispatcher", {**self._detail, **problem})
