"""The embedded server: closed to others, durable, and ended with its owner."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from storage.embedded import APP_ROLE, EmbeddedServer
from storage.folders import FolderError, prepare_data_dir, prepare_runtime_dir
from storage.store import Store
from tests.product import wait_until


def test_the_application_role_is_no_superuser(postgres: EmbeddedServer) -> None:
    store = Store(postgres.url)
    with store.begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s", (APP_ROLE,)
        ).one()
    assert tuple(row) == (False, False, False)
    store.close()


def test_a_wrong_password_is_refused(postgres: EmbeddedServer) -> None:
    host = postgres.url.split("host=")[1].replace("%2F", "/")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host=host, user=APP_ROLE, password="wrong", dbname="hypertuner")


def test_nothing_in_the_data_folder_is_readable_by_others(postgres: EmbeddedServer, short_folder: Path) -> None:
    open_to_others = [
        path
        for path in (short_folder / "data").rglob("*")
        if not path.is_symlink() and "postgres-binaries" not in path.parts and path.stat().st_mode & 0o066
    ]
    assert open_to_others == []


def test_rows_survive_a_kill_of_the_server_and_stale_lock_files(data_dir: Path) -> None:
    runtime = prepare_runtime_dir(data_dir)
    data_dir.chmod(0o711)
    server = EmbeddedServer(data_dir, runtime)
    server.start()
    store = Store(server.url, pool_size=0)
    with store.begin() as connection:
        connection.exec_driver_sql("INSERT INTO heartbeat (name) VALUES ('survivor')")
    lock = data_dir / "postgres" / "postmaster.pid"
    os.kill(int(lock.read_text().splitlines()[0]), signal.SIGKILL)
    server.stop()
    # Lock files that name a process which is no PostgreSQL must not be believed, nor that process be touched.
    stranger = subprocess.Popen(["sleep", "300"], user=lock.stat().st_uid)
    try:
        for stale in (lock, runtime / "pg" / ".s.PGSQL.5432.lock"):
            stale.write_text("\n".join([str(stranger.pid), *stale.read_text().splitlines()[1:]]))
        with EmbeddedServer(data_dir, runtime) as again, Store(again.url, pool_size=0).begin() as connection:
            assert connection.exec_driver_sql("SELECT name FROM heartbeat").scalar() == "survivor"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_that_takes_long_is_waited_for_and_said(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    runtime = prepare_runtime_dir(data_dir)
    with EmbeddedServer(data_dir, runtime):
        pass
    said: list[str] = []
    slow = EmbeddedServer(data_dir, runtime)
    # It takes this long however fast the machine is.
    freezer = threading.Thread(target=freeze_start, args=(data_dir / "postgres" / "postmaster.pid", said))
    freezer.start()
    try:
        slow.start(said.append)
    finally:
        slow.stop()
        freezer.join()
    assert said
    assert all(sentence.startswith("PostgreSQL is recovering (") for sentence in said)


def freeze_start(lock: Path, said: list[str]) -> None:
    """Freeze a server as soon as it exists, until somebody says that it is waited for."""
    # It answers within a tenth of a second.
    while not (lock.exists() and lock.read_text().count("\n") > 1):
        time.sleep(0.001)
    pid = int(lock.read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: bool(said), "a sentence", 60)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_server_ends_when_its_owner_is_killed(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    runtime = prepare_runtime_dir(data_dir)
    program = (
        "import sys; from pathlib import Path; from storage.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2])); server.start()\n"
        "print(server._process.pid, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir), str(runtime)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    pid = int(owner.stdout.readline())
    watched = os.pidfd_open(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()
    ended, _, _ = select.select([watched], [], [], 20)
    os.close(watched)
    assert ended


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused_with_its_owner_named(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    with pytest.raises(FolderError, match="belongs to user id 12345"):
        prepare_data_dir(theirs)


def test_a_file_in_place_of_the_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="is a file"):
        prepare_data_dir(tmp_path / "file")


def test_a_long_data_path_with_spaces_works() -> None:
    base = Path(tempfile.mkdtemp(prefix="ht-", dir="/tmp"))
    base.chmod(0o711)
    folder = base / ("a long näme " * 15).strip()
    try:
        prepared = prepare_data_dir(folder)
        with EmbeddedServer(prepared, prepare_runtime_dir(prepared)) as server:
            assert server.is_running
    finally:
        shutil.rmtree(base)
