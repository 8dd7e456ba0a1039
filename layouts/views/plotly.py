"""Any Plotly figure of a script: its own look is kept, and nothing in it can run, link or load anything."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from layouts.figures import Figure, layout
from layouts.views.images import is_picture
from layouts.views.picture import NotShownError, Payload, Picture

# What Plotly reads as markup in texts; attributes (links, styles) are dropped, other tags shown as they are written.
_TAG = re.compile(r"<(/?)(b|i|em|strong|sub|sup|br|span|u|s|extra)\b[^<>]*>", re.IGNORECASE)
_KEPT = "\0"
# Keys that are properties of every object in the browser.
_POISON = frozenset({"__proto__", "constructor", "prototype"})
_MAPS = re.compile(r"geo$|map(box)?$|^choropleth")
_FLAT_MAPS = frozenset({"heatmap", "treemap"})
# Plotly writes WebGL programs while it runs, which the page's policy forbids; surfaces and the like do without.
_WITHOUT_WEBGL = {"scattergl": "scatter", "scatterpolargl": "scatterpolar"}
_ONLY_WEBGL = frozenset({"parcoords", "splom"})
# More marks, traces or parts (a trace, a line, a font ...) would keep the browser or Plotly busy for seconds.
MOST_MARKS = 20_000
MOST_TRACES = 2_000
MOST_PARTS = 20_000
DEFAULT_HEIGHT_PX = 480
MOST_HEIGHT_PX = 1_400
LEAST_HEIGHT_PX = 160


def picture(payload: Payload) -> Picture:
    """payload: `{"figure": {"data", "layout", "frames"}}`. Raises ValueError; NotShownError for maps."""
    drawn, step = _figure(payload.get("figure"))
    return Picture(figure=drawn, summary=f"One in {step} points is drawn" if step > 1 else "")


def figure(written: Any) -> Figure:
    """The figure with only what Plotly knows, as wide as the page; without a template it takes the page's look."""
    return _figure(written)[0]


def _figure(written: Any) -> tuple[Figure, int]:
    """The figure, and of how many points one is drawn."""
    # Here, because it takes a third of a second that only such a view costs.
    from plotly.graph_objects import Figure as Checked

    if not isinstance(written, dict) or not isinstance(written.get("data"), list):
        raise ValueError("no figure with data")
    _check_size(written)
    for trace in written["data"]:
        _check_kind(trace)
    clean = {name: _clean(written.get(name)) for name in ("data", "layout", "frames")}
    step = max((_lightened(trace) for trace in clean["data"]), default=1)
    has_template = bool((clean["layout"] or {}).get("template"))
    checked = Checked(
        data=clean["data"], layout=clean["layout"], frames=clean["frames"], skip_invalid=True
    ).to_plotly_json()
    drawn = {**(checked.get("layout") or {}), "autosize": True}
    drawn.pop("width", None)
    drawn["height"] = min(max(drawn.get("height") or DEFAULT_HEIGHT_PX, LEAST_HEIGHT_PX), MOST_HEIGHT_PX)
    if not has_template:
        drawn.pop("template", None)
        # Some traces choose colours by the ground, and take a transparent one for black.
        drawn = {**layout(showlegend=len(clean["data"]) > 1, paper_bgcolor="--ht-surface"), **drawn}
    result: Figure = {"data": checked["data"], "layout": drawn}
    if clean["frames"]:
        result["frames"] = checked["frames"]
    return result, step


def _check_size(written: Mapping[str, Any]) -> None:
    if len(written["data"]) > MOST_TRACES:
        raise NotShownError(f"The figure has {len(written['data']):,} traces; {MOST_TRACES:,} is the most.")
    if (parts := _parts(written)) > MOST_PARTS:
        raise NotShownError(f"The figure has {parts:,} parts; {MOST_PARTS:,} is the most.")


def _parts(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_parts, value.values()))
    return sum(map(_parts, value)) if isinstance(value, list) else 0


def _check_kind(trace: Any) -> None:
    kind = str(trace.get("type", "")) if isinstance(trace, Mapping) else ""
    if kind not in _FLAT_MAPS and _MAPS.search(kind):
        raise NotShownError("Maps are not shown: they would be loaded from other servers.")
    if kind in _ONLY_WEBGL:
        raise NotShownError(f"Plotly's {kind} is not shown: it needs code that is written while it runs.")


def _lightened(trace: Any) -> int:
    """Turn a trace into one that is drawn without WebGL, its marks thinned evenly; of how many points one is left."""
    if not isinstance(trace, dict):
        return 1
    kind = trace.get("type", "scatter")
    if kind in _WITHOUT_WEBGL:
        trace["type"] = _WITHOUT_WEBGL[kind]
    elif kind != "scatter" or "markers" not in str(trace.get("mode", "")):
        return 1
    columns = [column for name in ("x", "y", "r", "theta") if isinstance(column := listed(trace.get(name)), list)]
    length = max(map(len, columns), default=0)
    step = -(-length // MOST_MARKS)
    if step > 1:
        trace.update(_thinned(trace, length, step))
    return max(step, 1)


def _thinned(value: Any, length: int, step: int) -> Any:
    """Every step-th entry of whatever has one for each point."""
    value = listed(value)
    if isinstance(value, dict):
        return {key: _thinned(item, length, step) for key, item in value.items()}
    return value[::step] if isinstance(value, list) and len(value) == length else value


def listed(value: Any) -> Any:
    """Numbers that Plotly packed into base64 as a list."""
    if isinstance(value, dict) and {"bdata", "dtype"} <= set(value):
        shape = [int(each) for each in str(value.get("shape", -1)).split(",")]
        return np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"])).reshape(shape).tolist()
    return value


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _text(key): _clean(item)
            for key, item in value.items()
            if key not in _POISON
            and not (str(key).endswith("source") and isinstance(item, str) and not is_picture(item))
        }
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if "<" not in text:
        return text
    marked = _TAG.sub(lambda found: f"{_KEPT}{found[1]}{found[2].lower()}>", text.replace(_KEPT, ""))
    return marked.replace("<", "&lt;").replace(_KEPT, "<")
