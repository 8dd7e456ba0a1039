"""Everything that must run, started in order and ended in reverse: PostgreSQL, Ray's head, the dispatcher, the web."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import hypertuner
from app.settings import DEFAULT_PORT, Settings
from hypertuner.cli.errors import CommandError
from storage.embedded import OWNER_ROLE, EmbeddedServer, write_private
from storage.folders import prepare_data_dir, prepare_runtime_dir
from storage.leases import release_everything
from storage.store import Store, check_schema, migrate
from storage.tokens import create_link_token
from training.head import head_command, head_environment, make_token, submit_dispatcher
from training.lifeline_owner import LifelineOwner

LOCK_WAIT_S = 5
WEB_START_TIMEOUT_S = 60

Say = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """What another process of ours has started on the same data folder."""

    pid: int
    web: str | None = None


class AlreadyRunning(CommandError):
    """Somebody else holds the data folder."""

    def __init__(self, data_dir: Path, running: Running | None) -> None:
        self.running = running
        where = f" at {running.web}" if running and running.web else ""
        who = f" (process {running.pid})" if running else ""
        super().__init__(
            f"HyperTuner is already running on {data_dir}{where}{who}. Open it with `hypertuner link`, "
            "stop it there with Ctrl-C, or choose another folder with --data-dir."
        )


@contextmanager
def hold_data_dir(data_dir: Path) -> Iterator[None]:
    """Be the only launcher on a data folder; the kernel lets go of it whatever happens to us.

    Raises AlreadyRunning.
    """
    with (data_dir / "launcher.lock").open("a") as lock:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                running = read_running(data_dir)
                # A short command such as export lets go soon.
                if (running and running.web) or time.monotonic() > deadline:
                    raise AlreadyRunning(data_dir, running) from None
                time.sleep(0.1)
        try:
            _tell_running(data_dir, Running(os.getpid()))
            yield
        finally:
            (data_dir / "services.json").unlink(missing_ok=True)


def read_running(data_dir: Path) -> Running | None:
    """What holds the data folder now, or None."""
    try:
        with (data_dir / "launcher.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
    except BlockingIOError:
        pass
    except OSError:
        return None
    with suppress(OSError, ValueError, TypeError):
        return Running(**json.loads((data_dir / "services.json").read_text()))
    return Running(0)


def _tell_running(data_dir: Path, running: Running) -> None:
    write_private(data_dir / "services.json", json.dumps(asdict(running)))


@contextmanager
def open_store(settings: Settings, say: Say = lambda _: None) -> Iterator[Store]:
    """The database for a short command: the one that runs, else the embedded one for as long as the block lasts."""
    if settings.database_url:
        store = Store(settings.database_url, pool_size=2)
        migrate(store)
        yield store
        store.close()
        return
    data_dir = prepare_data_dir(settings.data_dir)
    url_file = data_dir / "secrets" / "database_url"
    if read_running(data_dir) and url_file.exists():
        store = Store(url_file.read_text().strip(), pool_size=2)
        # What runs may be of another version than this command.
        check_schema(store)
        yield store
        store.close()
        return
    with hold_data_dir(data_dir), EmbeddedServer(data_dir, prepare_runtime_dir(data_dir)) as server:
        say("PostgreSQL started for this command")
        store = Store(server.url, pool_size=2)
        yield store
        store.close()


class Services:
    """The whole product on one machine, for as long as a `with` block lasts.

    Guarantees that every process it started is gone when the block ends, and also when this process is killed:
    Ray and the web hang on supervisors whose lifeline we hold, and PostgreSQL ends with its parent.
    """

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._stack = ExitStack()
        self._store: Store | None = None
        self._supervisors: dict[str, LifelineOwner] = {}
        self.web_address: str | None = None
        self.resumed = 0
        # Who may change the schema: the embedded server's owner role, else the shared server's user.
        self.owner_url = settings.database_url or ""

    def __enter__(self) -> Services:
        try:
            self._data_dir = prepare_data_dir(self.settings.data_dir)
            self._stack.enter_context(hold_data_dir(self._data_dir))
            self._runtime_dir = prepare_runtime_dir(self._data_dir)
            self._start_database()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._say("Stopping what was started")
        self._stack.close()

    @property
    def store(self) -> Store:
        """The database; it is up as long as the block lasts."""
        assert self._store is not None
        return self._store

    def start_training(self) -> None:
        """Start a Ray head, or use the cluster that the settings name, and submit the dispatcher to it."""
        _link_client(self._data_dir)
        if self.settings.ray_address:
            self._submit(self.settings.ray_address, read_token(self.settings.ray_token_file))
            return
        token_file = make_token(self._data_dir)
        temp_dir = self._runtime_dir / "ray"
        shutil.rmtree(temp_dir, ignore_errors=True)
        temp_dir.mkdir(mode=0o700)
        self._stack.callback(shutil.rmtree, temp_dir, ignore_errors=True)
        head = head_command(temp_dir)
        environment = head_environment(token_file)
        self._supervise("ray", head.argv, environment)
        self._submit(head.address, token_file.read_text().strip())

    def start_web(self) -> str:
        """Start the web server and wait until it answers; returns its address."""
        port = free_port(self.settings.port)
        if port != self.settings.port:
            self._say(f"Port {self.settings.port} is taken, so the page is on {port}")
        argv = [sys.executable, "-P", "-m", "gunicorn", "--config", "python:app.gunicorn_config"]
        argv += ["--bind", f"127.0.0.1:{port}"]
        # gunicorn imports from its working directory first: ours must hold nothing of the user's.
        argv += ["--chdir", str(self._data_dir / "client")]
        argv += ["app.wsgi:application()"]
        environment = {**os.environ, "HYPERTUNER_DATA_DIR": str(self._data_dir), "HYPERTUNER_PORT": str(port)}
        self._supervise("web", argv, environment)
        self.web_address = f"http://127.0.0.1:{port}"
        self._await_web()
        _tell_running(self._data_dir, Running(os.getpid(), self.web_address))
        return self.web_address

    def link(self) -> str:
        """A fresh link that opens the page, once."""
        return f"{self.web_address}/login?token={create_link_token(self.store)}"

    def dead(self) -> str | None:
        """The name of a service that ended by itself, with where to look, or None."""
        for name, supervisor in self._supervisors.items():
            if supervisor.wait(0) is not None or not supervisor.alive:
                return f"{name} ended by itself; its log is {self._log(name)}"
        return None

    # --- how --------------------------------------------------------------------------------------------------------

    def _start_database(self) -> None:
        started = time.monotonic()
        url = self.settings.database_url
        if url is None:
            server = EmbeddedServer(self._data_dir, self._runtime_dir)
            server.start(self._say)
            self._stack.callback(server.stop)
            url, self.owner_url = server.url, server.url_of(OWNER_ROLE)
        self._store = Store(url)
        self._stack.callback(self._store.close)
        if self.settings.database_url:
            migrate(self._store)
        elif not self.settings.ray_address:
            # The last launcher's Ray is gone, so nothing that the database calls running runs.
            self.resumed = release_everything(self._store)
        write_private(self._data_dir / "secrets" / "database_url", url)
        self._say(f"PostgreSQL is ready ({time.monotonic() - started:.1f} s)")

    def _supervise(self, name: str, argv: list[str], environment: dict[str, str]) -> None:
        supervisor = self._stack.enter_context(LifelineOwner())
        log = self._log(name)
        log.touch(mode=0o600)
        supervisor.start(
            argv, cwd=str(self._data_dir), env=environment, stdout=str(log), stderr=str(log), is_leader=True
        )
        self._supervisors[name] = supervisor

    def _log(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    def _submit(self, address: str, token: str | None) -> None:
        started = time.monotonic()
        submit_dispatcher(address, token, self._data_dir)
        self._say(f"Ray is ready ({time.monotonic() - started:.1f} s)")

    def _await_web(self) -> None:
        started = time.monotonic()
        while True:
            health = f"{self.web_address}/healthz"
            with suppress(OSError), urllib.request.urlopen(health, timeout=5):  # noqa: S310 - our own address
                self._say(f"The page is ready ({time.monotonic() - started:.1f} s)")
                return
            if (problem := self.dead()) or time.monotonic() - started > WEB_START_TIMEOUT_S:
                raise CommandError(problem or f"The web server does not answer; its log is {self._log('web')}.")
            time.sleep(0.05)


def free_port(wanted: int = DEFAULT_PORT) -> int:
    """The wanted port of the loopback interface if it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise CommandError("No port of 127.0.0.1 is free.")


def read_token(path: Path | None) -> str | None:
    """The token of a shared Ray cluster, or None where it needs none.

    Raises CommandError.
    """
    if path is None:
        return None
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CommandError(f"HYPERTUNER_RAY_TOKEN_FILE names {path}, which cannot be read: {error.strerror}.") from None


def _link_client(data_dir: Path) -> None:
    """Make the folder from which scripts of any interpreter import `hypertuner`, and nothing else of ours."""
    link = data_dir / "client" / "hypertuner"
    package = Path(hypertuner.__file__).parent
    if link.is_symlink() and link.readlink() == package:
        return
    half = link.with_name("hypertuner.new")
    half.unlink(missing_ok=True)
    half.symlink_to(package)
    half.replace(link)
