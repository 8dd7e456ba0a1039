"""Any Plotly figure, as it is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.values import plain


def plotly(figure: Any, *, epoch: float | None = None, name: str = "figure") -> None:
    """Attach a Plotly figure: a `plotly.graph_objects.Figure`, what `plotly.express` makes, or a dict of its JSON.

    Its template and colours are kept. The page shows no links, scripts or pictures from elsewhere, and no maps, which
    would be loaded from other servers.
    """
    with harmless(name):
        attach(name, "plotly", {"figure": content_of(figure)}, epoch)


def content_of(figure: Any) -> dict[str, Any]:
    """A figure as JSON can carry it. Raises ViewError where it is none."""
    content = json.loads(figure.to_json()) if hasattr(figure, "to_json") else _carried(figure)
    if not isinstance(content, dict) or not isinstance(content.get("data"), (list, dict)):
        raise ViewError(f"it must be a figure with data, not {type(figure).__name__}")
    return content


def _carried(value: Any) -> Any:
    """A copy that JSON can carry: arrays as lists, NaN and infinities as gaps."""
    if hasattr(value, "to_plotly_json"):
        value = value.to_plotly_json()
    if isinstance(value, Mapping):
        return {str(key): _carried(item) for key, item in value.items()}
    value = plain(value)
    if isinstance(value, (list, tuple)):
        return [_carried(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
