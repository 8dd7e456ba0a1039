"""When a trial has shown enough: what it reports, and that it goes on to report it."""

from __future__ import annotations

import time

from training.spool import Reading

# What a script that counts no epochs may take, from its first value on, to report the rest of what it reports.
ENOUGH_S = 30.0
TRIAL_OVER = "trial: stopped after its first values"


class Trial:
    """Of one attempt. An epoch has shown everything as soon as the next one shows something."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._epochs: dict[str, float] = {}
        self._has_two = False

    def see(self, reading: Reading) -> None:
        """Take note of what is new."""
        for name, series in reading.series.items():
            if self._since is None:
                self._since = time.monotonic()
            for epoch in series.epochs:
                if epoch is not None:
                    self._has_two |= self._epochs.setdefault(name, epoch) != epoch

    @property
    def is_enough(self) -> bool:
        """Whether the script may be stopped."""
        if self._epochs or self._since is None:
            return self._has_two
        return time.monotonic() - self._since >= ENOUGH_S
