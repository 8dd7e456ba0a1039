"""What is measured on a page in a real Chromium: first paint, work per mouse move, memory and bytes."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from cli.doctor import find_browser

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SIZE = {"width": 1440, "height": 1000}
PATIENCE_MS = 120_000
# A page is quiet again when its main thread worked less than this in so long: what a move deferred is its work, too.
QUIET_S = 0.15
QUIET_WORK_S = 0.004
MOST_WAIT_S = 10
# The first moves compile what the later ones run.
WARM_MOVES = 3

# Notes when each expression is true for the first time: in a frame about to be drawn, or at the end of a frame that
# made it so. What runs later (half a second of Plotly's own start) does not delay what is on the screen by then.
_WATCH_PAINT = """(() => {
    const seen = (isThere) => new Promise((resolve) => {
        const isFound = () => {
            try { return Boolean(isThere()); } catch { return false; }
        };
        const ended = new MessageChannel();
        const next = () => (isFound() ? resolve(performance.now() / 1000) : requestAnimationFrame(look));
        ended.port1.onmessage = next;
        const look = () => {
            if (isFound()) resolve((performance.now() + 1000 / 60) / 1000);
            else ended.port2.postMessage(null);
        };
        requestAnimationFrame(look);
    });
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("not painted in time")), %d));
    window.__painted = Promise.race([late, Promise.all([seen(() => %s), seen(() => %s)])]);
})();"""

# Notes for every move how long it takes from the event to the end of the next frame, and how much of that is work: what
# listens to the event, and the frame; the rest is waiting for the screen's next beat, up to 16.7 ms.
_WATCH_MOVES = """(() => {
    window.__moves = [];
    let heard = 0;
    document.addEventListener("pointermove", (event) => {
        const ended = new MessageChannel();
        const started = performance.now();
        let drawing = 0;
        ended.port1.onmessage = () => {
            const end = performance.now();
            window.__moves.push([heard - started + end - drawing, end - event.timeStamp]);
        };
        requestAnimationFrame(() => {
            drawing = performance.now();
            ended.port2.postMessage(null);
        });
    }, {capture: true});
    window.addEventListener("pointermove", () => { heard = performance.now(); });
})();"""

Box = dict[str, float]


@dataclass
class Traffic:
    """Bytes as they came over the wire, by kind."""

    program: int = 0
    data: int = 0
    polls: int = 0
    _addresses: dict[str, str] = field(default_factory=dict)

    def watch(self, session: CDPSession) -> None:
        """Count what this page receives from now on."""
        session.send("Network.enable")
        session.on("Network.responseReceived", self._note)
        session.on("Network.loadingFinished", self._count)

    def _note(self, event: Any) -> None:
        self._addresses[event["requestId"]] = event["response"]["url"]

    def _count(self, event: Any) -> None:
        address = self._addresses.pop(event["requestId"], "")
        is_program = any(
            part in address for part in ("/assets/", "/_dash-component-suites/", "/static/", ".js", ".css")
        )
        if is_program:
            self.program += int(event["encodedDataLength"])
        else:
            self.data += int(event["encodedDataLength"])
        self.polls += "_dash-update-component" in address or "/api/" in address


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium without a GPU, as the machine has it."""
    executable = find_browser()
    if executable is None:
        raise SystemExit("The benchmark needs Chromium: `.venv/bin/playwright install chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page that was opened once, with what opening it cost."""

    def __init__(self, context: BrowserContext, address: str, is_useful: str, is_complete: str) -> None:
        """Both are expressions that become true: once there is something to work with, and once everything is there."""
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.session = context.new_cdp_session(self.page)
        self.session.send("Performance.enable")
        self.traffic = Traffic()
        self.traffic.watch(self.session)
        self.page.add_init_script(_WATCH_PAINT % (PATIENCE_MS, is_useful, is_complete))
        self.page.goto(address, wait_until="commit")
        self.paint_s, self.complete_s = self.page.evaluate("() => window.__painted")
        # What was received is told a moment later.
        self.page.wait_for_timeout(200)
        self.data_bytes = self.traffic.data

    def work_s(self) -> float:
        """Seconds that the page's main thread has worked so far: events, scripts, layout, painting."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

    def settle_s(self) -> float:
        """Wait until the page is quiet; returns the seconds that it has worked so far, without the quiet ones."""
        worked = self.work_s()
        for _ in range(int(MOST_WAIT_S / QUIET_S)):
            time.sleep(QUIET_S)
            before, worked = worked, self.work_s()
            if worked - before < QUIET_WORK_S:
                return before
        return worked

    def memory_bytes(self) -> int:
        """Memory of the page's process after a collection of garbage, with what it shares with others."""
        self.session.send("HeapProfiler.collectGarbage")
        time.sleep(0.3)
        return max(process.memory_info().rss for process in _renderers())

    def close(self) -> None:
        """Leave the page."""
        self.page.close()


def _renderers() -> Iterator[psutil.Process]:
    for process in psutil.Process(os.getpid()).children(recursive=True):
        # The process of a page that was closed may end at any moment.
        with suppress(psutil.NoSuchProcess):
            if "--type=renderer" in " ".join(process.cmdline()):
                yield process


@dataclass(frozen=True)
class Moves:
    """Mouse moves of a brush in milliseconds.

    work: what the page's main thread does up to the end of the frame in which the views have changed. until_frame: how
    long that takes from the event on. until_quiet: all work that the move causes, also what is deferred.
    """

    work: Sequence[float]
    until_frame: Sequence[float]
    until_quiet: Sequence[float]


def brush(visit: Visit, box: Box, count: int) -> Moves:
    """Drag a rectangle over a box to and fro, and measure each move until the page is quiet again."""
    page = visit.page
    page.evaluate(_WATCH_MOVES)
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    until_quiet = []
    for move in range(count + WARM_MOVES):
        across = 0.25 + 0.6 * abs((move * 0.083) % 2 - 1)
        up = 0.3 + 0.6 * abs((move * 0.057) % 2 - 1)
        before = visit.work_s()
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * up)
        until_quiet.append(1000 * (visit.settle_s() - before))
    page.mouse.up()
    noted = page.evaluate("window.__moves")[-count:]
    return Moves([work for work, _ in noted], [latency for _, latency in noted], until_quiet[WARM_MOVES:])


def release(visit: Visit, box: Box, count: int) -> Moves:
    """The same for a page that answers only when the mouse button is let go, and then changes the words in `#count`."""
    page, work, seen = visit.page, [], []
    for drag in range(count + 1):
        # From one corner and from the other: a press on the outline of the last selection would move that one.
        start, end = (0.04, 0.4 + 0.05 * drag) if drag % 2 else (0.96, 0.6 - 0.05 * drag)
        page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * start)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end, box["y"] + box["height"] * (0.9 - 0.8 * (start > 0.5)), steps=3)
        before, started, words = visit.settle_s(), time.perf_counter(), page.inner_text("#count")
        page.mouse.up()
        while (is_old := page.inner_text("#count") == words) and time.perf_counter() - started < MOST_WAIT_S:
            time.sleep(0.01)
        # Plotly takes some presses for something else; they ask the server nothing.
        if not is_old:
            work.append(1000 * (visit.settle_s() - before))
            # The last stretch was the quiet one.
            seen.append(1000 * (time.perf_counter() - started - QUIET_S))
    return Moves([], seen, work)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return float(statistics.median(values))
