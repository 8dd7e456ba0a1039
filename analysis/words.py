"""Numbers and durations as people read them."""

from __future__ import annotations

import math

TITLES = {"hydra": "Hydra", "omegaconf": "OmegaConf"}


def read_from(script: str, source: str) -> str:
    """Where a script's options were read: its own parser of a kind, its source, or only a person's brackets."""
    if source == "command":
        return "the brackets of the command; everything else is passed as it stands"
    if source == "source":
        return f"the source of {script}; defaults that it computes are not known"
    if source == "notebook":
        return f"{script}'s parameters cell"
    if source in ("hydra", "omegaconf"):
        return f"{script}'s own configuration, as {TITLES[source]} composes it"
    return f"{script}'s own {source} parser"


def number(value: float) -> str:
    """A metric's value in four significant digits; whole numbers whole."""
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}[str(value)]
    if value == int(value) and abs(value) < 10_000_000:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """A duration in its two largest units."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes for people, in powers of 1000: 1.2 MB."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
