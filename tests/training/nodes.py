"""A Ray cluster of several nodes on this machine, obeying words on stdin; run as a program by the tests.

`python nodes.py fixed` starts a head without CPUs; `add` and `kill` then add a node of one CPU and kill the oldest one.
`python nodes.py elastic` starts one with Ray's fake autoscaler, which adds up to three nodes as they are asked for.
Each answer is one line; the first one is the address.
"""

from __future__ import annotations

import sys
from typing import Any


def main() -> None:
    """Serve until stdin ends."""
    if sys.argv[1] == "fixed":
        serve_fixed()
    else:
        serve_elastic()


def serve_fixed() -> None:
    """Nodes that come and go as they are told."""
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    nodes: list[Any] = []
    print(cluster.address, flush=True)
    for word in sys.stdin:
        if word.strip() == "add":
            nodes.append(cluster.add_node(num_cpus=1, include_dashboard=False))
        else:
            cluster.remove_node(nodes.pop(0), allow_graceful=False)
        print("done", flush=True)
    cluster.shutdown()


def serve_elastic() -> None:
    """Nodes that Ray's own autoscaler adds and takes away."""
    from ray.cluster_utils import AutoscalingCluster

    small = {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 3}
    cluster: Any = AutoscalingCluster(
        head_resources={"CPU": 0}, worker_node_types={"small": small}, idle_timeout_minutes=0.1
    )
    cluster.start()
    print("127.0.0.1:6379", flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
