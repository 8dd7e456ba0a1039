"""Random kills of random parts during one run of experiments that print numbered values: what is lost, and how long
each part needs to come back. `--minutes 60` leaves `up` alone for as long, with runs going on, and kills every part in
turn.

There is no peer that promises this; the limit is none: nothing lost, doubled, repeated although it had ended, left
behind, or in a wrong state. An experiment that was cut twice is spared: the third cut fails it, as it should.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.figures import Budget, arguments, present, scratch_folder
from storage.heartbeats import last_beat
from storage.leases import MAX_LOSSES
from storage.records import Run
from storage.run_leases import count_open_runs
from storage.store import Store
from tests.faults.rain import Rain
from tests.product import Product, part_of

# Weights: what happens in real life happens more often.
PARTS = {
    "postmaster": 2, "database backend": 1, "database walwriter": 1, "web": 1, "web worker": 1, "dispatcher": 3,
    "ray": 1, "raylet": 2, "gcs": 1, "worker": 4, "supervisor": 2, "guard": 2,
}  # fmt: skip
# What falls together. Five failures in two minutes are one too many, as the product says.
GROUPS = {
    "raylet": "ray", "gcs": "ray", "database backend": "postmaster", "database walwriter": "postmaster",
}  # fmt: skip
MOST_IN_A_ROW, IN_A_ROW_S = 3, 130.0
LONGEST_PAUSE_S = 6.0
RECOVERY_S, PATIENCE_S = 15.0, 120.0


@dataclass
class Recoveries:
    """Seconds until a part worked again, by part."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def rows(self) -> list[tuple[str, int, float, float]]:
        """Part, kills, median and maximum."""
        return [
            (part, len(each), statistics.median(each), max(each)) for part, each in sorted(self.seconds.items()) if each
        ]


class Hangman:
    """Kills parts of one `up` and looks until they work again."""

    def __init__(self, data_dir: Path, product: Product, store: Store, seed: int) -> None:
        self._data_dir = data_dir
        self._address = product.link.partition("/login")[0]
        self._store = store
        self._chance = random.Random(seed)
        self._killed: dict[str, list[float]] = defaultdict(list)
        self.recoveries = Recoveries()

    def at_random(self, kills: int) -> Iterator[str]:
        """Parts by their weights."""
        for _ in range(kills):
            part = self._chance.choices(list(PARTS), list(PARTS.values()))[0]
            while not self._may(part):
                part = self._chance.choices(list(PARTS), list(PARTS.values()))[0]
            yield part

    def in_turn(self, minutes: float) -> Iterator[str]:
        """Every part once, then all again in another order, until the time is over."""
        end = time.monotonic() + minutes * 60
        while True:
            for part in self._chance.sample(list(PARTS), len(PARTS)):
                while not self._may(part):
                    time.sleep(1)
                if time.monotonic() > end:
                    return
                yield part

    def _may(self, part: str) -> bool:
        if part in ("worker", "supervisor") and self._has_last_try():
            return False
        recent = self._killed[GROUPS.get(part, part)]
        recent[:] = [at for at in recent if time.monotonic() - at < IN_A_ROW_S]
        return part in ("worker", "supervisor", "guard", "web worker") or len(recent) < MOST_IN_A_ROW

    def _has_last_try(self) -> bool:
        """Whether an experiment works that was cut so often that it fails the next time, as it should."""
        statement = text(
            "SELECT EXISTS (SELECT FROM experiment WHERE state IN ('queued', 'running') AND losses >= :most)"
        )
        with suppress(DBAPIError), self._store.read() as connection:
            return bool(connection.scalar(statement, {"most": MAX_LOSSES - 1}))
        return False

    def rain(self, parts: Iterator[str], between: Callable[[], None] = lambda: None) -> None:
        """Kill -9 a process of each part; mostly wait until it works again, sometimes kill the next one before."""
        for part in parts:
            killed = time.monotonic()
            self._killed[GROUPS.get(part, part)].append(killed)
            if pids := part_of(self._data_dir, part):
                with suppress(ProcessLookupError):
                    os.kill(self._chance.choice(pids), signal.SIGKILL)
            if self._chance.random() < 0.8:
                self._await(part, killed)
            between()
            time.sleep(self._chance.uniform(0, LONGEST_PAUSE_S))

    def _await(self, part: str, killed: float) -> None:
        works = self._test_of(part)
        while not works():
            if time.monotonic() - killed > PATIENCE_S:
                break
            time.sleep(0.05)
        self.recoveries.seconds[part].append(time.monotonic() - killed)

    def _test_of(self, part: str) -> Callable[[], bool]:
        if part.startswith(("postmaster", "database")):
            return self._database_answers
        if part.startswith("web"):
            return self._web_answers
        if part in ("dispatcher", "ray", "raylet", "gcs"):
            began = time.monotonic()
            return lambda: self._is_beating(time.monotonic() - began)
        # A worker, or what holds its script: something is at work again.
        return lambda: bool(part_of(self._data_dir, "worker"))

    def _database_answers(self) -> bool:
        with suppress(DBAPIError):
            count_open_runs(self._store)
            return True
        return False

    def _web_answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self._address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def _is_beating(self, age_s: float) -> bool:
        with suppress(DBAPIError):
            beat = last_beat(self._store, "dispatcher")
            # One beat may have been under way.
            return beat is not None and beat[0] < age_s - 0.5 and bool(beat[1].get("nodes"))
        return False


def await_end(store: Store) -> None:
    """Wait until no run is open."""
    while True:
        with suppress(DBAPIError):
            if count_open_runs(store) == 0:
                return
        time.sleep(0.5)


@dataclass
class Work:
    """The runs that go on meanwhile."""

    rain: Rain
    store: Store
    size: int
    runs: list[Run] = field(default_factory=list)

    def go_on(self) -> None:
        """Queue one more run where fewer than two are open."""
        with suppress(DBAPIError):
            if count_open_runs(self.store) < 2:
                self.runs.append(self.rain.launch(self.store, self.size))


def main() -> None:
    """One `up`, its runs, many kills."""
    options = arguments(__doc__ or "", minutes=0.0)
    experiments, kills = (16, 8) if options.quick else (200, 100)
    seed = int(os.environ.get("FAULTS_SEED", str(int(time.time()))))
    with scratch_folder() as folder:
        rain = Rain(folder / "rain")
        product = Product(["up"], folder / "data")
        try:
            product.wait_for("Ctrl-C stops everything")
            store = Store((folder / "data" / "secrets" / "database_url").read_text().strip())
            work = Work(rain, store, experiments)
            work.go_on()
            hangman = Hangman(folder / "data", product, store, seed)
            if options.minutes:
                hangman.rain(hangman.in_turn(options.minutes), work.go_on)
            else:
                hangman.rain(hangman.at_random(kills))
            await_end(store)
            deadline = time.monotonic() + 15
            while rain.children() and time.monotonic() < deadline:
                time.sleep(0.2)
            verdict = rain.judge(store, work.runs)
            store.close()
        finally:
            print(product.output)
            product.interrupt()
    wrong = {name: getattr(verdict, name) for name in verdict.__dataclass_fields__}
    print(json.dumps({"seed": seed, "experiments": len(work.runs) * experiments, **wrong}, indent=1))
    rows = hangman.recoveries.rows()
    figures = {name: float(len(each)) for name, each in wrong.items()}
    figures |= {f"recovery_{part.replace(' ', '_')}_s": slowest for part, _, _, slowest in rows}
    medians = [median for _, _, median, _ in rows]
    figures["slowest_median_recovery_s"] = max(medians, default=0.0)
    budgets = {name: Budget(0) for name in wrong} | {"slowest_median_recovery_s": Budget(RECOVERY_S)}
    present("faults", ("part", "kills", "median, s", "max, s"), rows, figures, budgets)


if __name__ == "__main__":
    main()
