"""What the Ray cluster around us has, and how it is asked for more."""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import Any

import ray

CONNECT_EVERY_S = 0.1
NAMESPACE = "hypertuner"

log = logging.getLogger("hypertuner.cluster")


class Cluster:
    """The nodes as Ray lists them, as of the last look.

    is_fixed: no node will ever be added, so what fits on none of them never will.
    """

    def __init__(self, *, is_fixed: bool) -> None:
        self.is_fixed = is_fixed
        self.nodes: list[dict[str, Any]] = []
        self.seen_at = 0.0
        self._demand: list[dict[str, float]] = []

    def look(self) -> None:
        """Ask Ray again."""
        self.nodes = ray.nodes()
        self.seen_at = time.monotonic()

    @property
    def alive(self) -> list[dict[str, Any]]:
        """The living nodes."""
        return [node for node in self.nodes if node["Alive"]]

    @property
    def resources(self) -> list[dict[str, float]]:
        """What each living node has in all."""
        return [node["Resources"] for node in self.alive]

    @property
    def ids(self) -> set[str]:
        """The ids of the living nodes."""
        return {node["NodeID"] for node in self.alive}

    def host_of(self, node_id: str | None) -> str | None:
        """The name of a node's host, also of one that is gone."""
        return next((node["NodeManagerHostname"] for node in self.nodes if node["NodeID"] == node_id), None)

    def ask_for(self, bundles: list[dict[str, float]]) -> None:
        """Let the cluster's autoscaler, if there is one, know what could work at once."""
        if self.is_fixed or bundles == self._demand:
            return
        # Only a cluster has an autoscaler, and its import costs time.
        from ray.autoscaler.sdk import request_resources

        request_resources(bundles=bundles)
        self._demand = bundles

    def summary(self) -> dict[str, Any]:
        """What it has, for people who launch: in all, and per node, as no experiment is split between two."""
        resources = self.resources
        return {
            "cpus": sum(node.get("CPU", 0) for node in resources),
            "gpus": sum(node.get("GPU", 0) for node in resources),
            "nodes": len(resources),
            "per_node": [{name: node.get(name, 0) for name in ("CPU", "GPU")} for node in resources],
        }


def connect(address: str) -> None:
    """Become a driver of the cluster; one that is still starting is waited for as long as it takes."""
    target = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    if target.startswith("127.0.0.1:"):
        # As in the head itself: Ray would listen on the machine's other addresses, too.
        ray._private.services.resolve_ip_for_localhost = lambda host: host
    while True:
        if address == "auto" or _answers(address):
            try:
                ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
            except (ConnectionError, RuntimeError, TimeoutError) as error:
                if address == "auto":
                    raise
                log.info("Ray is not ready yet: %s", str(error).strip().splitlines()[:1])
                ray.shutdown()
            else:
                return
        time.sleep(CONNECT_EVERY_S)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True
