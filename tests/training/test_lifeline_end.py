"""What a lifeline leaves beside a spool: how the script ended, whoever was looking, and until then a lock."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.conftest import Scene, is_alive, parent_of, processes_with, tell, until_told, wait_until
from training.lifeline_owner import StartError
from training.spool_folders import END, LOCK, End, ask_to_end, guard_of, read_end


def start(scene: Scene, script: str, **options: float | bool) -> int:
    end, lock = (str(scene.folder / name) for name in (END, LOCK))
    return scene.start(script, end=end, lock=lock, **options)


def end_of(folder: Path) -> End:
    end = read_end(folder)
    assert end
    return end


def how(end: End) -> tuple[int | None, int | None, bool, bool]:
    return end.exit_code, end.signal, end.stopped, end.cut


# --- the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", (0, None, False, False)),
        ("exit 3", (3, None, False, False)),
        ("kill -9 $$", (None, signal.SIGKILL, False, False)),
        ("setsid sleep 600 & exit 4", (4, None, False, False)),
    ],
)
def test_a_script_that_ends_by_itself_is_written_down(
    scene: Scene, script: str, expected: tuple[int | None, int | None, bool, bool]
) -> None:
    before = time.time()
    start(scene, script)
    ended = scene.end()
    end = end_of(scene.folder)
    assert how(end) == expected
    assert (end.duration_s, end.max_rss_bytes) == (ended.duration_s, ended.max_rss_bytes)
    assert before <= end.ended_at <= time.time()
    assert guard_of(scene.folder) is None


def test_one_that_its_owner_stopped_is_written_down_as_stopped(scene: Scene) -> None:
    start(scene, "trap 'exit 5' TERM; echo here; while :; do sleep 0.01; done")
    wait_until(lambda: scene.output() == "here\n")
    scene.supervisor.stop()
    scene.end()
    assert how(end_of(scene.folder)) == (5, None, True, False)


def test_one_that_had_ended_when_its_owner_stopped_it_is_not_stopped(scene: Scene) -> None:
    lifeline = parent_of(start(scene, until_told(scene.folder, "exit 0")))
    os.kill(lifeline, signal.SIGSTOP)
    tell(scene.folder)
    wait_until(lambda: not [pid for pid in scene.processes() if is_alive(pid)])
    scene.supervisor.stop()
    os.kill(lifeline, signal.SIGCONT)
    assert scene.end().exit_code == 0
    assert how(end_of(scene.folder)) == (0, None, False, False)


OWNER = """
import os, sys, time
from training.lifeline_owner import LifelineOwner
folder, script = sys.argv[1:]
supervisor = LifelineOwner()
environment = {"PATH": os.environ["PATH"], "SCENE": folder}
files = {"end": folder + "/end.json", "lock": folder + "/lock"}
argv = ["/bin/sh", "-c", script]
print(supervisor.start(argv, "/", environment, folder + "/out", os.devnull, grace_s=1, **files), flush=True)
time.sleep(600)
"""


class Owner:
    """An owner in a process of its own, and the script that it started."""

    def __init__(self, folder: Path, script: str) -> None:
        command = [sys.executable, "-P", "-c", OWNER, str(folder), script]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.script = int(self.process.stdout.readline())
        self.lifeline = parent_of(self.script)

    def kill(self) -> None:
        with self.process:
            self.process.kill()


def test_one_whose_owner_is_killed_is_cut(tmp_path: Path) -> None:
    Owner(tmp_path, "while :; do sleep 600; done").kill()
    wait_until(lambda: read_end(tmp_path) and guard_of(tmp_path) is None)
    assert how(end_of(tmp_path)) == (None, signal.SIGTERM, False, True)
    assert processes_with(f"SCENE={tmp_path}") == []


def test_one_whose_owner_is_killed_after_its_end_has_ended_by_itself(tmp_path: Path) -> None:
    owner = Owner(tmp_path, until_told(tmp_path, "exit 3"))
    # Neither its end nor the owner's reaches the lifeline before the other.
    os.kill(owner.lifeline, signal.SIGSTOP)
    tell(tmp_path)
    wait_until(lambda: not is_alive(owner.script))
    owner.kill()
    os.kill(owner.lifeline, signal.SIGCONT)
    wait_until(lambda: read_end(tmp_path))
    assert how(end_of(tmp_path)) == (3, None, False, False)


def test_one_whose_owner_is_frozen_ends_by_itself(tmp_path: Path) -> None:
    owner = Owner(tmp_path, until_told(tmp_path, "exit 0"))
    os.kill(owner.process.pid, signal.SIGSTOP)
    tell(tmp_path)
    wait_until(lambda: read_end(tmp_path))
    assert how(end_of(tmp_path)) == (0, None, False, False)
    owner.kill()
    wait_until(lambda: not is_alive(owner.lifeline))
    assert how(end_of(tmp_path)) == (0, None, False, False)


def test_one_whose_guard_is_killed_is_cut_in_order(scene: Scene) -> None:
    script = start(scene, "trap 'echo bye; exit 5' TERM; echo here; while :; do sleep 0.01; done")
    wait_until(lambda: scene.output() == "here\n")
    os.kill(parent_of(parent_of(script)), signal.SIGKILL)
    assert scene.end().exit_code is None
    assert scene.output() == "here\nbye\n"
    assert how(end_of(scene.folder)) == (5, None, False, True)


def test_one_whose_lifeline_is_killed_has_no_end_and_no_lock(scene: Scene) -> None:
    os.kill(parent_of(start(scene, "sleep 600")), signal.SIGKILL)
    scene.end()
    assert read_end(scene.folder) is None
    assert guard_of(scene.folder) is None


def test_a_script_that_ended_just_before_its_lifeline_was_killed_has_ended_by_itself(scene: Scene) -> None:
    script = start(scene, until_told(scene.folder, "exit 3"))
    lifeline = parent_of(script)
    # It does not see the end any more.
    os.kill(lifeline, signal.SIGSTOP)
    tell(scene.folder)
    wait_until(lambda: not is_alive(script))
    os.kill(lifeline, signal.SIGKILL)
    assert scene.end().exit_code is None
    end = end_of(scene.folder)
    assert how(end) == (3, None, False, False)
    assert 0 < end.duration_s < 600
    assert end.max_rss_bytes > 0


def test_the_end_does_not_wait_for_what_a_script_leaves_behind(scene: Scene) -> None:
    left = "(trap '' TERM; echo here; while :; do sleep 0.01; done)"
    lifeline = parent_of(start(scene, f"{left} & {until_told(scene.folder, 'exit 4')}"))
    tell(scene.folder)
    wait_until(lambda: read_end(scene.folder))
    assert guard_of(scene.folder) == lifeline
    assert how(end_of(scene.folder)) == (4, None, False, False)
    os.kill(lifeline, signal.SIGKILL)
    scene.end()
    assert how(end_of(scene.folder)) == (4, None, False, False)


def test_a_folder_that_is_gone_costs_nothing(scene: Scene) -> None:
    folder = scene.folder / "attempt"
    folder.mkdir()
    scene.start(until_told(scene.folder, "exit 3"), end=str(folder / END), lock=str(folder / LOCK))
    shutil.rmtree(folder)
    tell(scene.folder)
    assert scene.end().exit_code == 3
    scene.start("exit 4")
    assert scene.end().exit_code == 4


def test_a_full_disk_costs_only_the_file(scene: Scene) -> None:
    # A file may get no longer than this, which fails as a full disk does, and at the same place.
    lifeline = parent_of(scene.start(until_told(scene.folder, "exit 3"), end=str(scene.folder / END)))
    resource.prlimit(lifeline, resource.RLIMIT_FSIZE, (10, 10))
    tell(scene.folder)
    assert scene.end().exit_code == 3
    assert sorted(os.listdir(scene.folder)) == ["err", "out", "told"]


def test_what_a_script_planted_where_the_end_is_written_stops_nothing(scene: Scene) -> None:
    os.mkfifo(scene.folder / f"{END}.half")
    (scene.folder / END).symlink_to("/dev/full")
    start(scene, "exit 3")
    assert scene.end().exit_code == 3
    assert end_of(scene.folder).exit_code == 3


# --- the lock -------------------------------------------------------------------------------------------------------


def test_while_a_script_is_held_the_lock_tells_by_whom(scene: Scene) -> None:
    assert guard_of(scene.folder) is None
    script = start(scene, "ls -l /proc/$$/fd; sleep 600")
    assert guard_of(scene.folder) == parent_of(script)
    assert oct((scene.folder / LOCK).stat().st_mode & 0o777) == "0o600"
    wait_until(lambda: "/dev/null" in scene.output())
    assert LOCK not in scene.output().replace(str(scene.folder), "")


def test_whoever_finds_the_lock_free_finds_the_end(scene: Scene) -> None:
    for _ in range(20):
        (scene.folder / END).unlink(missing_ok=True)
        start(scene, "exit 3")
        while guard_of(scene.folder) is not None:
            pass
        assert end_of(scene.folder).exit_code == 3
        scene.end()


def test_somebody_who_did_not_start_a_script_may_ask_for_its_end(scene: Scene) -> None:
    start(scene, "trap '' TERM; echo deaf; setsid sleep 600 & while :; do sleep 600; done", grace_s=0.2)
    wait_until(lambda: "deaf" in scene.output())
    assert ask_to_end(scene.folder)
    wait_until(lambda: guard_of(scene.folder) is None)
    assert how(end_of(scene.folder)) == (None, signal.SIGKILL, False, True)
    assert scene.processes() == []
    assert not ask_to_end(scene.folder)


def test_nobody_is_asked_whom_the_lock_names_wrongly(scene: Scene) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        start(scene, f"echo {stranger.pid} > lock; echo here; sleep 600")
        wait_until(lambda: scene.output() == "here\n")
        assert guard_of(scene.folder) == 0
        assert not ask_to_end(scene.folder)
        assert stranger.poll() is None
        stranger.kill()


def test_a_folder_that_another_supervisor_holds_is_refused_in_one_sentence(scene: Scene, tmp_path: Path) -> None:
    owner = Owner(tmp_path, "sleep 600")
    with pytest.raises(StartError) as caught:
        start(scene, "exit 0")
    assert str(caught.value) == "The lock in its folder cannot be taken: another supervisor still holds a script there."
    owner.kill()
    wait_until(lambda: guard_of(tmp_path) is None)
    start(scene, "exit 0")
    assert scene.end().exit_code == 0


def test_a_script_that_cannot_be_started_leaves_no_lock(scene: Scene) -> None:
    with pytest.raises(StartError):
        scene.start_argv(["no-such-program"], lock=str(scene.folder / LOCK))
    assert guard_of(scene.folder) is None
    with pytest.raises(StartError, match="The lock in its folder cannot be taken: No such file or directory"):
        scene.start("exit 0", lock="/no/such/lock")
