"""Why a run waits while nothing of it runs, in words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.resources import cannot_place, places
from storage.records import Run
from storage.run_leases import Work
from training.pool import Shape

# A start that takes less is nothing that a person waits for.
NOTICED_S = 5.0


@dataclass(frozen=True)
class Waiting:
    """What a run waits for, since when (unix time), and which log has more."""

    what: str
    since: float = field(default_factory=time.time)
    log: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in the run's row."""
        return asdict(self)


@dataclass(frozen=True)
class Scene:
    """What the engine sees: nodes, experiments at work and places per run, workers at work, and how starts go."""

    nodes: Sequence[Mapping[str, float]]
    at_work: Mapping[int, int]
    shares: Mapping[int, int]
    active: Mapping[Shape, int]
    start_s: float | None
    problem: str | None
    retry_s: float
    log_dir: str


def why_waiting(run: Run, work: Work, scene: Scene) -> Waiting | None:
    """What a run waits for of which nothing runs; None where something does, or nothing is queued."""
    if work.running or not work.queued:
        return None
    return _no_node(run, scene) or _no_place(run, scene) or _no_worker(scene)


def _no_node(run: Run, scene: Scene) -> Waiting | None:
    if not scene.nodes:
        return Waiting("waits for a node: the cluster has none")
    if not places(scene.nodes, run.cpus, run.gpus):
        return Waiting(f"waits for a node: {cannot_place(scene.nodes, run.cpus, run.gpus)}")
    return None


def _no_place(run: Run, scene: Scene) -> Waiting | None:
    ahead = sum(number > 0 for other, number in scene.at_work.items() if other != run.id)
    has_worker = scene.active.get(Shape(run.cpus, run.gpus)) or scene.start_s is not None
    if not ahead or (scene.shares.get(run.id) and has_worker):
        return None
    return Waiting(f"waits for a free {'GPU' if run.gpus else 'CPU'}: {ahead} run{'' if ahead == 1 else 's'} ahead")


def _no_worker(scene: Scene) -> Waiting | None:
    if scene.problem is not None:
        return Waiting(f"waits for a worker: the last one did not start ({scene.problem})", log=scene.log_dir)
    if scene.start_s is not None and scene.start_s > NOTICED_S:
        return Waiting("waits for a worker that is starting", time.time() - scene.start_s, scene.log_dir)
    return None
