"""The pool: the experiment workers of the cluster, shared by all runs, each an actor that holds certain resources.

Workers are detached: they outlive the dispatcher, and the next one finds them by their names.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import ray
from ray.exceptions import ActorUnavailableError, RayError
from ray.util import list_named_actors

from analysis.limits import DiskLimits
from analysis.resources import places
from analysis.sharing import Nodes
from training.actor import ExperimentActor

PREFIX, SEPARATOR = "experiments", "_"
# At most this many workers are being started on each node; while one of them takes long, no further one.
STARTS_PER_NODE = 2
SLOW_START_S = 10.0
# A start that takes longer than this hangs.
LONGEST_START_S = 900.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
# An idle worker is kept for this long on a machine of our own; elsewhere others may want what it holds.
KEEP_S = 3600.0
KEEP_SHARED_S = 5.0
LONGEST_REASON = 300
# How long after a worker's death that of its node may be heard.
NODE_PATIENCE_S = 5.0

log = logging.getLogger("hypertuner.pool")


class Shape(NamedTuple):
    """The resources that an experiment wants, and that its worker holds."""

    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU, {self.gpus:g} GPU" if self.gpus else f"{self.cpus:g} CPU"


@dataclass
class Worker:
    """A worker as the dispatcher knows it. It works while an answer of it is due."""

    name: str
    shape: Shape
    actor: Any
    asked_at: float
    # Its first sign of life, which names its node; None once it was heard.
    starting: Any
    working: Any = None
    is_retiring: bool = False
    node: str | None = None
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def is_active(self) -> bool:
        """Whether it is at work or will be as soon as it has started."""
        return self.working is not None


@dataclass(frozen=True)
class Death:
    """A worker that died: who it was, why, and whether its whole node is gone."""

    owner: str
    reason: str
    node: str | None
    is_node_gone: bool


class WorkerPool:
    """Keeps as many workers as there is work for, and starts them gently.

    Guarantees that no more workers exist or are asked for than `aim` says, that at most two per node are being
    started, and that after starts that failed the next one waits, for up to a minute.
    """

    def __init__(self, data_dir: str, limits: DiskLimits, *, is_own: bool) -> None:
        """limits: of the disk of each machine. is_own: the cluster is one node that serves nobody else."""
        self._data_dir = data_dir
        self._limits = limits
        self._keep_s = KEEP_S if is_own else KEEP_SHARED_S
        self._node_patience_s = 0.0 if is_own else NODE_PATIENCE_S
        self._deaths: dict[str, tuple[Death, float]] = {}
        self._workers: dict[str, Worker] = {}
        self._pause_s = 0.0
        self._start_from = 0.0
        # Why the last start failed, until one succeeds.
        self.problem: str | None = None

    # --- what there is ----------------------------------------------------------------------------------------------

    def adopt(self) -> None:
        """Take over the workers that an earlier dispatcher left; each works on, and answers us when it is done."""
        for name in list_named_actors():
            shape = _shape_of(name)
            if shape is None or name in self._workers:
                continue
            with suppress(ValueError):
                actor: Any = ray.get_actor(name)
                worker = Worker(name, shape, actor, time.monotonic(), _control(actor.where))
                worker.working = actor.work.remote()
                self._workers[name] = worker

    def look(self, nodes: Iterable[str]) -> list[Death]:
        """Hear what workers have to say; returns those that died. nodes: the ids of the living ones."""
        alive = set(nodes)
        deaths = self._settled_deaths(alive)
        for reference in self._answers():
            worker = self._owner_of(reference)
            if worker is None:
                continue
            try:
                answer = ray.get(reference)
            except ActorUnavailableError:
                # Not heard is not dead: asked again, it answers, or Ray knows by then that it died.
                self._ask_again(worker, reference)
            except RayError as error:
                self._bury(worker, error)
            else:
                self._on_answer(worker, reference, answer)
        deaths += [self._give_up(worker) for worker in self._starting() if self.age(worker) > LONGEST_START_S]
        return deaths

    @property
    def is_ready(self) -> bool:
        """Whether a launch would find a worker that waits for it."""
        return any(not worker.is_active for worker in self._workers.values())

    @property
    def oldest_start_s(self) -> float | None:
        """For how long the slowest of the starts has been under way."""
        return max(map(self.age, self._starting()), default=None)

    @property
    def next_start_s(self) -> float:
        """How long no start is tried."""
        return max(0.0, self._start_from - time.monotonic())

    def active(self) -> Counter[Shape]:
        """How many workers of each shape are at work or about to be."""
        return Counter(worker.shape for worker in self._workers.values() if worker.is_active)

    def owners(self) -> set[str]:
        """The names in which our workers hold leases."""
        return set(self._workers)

    def age(self, worker: Worker) -> float:
        """Seconds since it was asked for."""
        return time.monotonic() - worker.asked_at

    # --- what there shall be ----------------------------------------------------------------------------------------

    def aim(self, wanted: Mapping[Shape, int], nodes: Nodes) -> None:
        """Come nearer to having as many workers of each shape at work as are wanted. nodes: what each has."""
        active = self.active()
        missing = {shape: count - active[shape] for shape, count in wanted.items() if count > active[shape]}
        for shape in list(missing):
            missing[shape] -= self._wake(shape, missing[shape])
        missing = {shape: count for shape, count in missing.items() if count > 0}
        if missing:
            self._make_room(wanted, active)
        for shape, count in missing.items():
            self._start(shape, count, nodes)
        self._dismiss_unused()

    def warm(self, shape: Shape, nodes: Nodes) -> None:
        """Have one worker of a shape that waits for work."""
        if not any(worker.shape == shape for worker in self._workers.values()):
            self._start(shape, 1, nodes, is_wanted=False)

    def stay(self) -> None:
        """Tell those that wait that somebody still wants them."""
        for worker in self._workers.values():
            if not worker.is_active:
                _control(worker.actor.stay)

    def dismiss(self) -> None:
        """End all that wait; those at work end by themselves, as nobody wants them any more."""
        for worker in list(self._workers.values()):
            if not worker.is_active:
                self._end(worker)

    # --- how --------------------------------------------------------------------------------------------------------

    def _answers(self) -> list[Any]:
        due = [each for worker in self._workers.values() for each in (worker.starting, worker.working) if each]
        return ray.wait(due, num_returns=len(due), timeout=0)[0] if due else []

    def _owner_of(self, reference: Any) -> Worker | None:
        return next((each for each in self._workers.values() if reference in (each.starting, each.working)), None)

    def _starting(self) -> list[Worker]:
        return [worker for worker in self._workers.values() if worker.starting is not None]

    def _on_answer(self, worker: Worker, reference: Any, answer: Any) -> None:
        if reference == worker.starting:
            worker.starting, worker.node = None, answer
            self._pause_s, self.problem = 0.0, None
        else:
            worker.working, worker.is_retiring, worker.idle_since = None, False, time.monotonic()

    def _ask_again(self, worker: Worker, reference: Any) -> None:
        if reference == worker.starting:
            worker.starting = _control(worker.actor.where)
        else:
            worker.working = worker.actor.work.remote()

    def _bury(self, worker: Worker, error: RayError) -> None:
        reason = str(error).strip().splitlines()[-1][:LONGEST_REASON]
        log.warning("worker %s died: %s", worker.name, reason)
        del self._workers[worker.name]
        if worker.starting is not None:
            self._on_failed_start(reason)
        self._deaths[worker.name] = (Death(worker.name, reason, worker.node, is_node_gone=False), time.monotonic())

    def _settled_deaths(self, alive: set[str]) -> list[Death]:
        """The deaths of which it is known whether the node went, too; Ray tells of a worker first."""
        settled = []
        for name, (death, died_at) in list(self._deaths.items()):
            is_node_gone = death.node is not None and death.node not in alive
            if is_node_gone or time.monotonic() - died_at > self._node_patience_s:
                settled.append(replace(death, is_node_gone=is_node_gone))
                del self._deaths[name]
        return settled

    def _give_up(self, worker: Worker) -> Death:
        reason = f"it did not start within {LONGEST_START_S / 60:.0f} minutes"
        self._on_failed_start(reason)
        self._end(worker)
        return Death(worker.name, reason, worker.node, is_node_gone=False)

    def _on_failed_start(self, reason: str) -> None:
        self.problem = reason
        self._pause_s = min(max(SHORTEST_PAUSE_S, self._pause_s * 2), LONGEST_PAUSE_S)
        self._start_from = time.monotonic() + self._pause_s

    def _wake(self, shape: Shape, count: int) -> int:
        idle = [worker for worker in self._workers.values() if worker.shape == shape and not worker.is_active]
        for worker in idle[:count]:
            worker.working = worker.actor.work.remote()
        return len(idle[:count])

    def _start(self, shape: Shape, count: int, nodes: Nodes, *, is_wanted: bool = True) -> None:
        starting = self._starting()
        if time.monotonic() < self._start_from or any(self.age(worker) > SLOW_START_S for worker in starting):
            return
        most = min(STARTS_PER_NODE * len(nodes) - len(starting), self._room_for(shape, nodes))
        for _ in range(min(count, most)):
            name = SEPARATOR.join([PREFIX, repr(shape.cpus), repr(shape.gpus), secrets.token_hex(6)])
            # One thread for experiments, and one for what must be heard meanwhile.
            threads: Any = {"max_concurrency": 1, "concurrency_groups": {"control": 1}}
            kind: Any = ray.remote(**threads)(ExperimentActor)
            options = {"num_cpus": shape.cpus, "num_gpus": shape.gpus, "max_restarts": 0, "lifetime": "detached"}
            actor = kind.options(**options, name=name).remote(self._data_dir, name, self._limits, *shape)
            worker = Worker(name, shape, actor, time.monotonic(), _control(actor.where))
            worker.working = actor.work.remote() if is_wanted else None
            self._workers[name] = worker

    def _room_for(self, shape: Shape, nodes: Nodes) -> int:
        """How many more fit beside all that there are; none is asked for that would only wait for them."""
        held = [worker.shape for worker in self._workers.values()]
        free_cpus = sum(node.get("CPU", 0) for node in nodes) - sum(each.cpus for each in held)
        free_gpus = sum(node.get("GPU", 0) for node in nodes) - sum(each.gpus for each in held)
        return places([{"CPU": free_cpus, "GPU": free_gpus}], *shape) if free_cpus > 0 or free_gpus > 0 else 0

    def _make_room(self, wanted: Mapping[Shape, int], active: Counter[Shape]) -> None:
        """Something that is wanted is missing: end what waits, and let what is too much end after its experiment."""
        for worker in list(self._workers.values()):
            if not worker.is_active and worker.starting is None:
                self._end(worker)
        for shape in active:
            own = [worker for worker in self._workers.values() if worker.shape == shape and worker.is_active]
            staying = [worker for worker in own if not worker.is_retiring]
            for worker in staying[: max(0, len(staying) - wanted.get(shape, 0))]:
                worker.is_retiring = True
                _control(worker.actor.retire)

    def _dismiss_unused(self) -> None:
        for worker in list(self._workers.values()):
            if not worker.is_active and time.monotonic() - worker.idle_since > self._keep_s:
                self._end(worker)

    def _end(self, worker: Worker) -> None:
        self._workers.pop(worker.name, None)
        ray.kill(worker.actor)


def _control(method: Any) -> Any:
    """Call a method that is to be heard also while the worker is at work."""
    return method.options(concurrency_group="control").remote()


def _shape_of(name: str) -> Shape | None:
    """The shape that a worker's name holds, or None where it is no worker's."""
    prefix, *parts = name.split(SEPARATOR)
    if prefix != PREFIX or len(parts) != 3:
        return None
    with suppress(ValueError):
        return Shape(float(parts[0]), float(parts[1]))
    return None
