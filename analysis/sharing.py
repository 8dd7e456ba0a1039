"""How the places of a cluster are shared between the runs that want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Nodes = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Wish:
    """What a run wants: how many experiments at once, each with these resources.

    most: its limit, if it has one. served: when it was last given a place; any clock, as only the order counts.
    """

    run: int
    cpus: float
    gpus: float
    wanted: int
    most: int | None = None
    priority: int = 0
    weight: float = 1
    served: float = 0

    @property
    def limit(self) -> int:
        """How many places it can use."""
        return self.wanted if self.most is None else min(self.wanted, self.most)


def share(nodes: Nodes, wishes: Sequence[Wish]) -> dict[int, int]:
    """Give the nodes' places to runs, one by one; returns {run: places}.

    Each goes to the run of the highest priority, among these to the one with the fewest places for its weight, among
    these to the one that was served longest ago. No experiment is split between two nodes, and whoever fits nowhere
    any more leaves what is left to the others. Source: weighted max-min fairness.
    """
    free = [[node.get("CPU", 0.0), node.get("GPU", 0.0)] for node in nodes]
    given = {wish.run: 0 for wish in wishes}
    waiting = [wish for wish in wishes if wish.limit > 0]
    while waiting:
        first = min(waiting, key=lambda wish: (-wish.priority, given[wish.run] / wish.weight, wish.served, wish.run))
        if len(waiting) == 1:
            given[first.run] += _fill(free, first, first.limit - given[first.run])
            break
        if _fill(free, first, 1) == 0:
            waiting.remove(first)
            continue
        given[first.run] += 1
        if given[first.run] >= first.limit:
            waiting.remove(first)
    return given


def _fill(free: list[list[float]], wish: Wish, most: int) -> int:
    """Take up to `most` places from what is free, first where least is left over; returns how many there were."""
    taken = 0
    for node in sorted(free):
        while taken < most and _fits(node, wish):
            # One that wants nothing at all takes a CPU's place, or there would be no end.
            node[0] -= wish.cpus if wish.cpus or wish.gpus else 1.0
            node[1] -= wish.gpus
            taken += 1
    return taken


def _fits(node: Sequence[float], wish: Wish) -> bool:
    cpus = wish.cpus if wish.cpus or wish.gpus else 1.0
    return node[0] + 1e-9 >= cpus and node[1] + 1e-9 >= wish.gpus
