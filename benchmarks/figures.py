"""What every benchmark prints: a table for people, and one line of JSON with figures and budgets."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Budget:
    """A limit on one figure; `is_floor` turns it into a least value."""

    limit: float
    is_floor: bool = False

    def holds(self, seen: float) -> bool:
        """Whether the figure keeps to it."""
        return seen >= self.limit if self.is_floor else seen <= self.limit


def arguments(description: str, **numbers: float) -> argparse.Namespace:
    """`--quick` ends within a minute; numbers: further options with their usual values."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, within a minute")
    for name, usual in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=usual)
    return parser.parse_args()


def unhindered_environment() -> dict[str, str]:
    """The environment without what would slow every start of Python here, for all contestants alike."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder with a short name, which PostgreSQL's own user may pass through."""
    with tempfile.TemporaryDirectory(prefix="htb-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def present(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    figures: Mapping[str, float],
    budgets: Mapping[str, Budget],
) -> None:
    """Print the table and, as the last line, the figures; the exit status tells whether every budget was kept."""
    table = Table(*columns, title=name)
    for row in rows:
        table.add_row(*(f"{cell:,.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console(width=120).print(table)
    kept = {
        figure: {"limit": budget.limit, "seen": round(figures[figure], 4), "ok": budget.holds(figures[figure])}
        for figure, budget in budgets.items()
    }
    line = {"benchmark": name, "figures": {key: round(value, 4) for key, value in figures.items()}, "budgets": kept}
    print(json.dumps(line), flush=True)
    sys.exit(0 if all(entry["ok"] for entry in kept.values()) else 1)
