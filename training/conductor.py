"""What the owner of a run does besides sharing places: obey people, ask the strategy, and end the run. Without Ray."""

from __future__ import annotations

import logging
from dataclasses import replace

from analysis.strategies import begin
from storage.records import Run
from storage.requests import stop_open
from storage.run_leases import Standing, Work, end_run, give_up_run, open_experiments
from storage.runs import fetch_run
from storage.store import Store
from training.asking import ADAPTIVE, Asking, Begin, RunFailure, title_of

log = logging.getLogger("hypertuner.conductor")


class Conductor:
    """Conducts one run as its owner, look by look.

    Guarantees that a paused or stopping run starts nothing, that a run ends exactly when nothing of it is open and its
    strategy has no more to ask, and that a paused one is handed back when nothing of it runs any more.
    """

    def __init__(self, store: Store, run: Run, *, begin: Begin = begin) -> None:
        """run: as claimed; `self.run` is the run as it was extended since."""
        self.run = run
        self._store = store
        self._begin = begin
        self._search: str | None = None
        self._asking: Asking | None = None
        self._problem: str | None = None
        self._may_start = False

    @property
    def is_thinking(self) -> bool:
        """Whether more experiments may come within moments."""
        return self._asking is not None and self._asking.is_thinking

    @property
    def is_adaptive(self) -> bool:
        """Whether its strategy chooses by results."""
        return self._asking is not None

    def wanted(self, work: Work) -> int:
        """How many experiments could be at work if there were places for all."""
        coming = self._asking.left if self._may_start and self._asking is not None else 0
        return work.running + (work.queued + coming if self._may_start else 0)

    def look(self, standing: Standing, work: Work) -> bool:
        """Do what people ask, and end the run or hand it back where it is over for us; says whether it is.

        standing and work: as they were just read.
        """
        if standing.is_stopping:
            stop_open(self._store, self.run.id)
        self._may_start = standing.may_start and self._problem is None
        if self._may_start and standing.search != self._search:
            try:
                self._follow(standing.search)
            except RunFailure as failure:
                self.fail(str(failure))
        if self._problem is None and (work.running or (work.queued and self._may_start)):
            return False
        return self._is_over(standing)

    def ask(self, work: Work, places: int, *, patience_s: float) -> int:
        """Let the strategy ask for what fits into the run's places; returns how many experiments were queued.

        patience_s: how long its answer is waited for; one that takes longer is taken at a later look.
        Raises LeaseLost.
        """
        if self._asking is None or not self._may_start:
            return 0
        try:
            return self._asking.look(places - work.queued - work.running, patience_s=patience_s)
        except RunFailure as failure:
            self.fail(str(failure))
            return 0

    def fail(self, problem: str) -> None:
        """The run cannot go on, and this is why: it ends when nothing of it runs any more."""
        if self._problem is None:
            log.error("run %s fails: %s", self.run.id, problem)
        self._problem, self._may_start = problem, False

    def close(self) -> None:
        """Begin nothing more."""
        if self._asking is not None:
            self._asking.close()

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

    def _is_over(self, standing: Standing) -> bool:
        run = self.run
        if self._problem is not None:
            return end_run(self._store, run.id, run.fence, state="failed", reason=self._problem)
        work = open_experiments(self._store, [run.id], most=1)[run.id]
        if work.running:
            return False
        if not work.queued and (standing.is_stopping or self._has_asked_all(standing)):
            return end_run(self._store, run.id, run.fence, state="finished", search=standing.search)
        return standing.state == "paused" and give_up_run(self._store, run.id, run.fence)

    def _has_asked_all(self, standing: Standing) -> bool:
        return standing.search == self._search and (self._asking is None or self._asking.is_done)
