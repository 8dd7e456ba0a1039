"""Connections that are slow, silent or cut cost no thread: the web answers others meanwhile."""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.sessions import FREE_MISTAKES
from app.web_worker import HEAD_WITHIN_S, Incoming, Refusal
from storage.embedded import EmbeddedServer
from storage.folders import prepare_data_dir
from storage.store import Store
from tests.app.served import Served


@pytest.fixture(scope="module")
def web(postgres: EmbeddedServer) -> Iterator[Served]:
    """One for all of them, as no test here changes what it serves."""
    store = Store(postgres.url)
    with tempfile.TemporaryDirectory(prefix="ht-web-", dir="/tmp") as folder:
        served = Served(prepare_data_dir(Path(folder)), postgres.url, store)
        yield served
        served.close()
    store.close()


def half_body(web: Served) -> bytes:
    return (
        f"POST /sessions HTTP/1.1\r\nHost: {web.host}\r\nOrigin: http://{web.host}\r\nCookie: {web.cookie}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"do": '
    ).encode()


def test_half_sent_requests_and_silent_readers_hold_nobody_up(web: Served) -> None:
    program = "/_dash-component-suites/plotly/package_data/plotly.min.js"
    assert web.ask("GET", program).status == 200
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(web.connect(half_body(web)))
        for _ in range(200):
            held.enter_context(web.connect(b"GET / HTTP/1.1\r\nHost: x"))
        for _ in range(40):
            held.enter_context(web.connect(web.request(program), receive_bytes=4096))
        assert max(web.health_s() for _ in range(5)) < 1
        started = time.monotonic()
        assert web.ask("GET", "/").status == 200
        assert time.monotonic() - started < 3
        for _ in range(5):
            assert web.ask("POST", "/sessions", b'{"do": "list"}').status == 200


def test_a_half_sent_request_is_ended(web: Served) -> None:
    silent = web.connect(b"GET / HTTP/1.1\r\nHo")
    started = time.monotonic()
    assert silent.recv(100) == b""
    assert HEAD_WITHIN_S - 1 < time.monotonic() - started < HEAD_WITHIN_S + 5
    silent.close()


def test_a_slow_reader_gets_all_of_a_large_answer(web: Served) -> None:
    program = "/_dash-component-suites/plotly/package_data/plotly.min.js"
    whole = web.ask("GET", program).content  # type: ignore[attr-defined]
    assert len(whole) > 3_000_000
    slow = web.connect(web.request(program), receive_bytes=4096)
    assert web.health_s() < 1
    received = bytearray()
    while not received.endswith(whole[-1000:]):
        piece = slow.recv(100_000)
        assert piece
        received += piece
    assert received.partition(b"\r\n\r\n")[2] == whole
    slow.close()


def test_one_connection_serves_many_requests_also_when_they_come_at_once(web: Served) -> None:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/healthz")
        assert json.loads(connection.getresponse().read())["database"] == "ok"
    connection.close()
    pipelined = web.connect(web.request("/healthz") * 3)
    received = b""
    while received.count(b'"database"') < 3:
        piece = pipelined.recv(10_000)
        assert piece
        received += piece
    pipelined.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_what_is_not_wanted_is_refused_before_it_has_come(web: Served, head: bytes, status: bytes) -> None:
    with web.connect(head) as connection:
        assert connection.recv(1000).split()[1] == status


def test_a_body_comes_after_leave_was_given(web: Served) -> None:
    body = b'{"do": "list"}'
    head = half_body(web).partition(b"Content-Length")[0]
    connection = web.connect(head + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
    connection.sendall(body)
    received = b""
    while b"sessions" not in received:
        piece = connection.recv(10_000)
        assert piece
        received += piece
    connection.close()


def test_wrong_links_are_slowed_down_and_right_ones_are_not(web: Served) -> None:
    spent = [wrong_link_s(web)]
    # Each process counts for itself: five mistakes are free, then answers take 0.5, 1, 2 s.
    while spent[-1] < 2 and len(spent) < 2 * (FREE_MISTAKES + 3):
        spent.append(wrong_link_s(web))
    assert spent[-1] >= 2
    with ExitStack() as held:
        for _ in range(30):
            held.enter_context(web.connect(web.request("/login?token=wrong").replace(web.cookie.encode(), b"")))
        started = time.monotonic()
        assert web.log_in()
        assert time.monotonic() - started < 2
        assert web.health_s() < 1


def wrong_link_s(web: Served) -> float:
    started = time.monotonic()
    assert web.ask("GET", "/login?token=wrong", cookie="").status in (401, 429)
    return time.monotonic() - started


def test_a_request_is_complete_with_its_body() -> None:
    incoming = Incoming(0)
    request = b"POST / HTTP/1.1\r\ncontent-length:  3 \r\n\r\nabc"
    assert [incoming.add(bytes([byte])) for byte in request] == [False] * (len(request) - 1) + [True]
    with pytest.raises(Refusal, match="413"):
        Incoming(0).add(b"POST / HTTP/1.1\r\nContent-Length: 10000001\r\n\r\n")


def test_a_client_that_goes_away_costs_nothing(web: Served) -> None:
    for _ in range(50):
        connection = web.connect(web.request("/_dash-component-suites/plotly/package_data/plotly.min.js"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert web.health_s() < 1
    assert len(web.workers()) == 2
