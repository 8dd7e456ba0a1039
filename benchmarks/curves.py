"""The curves of very many experiments in a real Chromium, and the same ones as one Plotly graph.

500 experiments with two metrics of 1,000 values each. First paint: the panel has been drawn, and begins with an empty
page. Hover: the work of a mouse move to the end of its frame, in which the curve under the pointer lights up; replay:
that of a step to the next epoch. Server: the answer to the page's first question, and how many bytes it takes; the
same for a single curve of a million values. The peer gets the same points as traces of `scattergl` in a page that
only has this graph; its hover is Plotly's own, and its replay is a `restyle` of all traces.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from answers.curve_changes import Question, curve_changes
from app.packing import pack
from app.settings import Settings
from benchmarks.figures import Budget, arguments, present, scratch_folder
from benchmarks.web.curves import fill
from benchmarks.web.page import SIZE, Visit, chromium, median, percentile
from cli.services import Services
from storage.store import Store

COUNT, POINTS, MILLION = 500, 1_000, 1_000_000
PAINTED = """document.querySelector("#curves .curves-area canvas") && hypertuner.curves.timings().length > 0"""
PEER_PAINTED = """document.querySelector("#graph .main-svg") && window.__drawn"""
# Work from the event to the end of the frame in which it is seen; a step is worked off in its own frame.
_TIME_FRAMES = """async (act) => {
    const next = () => new Promise((resolve) => requestAnimationFrame(() => {
        const ended = new MessageChannel();
        ended.port1.onmessage = () => resolve(performance.now());
        ended.port2.postMessage(null);
    }));
    await next();
    const started = performance.now();
    await act();
    const worked = performance.now() - started;
    let drawing = 0;
    requestAnimationFrame(() => { drawing = performance.now(); });
    const end = await next();
    return worked + end - drawing;
}"""
_MOVE = """(place) => {
    const area = document.querySelector(%s);
    const box = area.getBoundingClientRect();
    const at = {clientX: box.left + box.width * place[0], clientY: box.top + box.height * place[1], bubbles: true};
    area.dispatchEvent(new PointerEvent("pointermove", at));
    area.dispatchEvent(new MouseEvent("mousemove", at));
}"""
_STEP = """() => document.querySelector(".replay-on").click()"""
_PEER_STEP = """async (cut) => {
    const graph = document.getElementById("graph");
    const upTo = (columns) => columns.map((column) => column.subarray(0, cut));
    await Plotly.restyle(graph, {x: upTo(window.__xs), y: upTo(window.__ys)});
}"""
_PEER_PAGE = """<!DOCTYPE html><html><body style="margin:0"><div id="graph" style="width:1100px;height:420px"></div>
<script src="/plotly.js"></script><script>
(async () => {
    const told = await (await fetch("/curves.json")).json();
    window.__xs = told.map(({x}) => Float64Array.from(x));
    window.__ys = told.map(({y}) => Float64Array.from(y));
    const traces = told.map((_, at) => (
        {type: "scattergl", mode: "lines", line: {width: 1}, x: window.__xs[at], y: window.__ys[at]}));
    await Plotly.newPlot("graph", traces, {showlegend: false, hovermode: "closest"});
    window.__drawn = true;
})();
</script></body></html>"""


def timed(page: Page, script: str, arguments_: list[Any]) -> list[float]:
    """Milliseconds of work of each act, the first ones left out: they compile what the others run."""
    act = f"(argument) => ({_TIME_FRAMES})(() => ({script})(argument))"
    return [float(page.evaluate(act, argument)) for argument in arguments_][3:]


def places(count: int) -> list[list[float]]:
    """Where the pointer goes: over the whole panel."""
    return [[0.15 + 0.8 * ((at * 0.137) % 1), 0.2 + 0.6 * ((at * 0.071) % 1)] for at in range(count + 3)]


def of(name: str, values: list[float]) -> dict[str, float]:
    """The middle and the slow end of some times."""
    return {f"{name}_p50_ms": median(values), f"{name}_p95_ms": percentile(values, 0.95)}


def ours(browser: Browser, services: Services, slug: str, visits: int, moves: int) -> dict[str, float]:
    """The page of all curves, opened again and again as somebody does who was there before."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.goto(services.link())
    page.close()
    address = f"{services.web_address}/projects/{slug}/experiments/1?with=2-{COUNT}"
    paints = []
    for _ in range(visits + 1):
        visit = Visit(context, address, PAINTED, PAINTED)
        paints.append(visit.paint_s)
        if len(paints) <= visits:
            visit.close()
    page = visit.page
    page.locator(".curves-area").first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    hovers = timed(page, _MOVE % json.dumps(".curves-area"), places(moves))
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    steps = timed(page, _STEP, [None] * (moves + 3))
    figures = {
        "paint_s": median(paints[1:]),
        "data_mb": visit.data_bytes / 1e6,
        **of("hover", hovers),
        **of("replay", steps),
    }
    context.close()
    return figures


def peer(browser: Browser, answer: dict[str, Any], moves: int) -> dict[str, float]:
    """One Plotly graph of the same points."""
    from plotly.offline import get_plotlyjs

    curves = [{"x": each["x"].tolist(), "y": each["y"].tolist()} for each in answer["curves"]]
    bodies = {"/": (_PEER_PAGE, "text/html"), "/plotly.js": (get_plotlyjs(), "text/javascript"),
              "/curves.json": (json.dumps(curves), "application/json")}  # fmt: skip
    context = browser.new_context(viewport=SIZE)

    def serve(route: Any) -> None:
        body, kind = bodies.get(route.request.url.removeprefix("http://peer.test"), ("", "text/plain"))
        route.fulfill(body=body, content_type=kind)

    context.route("http://peer.test/**", serve)
    visit = Visit(context, "http://peer.test/", PEER_PAINTED, PEER_PAINTED)
    page = visit.page
    page.wait_for_timeout(1000)
    hovers = timed(page, _MOVE % json.dumps("#graph .nsewdrag"), places(max(3, moves // 3)))
    steps = timed(page, _PEER_STEP, [10 + at for at in range(max(3, moves // 8) + 3)])
    context.close()
    return {
        "paint_s": visit.paint_s,
        "data_mb": len(bodies["/curves.json"][0]) / 1e6,
        **of("hover", hovers),
        **of("replay", steps),
    }


def server(store: Store, slug: str, numbers: list[int], times: int) -> tuple[dict[str, float], dict[str, Any]]:
    """The first question of a page, from the handler's first line to the bytes, and the answer."""
    seen, sent, answer = [], b"", None
    for _ in range(times):
        started = time.perf_counter()
        answer = curve_changes(store, slug, Question(numbers))
        assert answer is not None
        sent = pack(answer)
        seen.append(time.perf_counter() - started)
    assert answer is not None
    return {"server_s": median(seen), "server_mb": len(sent) / 1e6}, answer


COLUMNS = (
    ("paint_s", "paint s"), ("hover_p50_ms", "hover p50 ms"), ("hover_p95_ms", "p95"),
    ("replay_p50_ms", "replay p50 ms"),
    ("replay_p95_ms", "p95"), ("server_s", "server s"), ("server_mb", "answer MB"), ("data_mb", "received MB"),
)  # fmt: skip
BUDGETS = {
    "paint_s": Budget(3.0), "hover_p50_ms": Budget(16.0), "replay_p50_ms": Budget(16.0), "server_s": Budget(1.0),
    "million_server_s": Budget(1.0),
}  # fmt: skip


def main() -> None:
    """Ours, the long curve, the peer."""
    options = arguments(__doc__ or "")
    visits, moves = (1, 20) if options.quick else (5, 100)
    seen: dict[str, dict[str, float]] = {}
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731
    with chromium() as browser:
        with scratch_folder() as folder, Services(Settings(data_dir=Path(folder) / "data"), say=quiet) as services:
            services.start_web()
            fill(services.store, "many", COUNT, POINTS)
            fill(services.store, "long", 1, MILLION)
            times = 2 if options.quick else 5
            told, answer = server(services.store, "many", list(range(1, COUNT + 1)), times)
            seen["HyperTuner"] = ours(browser, services, "many", visits, moves) | told
            seen["one of a million"], _ = server(services.store, "long", [1], times)
        seen["Plotly scattergl"] = peer(browser, answer, moves)
    prefixes = {"HyperTuner": "", "one of a million": "million_", "Plotly scattergl": "plotly_"}
    figures = {f"{prefixes[name]}{key}": value for name, own in seen.items() for key, value in own.items()}
    rows = [(name, *(own.get(key, "–") for key, _ in COLUMNS)) for name, own in seen.items()]
    present("curves", ("contestant", *(title for _, title in COLUMNS)), rows, figures, BUDGETS)


if __name__ == "__main__":
    main()
