"""The peers as contestants: how each is started, when it is painted, and where its brush is drawn."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from playwright.sync_api import Browser, Error

from benchmarks.web.page import SIZE, Moves, Visit, brush, median, percentile, release

START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Peer:
    """One of the others. An empty `panel` has no brush; where `is_slow` it answers only when the button is let go."""

    name: str
    module: Sequence[str]
    path: str
    is_painted: str
    panel: str = ""
    is_slow: bool = False


PEERS = (
    Peer(
        "HiPlot",
        ("benchmarks.web.boards", "hiplot"),
        "/",
        """document.querySelectorAll(".dimension").length == 10 && document.querySelectorAll("tbody tr").length > 5
            && document.body.innerText.includes("(100%)")""",
        ".dimension:nth-of-type(3) .pplot-brush .overlay",
    ),
    Peer(
        "Optuna Dashboard",
        ("benchmarks.web.boards", "optuna"),
        "/dashboard/studies/0",
        'document.querySelectorAll(".js-plotly-plot .xtick").length > 10',
    ),
    Peer(
        "Dash crossfilter",
        ("benchmarks.web.crossfilter",),
        "/",
        """document.querySelectorAll("#matrix .nsewdrag").length == 24 && document.querySelector("#bars .bars path")
            && document.querySelectorAll(".ag-row").length > 5""",
        "#matrix .nsewdrag >> nth=2",
        is_slow=True,
    ),
)


@contextmanager
def served(peer: Peer, count: int) -> Iterator[tuple[str, psutil.Process]]:
    """Its address, once it answers, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", *peer.module, str(port), str(count)]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"{peer.name} did not start") from None
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}{peer.path}", psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(10)


def measure(browser: Browser, peer: Peer, count: int, *, visits: int, moves: int) -> dict[str, float]:
    """What can be measured on a peer; what it did not manage in time is missing."""
    figures: dict[str, float] = {}
    context = browser.new_context(viewport=SIZE)
    try:
        with served(peer, count) as (address, _):
            seen, received = [], []
            # The first visit fills the browser's cache.
            for last in range(visits + 1):
                visit = Visit(context, address, peer.is_painted, peer.is_painted)
                seen.append(visit.paint_s)
                received.append(visit.data_bytes)
                if last < visits:
                    visit.close()
            figures |= {"paint_s": median(seen[1:]), "complete_s": median(seen[1:])}
            figures |= {"memory_mb": visit.memory_bytes() / 1e6, "data_kb": max(received) / 1e3}
            if peer.panel:
                figures |= of_moves(_brushed(visit, peer, moves))
    except (TimeoutError, Error) as error:
        print(f"{peer.name} at {count:,}: {str(error).splitlines()[0][:100]}", file=sys.stderr)
    context.close()
    return figures


def _brushed(visit: Visit, peer: Peer, moves: int) -> Moves:
    panel = visit.page.locator(peer.panel).first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box is not None
    return release(visit, dict(box), max(1, moves // 10)) if peer.is_slow else brush(visit, dict(box), moves)


def of_moves(moves: Moves) -> dict[str, float]:
    """Their percentiles, if there are any."""
    kinds = {"work": moves.work, "frame": moves.until_frame, "quiet": moves.until_quiet}
    return {
        f"{name}_p{round(100 * share)}_ms": percentile(values, share)
        for name, values in kinds.items()
        if values
        for share in (0.5, 0.95)
    }
