"""Pictures of what a script attached: one module per kind, each a pure function from payload to figure.

May import: nothing but `layouts`. A new kind is one module and one line in FIGURES.
Start reading at `confusion_matrix.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layouts.figures import Figure
from layouts.views import confusion_matrix

# Kind of view -> its figure. A figure function raises ValueError where the payload is not of its kind.
FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "confusion_matrix": confusion_matrix.figure,
}
