"""A local Ray head as our launcher starts it, and what we ask of Ray's Jobs API; without importing Ray."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shlex
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.limits import DiskLimits

HOST = "127.0.0.1"
# The object store carries next to nothing: scripts and values go by disk and database.
OBJECT_STORE_BYTES = 100_000_000
START_TIMEOUT_S = 120
# Every process of a head of ours has it in its environment, so that one that was left behind is known.
HEAD_MARK = "HYPERTUNER_HEAD"
REQUEST_TIMEOUT_S = 30
ENDED_JOB_STATES = ("STOPPED", "SUCCEEDED", "FAILED")
# `ray start` as we need it. It knows no option to leave out the server for Ray's client, which nobody may use and which
# would cost a second of every start; nor the dashboard's server, ten processes of 350 MB that only a cluster's Jobs API
# needs; it gives its own raylet up after 30 s, which a busy machine may need, but not one that is dead; and it takes
# another address of the machine for 127.0.0.1, and then listens on every interface.
START_RAY = """import os, time
from ray._private import node, services
from ray.scripts import scripts
scripts.get_ray_client_dependency_error = lambda: "not wanted"
ask, until = services.get_node, time.monotonic() + {patience_s}
def patiently(*arguments):
    while True:
        try:
            return ask(*arguments)
        except RuntimeError:
            has_died = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if has_died or time.monotonic() > until:
                raise SystemExit("A process of Ray ended while it started.")
            time.sleep(0.1)
services.get_node = patiently
{more}scripts.main()"""
# Where the Jobs API is wanted, others are to reach it.
ALONE = """node.Node.start_api_server = lambda self, **_: None
services.resolve_ip_for_localhost = lambda host: host
"""
# Whoever starts the head sees whether its processes live; this only ends a start that hangs.
PATIENCE_S = 900


# Settings of Ray in capitals that are for users.
HELPFUL = (
    "RAY_BACKEND_LOG_LEVEL",
    "RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES",
    "RAY_EXPERIMENTAL_NOSET_ROCR_VISIBLE_DEVICES",
    "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO",
)
# A busy machine is slow, not dead: Ray would give up workers and its own agents after 60 and 100 s, and the node after
# six checks. Who dies is seen by their parents at once, so nothing is lost by waiting.
PATIENT = {
    "RAY_worker_register_timeout_seconds": str(PATIENCE_S),
    "RAY_agent_register_timeout_ms": str(PATIENCE_S * 1000),
    "RAY_health_check_failure_threshold": "60",
    "RAY_gcs_rpc_server_reconnect_timeout_s": str(PATIENCE_S),
}


class HeadError(Exception):
    """Ray cannot be reached or refuses; the message says why and what to do."""


@dataclass(frozen=True)
class HeadCommand:
    """How to start a head, and where it answers then: the GCS, and the Jobs API if it has one."""

    argv: list[str]
    gcs: str
    address: str


def make_token(data_dir: Path) -> Path:
    """The file with the token that every request to our Ray must carry; made once, readable by its owner only."""
    path = data_dir / "secrets" / "ray_token"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        half.replace(path)
    return path


def head_command(
    temp_dir: Path, *, cpus: int | None = None, gpus: int | None = None, has_jobs_api: bool = False
) -> HeadCommand:
    """The argv of a head on free ports of the loopback interface; it runs until it is told to end.

    temp_dir: private and short (Ray makes sockets in it). Without cpus and gpus Ray counts what the machine has.
    """
    port, dashboard = _free_ports(2)
    options: dict[str, object] = {
        "node-ip-address": HOST,
        "port": port,
        "dashboard-host": HOST,
        "dashboard-port": dashboard,
        "dashboard-agent-listen-port": 0,
        # 0: any free port, instead of a fixed range that another head may use.
        "min-worker-port": 0,
        "max-worker-port": 0,
        "include-dashboard": str(has_jobs_api).lower(),
        "include-log-monitor": "false",
        "object-store-memory": OBJECT_STORE_BYTES,
        "temp-dir": temp_dir,
    }
    if cpus is not None:
        options["num-cpus"] = cpus
    if gpus is not None:
        options["num-gpus"] = gpus
    program = START_RAY.format(patience_s=PATIENCE_S, more="" if has_jobs_api else ALONE)
    argv = [sys.executable, "-P", "-c", program, "start", "--head", "--block"]
    # Nothing here can be scaled automatically, so its monitor would only cost memory.
    argv += ["--disable-usage-stats", "--no-monitor", *(f"--{name}={value}" for name, value in options.items())]
    return HeadCommand(argv, f"{HOST}:{port}", f"http://{HOST}:{dashboard}")


def head_environment(token_file: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a head: ours without secrets and foreign Ray settings, with token authentication on.

    What tunes Ray is let through: HELPFUL, and its own configuration, which is in small letters
    (RAY_memory_usage_threshold).
    """
    inherited = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in inherited.items()
        if name != "HYPERTUNER_DATABASE_URL" and (not name.startswith("RAY_") or _is_helpful(name))
    }
    return {
        **PATIENT,
        **kept,
        HEAD_MARK: str(token_file),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Nobody takes over from this node, so there is nothing to drain it for.
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        # Ray would otherwise guess a runtime environment from a surrounding `uv run`.
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        # Its port of metrics listens on every interface, and asks for no token.
        "RAY_enable_metrics_collection": "0",
    }


def _is_helpful(name: str) -> bool:
    return name in HELPFUL or re.fullmatch("RAY_[a-z0-9_]+", name) is not None


def dispatcher_command(data_dir: Path, gcs: str, limits: DiskLimits) -> list[str]:
    """The argv of the dispatcher for a head of our own on this machine."""
    return [*_dispatcher(data_dir, limits), "--ray", gcs, "--own"]


def _dispatcher(data_dir: Path, limits: DiskLimits) -> list[str]:
    options = [f"--{name.replace('_', '-')}={value:g}" for name, value in asdict(limits).items()]
    return [sys.executable, "-P", "-m", "training.dispatcher", "--data-dir", str(data_dir), *options]


def submit_dispatcher(
    address: str,
    token: str | None,
    data_dir: Path,
    *,
    most_places: int = 1_000,
    limits: DiskLimits | None = None,
    timeout_s: float = START_TIMEOUT_S,
) -> str:
    """Start the standing dispatcher as a Ray job in place of an earlier one for this data folder; returns its id.

    most_places: what a cluster that grows by itself is asked for at most. limits: of the disk
    of each machine. Waits for a head that is still starting. Raises HeadError.
    """
    deadline = time.monotonic() + timeout_s
    for name in living_dispatchers(address, token, data_dir, deadline=deadline):
        stop_job(address, token, name)
    job_id = _job_prefix(data_dir) + secrets.token_hex(4)
    entrypoint = [*_dispatcher(data_dir, limits or DiskLimits()), "--most-places", str(most_places)]
    if urllib.parse.urlsplit(address).hostname == HOST:
        # A head of our own serves nobody else, so workers may wait on it for the next run.
        entrypoint.append("--own")
    body = {"entrypoint": shlex.join(entrypoint), "submission_id": job_id}
    _request(address, token, "POST", "/api/jobs/", body, deadline=deadline)
    return job_id


def living_dispatchers(address: str, token: str | None, data_dir: Path, *, deadline: float | None = None) -> list[str]:
    """The ids of the jobs that are dispatchers for this data folder and have not ended. Raises HeadError."""
    prefix = _job_prefix(data_dir)
    jobs = _request(address, token, "GET", "/api/jobs/", deadline=deadline)
    living = [job.get("submission_id") or "" for job in jobs if job.get("status") not in ENDED_JOB_STATES]
    return [name for name in living if name.startswith(prefix)]


def stop_job(address: str, token: str | None, job_id: str) -> None:
    """End a job, politely first; one that is unknown or has ended is left alone."""
    _request(address, token, "POST", f"/api/jobs/{job_id}/stop", tolerated=(404, 500))


def job_status(address: str, token: str | None, job_id: str) -> tuple[str, str]:
    """What Ray says of a job: its state and a message. An attribute, never the truth."""
    job = _request(address, token, "GET", f"/api/jobs/{job_id}")
    return str(job.get("status")), str(job.get("message") or "")


def job_log(address: str, token: str | None, job_id: str) -> str:
    """What a job has printed so far."""
    return str(_request(address, token, "GET", f"/api/jobs/{job_id}/logs").get("logs") or "")


# --- how ----------------------------------------------------------------------------------------------------------


def _job_prefix(data_dir: Path) -> str:
    return f"hypertuner-dispatcher-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]}-"


def _free_ports(count: int) -> list[int]:
    # All are held until the last is found, so that they differ.
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _request(
    address: str,
    token: str | None,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    deadline: float | None = None,
    tolerated: tuple[int, ...] = (),
) -> Any:
    """One request; with a deadline it is repeated while the head or its job agent is still starting."""
    pause = 0.05
    while True:
        problem, answer = _try_request(address, token, method, path, body=body, tolerated=tolerated)
        if problem is None:
            return answer
        if deadline is None or time.monotonic() + pause > deadline:
            raise HeadError(f"Ray at {address} does not answer: {problem}. See its log, or start it again.")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)


def _try_request(
    address: str,
    token: str | None,
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | None,
    tolerated: tuple[int, ...],
) -> tuple[str | None, Any]:
    """(None, answer), or (what is wrong for now, None). Raises HeadError where trying again would not help."""
    request = urllib.request.Request(  # noqa: S310 - the address is a setting, not user input
        address.rstrip("/") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})},
    )
    # No proxy of the environment may see the token.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=REQUEST_TIMEOUT_S) as response:
            return None, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        if error.code in tolerated:
            return None, None
        detail = error.read().decode(errors="replace").strip().splitlines()
        if error.code in (401, 403):
            raise HeadError(
                f"Ray at {address} refuses our token. Name the right file in HYPERTUNER_RAY_TOKEN_FILE."
            ) from None
        if error.code < 500:
            raise HeadError(f"Ray at {address} refuses: {detail[-1] if detail else error.reason}") from None
        return detail[-1] if detail else str(error.reason), None
    except ValueError:
        raise HeadError(f"What answers at {address} is not Ray's Jobs API.") from None
    except OSError as error:
        return str(getattr(error, "reason", error)), None
