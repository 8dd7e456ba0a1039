"""What the owner of a run does besides holding workers: obey people, ask the strategy, and end the run. Without Ray."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from analysis.strategies import begin
from storage.records import Run
from storage.requests import stop_open
from storage.run_leases import Standing, end_run, give_up_run, open_experiments, renew_run
from storage.runs import fetch_run
from storage.store import Store
from training.asking import ADAPTIVE, Asking, Begin, RunFailure, title_of

# Hardly a pool grows by more at once, so a longer queue need not be counted to its end.
MOST_COUNTED = 1_000

log = logging.getLogger("hypertuner.scheduler")


@dataclass(frozen=True)
class Look:
    """What a look at a run found: how many experiments wait, and how many fit on the cluster at once.

    is_thinking: more of them may come within moments.
    """

    is_over: bool = False
    queued: int = 0
    capacity: int = 0
    is_thinking: bool = False


class Conductor:
    """Conducts one run as its owner, look by look.

    Guarantees that a paused or stopping run starts nothing, that a run ends exactly when nothing of it is open and its
    strategy has no more to ask, and that a paused one is handed back when nothing of it runs any more.
    """

    def __init__(self, store: Store, run: Run, places: Callable[[], int], *, begin: Begin = begin) -> None:
        """places: how many experiments fit on the cluster at once; it raises RunFailure where that can never be any.

        run: as claimed; `self.run` is the run as it was extended since.
        """
        self.run = run
        self._store = store
        self._places = places
        self._begin = begin
        self._search: str | None = None
        self._asking: Asking | None = None
        self._problem: str | None = None

    def look(self, *, is_idle: bool) -> Look:
        """Keep the run, do what is to be done, and end it or hand it back where it is over for us.

        is_idle: no worker is at work, so none can just be taking an experiment. Raises LeaseLost.
        """
        standing = renew_run(self._store, self.run.id, self.run.fence)
        if standing.is_stopping:
            stop_open(self._store, self.run.id)
        found = Look()
        if standing.may_start and self._problem is None:
            try:
                found = self._go_on(standing)
            except RunFailure as failure:
                self._problem = str(failure)
                log.error("run %s fails: %s", self.run.id, failure)
        return replace(found, is_over=found.queued == 0 and self._is_over(standing, is_idle))

    def close(self) -> None:
        """Begin nothing more."""
        if self._asking is not None:
            self._asking.close()

    def _go_on(self, standing: Standing) -> Look:
        if standing.search != self._search:
            self._follow(standing.search)
        work = open_experiments(self._store, self.run.id, most=MOST_COUNTED)
        if self._asking is None:
            return Look(queued=work["queued"], capacity=self._places() if work["queued"] else 0)
        capacity = self._places()
        most = min(capacity, self.run.concurrency or capacity)
        added = self._asking.look(most - work["queued"] - work["running"])
        return Look(queued=work["queued"] + added, capacity=capacity, is_thinking=self._asking.is_thinking)

    def _follow(self, search: str) -> None:
        """The run is new to us, or was extended: look at what it searches now."""
        self.close()
        self.run = replace(fetch_run(self._store, self.run.id), fence=self.run.fence)
        name = str(self.run.strategy.get("name"))
        self._search, self._asking = search, None
        if name in ADAPTIVE:
            if self.run.objective is None:
                raise RunFailure(f"{title_of(name)} chooses by results, and this run names no metric to optimize.")
            self._asking = Asking(self._store, self.run, begin=self._begin)

    def _is_over(self, standing: Standing, is_idle: bool) -> bool:
        run = self.run
        if self._problem is not None:
            return end_run(self._store, run.id, run.fence, state="failed", reason=self._problem)
        work = open_experiments(self._store, run.id, most=1)
        if work["running"]:
            return False
        if not work["queued"] and (standing.is_stopping or self._has_asked_all(standing)):
            return end_run(self._store, run.id, run.fence, state="finished", search=standing.search)
        return standing.state == "paused" and is_idle and give_up_run(self._store, run.id, run.fence)

    def _has_asked_all(self, standing: Standing) -> bool:
        return standing.search == self._search and (self._asking is None or self._asking.is_done)
