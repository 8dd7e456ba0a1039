"""The lifeline supervisor with real processes: what it starts, how it notices an end, and that nothing is left."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.conftest import Scene, is_alive, parent_of, processes_with, tell, until_told, wait_until
from training.lifeline import sentence
from training.lifeline_owner import LifelineOwner, MountError, Mounts, StartError

STUBBORN = "trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; while :; do sleep 600; done' & echo here; while :; do sleep 600; done"


def test_it_runs_one_script_after_another(scene: Scene) -> None:
    for code in (0, 3, 0):
        scene.start(f"echo {code}; exit {code}")
        ended = scene.end()
        assert (ended.exit_code, ended.signal) == (code, None)
        assert ended.duration_s >= 0
        assert ended.max_rss_bytes > 100_000
    assert scene.output() == "0\n3\n0\n"


def test_the_signal_that_killed_a_script_is_told(scene: Scene) -> None:
    scene.start("kill -9 $$")
    ended = scene.end()
    assert (ended.exit_code, ended.signal) == (None, signal.SIGKILL)


def test_a_background_child_that_holds_stdout_does_not_delay_the_end(scene: Scene) -> None:
    began = time.monotonic()
    scene.start("sleep 600 & setsid sleep 600 & exit 4")
    assert scene.end().exit_code == 4
    assert time.monotonic() - began < 3
    assert scene.processes() == []


def test_a_script_that_ignores_the_request_to_end_is_killed_with_its_daemons(scene: Scene) -> None:
    scene.start(STUBBORN)
    wait_until(lambda: scene.output() == "here\n" and len(scene.processes()) >= 3)
    scene.supervisor.stop(0.2)
    assert scene.end().signal == signal.SIGKILL
    assert scene.processes() == []


def test_a_script_may_clean_up_when_it_is_asked_to_end(scene: Scene) -> None:
    scene.start("trap 'echo bye; exit 5' INT; echo here; while :; do sleep 0.01; done", stop_signal=signal.SIGINT)
    wait_until(lambda: scene.output() == "here\n")
    scene.supervisor.stop()
    assert scene.end().exit_code == 5
    assert scene.output() == "here\nbye\n"


def test_of_a_leader_only_itself_is_asked_to_end(scene: Scene) -> None:
    child = "sh -c 'trap \"echo asked\" TERM; while :; do sleep 0.01; done'"
    scene.start(f"{child} & trap 'kill -9 $!; echo ended; exit 0' TERM; echo here; wait", is_leader=True)
    wait_until(lambda: scene.output() == "here\n")
    scene.supervisor.close()
    assert scene.output() == "here\nended\n"
    assert scene.processes() == []


OWNER = """
import os, sys, time
from training.lifeline_owner import LifelineOwner
supervisor = LifelineOwner()
environment = {"PATH": os.environ["PATH"], "SCENE": sys.argv[1]}
supervisor.start(["/bin/sh", "-c", sys.argv[2]], "/", environment, sys.argv[1] + "/out", os.devnull, grace_s=0.2)
print("started", flush=True)
time.sleep(600)
"""


def test_a_killed_owner_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", OWNER, str(tmp_path), STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"started\n"
        wait_until(lambda: len(processes_with(f"SCENE={tmp_path}")) >= 3)
        owner.kill()
    wait_until(lambda: not processes_with(f"SCENE={tmp_path}"), 10)


def test_a_supervisor_that_is_told_to_end_ends_everything_first(scene: Scene) -> None:
    pid = scene.start(STUBBORN, grace_s=0.2)
    wait_until(lambda: len(scene.processes()) >= 3)
    os.kill(parent_of(pid), signal.SIGTERM)
    ended = scene.end()
    assert (ended.exit_code, ended.signal) == (None, None)
    assert scene.processes() == []


def test_a_killed_supervisor_takes_its_script_along_and_is_replaced(scene: Scene) -> None:
    pid = scene.start("while :; do sleep 0.01; done")
    os.kill(parent_of(pid), signal.SIGKILL)
    ended = scene.end()
    assert (ended.exit_code, ended.signal) == (None, None)
    assert not scene.supervisor.alive
    assert not is_alive(pid)
    scene.start("exit 6")
    assert scene.end().exit_code == 6


def test_closing_ends_the_script(supervisor: LifelineOwner, tmp_path: Path) -> None:
    scene = Scene(supervisor, tmp_path)
    scene.start("sleep 600")
    supervisor.close()
    assert scene.processes() == []
    assert not supervisor.alive


def test_a_script_starts_as_from_a_terminal(scene: Scene) -> None:
    scene.start_argv([sys.executable, "-c", LOOK_AROUND])
    assert scene.end().exit_code == 0
    # Nothing on stdin, no descriptor of ours, and its own session.
    assert scene.output().splitlines() == ["b''", "[0, 1, 2]", "True"]


LOOK_AROUND = """
import os, sys
print(sys.stdin.buffer.read())
listing = os.open("/proc/self/fd", os.O_RDONLY)
print(sorted(int(name) for name in os.listdir(listing) if int(name) != listing and os.path.exists(f"/proc/self/fd/{name}")))
print(os.getsid(0) == os.getpid())
"""


def test_a_script_ignores_and_blocks_no_signal(scene: Scene) -> None:
    scene.start_argv(["/bin/grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"])
    assert scene.end().exit_code == 0
    # Signals 32 and 33 are the C library's own; no program can set them.
    own = 0b11 << 31
    assert [int(line.split()[1], 16) & ~own for line in scene.output().splitlines()] == [0, 0]


@pytest.mark.parametrize(
    ("argv", "cwd", "expected"),
    [
        (["no-such-python"], "/", "The program no-such-python was not found on this machine."),
        (["/etc/passwd"], "/", "/etc/passwd is not executable."),
        (["/bin/true"], "/no/such", "Its working directory /no/such does not exist on this machine."),
        (["/bin/true"], "/etc/passwd", "Its working directory /etc/passwd is no folder."),
        (
            ["/bin/true", "a\0b"],
            "/",
            "The command, its folder or its environment holds a character that none may hold.",
        ),
        (
            ["/bin/true", "x" * 3_000_000],
            "/",
            "Its command line is too long for this system; pass large values by a file.",
        ),
    ],
)
def test_what_cannot_be_started_is_said_in_one_sentence(scene: Scene, argv: list[str], cwd: str, expected: str) -> None:
    with pytest.raises(StartError) as caught:
        scene.start_argv(argv, cwd=cwd)
    assert str(caught.value) == expected
    scene.start("exit 0")
    assert scene.end().exit_code == 0


def test_a_script_with_a_missing_interpreter_is_said(scene: Scene) -> None:
    program = scene.folder / "train"
    program.write_text("#!/no/such/python\n")
    program.chmod(0o755)
    with pytest.raises(StartError, match="exists, but the interpreter that its first line names does not"):
        scene.start_argv([str(program)])


def test_a_script_without_an_interpreter_is_said(scene: Scene) -> None:
    program = scene.folder / "train"
    program.write_text("print(1)\n")
    program.chmod(0o755)
    with pytest.raises(StartError, match="its first line names no interpreter"):
        scene.start_argv([str(program)])


def test_streams_that_cannot_be_written_are_said(supervisor: LifelineOwner) -> None:
    with pytest.raises(StartError, match="The file for its stdout cannot be written: No such file or directory"):
        supervisor.start(["/bin/true"], "/", {}, "/no/such/out", "/dev/null")


def test_a_machine_without_room_for_processes_is_said() -> None:
    error = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), "fork")
    assert sentence(error, {"argv": ["x"], "cwd": "/"}).startswith("No further process can be started on this machine")


def test_waiting_costs_no_cpu(scene: Scene) -> None:
    scene.start("sleep 0.3")
    before = resource.getrusage(resource.RUSAGE_SELF)
    scene.end()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_nvcsw - before.ru_nvcsw < 20


def test_nothing_to_wait_for_is_no_wait(supervisor: LifelineOwner) -> None:
    assert supervisor.wait(30) is None


@pytest.mark.parametrize("victim", ["lifeline", "guard"])
def test_one_that_was_killed_between_two_scripts_is_replaced(scene: Scene, victim: str) -> None:
    lifeline = parent_of(scene.start(until_told(scene.folder, "exit 0")))
    guard = parent_of(lifeline)
    tell(scene.folder)
    scene.end()
    os.kill({"lifeline": lifeline, "guard": guard}[victim], signal.SIGKILL)
    wait_until(lambda: not scene.supervisor.alive)
    scene.start("exit 6")
    assert scene.end().exit_code == 6


def test_the_guard_lets_nobody_end_it_politely(scene: Scene) -> None:
    guard = parent_of(parent_of(scene.start(until_told(scene.folder, "exit 7"))))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(guard, number)
    tell(scene.folder)
    assert scene.end().exit_code == 7
    assert is_alive(guard)


# --- descriptors ----------------------------------------------------------------------------------------------------


def test_a_socket_that_the_owner_has_bound_reaches_every_script(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        number, address = bound.fileno(), bound.getsockname()
        with LifelineOwner(pass_fds=[number]) as supervisor:
            scene = Scene(supervisor, tmp_path)
            for is_killed in (True, False, False):
                lifeline = parent_of(scene.start_argv([sys.executable, "-c", ANSWER_ONCE, str(number)]))
                with socket.create_connection(address) as connection:
                    assert connection.recv(10) == b"hello"
                assert scene.end().exit_code == 0
                if is_killed:
                    # The next script gets it from a new lifeline.
                    os.kill(lifeline, signal.SIGKILL)
                    wait_until(lambda: not supervisor.alive)


ANSWER_ONCE = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as bound:
    connection, _ = bound.accept()
    with connection:
        connection.sendall(b"hello")
"""


# Drops what lets root mount without a user namespace, for itself and all that it starts.
WITHOUT_RIGHTS = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_SYS_ADMIN = 24, 21
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
"""
MOUNTING = """
import os, sys
from training.lifeline_owner import LifelineOwner, MountError, Mounts
folder, script = sys.argv[1:]
layers = "userxattr,lowerdir=project,upperdir=written,workdir=work"
steps = [("overlay", "view", "overlay", 0, layers), ("view", folder + "/project", "", 0x5000, "")]
with LifelineOwner() as supervisor:
    try:
        supervisor.start(
            ["/bin/sh", "-c", script], folder + "/project", {"PATH": os.environ["PATH"]}, folder + "/out",
            folder + "/err", mounts=Mounts(folder, steps),
        )
    except MountError as error:
        sys.exit(str(error))
    print(supervisor.wait(30).exit_code)
"""


@pytest.mark.parametrize("rights", ["root", "a user"])
def test_a_script_may_have_mounts_of_its_own(tmp_path: Path, rights: str) -> None:
    for name in ("project", "written", "work", "view"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "a").write_text("as it was")
    script = "cat a; echo changed > a; echo new > b; ls; id -u; kill -0 $PPID && exit 7"
    words = [MOUNTING, str(tmp_path), script]
    argv = [sys.executable, "-c", *words] if rights == "root" else [sys.executable, "-c", WITHOUT_RIGHTS, *words]
    ended = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    if "cannot be mounted" in ended.stderr:
        pytest.skip("this machine lets nobody mount")
    assert ended.stdout == "7\n", ended.stderr
    assert (tmp_path / "out").read_text() == f"as it wasa\nb\n{os.getuid()}\n"
    assert {path.name: path.read_text() for path in (tmp_path / "project").iterdir()} == {"a": "as it was"}
    assert {path.name: path.read_text() for path in (tmp_path / "written").iterdir()} == {
        "a": "changed\n",
        "b": "new\n",
    }


def test_mounts_that_cannot_be_made_are_told_apart(scene: Scene) -> None:
    mounts = Mounts(str(scene.folder), [("nothing", "nowhere", "overlay", 0, "lowerdir=none")])
    with pytest.raises(MountError, match=r"cannot be mounted: .+\."):
        scene.start("echo here", mounts=mounts)
    scene.start("echo here")
    assert scene.end().exit_code == 0
