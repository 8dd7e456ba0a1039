"""What the cluster can hold, as the dispatcher last said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.resources import cannot_place, places
from storage.heartbeats import AWAY_AFTER_S, last_beat
from storage.store import Store


@dataclass(frozen=True)
class Cluster:
    """The CPUs and GPUs of each node; no nodes where nobody has ever said.

    is_present: the dispatcher was heard of lately, so that what it said can be relied on.
    """

    nodes: Sequence[Mapping[str, float]]
    is_present: bool

    def at_once(self, cpus: float, gpus: float, concurrency: int | None) -> int | None:
        """How many experiments run at a time, at least one; None where the nodes are not known or hold none."""
        fits = places(self.nodes, cpus, gpus)
        return min(fits, concurrency or fits) if fits else None

    def obstacle(self, cpus: float, gpus: float) -> str:
        """Why no experiment has a place on any node, in a sentence; an empty text where one has, or nobody knows."""
        if not self.is_present or not self.nodes or places(self.nodes, cpus, gpus):
            return ""
        return cannot_place(self.nodes, cpus, gpus)


def cluster_of(store: Store) -> Cluster:
    """Look at the dispatcher's last sign of life."""
    beat = last_beat(store, "dispatcher")
    return Cluster(beat[1].get("per_node") or [], beat[0] <= AWAY_AFTER_S) if beat else Cluster([], is_present=False)
