"""The engine: conducts all runs side by side and shares the places of the cluster between them."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ray

from analysis.limits import DiskLimits
from analysis.resources import cannot_place, places
from analysis.sharing import Wish, share
from storage.leases import LeaseLost
from storage.records import Run
from storage.run_leases import Standing, Work, open_experiments, renew_runs, tell_waiting
from storage.store import Store
from training.cluster import Cluster
from training.conductor import Conductor
from training.keeper import Keeper
from training.pool import KEEP_S, Shape, WorkerPool
from training.reaper import Reaper
from training.waiting import Scene, Waiting, why_waiting

# Nodes of our own machine may still be registering when the first run begins.
PATIENCE_FOR_NODES_S = 5.0
# Whose turn it is between runs that want different resources is looked at again after this time, as workers change.
TURN_S = 5.0
# Strategies are waited for this long in all at one look.
PATIENCE_S = 0.5
STAY_EVERY_S = 10.0
USUAL = Shape(1.0, 0.0)

log = logging.getLogger("hypertuner.engine")


@dataclass(frozen=True)
class Limits:
    """What an installation allows: places that a growing cluster is asked for, and the disk of each machine."""

    most_places: int = 1_000
    disk: DiskLimits = field(default_factory=DiskLimits)


class Engine:
    """All that is conducted by one dispatcher.

    Guarantees that taking up a run starts no process, that every run whose lease we hold is looked at in each round,
    and that places go to open runs in turn.
    """

    def __init__(
        self, store: Store, data_dir: str, cluster: Cluster, reaper: Reaper, keeper: Keeper, *, limits: Limits
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._reaper = reaper
        self._keeper = keeper
        self._pool = WorkerPool(data_dir, limits.disk, is_own=cluster.is_fixed)
        self._most_places = limits.most_places
        self._conductors: dict[int, Conductor] = {}
        self._waiting: dict[int, Waiting | None] = {}
        self._served: dict[int, float] = {}
        self._turn_until = self._stayed = 0.0
        self._began = self._used = time.monotonic()
        self._is_new = True

    @property
    def is_thinking(self) -> bool:
        """Whether more experiments may come within moments."""
        return any(conductor.is_thinking for conductor in self._conductors.values())

    @property
    def is_ready(self) -> bool:
        """Whether a launch would find a worker that waits for it."""
        return self._pool.is_ready

    def take_up(self, run: Run) -> None:
        """Conduct a run that was claimed just now."""
        if run.id in self._conductors:
            self._conductors[run.id].close()
        self._conductors[run.id] = Conductor(self._store, run)
        self._keep()

    def close(self) -> None:
        """Conduct nothing more; experiments that run go on."""
        for conductor in self._conductors.values():
            conductor.close()
        self._pool.dismiss()

    # --- a look -------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See to the cluster, to every run, and to the workers. An absent database raises DBAPIError."""
        self._cluster.look()
        self._look_at_workers()
        standings = renew_runs(self._store, self._fences()) if self._conductors else {}
        work = open_experiments(self._store, list(standings)) if standings else {}
        for run_id in list(self._conductors):
            self._look_at_run(run_id, standings.get(run_id), work.get(run_id, Work()))
        self._keep()
        shares = self._share(work, standings)
        self._ask_strategies(work, shares)
        self._aim(shares)
        self._tell(standings, work, shares)
        self._reaper.look(self._cluster.nodes)

    def _look_at_workers(self) -> None:
        if self._is_new:
            self._pool.adopt()
            self._is_new = False
        for death in self._pool.look(self._cluster.ids):
            host = self._cluster.host_of(death.node)
            if host is not None:
                self._reaper.on_death(death.owner, host, self._cluster.nodes, is_node_gone=death.is_node_gone)
        now = time.monotonic()
        if now - self._stayed > STAY_EVERY_S:
            self._stayed = now
            self._pool.stay()

    def _look_at_run(self, run_id: int, standing: Standing | None, work: Work) -> None:
        conductor = self._conductors[run_id]
        if standing is None:
            log.warning("run %s belongs to somebody else now", run_id)
            self._drop(run_id)
        elif conductor.look(standing, work):
            log.info("run %s is over or paused", run_id)
            self._drop(run_id)
        elif (problem := self._never_fits(conductor.run)) is not None:
            conductor.fail(problem)

    def _never_fits(self, run: Run) -> str | None:
        """Why no experiment of the run can ever be placed, where the cluster can say so."""
        if not self._cluster.is_fixed or time.monotonic() - self._began < PATIENCE_FOR_NODES_S:
            return None
        nodes = self._cluster.resources
        # Where no node is left, ours has just died; it comes back.
        fits = not nodes or places(nodes, run.cpus, run.gpus)
        return None if fits else cannot_place(nodes, run.cpus, run.gpus)

    def _drop(self, run_id: int) -> None:
        self._conductors.pop(run_id).close()
        self._waiting.pop(run_id, None)

    def _fences(self) -> dict[int, int]:
        return {run_id: conductor.run.fence for run_id, conductor in self._conductors.items()}

    def _keep(self) -> None:
        self._keeper.keep(self._fences())

    # --- sharing ------------------------------------------------------------------------------------------------------

    def _share(self, work: Mapping[int, Work], standings: Mapping[int, Standing]) -> dict[int, int]:
        now = time.monotonic()
        if now > self._turn_until or set(self._served) != set(self._conductors):
            self._served = {run_id: work.get(run_id, Work()).served for run_id in self._conductors}
            self._turn_until = now + TURN_S
        wishes = [
            wish_of(conductor, standings[run_id], work.get(run_id, Work()), self._served.get(run_id, 0.0))
            for run_id, conductor in self._conductors.items()
        ]
        self._demand(wishes)
        return share(self._cluster.resources, wishes)

    def _demand(self, wishes: list[Wish]) -> None:
        bundles: list[dict[str, float]] = []
        for wish in sorted(wishes, key=lambda each: (-each.priority, each.run)):
            bundle = {"CPU": wish.cpus, "GPU": wish.gpus}
            wanted = {name: amount for name, amount in bundle.items() if amount > 0} or {"CPU": 1.0}
            bundles += [wanted] * min(wish.limit, self._most_places - len(bundles))
        self._cluster.ask_for(bundles)

    def _ask_strategies(self, work: Mapping[int, Work], shares: Mapping[int, int]) -> None:
        asking = max(1, sum(conductor.is_adaptive for conductor in self._conductors.values()))
        for run_id, conductor in list(self._conductors.items()):
            try:
                conductor.ask(work.get(run_id, Work()), shares.get(run_id, 0), patience_s=PATIENCE_S / asking)
            except LeaseLost:
                self._drop(run_id)

    def _aim(self, shares: Mapping[int, int]) -> None:
        wanted: Counter[Shape] = Counter()
        for run_id, conductor in self._conductors.items():
            wanted[Shape(conductor.run.cpus, conductor.run.gpus)] += shares.get(run_id, 0)
        self._pool.aim(wanted, self._cluster.resources)
        if self._conductors:
            self._used = time.monotonic()
        elif self._cluster.is_fixed and time.monotonic() - self._used < KEEP_S:
            # Nobody else could use what it holds, and the next launch finds it ready.
            self._pool.warm(USUAL, self._cluster.resources)

    # --- what runs wait for -------------------------------------------------------------------------------------------

    def _tell(self, standings: Mapping[int, Standing], work: Mapping[int, Work], shares: Mapping[int, int]) -> None:
        scene = Scene(
            nodes=self._cluster.resources,
            at_work={run_id: each.running for run_id, each in work.items()},
            shares=shares,
            active=self._pool.active(),
            start_s=self._pool.oldest_start_s,
            problem=self._pool.problem,
            retry_s=self._pool.next_start_s,
            log_dir=log_dir(),
        )
        for run_id, conductor in self._conductors.items():
            standing = standings.get(run_id)
            may_start = standing is not None and standing.may_start
            waiting = why_waiting(conductor.run, work.get(run_id, Work()), scene) if may_start else None
            before = self._waiting.get(run_id)
            if (waiting and waiting.what) != (before and before.what) or run_id not in self._waiting:
                tell_waiting(self._store, run_id, waiting.to_json() if waiting else None)
                self._waiting[run_id] = waiting


def wish_of(conductor: Conductor, standing: Standing, work: Work, served: float) -> Wish:
    """What a run wants now. Its priority and weight are those it stands with: people change them while it goes on."""
    run, wanted = conductor.run, conductor.wanted(work)
    return Wish(run.id, run.cpus, run.gpus, wanted, run.concurrency, standing.priority, standing.weight, served)


def log_dir() -> str:
    """Where Ray keeps the logs of its workers on this node."""
    node: Any = ray._private.worker._global_node
    return str(node.get_logs_dir_path())
