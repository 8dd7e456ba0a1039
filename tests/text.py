"""What a component shows."""

from __future__ import annotations

import json
from typing import Any


def text_of(component: Any) -> str:
    """Everything that a component shows, as one text."""
    return json.dumps(component, default=lambda each: each.to_plotly_json(), ensure_ascii=False)
