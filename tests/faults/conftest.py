"""The product under faults: one `up` with a run, and its parts as victims."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage.store import Store
from tests.faults.rain import Rain
from tests.product import Product, part_of, wait_until


class Up:
    """`hypertuner up` on a data folder, and what may be done to it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.product = Product(["up"], data_dir)
        try:
            self.product.wait_for("Ctrl-C stops everything")
        except BaseException:
            self.product.interrupt()
            raise
        self.store = Store((data_dir / "secrets" / "database_url").read_text().strip())

    def kill(self, *parts: str) -> dict[str, set[int]]:
        """kill -9 of parts at once; returns who they were."""
        victims = {part: set(part_of(self.data_dir, part)) for part in parts}
        for part, pids in victims.items():
            assert pids, f"there is no {part}"
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return victims

    def await_back(self, victims: dict[str, set[int]], timeout_s: float = 60) -> None:
        """Wait until each part is there again, as another process."""
        for part, before in victims.items():
            wait_until(lambda part=part, before=before: bool(set(part_of(self.data_dir, part)) - before),  # type: ignore[misc]
                       f"the {part} is back\n{self.product.output}", timeout_s)  # fmt: skip

    def end(self) -> None:
        self.store.close()
        self.product.interrupt()


@pytest.fixture
def up(data_dir: Path) -> Iterator[Up]:
    made = Up(data_dir)
    yield made
    made.end()


@pytest.fixture
def rain(tmp_path: Path) -> Rain:
    return Rain(tmp_path / "rain")
