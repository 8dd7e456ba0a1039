"""Everything that must run, started in order, kept running, and ended in reverse."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError

import hypertuner
from app.settings import Settings
from cli.errors import CommandError
from cli.leftovers import end_leftovers
from cli.parts import Database, Dispatcher, DispatcherJob, Ray, Web
from cli.watch import Part, Watched
from storage.embedded import OWNER_ROLE, EmbeddedServer, write_private
from storage.folders import prepare_data_dir, prepare_runtime_dir
from storage.heartbeats import beat
from storage.leases import INTERRUPTED, free_runs
from storage.store import Store, check_schema, is_outage, migrate
from storage.tokens import create_link_token
from training.salvage import Salvaged, Salvager

LOCK_WAIT_S = 5
TELL_EVERY_S = 10.0
REPORT_EVERY_S = 3.0

log = logging.getLogger("hypertuner.up")

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

    Guarantees that each part that dies is started again without the others, and that every process it started is gone
    when the block ends, also when this process is killed: Ray, the dispatcher and the web hang on supervisors whose
    lifeline we hold, and PostgreSQL ends with its parent.
    """

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._stack = ExitStack()
        self._store: Store | None = None
        self._parts: list[Watched] = []
        self._web: Web | None = None
        self._must_end = threading.Event()
        self.resumed = Salvaged()
        # Who may change the schema: the embedded server's owner role, else the shared server's user.
        self.owner_url = settings.database_url or ""

    def __enter__(self) -> Services:
        try:
            self._data_dir = prepare_data_dir(self.settings.data_dir)
            self._stack.enter_context(hold_data_dir(self._data_dir))
            self._stack.enter_context(_logging_to(self._data_dir / "logs" / "up.log"))
            self._runtime_dir = prepare_runtime_dir(self._data_dir)
            self._start_database()
            # The socket is ours from now on, and so is every link that we print.
            self._web = Web(replace(self.settings, data_dir=self._data_dir), self._log("web"))
            self._stack.callback(self._web.stop)
            reporter = threading.Thread(target=self._report, name="report", daemon=True)
            reporter.start()
            self._stack.callback(reporter.join)
            self._stack.callback(self._must_end.set)
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

    @property
    def web_address(self) -> str:
        """Where the page is, or will be."""
        assert self._web is not None
        return self._web.address

    def start_training(self) -> None:
        """Start a Ray head and its dispatcher, or submit one to the cluster that the settings name.

        Returns when runs are taken up, or when that is given up; `problem` says so then. Ray is waited for as long as
        its process lives.
        """
        _link_client(self._data_dir)
        started = time.monotonic()
        if self.settings.ray_address:
            token = read_token(self.settings.ray_token_file)
            dispatcher = self._watch(DispatcherJob(replace(self.settings, data_dir=self._data_dir), token))
            dispatcher.await_first()
        else:
            ray = Ray(self._data_dir, self._runtime_dir, self._log("ray"))
            watched = self._watch(ray)
            part = Dispatcher(self._data_dir, ray, self.store, self._log("dispatcher"), self.settings.disk)
            dispatcher = self._watch(part)
            self._await_dispatcher(watched, dispatcher, started)
        if not self.problem:
            self._say(f"Ray is ready ({time.monotonic() - started:.1f} s)")

    def start_web(self) -> str:
        """Start the web server and wait until it answers; returns its address."""
        assert self._web is not None
        if self._web.port != self.settings.port:
            self._say(f"Port {self.settings.port} is taken, so the page is on {self._web.port}")
        started = time.monotonic()
        self._watch(self._web).await_first()
        self._say(f"The page is ready ({time.monotonic() - started:.1f} s)")
        _tell_running(self._data_dir, Running(os.getpid(), self.web_address))
        return self.web_address

    def link(self) -> str:
        """A fresh link that opens the page, once."""
        return f"{self.web_address}/login?token={create_link_token(self.store)}"

    @property
    def problem(self) -> str | None:
        """What is broken and not started again, in a sentence, or None."""
        return next((each.problem for each in self._parts if each.is_broken), None)

    def refuse_broken(self) -> None:
        """Raise CommandError where a part is broken and not started again."""
        if self.problem:
            raise CommandError(self.problem)

    # --- how --------------------------------------------------------------------------------------------------------

    def _watch(self, part: Part) -> Watched:
        watched = Watched(part, self._say)
        watched.begin()
        self._parts.append(watched)
        self._stack.callback(watched.end)
        return watched

    def _start_database(self) -> None:
        started = time.monotonic()
        url = self.settings.database_url
        if url is None:
            server = EmbeddedServer(self._data_dir, self._runtime_dir)
            self._watch(Database(server, self._log("postgres"), self._say)).await_first()
            url, self.owner_url = server.url, server.url_of(OWNER_ROLE)
        self._store = Store(url)
        self._stack.callback(self._store.close)
        write_private(self._data_dir / "secrets" / "database_url", url)
        self._say(f"PostgreSQL is ready ({time.monotonic() - started:.1f} s)")
        if self.settings.database_url:
            migrate(self._store)
        elif not self.settings.ray_address:
            # The last launcher's Ray is gone, so nothing that the database calls running runs.
            end_leftovers(self._data_dir)
            free_runs(self._store)
            self.resumed = Salvager(self._data_dir, database_url=url).salvage(INTERRUPTED, everything=True)

    def _await_dispatcher(self, ray: Watched, dispatcher: Watched, started: float) -> None:
        told = started
        while dispatcher.state.word != "working" and not (ray.is_broken or dispatcher.is_broken):
            time.sleep(0.05)
            now = time.monotonic()
            if now - told > TELL_EVERY_S:
                told = now
                self._say(f"Ray is still starting ({now - started:.0f} s); its log is {ray.part.log_path}")

    def _report(self) -> None:
        """Tell the database, and so the page, how the parts are."""
        while not self._must_end.wait(REPORT_EVERY_S):
            parts = {each.part.title: {**asdict(each.state), "log": str(each.part.log_path)} for each in self._parts}
            try:
                beat(self.store, "launcher", {"parts": parts})
            except DBAPIError as error:
                if not is_outage(error):
                    log.exception("the state of the parts could not be told")

    def _log(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Keep what is logged while the product runs in a file; the terminal shows sentences."""
    path.touch(mode=0o600)
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("hypertuner")
    root.addHandler(handler)
    root.propagate = False
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.propagate = True
        handler.close()


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
