"""Typesets a report: reads its content as JSON from stdin, writes the PDF to stdout. Runs as a process of its own.

It imports nothing of ours, so that it starts isolated, and may take 1 GiB of memory and 20 s of computing time.
"""

from __future__ import annotations

import io
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

TEMPLATE = Path(__file__).with_name("report.typ")
MEMORY_BYTES = 1 << 30
COMPUTING_S = 20

# Typst carries this font; matplotlib measures with its own, which is wider, so that everything fits.
FONT = "Libertinus Serif"
WIDTH_INCHES = 6.69
PANEL_INCHES = 1.75
COLUMNS = 3

INK, MUTED, HAIR = "#1b2330", "#5d6879", "#dfe3e9"
DOT, MIDDLE, BEST = "#8ea6e0", "#2f5bd3", "#d9730d"

# More values than this are an axis, not categories; more categories than this cannot be read.
MOST_POSITIONS = 8
MOST_CATEGORIES = 12
# Beyond, dots are drawn as pixels: each weighs about 150 bytes as a vector.
MOST_VECTOR_DOTS = 1200


def main() -> None:
    """Do it once."""
    _limit_itself()
    content = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(typeset(content))


def typeset(content: dict[str, Any]) -> bytes:
    """The PDF of a report. Whatever the content holds is text to the typesetter, and its root is an empty folder."""
    figure = content["figure"]
    inputs = {}
    if figure:
        low, high = _limits(figure["values"])
        outside = sum(not low <= value <= high for value in figure["values"])
        content = {**content, "figure": {"note": figure["note"], "outside": outside}}
        inputs["figure"] = draw(figure).decode()
    inputs["report"] = json.dumps(content)
    with tempfile.TemporaryDirectory() as empty:
        return bytes(typst.compile(TEMPLATE.read_bytes(), root=empty, sys_inputs=inputs))  # type: ignore[type-var]


def _limit_itself() -> None:
    try:
        import resource
    except ImportError:  # Not on Windows.
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING_S, COMPUTING_S))


# --- the figure ---------------------------------------------------------------------------------------------------


def draw(figure: dict[str, Any]) -> bytes:
    """The objective against each tuned hyperparameter, one small panel each, as SVG."""
    panels = figure["panels"]
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "report",
        "savefig.dpi": 200,
        "font.size": 8,
        "text.parse_math": False,
        "axes.edgecolor": HAIR,
        "axes.labelcolor": MUTED,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
    }
    with mpl.rc_context(settings):
        spacing = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.04, hspace=0.06)
        drawing = Figure(figsize=(WIDTH_INCHES, PANEL_INCHES * rows), layout=spacing)
        axes = list(drawing.subplots(rows, columns, sharey=True, squeeze=False).flat)
        low, high = _limits(figure["values"])
        for axis, panel in zip(axes, panels, strict=False):
            _draw_panel(axis, panel, figure, low, high)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        drawing.supylabel(figure["objective"], fontsize=8, color=MUTED)
        target = io.BytesIO()
        drawing.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return target.getvalue().replace(b"'DejaVu Sans'", f"'{FONT}'".encode())


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """The range to show: everything, unless a few values lie so far off that the others would be a line."""
    low, high = min(values), max(values)
    if len(values) >= 4:
        first, _, third = statistics.quantiles(values, n=4, method="inclusive")
        reach = 5 * (third - first)
        if reach > 0:
            low, high = max(low, first - reach), min(high, third + reach)
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1
    return low - margin, high + margin


def _draw_panel(axis: Axes, panel: dict[str, Any], figure: dict[str, Any], low: float, high: float) -> None:
    values = figure["values"]
    places = _place(axis, panel["values"])
    shown = [(x, y) for x, y in zip(places.dots, values, strict=True) if x is not None]
    inside = [(x, y) for x, y in shown if low <= y <= high]
    beyond = [(x, low if y < low else high) for x, y in shown if not low <= y <= high]
    # Many dots are smaller and fainter, so that their density can still be seen.
    size, alpha = (14, 0.75) if len(shown) < 200 else (6, 0.6) if len(shown) < 1000 else (3, 0.3)
    pixels = len(shown) * len(figure["panels"]) > MOST_VECTOR_DOTS
    axis.scatter(*_columns(inside), s=size, color=DOT, alpha=alpha, linewidths=0, rasterized=pixels, zorder=2)
    axis.scatter(*_columns(beyond), s=16, color=DOT, marker="x", linewidths=0.8, clip_on=False, zorder=2)
    for left, right, chosen in places.groups:
        middle = statistics.median(values[index] for index in chosen)
        axis.plot([left, right], [middle, middle], color=MIDDLE, linewidth=1.8, solid_capstyle="round", zorder=3)
    best = figure["best"]
    if best is not None and places.dots[best] is not None:
        axis.scatter(
            [places.dots[best]], [values[best]], s=42, facecolors="none", edgecolors=BEST, linewidths=1.4, zorder=4
        )
    axis.set_title(panel["name"], fontsize=9, color=INK, loc="left")
    axis.set_ylim(low, high)
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.grid(axis="y", color=HAIR, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(length=0, labelsize=8)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


@dataclass(frozen=True)
class Places:
    """Where dots stand on the horizontal axis (None: not shown), and the groups whose medians are drawn."""

    dots: list[float | None]
    # Left end, right end, members.
    groups: list[tuple[float, float, list[int]]]


def _place(axis: Axes, values: Sequence[str | float]) -> Places:
    distinct = set(values)
    if len(distinct) > MOST_POSITIONS and not any(isinstance(value, str) for value in distinct):
        return _place_on_axis(axis, [float(value) for value in values])
    return _place_by_category(axis, values)


def _place_on_axis(axis: Axes, values: Sequence[float]) -> Places:
    if _is_logarithmic(values):
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(numticks=5))
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format(value, ".4g")))
    order = sorted(range(len(values)), key=values.__getitem__)
    count = min(6, max(1, len(order) // 4))
    parts = [order[len(order) * part // count : len(order) * (part + 1) // count] for part in range(count)]
    groups = [(values[part[0]], values[part[-1]], part) for part in parts]
    return Places(list(values), groups)


def _is_logarithmic(values: Sequence[float]) -> bool:
    """Whether values spread over powers of ten: then their median is nearer to the geometric middle."""
    low, high, median = min(values), max(values), statistics.median(values)
    if low <= 0 or high / low < 50:
        return False
    return abs(math.log(median / low) / math.log(high / low) - 0.5) < abs((median - low) / (high - low) - 0.5)


def _place_by_category(axis: Axes, values: Sequence[str | float]) -> Places:
    members: dict[str | float, list[int]] = {}
    for index, value in enumerate(values):
        members.setdefault(value, []).append(index)
    frequent = sorted(members, key=lambda value: -len(members[value]))[:MOST_CATEGORIES]
    shown = sorted(frequent, key=lambda value: (isinstance(value, str), value))
    labels = [value if isinstance(value, str) else format(value, ".6g") for value in shown]
    dots: list[float | None] = [None] * len(values)
    for position, value in enumerate(shown):
        for rank, index in enumerate(members[value]):
            # Multiples of the golden ratio spread evenly however many there are.
            dots[index] = position + (rank * 0.618034 % 1 - 0.5) * 0.5
    axis.set_xticks(range(len(shown)), [label if len(label) <= 14 else f"{label[:13]}…" for label in labels])
    if max(map(len, labels)) * len(labels) > 36:
        for text in axis.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(shown) - 0.4)
    return Places(dots, [(position - 0.3, position + 0.3, members[value]) for position, value in enumerate(shown)])


if __name__ == "__main__":
    main()
