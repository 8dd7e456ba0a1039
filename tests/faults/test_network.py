"""What of a running product answers on the machine's other addresses, and to whom: nobody without a token."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.faults.conftest import Up
from tests.faults.rain import Rain
from tests.faults.test_parts import is_under_way
from tests.product import environment, family, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

# Of each service of Ray what would tell or do most; a server without the service says that it does not know it.
METHODS = (
    "NodeInfoGcsService/GetAllNodeInfo", "JobInfoGcsService/GetAllJobInfo", "InternalKVGcsService/InternalKVKeys",
    "InternalKVGcsService/InternalKVGet", "ActorInfoGcsService/GetAllActorInfo", "NodeManagerService/GetNodeStats",
    "NodeManagerService/RequestWorkerLease", "NodeManagerService/ShutdownRaylet", "ObjectManagerService/Push",
    "ObjectManagerService/Pull", "CoreWorkerService/PushTask", "CoreWorkerService/KillActor",
    "CoreWorkerService/GetCoreWorkerStats", "ReporterService/GetTraceback", "ReporterService/CpuProfiling",
    "LogService/ListLogs", "LogService/StreamLog",
)  # fmt: skip
REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE)
# Whether it lives is all that these say.
OPEN_PATHS = ("/api/local_raylet_healthz", "/api/healthz")
PATHS = (
    "/",
    "/api/version",
    "/api/jobs/",
    "/api/job_agent/jobs/",
    "/metrics",
    "/nodes?view=summary",
    "/logs",
    *OPEN_PATHS,
)
LOOPBACK = ("0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000")


@dataclass(frozen=True)
class Listener:
    port: int
    is_loopback: bool
    command: str


def listeners(up: Up) -> list[Listener]:
    """Every port on which a process of the product listens."""
    owners = {}
    for pid, command in family(up.data_dir).items():
        with suppress(OSError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if found := re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink())):
                        owners[found[1]] = command
    found_ports = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            address, _, port = words[1].partition(":")
            if words[3] == "0A" and words[9] in owners:
                found_ports.append(Listener(int(port, 16), address in LOOPBACK, owners[words[9]]))
    return found_ports


def own_address() -> str:
    """An address of this machine that is not the loopback interface's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent; the kernel only chooses a route.
        probe.connect(("192.0.2.254", 9))
        return str(probe.getsockname()[0])


def answers_of(host: str, port: int) -> Iterator[tuple[str, Any]]:
    """What a port says to somebody without a token, and with a wrong one."""
    for metadata in ((), (("authorization", "Bearer wrong"),)):
        with grpc.insecure_channel(f"{host}:{port}") as channel:
            for method in METHODS:
                try:
                    channel.unary_unary(f"/ray.rpc.{method}")(b"", timeout=5, metadata=metadata)
                except grpc.RpcError as error:
                    yield method, error.code()  # type: ignore[attr-defined]
                else:
                    yield method, "answered"


def pages_of(host: str, port: int) -> Iterator[tuple[str, int]]:
    """The HTTP paths that a port knows, with its status; a port of another protocol has none."""
    for path in PATHS:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as answer:
                yield path, answer.status
        except urllib.error.HTTPError as error:
            yield path, error.code
        except (OSError, ValueError, Exception):  # noqa: BLE001 - no HTTP
            continue


def test_no_port_tells_or_does_anything_without_a_token(up: Up, rain: Rain) -> None:
    rain.launch(up.store, 4)
    wait_until(lambda: is_under_way(up, rain), "values", 60)
    host, found = own_address(), listeners(up)
    assert len(found) > 5
    open_ports = [each for each in found if not each.is_loopback]
    print(*found, sep="\n")
    assert not [each for each in found if "gunicorn" in each.command and not each.is_loopback]
    assert not [each for each in found if "postgres" in each.command]
    for each in open_ports:
        for method, said in answers_of(host, each.port):
            assert said in REFUSED, (each, method, said)
        for path, status in pages_of(host, each.port):
            assert status in (401, 403, 404) or path in OPEN_PATHS, (each, path, status)


def test_ray_s_own_clients_are_refused_without_the_token(up: Up) -> None:
    gcs = next(each for each in listeners(up) if "gcs_server" in each.command)
    host = "127.0.0.1" if gcs.is_loopback else own_address()
    for address in (f"{host}:{gcs.port}", f"ray://{host}:{gcs.port}"):
        code = f"import ray; ray.init({address!r}, log_to_driver=False); print('inside')"
        home = {"HOME": "/nonexistent", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "wrong"}
        try:
            said = subprocess.run(
                [sys.executable, "-c", code],
                env=environment(**home),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # It goes on asking.
            continue
        assert said.returncode != 0
        assert "inside" not in said.stdout


def test_another_user_of_the_machine_reads_no_secret_and_reaches_no_database(up: Up) -> None:
    sockets = Path(str(up.store.url.query["host"]))
    secrets = list((up.data_dir / "secrets").iterdir())
    assert secrets
    for path in (sockets, up.data_dir / "secrets", *secrets):
        assert path.stat().st_mode & 0o077 == 0, path
    # Only root can be somebody else for a moment.
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else None
    for command in [["ls", str(sockets)], *(["cat", str(path)] for path in secrets)] if other else []:
        said = subprocess.run([*(other or ()), *command], capture_output=True, check=False)
        assert (said.returncode != 0, said.stdout) == (True, b""), command
