"""The parts of the product on one machine: PostgreSQL, Ray's head, the dispatcher, and the web."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from analysis.limits import DiskLimits
from app.settings import DEFAULT_PORT, VARIABLES, Settings
from cli.errors import CommandError
from cli.watch import PartError, Say
from storage.embedded import EmbeddedServer, EmbeddedServerError
from storage.heartbeats import last_beat
from storage.leases import NODE_LOST
from storage.store import Store, is_outage
from training.head import (
    ENDED_JOB_STATES,
    HeadError,
    dispatcher_command,
    head_command,
    head_environment,
    job_status,
    living_dispatchers,
    make_token,
    submit_dispatcher,
)
from training.lifeline_owner import LifelineOwner
from training.salvage import Salvager

PAUSE_S = 0.05
# A postmaster that was killed leaves backends that notice within a moment; until then a new one refuses to start.
DATABASE_PATIENCE_S = 30.0
JOB_LOOK_EVERY_S = 3.0
# How long after a dispatcher's end Ray's own may be seen.
FALL_S = 3.0


class Database:
    """The embedded PostgreSQL."""

    title = "PostgreSQL"
    back = "PostgreSQL is back"

    def __init__(self, server: EmbeddedServer, log_path: Path, say: Say) -> None:
        self.log_path = log_path
        self._server = server
        self._say = say
        self._has_worked = False

    def start(self, must_end: threading.Event) -> None:
        deadline = time.monotonic() + DATABASE_PATIENCE_S
        while not must_end.is_set():
            try:
                self._server.start(self._say)
            except EmbeddedServerError as error:
                if not self._has_worked:
                    # What is wrong with the folder or the binaries stays wrong.
                    raise
                if time.monotonic() > deadline:
                    raise PartError(str(error)) from None
                must_end.wait(PAUSE_S * 4)
            else:
                self._has_worked = True
                return

    def ended(self) -> str | None:
        return None if self._server.is_running else "it ended by itself"

    def stop(self) -> None:
        self._server.stop()


class Held:
    """What parts have in common that hang on a lifeline: a process with a log, held together with all its children.

    `is_up` may be read by any thread; everything else belongs to the thread that watches the part.
    """

    title = back = ""

    def __init__(self, data_dir: Path, log_path: Path, *, pass_fds: tuple[int, ...] = ()) -> None:
        self.log_path = log_path
        self.is_up = False
        self._data_dir = data_dir
        self._owner = LifelineOwner(pass_fds=pass_fds)

    def run(self, argv: list[str], environment: dict[str, str]) -> None:
        """Start the process, in place of an earlier one."""
        self._owner.close()
        self.log_path.touch(mode=0o600)
        log = str(self.log_path)
        self._owner.start(argv, cwd=str(self._data_dir), env=environment, stdout=log, stderr=log, is_leader=True)
        self.is_up = True

    def ended(self) -> str | None:
        if self.is_up and self._owner.wait(0) is not None:
            self.is_up = False
        return None if self.is_up else "it ended by itself"

    def stop(self) -> None:
        self.is_up = False
        self._owner.close()


class Ray(Held):
    """A Ray head of our own, new at each start: `generation` counts them, `gcs` is the address of the newest.

    It counts as working from its first moment: whoever needs it waits for it as long as its process lives.
    """

    title = "Ray"
    back = "Ray starts anew"

    def __init__(self, data_dir: Path, runtime_dir: Path, log_path: Path) -> None:
        super().__init__(data_dir, log_path)
        self._temp_dir = runtime_dir / "ray"
        self.token_file = make_token(data_dir)
        self.generation = 0
        self.gcs = ""

    def start(self, must_end: threading.Event) -> None:
        self.stop()
        if self.generation:
            self._salvage(must_end)
        self._temp_dir.mkdir(mode=0o700)
        head = head_command(self._temp_dir)
        if not must_end.is_set():
            self.gcs = head.gcs
            self.generation += 1
            self.run(head.argv, head_environment(self.token_file))

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._temp_dir, ignore_errors=True)

    def _salvage(self, must_end: threading.Event) -> None:
        """Nothing of the last head runs any more: what its scripts left is read now, before anybody starts new ones."""
        while not must_end.is_set():
            try:
                Salvager(self._data_dir, must_end=must_end).salvage(NODE_LOST, everything=True)
            except DBAPIError as error:
                if not is_outage(error):
                    raise
                must_end.wait(1)
            else:
                return


class Dispatcher(Held):
    """The dispatcher of our own Ray, started anew with it."""

    title = "The dispatcher"
    back = "The dispatcher is back, and runs go on"

    def __init__(self, data_dir: Path, ray: Ray, store: Store, log_path: Path, limits: DiskLimits) -> None:
        super().__init__(data_dir, log_path)
        self._ray = ray
        self._limits = limits
        self._store = store
        self._generation = 0

    def start(self, must_end: threading.Event) -> None:
        while not must_end.is_set() and not self._begin(must_end):
            pass

    def _begin(self, must_end: threading.Event) -> bool:
        """Start it on the Ray that is there and wait until it speaks; False where Ray went meanwhile."""
        while not self._ray.is_up:
            if must_end.wait(PAUSE_S):
                return True
        self._generation, started = self._ray.generation, time.monotonic()
        command = dispatcher_command(self._data_dir, self._ray.gcs, self._limits)
        self.run(command, head_environment(self._ray.token_file))
        while not self._has_spoken(time.monotonic() - started):
            if must_end.wait(PAUSE_S):
                return True
            if super().ended() is not None and not self._ray_is_gone():
                raise PartError("it ended while it started")
            if not self._is_current:
                return False
        return True

    def ended(self) -> str | None:
        if not self._is_current:
            return ""
        reason = super().ended()
        return "" if reason and self._ray_is_gone() else reason

    @property
    def _is_current(self) -> bool:
        return self._ray.is_up and self._generation == self._ray.generation

    def _ray_is_gone(self) -> bool:
        """Whether Ray went, too: a dispatcher falls with it, and is the first to be seen."""
        until = time.monotonic() + FALL_S
        while self._is_current and time.monotonic() < until:
            time.sleep(PAUSE_S)
        return not self._is_current

    def _has_spoken(self, age_s: float) -> bool:
        """Whether it has said that it is there since it was started."""
        try:
            beat = last_beat(self._store, "dispatcher")
        except DBAPIError as error:
            if not is_outage(error):
                raise
            return False
        return beat is not None and beat[0] < age_s and bool(beat[1].get("nodes"))


class DispatcherJob:
    """The dispatcher on a cluster that others started, as a job of that cluster."""

    title = "The dispatcher"
    back = "The dispatcher is back, and runs go on"

    def __init__(self, settings: Settings, token: str | None, *, job: str = "") -> None:
        """job: one that was submitted just now, to be watched as it is."""
        assert settings.ray_address
        self.log_path = f"{settings.ray_address}/#/jobs"
        self._address = settings.ray_address
        self._token = token
        self._settings = settings
        self._job = job
        self._is_submitted = bool(job)
        self._looked = 0.0

    def start(self, must_end: threading.Event) -> None:
        if self._is_submitted:
            self._is_submitted = False
            return
        while not must_end.is_set():
            try:
                self._job = self._submit()
            except HeadError as error:
                if self._job == "":
                    raise PartError(str(error)) from None
                must_end.wait(JOB_LOOK_EVERY_S)
            else:
                return

    def _submit(self) -> str:
        known = self._settings
        return submit_dispatcher(
            self._address,
            self._token,
            known.data_dir,
            most_places=known.most_places,
            limits=known.disk,
            timeout_s=10,
        )

    def ended(self) -> str | None:
        if time.monotonic() - self._looked < JOB_LOOK_EVERY_S:
            return None
        self._looked = time.monotonic()
        try:
            state, message = job_status(self._address, self._token, self._job)
            if state not in ENDED_JOB_STATES:
                return None
            # Another `up` or `dispatch` for this data folder has put its own in the place of ours.
            others = living_dispatchers(self._address, self._token, self._settings.data_dir)
        except HeadError as error:
            # A head that was started anew knows nothing of our job; one that is away says nothing of it.
            return str(error) if "refuses" in str(error) else None
        if others:
            self._job = others[0]
            return None
        return f"its job has ended: {message or state}"

    def stop(self) -> None:
        """It stays: others use the cluster, too, and it is replaced by whoever comes next."""


class Web(Held):
    """gunicorn on a socket that we hold, so that nobody can take its place while it is away."""

    title = "The page"
    back = "The page is back"

    def __init__(self, settings: Settings, log_path: Path) -> None:
        # Bound as long as we live: whoever connects while the server is away waits in the queue of the kernel.
        self._socket = bind(settings.port)
        super().__init__(settings.data_dir, log_path, pass_fds=(self._socket.fileno(),))
        self.port = int(self._socket.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._folders = project_folders(settings, Path.cwd())

    def start(self, must_end: threading.Event) -> None:
        argv = [sys.executable, "-P", "-m", "gunicorn", "--config", "python:app.gunicorn_config"]
        # gunicorn imports from its working directory first: ours must hold nothing of the user's.
        argv += ["--bind", f"fd://{self._socket.fileno()}", "--chdir", str(self._data_dir / "client")]
        argv += ["app.wsgi:application()"]
        ours = {"HYPERTUNER_DATA_DIR": str(self._data_dir), "HYPERTUNER_PORT": str(self.port)}
        ours[VARIABLES["project_folders"]] = os.pathsep.join(map(str, self._folders)) or "none"
        self.run(argv, {**os.environ, **ours})
        while not self._answers() and not must_end.wait(PAUSE_S):
            if self.ended():
                raise PartError("it ended while it started")

    def stop(self) -> None:
        super().stop()
        self._socket.close()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/healthz", timeout=2).close()  # noqa: S310 - our own address
        except urllib.error.HTTPError:
            # It says what is wrong, so it is there.
            return True
        except OSError:
            return False
        return True


def project_folders(settings: Settings, here: Path) -> tuple[Path, ...]:
    """The folders below which the page may begin projects: unless it is said, where a person started us for themselves.

    A page with names of its own is for several people, and what they may start has to be said.
    """
    if settings.project_folders is not None:
        return settings.project_folders
    is_private = not settings.hosts and here != here.parent and os.pathsep not in str(here)
    return (here,) if is_private else ()


def bind(wanted: int = DEFAULT_PORT) -> socket.socket:
    """A listening socket on the wanted port of the loopback interface, or on any other if that is taken."""
    for port in (wanted, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listener.bind(("127.0.0.1", port))
            listener.listen(256)
            return listener
        listener.close()
    raise CommandError("No port of 127.0.0.1 is free.")
