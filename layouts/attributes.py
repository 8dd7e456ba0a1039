"""HTML attributes whose names have hyphens, which Python's keywords cannot."""

from typing import Any


def attributes(**values: str) -> dict[str, Any]:
    """`attributes(aria_label="x")` gives `{"aria-label": "x"}`, to be unpacked into a component."""
    return {name.replace("_", "-"): value for name, value in values.items()}
