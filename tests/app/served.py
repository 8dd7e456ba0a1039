"""The web as it is served: gunicorn with its workers, on a port of its own, in front of a test's database."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from storage.store import Store
from storage.tokens import create_link_token
from tests.product import wait_until

START_TIMEOUT_S = 60


class Served:
    """A running web; `cookie` is of a browser that is logged in."""

    def __init__(self, data_dir: Path, database_url: str, store: Store, *, workers: int = 2) -> None:
        self.data_dir = data_dir
        self.store = store
        self.log = data_dir / "logs" / "web.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.host = f"127.0.0.1:{self.port}"
        argv = [sys.executable, "-P", "-m", "gunicorn", "--config", "python:app.gunicorn_config", "--bind", self.host]
        environment = {
            **os.environ,
            "HYPERTUNER_DATA_DIR": str(data_dir),
            "HYPERTUNER_DATABASE_URL": database_url,
            "HYPERTUNER_PORT": str(self.port),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*argv, "--workers", str(workers), "app.wsgi:application()"],
                stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=data_dir,
            )  # fmt: skip
        wait_until(self._answers, f"the web answers\n{self.log.read_text()[-3000:]}", START_TIMEOUT_S)
        self.cookie = self.log_in()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(OSError), urllib.request.urlopen(f"http://{self.host}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def log_in(self) -> str:
        """The cookie of another browser that is logged in."""
        answer = self.ask("GET", f"/login?token={create_link_token(self.store)}", cookie="")
        assert answer.status == 303
        return (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def headers(self, cookie: str | None = None) -> dict[str, str]:
        return {"Cookie": self.cookie if cookie is None else cookie, "Origin": f"http://{self.host}"}

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, cookie: str | None = None, timeout_s: float = 60
    ) -> HTTPResponse:
        """One request on a connection of its own; the answer has been read, its bytes are in `content`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        kind = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body, {**self.headers(cookie), **kind})
        answer = connection.getresponse()
        answer.content = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def connect(self, sent: bytes = b"", *, receive_bytes: int | None = None) -> socket.socket:
        """A bare connection that has sent something."""
        opened = socket.socket()
        if receive_bytes is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        opened.settimeout(60)
        opened.connect(("127.0.0.1", self.port))
        opened.sendall(sent)
        return opened

    def request(self, path: str) -> bytes:
        """A request of the browser that is logged in, as bytes."""
        return f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {self.cookie}\r\n\r\n".encode()

    def health_s(self) -> float:
        """How long /healthz takes to say that all is well."""
        started = time.monotonic()
        answer = self.ask("GET", "/healthz", timeout_s=30)
        assert answer.status == 200, answer.content  # type: ignore[attr-defined]
        return time.monotonic() - started

    def workers(self) -> list[int]:
        """The processes that answer."""
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.log.read_text())]

    def memory_kb(self) -> int:
        """The largest that any of the workers has ever been."""
        peaks = [Path(f"/proc/{pid}/status").read_text() for pid in self.workers() if Path(f"/proc/{pid}").exists()]
        return max(int(found[1]) for text in peaks if (found := re.search(r"VmHWM:\s+(\d+)", text)))

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
