"""The run dashboard in a real Chromium at 1,000, 10,000 and 100,000 experiments, and three peers with the same ones.

First paint: header, sliders, bars and marks are there, so that one can begin to brush; "all": also axes and rows.
Work per mouse move while brushing is what the page's main thread does up to the end of the frame in which all views but
the table have changed; "to frame" is the time from the event to there, the wait for the screen's next beat included;
"to quiet" is all work that the move causes, the table's and whatever else was deferred. Idle: what a minute without
news costs the server's processor, the page's main thread, and the wire.

Of the peers HiPlot brushes parallel coordinates and a table, and a plain Dash application crossfilters the same views
when the mouse button is let go. Optuna Dashboard has no brush. None of them is watched idle.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser

from answers.run_changes import changes
from app.settings import Settings
from benchmarks.figures import Budget, arguments, present, scratch_folder
from benchmarks.web.data import fill
from benchmarks.web.page import SIZE, Visit, brush, chromium, median
from benchmarks.web.peers import PEERS, measure, of_moves
from cli.services import Services
from storage.store import Store

IS_USEFUL = """document.querySelector("#run-dashboard.is-loaded") && document.querySelector(".ht-matrix-panel canvas")
    && document.querySelector(".ht-bars-plot canvas") && hypertuner.selection.timings().length > 0"""
IS_COMPLETE = f"""{IS_USEFUL} && document.querySelector("#matrix-axes .xtick")
    && document.querySelectorAll('.ag-row [col-id="state"] .ht-state').length > 5"""
PANEL = '.ht-matrix-panel[data-row="h:lr"][data-column="m:validation_accuracy"]'
SIZES = (1_000, 10_000, 100_000)
PAINT_BUDGET_S = {1_000: 1.2, 10_000: 1.5, 100_000: 3.0}
MOVE_BUDGET_MS = {10_000: 16.0, 100_000: 50.0}
MOST_MEMORY_MB = 500
MOST_POLL_MS = 2.0


@dataclass(frozen=True)
class Effort:
    """How often everything is measured."""

    visits: int
    moves: int
    idle_s: float
    peer_sizes: tuple[int, ...]


def visits_of(browser: Browser, services: Services, address: str, times: int) -> list[Visit]:
    """Open the page again and again as somebody does who was there before; only the last visit is still open."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.goto(services.link())
    page.close()
    visits = [Visit(context, address, IS_USEFUL, IS_COMPLETE)]
    for _ in range(times):
        visits[-1].close()
        visits.append(Visit(context, address, IS_USEFUL, IS_COMPLETE))
    # The first one only filled the browser's cache.
    return visits[1:]


def idle(visit: Visit, seconds: float) -> dict[str, float]:
    """What a minute costs in which nothing happens: of the server's processor, of the page's, and in bytes."""
    servers = [process for process in psutil.Process().children(recursive=True) if _is_server(process)]
    before = (sum(map(_cpu_s, servers)), visit.work_s(), visit.traffic.data, visit.traffic.polls)
    visit.page.wait_for_timeout(1000 * seconds)
    after = (sum(map(_cpu_s, servers)), visit.work_s(), visit.traffic.data, visit.traffic.polls)
    server, page, sent, polls = (later - earlier for later, earlier in zip(after, before, strict=True))
    scale = 60 / seconds
    return {
        "server_ms": 1000 * scale * server,
        "page_ms": 1000 * scale * page,
        "bytes": scale * sent,
        "polls": scale * polls,
    }


def _is_server(process: psutil.Process) -> bool:
    return any(name in " ".join(process.cmdline()) for name in ("gunicorn", "postgres"))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def poll_ms(store: Store, slug: str, times: int = 200) -> float:
    """The median of a poll without news, from the handler's first line to its last."""
    everything = changes(store, slug, 1, {})
    assert everything is not None
    seen = []
    for _ in range(times):
        started = time.perf_counter()
        assert changes(store, slug, 1, everything["cursor"]) is None
        seen.append(1000 * (time.perf_counter() - started))
    return median(seen)


def ours(browser: Browser, services: Services, count: int, effort: Effort) -> dict[str, float]:
    """All figures of our own page at one size."""
    fill(services.store, count)
    slug = f"speed-{count}"
    visits = visits_of(browser, services, f"{services.web_address}/projects/{slug}/runs/1", effort.visits)
    visit = visits[-1]
    memory = visit.memory_bytes()
    cost = idle(visit, effort.idle_s)
    panel = visit.page.locator(PANEL)
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box is not None
    figures = {
        "paint_s": median([each.paint_s for each in visits]), "paint_most_s": max(each.paint_s for each in visits),
        "complete_s": median([each.complete_s for each in visits]),
        **of_moves(brush(visit, dict(box), effort.moves)),
        "memory_mb": memory / 1e6, "data_kb": visit.data_bytes / 1e3, "poll_ms": poll_ms(services.store, slug),
        "idle_server_ms": cost["server_ms"], "idle_page_ms": cost["page_ms"], "idle_kb": cost["bytes"] / 1e3,
    }  # fmt: skip
    visit.close()
    return figures


COLUMNS = (
    ("paint_s", "paint s"), ("paint_most_s", "most"), ("complete_s", "all s"), ("work_p50_ms", "move: work p50 ms"),
    ("work_p95_ms", "p95"), ("frame_p50_ms", "to frame p50"), ("frame_p95_ms", "p95"), ("quiet_p50_ms", "to quiet p50"),
    ("quiet_p95_ms", "p95"), ("memory_mb", "MB"), ("data_kb", "data kB"),
    ("poll_ms", "poll ms"), ("idle_server_ms", "idle: server ms"), ("idle_page_ms", "page ms"), ("idle_kb", "kB"),
)  # fmt: skip


def row_of(name: str, count: int, figures: dict[str, float]) -> tuple[Any, ...]:
    """A contestant's line of the table."""
    return (name, f"{count:,}", *(figures.get(key, "–") for key, _ in COLUMNS))


def budgets_of() -> dict[str, Budget]:
    """What the figures may be at most."""
    paints = {f"paint_s_{count}": Budget(limit) for count, limit in PAINT_BUDGET_S.items()}
    moves = {f"work_p50_ms_{count}": Budget(limit) for count, limit in MOVE_BUDGET_MS.items()}
    polls = {f"poll_ms_{count}": Budget(MOST_POLL_MS) for count in SIZES}
    return {**paints, **moves, **polls, f"memory_mb_{SIZES[-1]}": Budget(MOST_MEMORY_MB)}


def main() -> None:
    """Ours at every size, then the peers."""
    options = arguments(__doc__ or "")
    effort = Effort(2, 8, 3, SIZES[:1]) if options.quick else Effort(7, 60, 30, SIZES)
    seen: list[tuple[str, int, dict[str, float]]] = []
    with chromium() as browser:
        with scratch_folder() as folder, Services(Settings(data_dir=Path(folder) / "data"), say=_quiet) as services:
            services.start_web()
            for count in SIZES:
                seen.append(("HyperTuner", count, ours(browser, services, count, effort)))
        for count in effort.peer_sizes:
            for peer in PEERS:
                visits = min(effort.visits // 2, 3)
                seen.append((peer.name, count, measure(browser, peer, count, visits=visits, moves=effort.moves // 2)))
    figures = {
        f"{'' if name == 'HyperTuner' else name.lower().replace(' ', '_') + '_'}{key}_{count}": value
        for name, count, own in seen
        for key, value in own.items()
    }
    titles = ("contestant", "experiments", *(title for _, title in COLUMNS))
    present("browser", titles, [row_of(*each) for each in seen], figures, budgets_of())


def _quiet(_: str) -> None:
    """Nothing of what the services say."""


if __name__ == "__main__":
    main()
