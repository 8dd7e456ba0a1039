"""When a trial has shown enough: what it reports, and that it goes on to report it."""

from __future__ import annotations

import math
import time

from training.spool import Reading

# What a script that counts no epochs may take, from its first value on, to report the rest of what it reports.
ENOUGH_S = 30.0
# The same where an epoch takes very long, or there is only one.
LONGEST_S = 600.0
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
                    # 0.02 and 0.04 are of one.
                    whole = math.floor(epoch)
                    self._has_two |= self._epochs.setdefault(name, whole) != whole

    @property
    def is_enough(self) -> bool:
        """Whether the script may be stopped."""
        if self._since is None:
            return False
        so_far = time.monotonic() - self._since
        return self._has_two or so_far >= (LONGEST_S if self._epochs else ENOUGH_S)
