"""Pictures of what a script attached: one module per kind, each a pure function from payload to figure or component.

May import: nothing but `layouts`. A new kind is one module and one line in PICTURES; it raises ValueError where the
payload is not of its kind. Start reading at `picture.py`, then `elbow.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layouts.views import (
    bars,
    calibration,
    confusion_matrix,
    elbow,
    heat_map,
    histogram,
    images,
    lines,
    plotly,
    precision_recall,
    residuals,
    roc,
    table,
    texts,
)
from layouts.views.picture import NotShownError as NotShownError
from layouts.views.picture import Payload
from layouts.views.picture import Picture as Picture

PICTURES: Mapping[str, Callable[[Payload], Picture]] = {
    "bars": bars.picture,
    "calibration": calibration.picture,
    "confusion_matrix": confusion_matrix.counts,
    "elbow": elbow.picture,
    "heat_map": heat_map.picture,
    "histogram": histogram.picture,
    "images": images.picture,
    "lines": lines.picture,
    "plotly": plotly.picture,
    "precision_recall": precision_recall.picture,
    "residuals": residuals.picture,
    "roc": roc.picture,
    "table": table.picture,
    "texts": texts.picture,
}

# Kinds that can be looked at in several ways: what each is called, its first being the one above.
MODES: Mapping[str, Mapping[str, Callable[[Payload], Picture]]] = {
    "confusion_matrix": {"counts": confusion_matrix.counts, "row shares": confusion_matrix.shares},
}

# Kinds of which the same view of another experiment can be subtracted.
DIFFERENCES: Mapping[str, Callable[..., Picture]] = {"confusion_matrix": confusion_matrix.difference}

# Kinds whose cells hold examples for the browser to show: (payload, the other one or None) -> what it needs.
CELLS: Mapping[str, Callable[[Payload, Payload | None], dict[str, Any]]] = {"confusion_matrix": confusion_matrix.cells}
