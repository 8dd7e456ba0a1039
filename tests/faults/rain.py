"""A script that leaves the truth behind while faults rain on it, and the comparison of that truth with the database.

Each attempt writes every value that it has handed over into a file of its own, and its end as its last act.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from storage.projects import register_project
from storage.records import Project, Run
from storage.runs import NewExperiment, NewRun, create_run, fetch_run
from storage.store import Store
from tests.product import processes_of

NUMBER = {"name": "number", "flag": "--number", "type": "int"}
# The child clears its environment and leaves the session: only its parents tell that it is ours.
SCRIPT = """
import argparse, os, subprocess, time
import hypertuner
parser = argparse.ArgumentParser()
parser.add_argument("--number", type=int)
number = parser.parse_args().number
name = f"{os.environ['HYPERTUNER_EXPERIMENT_ID']}-{os.environ['HYPERTUNER_ATTEMPT']}"
truth = os.open(os.path.join(TRUTH, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
subprocess.Popen(["setsid", "sleep", "36" + MARK], env={})
for step in range(STEPS):
    hypertuner.log(step=step, epoch=step)
    os.write(truth, b"%d\\n" % step)
    time.sleep(PAUSE)
os.write(truth, b"end\\n")
os._exit(0)
"""


@dataclass
class Verdict:
    """What is wrong after the rain; all empty where nothing is."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return self == Verdict()


class Rain:
    """A run of experiments under faults, in a folder of its own."""

    def __init__(self, folder: Path, *, steps: int = 20, pause_s: float = 0.1) -> None:
        self.folder = folder
        self.steps = steps
        # Beside the project, as what scripts write into that is their own.
        self.project_folder = folder / "project"
        self.project_folder.mkdir(parents=True)
        (folder / "truth").mkdir()
        # Seconds that no other process sleeps.
        self.mark = f".{abs(hash(str(folder))) % 10**9:09d}"
        given = {"TRUTH": str(folder / "truth"), "MARK": self.mark, "STEPS": steps, "PAUSE": pause_s}
        constants = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        (self.project_folder / "train.py").write_text(constants + SCRIPT)

    def launch(self, store: Store, count: int, **options: object) -> Run:
        """Queue a run."""
        project = self.project(store)
        settings = [NewExperiment({"number": number}) for number in range(count)]
        return create_run(store, project, NewRun("rain", {"number": list(range(count))}, [NUMBER], settings, **options))  # type: ignore[arg-type]

    def project(self, store: Store) -> Project:
        """The project of this folder."""
        command = [sys.executable, str(self.project_folder / "train.py")]
        return register_project(
            store,
            f"Rain {self.folder.name}",
            directory=str(self.project_folder),
            command=command,
            hyperparameters=[NUMBER],
        )

    def states(self, store: Store, run: Run) -> list[str]:
        """The states of a run's experiments."""
        return [state for _, state, _, _ in self._experiments(store, [run.id])]

    def state(self, store: Store, run: Run) -> str:
        """The state of a run."""
        return fetch_run(store, run.id).state

    def waiting(self, store: Store, run: Run) -> Mapping[str, Any] | None:
        """What a run says that it waits for."""
        return fetch_run(store, run.id).waiting

    def losses(self, store: Store, run: Run) -> int:
        """How many attempts of a run are counted against their experiments."""
        with store.read() as connection:
            statement = text("SELECT sum(losses) FROM experiment WHERE run_id = :run")
            return int(connection.scalar(statement, {"run": run.id}) or 0)

    def told(self, name: str) -> tuple[int, bool]:
        """How many values an attempt handed over for certain, and whether it came to its end."""
        path = self.folder / "truth" / name
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return sum(line != b"end" for line in lines), b"end" in lines

    def children(self) -> list[int]:
        """The children of scripts that are still there."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self.mark.encode() in _read(entry / "cmdline")
        ]

    def judge(self, store: Store, runs: Sequence[Run]) -> Verdict:
        """Compare what the scripts say with what the database has."""
        verdict = Verdict()
        for experiment, state, attempts, reason in self._experiments(store, [run.id for run in runs]):
            if state != "finished":
                verdict.wrong_states.append(f"{experiment}: {state}, {reason}")
            for attempt in range(1, attempts + 1):
                name = f"{experiment}-{attempt}"
                sure, has_ended = self.told(name)
                values = self._values(store, experiment, attempt)
                if len(values) < sure:
                    verdict.lost.append(f"{name}: {len(values)} of {sure}")
                if values != list(range(len(values))):
                    verdict.doubled.append(f"{name}: {values}")
                if has_ended and attempt < attempts:
                    verdict.repeated.append(name)
        verdict.orphans = [str(pid) for pid in self.children()]
        verdict.orphans += processes_of(self.folder / "truth").values()
        return verdict

    def _experiments(self, store: Store, run_ids: Sequence[int]) -> list[tuple[int, str, int, str | None]]:
        statement = text("SELECT id, state, attempt, reason FROM experiment WHERE run_id = ANY(:runs) ORDER BY id")
        with store.read() as connection:
            return [tuple(row) for row in connection.execute(statement, {"runs": list(run_ids)})]  # type: ignore[misc]

    def _values(self, store: Store, experiment: int, attempt: int) -> list[float]:
        statement = text(
            """SELECT value FROM metric_value JOIN metric ON metric.id = metric_id AND name = 'step'
            WHERE experiment_id = :experiment AND attempt = :attempt ORDER BY seq"""
        )
        with store.read() as connection:
            return list(connection.scalars(statement, {"experiment": experiment, "attempt": attempt}))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
