"""What the cluster can hold, as the dispatcher last said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.resources import cannot_place, places
from storage.heartbeats import AWAY_AFTER_S, last_beat
from storage.store import Store


@dataclass(frozen=True)
class Room:
    """How many experiments run at a time, at least one; None where the nodes are not known or hold none.

    obstacle: why none has a place on any node, in a sentence; an empty text where one has, or nobody knows.
    """

    at_once: int | None
    obstacle: str = ""


@dataclass(frozen=True)
class Cluster:
    """The CPUs and GPUs of each node; no nodes where nobody has ever said.

    is_present: the dispatcher was heard of lately, so that what it said can be relied on.
    """

    nodes: Sequence[Mapping[str, float]]
    is_present: bool

    def room(self, cpus: float, gpus: float, concurrency: int | None) -> Room:
        """The room for experiments that take so many CPUs and GPUs, of which at most `concurrency` run at a time."""
        fits = places(self.nodes, cpus, gpus)
        if fits:
            return Room(min(fits, concurrency or fits))
        is_known = self.is_present and self.nodes
        return Room(None, cannot_place(self.nodes, cpus, gpus) if is_known else "")


def cluster_of(store: Store) -> Cluster:
    """Look at the dispatcher's last sign of life."""
    beat = last_beat(store, "dispatcher")
    return Cluster(beat[1].get("per_node") or [], beat[0] <= AWAY_AFTER_S) if beat else Cluster([], is_present=False)
