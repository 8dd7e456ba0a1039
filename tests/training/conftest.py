"""Scripts to train with, a project that runs them, and one real local Ray for the session."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import hypertuner
from storage.embedded import EmbeddedServer, write_private
from storage.experiments import fetch_experiments
from storage.folders import prepare_data_dir
from storage.projects import register_project
from storage.records import Experiment, Project, Run
from storage.runs import NewExperiment, NewRun, create_run, find_run
from storage.schema import metadata
from storage.store import Store
from training.experiment import ExperimentWorker
from training.head import HeadCommand, head_command, head_environment, job_log, make_token, submit_dispatcher
from training.lifeline_owner import Ended, LifelineOwner

X = {"name": "x", "flag": "--x", "type": "float"}
PATIENCE_S = 60

# A script that follows its first argument, a line of Python that sees `x`.
SCRIPT = """
import argparse, os, signal, subprocess, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("action")
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
x = arguments.x
try:
    import hypertuner
except ImportError:
    pass
exec(arguments.action)
"""


def wait_until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S, what: str = "it") -> Any:
    """The first true answer of `condition`."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout_s} s")
        time.sleep(0.02)
    return answer


def processes_with(variable: str) -> list[int]:
    """The living processes whose environment holds `variable` (`NAME=value`)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if variable.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pids: Iterable[int]) -> None:
    """kill -9."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def parent_of(pid: int) -> int:
    """Its parent's pid."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def until_told(folder: Path, then: str) -> str:
    """A script that ends as soon as `tell` was called, so that nothing of it is over before the test is ready."""
    return f"while [ ! -e {folder}/told ]; do sleep 0.01; done; {then}"


def tell(folder: Path) -> None:
    (folder / "told").touch()


class Scene:
    """Starts shell scripts whose processes can be recognised."""

    def __init__(self, supervisor: LifelineOwner, folder: Path) -> None:
        self.supervisor = supervisor
        self.folder = folder
        self.mark = f"SCENE={folder}"

    def start(self, script: str, **options: Any) -> int:
        return self.start_argv(["/bin/sh", "-c", script], **options)

    def start_argv(self, argv: list[str], *, cwd: str | None = None, **options: Any) -> int:
        environment = {"PATH": os.environ["PATH"], "SCENE": str(self.folder)}
        out, err = str(self.folder / "out"), str(self.folder / "err")
        return self.supervisor.start(argv, cwd or str(self.folder), environment, out, err, **options)

    def end(self) -> Ended:
        ended = self.supervisor.wait(30)
        assert ended
        return ended

    def output(self) -> str:
        return (self.folder / "out").read_text()

    def processes(self) -> list[int]:
        return processes_with(self.mark)


@pytest.fixture
def supervisor() -> Iterator[LifelineOwner]:
    with LifelineOwner() as made:
        yield made


@pytest.fixture
def scene(supervisor: LifelineOwner, tmp_path: Path) -> Scene:
    return Scene(supervisor, tmp_path)


@dataclass
class Workshop:
    """A project whose script does what a run's action says, and short ways to look at what came of it."""

    store: Store
    data_dir: Path
    folder: Path
    project: Project

    @property
    def outside(self) -> Path:
        """A folder that is none of the project's, so that scripts see at once what others write there."""
        return self.folder.parent

    def launch(self, action: str, values: list[float] | None = None, **options: Any) -> Run:
        command = [sys.executable, str(self.folder / "train.py"), action]
        self.project = register_project(
            self.store, "Workshop", directory=str(self.folder), command=command, hyperparameters=[X]
        )
        settings = [NewExperiment({"x": x}) for x in values or [1.0]]
        return create_run(self.store, self.project, NewRun("python train.py", {}, [X], settings, **options))

    def run(self, run: Run) -> Run:
        found = find_run(self.store, self.project.id, run.number)
        assert found
        return found

    def experiments(self, run: Run) -> list[Experiment]:
        return fetch_experiments(self.store, self.project.id, run_id=run.id)

    def await_run(self, run: Run, timeout_s: float = PATIENCE_S) -> list[Experiment]:
        wait_until(lambda: self.run(run).ended_at, timeout_s, f"the end of run {run.number}")
        return self.experiments(run)

    def spool_mark(self, experiment: Experiment) -> str:
        return f"HYPERTUNER_EXPERIMENT_ID={experiment.id}"


def make_workshop(store: Store, data_dir: Path, folder: Path) -> Workshop:
    """A workshop whose script lies in a folder of its own, beside what others leave for it."""
    folder = folder / "project"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    link = data_dir / "client" / "hypertuner"
    if not link.exists():
        link.symlink_to(Path(hypertuner.__file__).parent)
    project = register_project(store, "Workshop", directory=str(folder), command=["python"], hyperparameters=[X])
    return Workshop(store, data_dir, folder, project)


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own on the folder."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting needs root and a kernel that lets it")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def workshop(store: Store, data_dir: Path, tmp_path: Path) -> Workshop:
    return make_workshop(store, data_dir, tmp_path)


@pytest.fixture
def worker(database_url: str, data_dir: Path) -> Iterator[ExperimentWorker]:
    made = ExperimentWorker(str(data_dir), "worker", database_url=database_url)
    yield made
    made.close()


@dataclass
class LocalRay:
    """A real head of our own with a dispatcher in it."""

    command: HeadCommand
    token: str
    data_dir: Path
    database_url: str

    def start_dispatcher(self) -> str:
        return submit_dispatcher(self.command.address, self.token, self.data_dir)

    def log(self, job_id: str) -> str:
        return job_log(self.command.address, self.token, job_id)

    def processes(self, *parts: str) -> list[int]:
        """The living processes of this Ray whose command line holds all parts."""
        found = []
        for pid in processes_with(f"RAY_AUTH_TOKEN_PATH={self.data_dir}/secrets/ray_token"):
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if all(part in line for part in parts) and is_alive(pid):
                found.append(pid)
        return found


@pytest.fixture(scope="session")
def local_ray() -> Iterator[LocalRay]:
    """One head with its dispatcher for the session, on a database of its own: they take up every run that they see."""
    folder = Path(tempfile.mkdtemp(prefix="htr-", dir="/tmp"))
    folder.chmod(0o711)
    data_dir = prepare_data_dir(folder / "data")
    with EmbeddedServer(data_dir, folder) as server, LifelineOwner() as supervisor:
        write_private(data_dir / "secrets" / "database_url", server.url)
        token_file = make_token(data_dir)
        (folder / "ray").mkdir(mode=0o700)
        command = head_command(folder / "ray", cpus=2, has_jobs_api=True)
        log = str(folder / "ray.log")
        supervisor.start(command.argv, str(folder), head_environment(token_file), log, log, is_leader=True)
        ray = LocalRay(command, token_file.read_text().strip(), data_dir, server.url)
        job_id = ray.start_dispatcher()
        yield ray
        print(ray.log(job_id)[-5000:], Path(log).read_text()[-1000:])
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(local_ray: LocalRay, tmp_path: Path) -> Iterator[Workshop]:
    """A workshop whose runs the dispatcher on the local Ray takes up."""
    store = Store(local_ray.database_url)
    with store.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield make_workshop(store, local_ray.data_dir, tmp_path)
    store.close()
