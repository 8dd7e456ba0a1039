"""The experiment worker as an actor: what the dispatcher's pool asks of it besides working."""

from __future__ import annotations

import os
import random
import threading
import time

import ray

from analysis.limits import GB, DiskLimits
from training.experiment import ExperimentWorker
from training.spool_folders import prune

# A worker that waits, and that no dispatcher has asked for anything for so long, is nobody's.
FORGOTTEN_AFTER_S = 60.0
TIDY_EVERY_S = 600.0


class ExperimentActor(ExperimentWorker):
    """A worker in a process of its own. Guarantees that it ends when nobody wants it any more and nothing runs."""

    def __init__(self, data_dir: str, owner: str, limits: DiskLimits, cpus: float, gpus: float) -> None:
        super().__init__(data_dir, owner, cpus=cpus, gpus=gpus, limits=limits)
        self._wanted = time.monotonic()
        self._at_work = threading.Lock()
        threading.Thread(target=self._end_when_forgotten, daemon=True).start()
        threading.Thread(target=self._tidy, daemon=True).start()

    def where(self) -> str:
        """The id of the node on which it is."""
        self.stay()
        return str(ray.get_runtime_context().get_node_id())

    def stay(self) -> None:
        """A dispatcher still wants this worker."""
        self._wanted = time.monotonic()

    def work(self) -> int:
        """Do experiments until there is none for us; returns how many there were."""
        with self._at_work:
            done = super().work()
            self.stay()
        return done

    def _end_when_forgotten(self) -> None:
        while True:
            time.sleep(1)
            if time.monotonic() - self._wanted > FORGOTTEN_AFTER_S and self._at_work.acquire(blocking=False):
                os._exit(0)

    def _tidy(self) -> None:
        """Keep what ended scripts left on this machine within its limit; others on it do the same at other times."""
        while True:
            time.sleep(TIDY_EVERY_S * random.uniform(0.5, 1.5))  # noqa: S311 - no secret, only spread
            prune(self.data_dir / "spool", int(self.limits.spool_gb * GB))
