"""A Ray cluster of several nodes on this machine, obeying words on stdin; run as a program by the tests.

`python nodes.py fixed` starts a head without CPUs; `add` and `kill` then add a node of one CPU and kill the oldest one.
`python nodes.py elastic` starts one with Ray's fake autoscaler, which adds up to three nodes as they are asked for.
Each answer is one line; the first one is the address.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
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
    """Nodes that Ray's own autoscaler adds and takes away, on a provider of Ray that starts them on this machine."""
    from ray.util import get_node_ip_address

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"{get_node_ip_address()}:{port}"
    node = {"node_config": {}, "min_workers": 0}
    lists = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
    configuration = {
        "cluster_name": "elastic",
        "max_workers": 3,
        "upscaling_speed": 10,
        "idle_timeout_minutes": 0.1,
        "provider": {
            "type": "fake_multinode",
            "gcs_address": address,
            "use_node_id_as_ip": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "available_node_types": {
            "ray.head.default": {**node, "resources": {"CPU": 0}, "max_workers": 0},
            "small": {**node, "resources": {"CPU": 1}, "max_workers": 3},
        },
        "head_node_type": "ray.head.default",
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        **{f"{name}_commands": [] for name in lists},
    }
    with tempfile.TemporaryDirectory(prefix="htn-", dir="/tmp") as folder:
        path = Path(folder) / "autoscaling.json"
        path.write_text(json.dumps(configuration))
        program = "from ray.scripts import scripts; scripts.main()"
        options = [f"--autoscaling-config={path}", f"--port={port}", "--num-cpus=0", f"--temp-dir={folder}/ray"]
        head = subprocess.Popen(
            [sys.executable, "-c", program, "start", "--head", "--block", "--include-dashboard=false", *options],
            env={**os.environ, "RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"},
            stdout=sys.stderr,
        )
        print(address, flush=True)
        sys.stdin.read()
        head.terminate()
        head.wait(30)


if __name__ == "__main__":
    main()
