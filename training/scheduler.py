"""The run scheduler: one detached actor per run, with a pool of experiment workers, each an actor of its own."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from sqlalchemy.exc import DBAPIError

from analysis.resources import cannot_place, places
from storage.folders import read_database_url
from storage.leases import LeaseLost, release_lost
from storage.records import Run
from storage.run_leases import working_owners
from storage.store import Store, is_outage
from training.asking import RunFailure
from training.backoff import Backoff
from training.cluster import node_resources
from training.conductor import Conductor, Look
from training.experiment import ExperimentWorker
from training.reaper import Reaper

# How soon a request is seen, and how often the lease is renewed.
LOOK_EVERY_S = 0.5
THINKING_S = 0.1
# Nodes of a cluster may still be on their way when a run begins.
PATIENCE_FOR_NODES_S = 5.0
# So many workers in a row that end without having done anything mean that none will.
MOST_FAILURES = 5
# A spare scheduler that no dispatcher has asked to stay for so long is nobody's.
FORGOTTEN_AFTER_S = 20.0

log = logging.getLogger("hypertuner.scheduler")


@dataclass(frozen=True)
class Worker:
    """An experiment worker in its own process, and the name in which it holds leases."""

    actor: Any
    owner: str


class RunScheduler:
    """Conducts one run, then ends itself. Before that it may wait as a spare, so that a launch finds it warm.

    Guarantees that a run whose lease it holds goes on whatever happens to the dispatcher or to a worker, that no
    failing experiment stops it, and that its workers end with it.
    """

    def __init__(self, data_dir: str, name: str) -> None:
        self._data_dir = data_dir
        self._name = name
        self._store = Store(read_database_url(Path(data_dir)), pool_size=1)
        self._backoff = Backoff()
        self._reaper = Reaper(self._store)
        self._warm: Worker | None = None
        # Those at work, by the answer that they will give, and those that found nothing more to do.
        self._pool: dict[Any, Worker] = {}
        self._idle: list[Worker] = []
        self._failures = 0
        self._last_failure = ""
        self._wanted = time.monotonic()
        self._is_spare = True
        threading.Thread(target=self._end_when_forgotten, daemon=True).start()

    # --- as a spare -------------------------------------------------------------------------------------------------

    def stay(self) -> None:
        """A dispatcher still wants this spare."""
        self._wanted = time.monotonic()

    def warm(self) -> bool:
        """Hold one worker ready for experiments with the usual resources; says whether it is."""
        if self._warm is None:
            self._warm = self._make_worker(cpus=1, gpus=0)
        return bool(ray.wait([self._warm.actor.__ray_ready__.remote()], timeout=0.5)[0])

    def _end_when_forgotten(self) -> None:
        while self._is_spare:
            if time.monotonic() - self._wanted > FORGOTTEN_AFTER_S:
                os._exit(0)
            time.sleep(1)

    # --- conducting -------------------------------------------------------------------------------------------------

    def conduct(self, run: Run) -> None:
        """See the run to its end, or until somebody else owns it."""
        self._is_spare = False
        log.info("run %s of project %s begins (fence %s)", run.number, run.project_id, run.fence)
        try:
            self._take_warm_worker(run)
            self._conduct(run)
        except LeaseLost:
            log.warning("run %s belongs to somebody else now", run.id)
        finally:
            for worker in [*self._pool.values(), *self._idle]:
                ray.kill(worker.actor)
            self._store.close()
        ray.actor.exit_actor()

    def _conduct(self, run: Run) -> None:
        began = time.monotonic()
        conductor, look = Conductor(self._store, run, lambda: self._capacity(run, began)), Look()
        while True:
            try:
                look = conductor.look(is_idle=not self._pool)
                self._reaper.on_answer()
                self._reaper.release()
                if look.is_over:
                    return conductor.close()
                self._fill_pool(conductor.run, look)
            except DBAPIError as error:
                if not is_outage(error):
                    raise
                self._reaper.on_outage()
                self._backoff.failed()
                log.warning("the database is away: %s", str(error.orig).strip())
            else:
                self._backoff.succeeded()
            if not look.is_thinking:
                self._dismiss_idle()
            pause = THINKING_S if look.is_thinking else LOOK_EVERY_S
            self._await_workers(max(pause, self._backoff.until - time.monotonic()))

    # --- the pool ---------------------------------------------------------------------------------------------------

    def _capacity(self, run: Run, began: float) -> int:
        """How many experiments fit on the cluster at once. Raises RunFailure where that can never be any."""
        if self._failures >= MOST_FAILURES:
            raise RunFailure(f"Its workers end before they have done anything: {self._last_failure}")
        nodes = node_resources()
        capacity = places(nodes, run.cpus, run.gpus)
        if capacity == 0 and time.monotonic() - began > PATIENCE_FOR_NODES_S:
            raise RunFailure(cannot_place(nodes, run.cpus, run.gpus))
        return capacity

    def _fill_pool(self, run: Run, look: Look) -> None:
        """Put as many workers to work as have something to do and somewhere to run."""
        if not look.queued:
            return
        most = min(look.capacity, run.concurrency or look.capacity)
        owners = working_owners(self._store, run.id)
        waiting = sum(worker.owner not in owners for worker in self._pool.values())
        for _ in range(min(most - len(self._pool), look.queued - waiting)):
            worker = self._idle.pop() if self._idle else self._make_worker(cpus=run.cpus, gpus=run.gpus)
            self._put_to_work(worker, run)

    def _dismiss_idle(self) -> None:
        """Leave the resources of those who have nothing to do to others."""
        for worker in self._idle:
            ray.kill(worker.actor)
        self._idle.clear()

    def _make_worker(self, *, cpus: float, gpus: float) -> Worker:
        owner = f"{self._name}-{secrets.token_hex(4)}"
        remote = ray.remote(ExperimentWorker).options(num_cpus=cpus, num_gpus=gpus, max_restarts=0)
        return Worker(remote.remote(self._data_dir, owner), owner)

    def _put_to_work(self, worker: Worker, run: Run) -> None:
        self._pool[worker.actor.work.remote(run, run.fence)] = worker

    def _take_warm_worker(self, run: Run) -> None:
        worker, self._warm = self._warm, None
        if worker is None:
            return
        if (run.cpus, run.gpus) == (1, 0):
            self._put_to_work(worker, run)
        else:
            ray.kill(worker.actor)

    def _await_workers(self, timeout_s: float) -> None:
        if not self._pool:
            time.sleep(min(timeout_s, 0.2))
            return
        ended, _ = ray.wait(list(self._pool), timeout=timeout_s)
        for reference in ended:
            self._on_worker_end(reference, self._pool.pop(reference))

    def _on_worker_end(self, reference: Any, worker: Worker) -> None:
        """It found nothing more to do, or it is dead."""
        try:
            done = ray.get(reference)
        except RayError as error:
            log.warning("worker %s ended: %s", worker.owner, error)
            self._failures += 1
            self._last_failure = str(error).strip().splitlines()[-1][:300]
            self._backoff.insist(lambda: release_lost(self._store, owner=worker.owner))
            ray.kill(worker.actor)
        else:
            self._failures = 0 if done else self._failures
            self._idle.append(worker)
