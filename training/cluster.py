"""What the Ray cluster around us has."""

from __future__ import annotations

from typing import Any

import ray


def cluster_resources() -> dict[str, Any]:
    """What the cluster has, for people who launch: in all, and per node, as no experiment is split between two."""
    nodes = node_resources()
    return {
        "cpus": sum(node.get("CPU", 0) for node in nodes),
        "gpus": sum(node.get("GPU", 0) for node in nodes),
        "nodes": len(nodes),
        "per_node": [{name: node.get(name, 0) for name in ("CPU", "GPU")} for node in nodes],
    }


def node_resources() -> list[dict[str, float]]:
    """What each living node of the cluster has in all."""
    nodes: list[dict[str, Any]] = ray.nodes()
    return [node["Resources"] for node in nodes if node["Alive"]]
