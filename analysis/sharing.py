"""How the places of a cluster are shared between the runs that want them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Nodes = Sequence[Mapping[str, float]]

# What a person may give a run: a priority up to this on either side of 0, and a share (its weight) in between.
MOST_PRIORITY = 1_000
LEAST_WEIGHT, MOST_WEIGHT = 1e-6, 1e6


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


def refused_share(priority: float, weight: float) -> str | None:
    """Why a run cannot have this priority and this weight, in a sentence; None where it can."""
    if not (math.isfinite(priority) and priority == int(priority) and abs(priority) <= MOST_PRIORITY):
        return f"The priority is {priority:g}; write a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}."
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        return f"The share is {weight:g}; write a number above 0, such as 0.5 or 2, up to {MOST_WEIGHT:,.0f}."
    return None


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
