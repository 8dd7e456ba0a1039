"""How many experiments fit on the nodes of a cluster at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping


def places(nodes: Iterable[Mapping[str, float]], cpus: float, gpus: float) -> int:
    """How many experiments fit on the nodes at once, by all that the nodes have; none is split between two."""
    return sum(_places(node, cpus, gpus) for node in nodes)


def _places(node: Mapping[str, float], cpus: float, gpus: float) -> int:
    wanted = {"CPU": cpus, "GPU": gpus}
    # One that wants nothing at all still takes a place.
    fits = [math.floor(node.get(name, 0) / amount + 1e-9) for name, amount in wanted.items() if amount > 0]
    return min(fits, default=max(1, math.floor(node.get("CPU", 1))))


def cannot_place(nodes: Iterable[Mapping[str, float]], cpus: float, gpus: float) -> str:
    """Say why no experiment fits on any node."""
    most_cpus = max((node.get("CPU", 0) for node in nodes), default=0)
    most_gpus = max((node.get("GPU", 0) for node in nodes), default=0)
    wanted = [(gpus, "GPU", most_gpus)] if gpus > most_gpus else [(cpus, "CPU", most_cpus)]
    amount, what, most = wanted[0]
    has = "the cluster has none" if most == 0 else f"no node of the cluster has more than {most:g}"
    return f"Each experiment wants {amount:g} {what}{'s' if amount != 1 else ''}; {has}."
