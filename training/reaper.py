"""The reaper: declares experiments lost whose owner is gone."""

from __future__ import annotations

import time

from storage.leases import LEASE_S, release_lost
from storage.store import Store

RELEASE_EVERY_S = 5.0


class Reaper:
    """Declares experiments lost whose owner did not renew its lease, but never right after an outage.

    While the database was away no owner could renew; each gets a whole lease's time to come back first.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trusted_from = time.monotonic() + LEASE_S
        self._seen = self._released = time.monotonic()

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

    def release(self) -> int:
        """Queue lost experiments again, now and then; returns how many there were."""
        now = time.monotonic()
        if not self.is_trusted() or now - self._released < RELEASE_EVERY_S:
            return 0
        self._released = now
        return release_lost(self._store)
