"""How long to leave an absent database alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from storage.store import is_outage

SHORTEST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 10.0

T = TypeVar("T")


@dataclass
class Backoff:
    """How long to leave an absent database alone: ever longer while it is away."""

    pause_s: float = SHORTEST_BACKOFF_S
    until: float = 0.0

    def failed(self) -> None:
        """It was away just now."""
        self.until = time.monotonic() + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_BACKOFF_S)

    def succeeded(self) -> None:
        """It answered."""
        self.pause_s = SHORTEST_BACKOFF_S

    def insist(self, action: Callable[[], T]) -> T:
        """Do it as soon as the database is there, however long that takes."""
        while True:
            try:
                result = action()
            except DBAPIError as error:
                if not is_outage(error):
                    raise
                self.failed()
                time.sleep(max(0.0, self.until - time.monotonic()))
            else:
                self.succeeded()
                return result
