"""Starting a head and talking to its Jobs API."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.training.conftest import LocalRay
from training.head import HeadError, head_command, head_environment, job_status, make_token, submit_dispatcher


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    path = make_token(tmp_path)
    token = path.read_text()
    assert len(token) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_token(tmp_path).read_text() == token


def test_two_heads_share_no_port(tmp_path: Path) -> None:
    first, second = head_command(tmp_path), head_command(tmp_path)
    assert first.address != second.address
    ports = [item.rpartition("=")[2] for item in first.argv if item.startswith(("--port", "--dashboard-port"))]
    assert len(set(ports)) == 2


def test_a_head_inherits_no_secret_and_no_foreign_setting(tmp_path: Path) -> None:
    inherited = {"HYPERTUNER_DATABASE_URL": "postgresql://u:p@h/d", "RAY_ADDRESS": "elsewhere", "HOME": "/home/me"}
    environment = head_environment(tmp_path / "token", inherited)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_AUTH_TOKEN_PATH"] == str(tmp_path / "token")
    assert environment["HOME"] == "/home/me"
    assert not {"HYPERTUNER_DATABASE_URL", "RAY_ADDRESS"} & environment.keys()


def test_asking_ray_does_not_load_ray() -> None:
    code = "import training.head, sys; sys.exit('ray' in sys.modules)"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_an_absent_head_is_said(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(HeadError, match="does not answer"):
        submit_dispatcher(address, None, tmp_path, timeout_s=0.1)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        pass


def test_something_else_at_the_address_is_said(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(HeadError, match="is not Ray's Jobs API"):
            submit_dispatcher(f"http://127.0.0.1:{server.server_port}", None, tmp_path, timeout_s=5)
        thread.join()


@pytest.mark.ray
def test_a_wrong_token_is_said(local_ray: LocalRay, tmp_path: Path) -> None:
    for token in (None, "0" * 64):
        with pytest.raises(HeadError, match="refuses our token"):
            submit_dispatcher(local_ray.command.address, token, tmp_path)


@pytest.mark.ray
def test_an_unknown_job_is_said(local_ray: LocalRay) -> None:
    with pytest.raises(HeadError, match="refuses"):
        job_status(local_ray.command.address, local_ray.token, "no-such-job")
