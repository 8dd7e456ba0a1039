"""Whatever of a lifeline dies: nothing that its script started outlives it by ten seconds, and nobody else is touched."""

from __future__ import annotations

import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.conftest import LocalRay, Scene, Workshop, is_alive, parent_of, processes_with, wait_until
from training.lifeline_owner import LifelineOwner

LIMIT_S = 10


class Sleepers:
    """Processes that are known by how long they sleep, as nothing else of them needs to stay."""

    def __init__(self) -> None:
        self.seconds = f"36000.{secrets.randbelow(10**12):012}"

    @property
    def hidden(self) -> str:
        """Shell text for one that left its session, has no parent and an empty environment."""
        return f"(setsid env -i /bin/sh -c '(/usr/bin/setsid env -i /bin/sleep {self.seconds} &); exit 0' &)"

    def alive(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and is_alive(int(entry.name)) and self.seconds in arguments_of(entry):
                found.append(int(entry.name))
        return found


def arguments_of(entry: Path) -> list[str]:
    try:
        return (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    made = Sleepers()
    yield made
    for pid in made.alive():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else's."""
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as made:
        yield made
        made.kill()


@pytest.mark.parametrize("victim", ["script", "lifeline", "guard"])
def test_who_left_the_session_and_its_environment_is_gone_with_what_held_it(
    scene: Scene, sleepers: Sleepers, stranger: subprocess.Popen[bytes], victim: str
) -> None:
    script = scene.start(f"{sleepers.hidden}; {sleepers.hidden}; while :; do sleep 600; done", grace_s=1)
    wait_until(lambda: len(sleepers.alive()) == 2)
    lifeline = parent_of(script)
    os.kill({"script": script, "lifeline": lifeline, "guard": parent_of(lifeline)}[victim], signal.SIGKILL)
    wait_until(lambda: not sleepers.alive(), LIMIT_S)
    scene.end()
    assert not is_alive(script)
    assert scene.processes() == []
    assert stranger.poll() is None


# The owner of two scripts, which hangs on a lifeline itself; like a cluster's head, it is a leader there.
LEADER = """
import os, sys, time
from training.lifeline_owner import LifelineOwner
owners = [LifelineOwner(), LifelineOwner()]
for owner, script in zip(owners, sys.argv[1:]):
    print(owner.start(["/bin/sh", "-c", script], "/", dict(os.environ), os.devnull, os.devnull, grace_s=1), flush=True)
while True:
    time.sleep(600)
"""


@pytest.mark.parametrize("manner", ["both killed", "lifeline killed under a frozen guard", "owner killed, too"])
def test_below_a_leader_a_script_whose_supervisors_died_at_once_leaves_nothing(
    scene: Scene, sleepers: Sleepers, stranger: subprocess.Popen[bytes], manner: str
) -> None:
    others = Sleepers()
    scripts = [f"{each.hidden}; while :; do sleep 600; done" for each in (sleepers, others)]
    leader = scene.start_argv([sys.executable, "-P", "-c", LEADER, *scripts], is_leader=True)
    wait_until(lambda: len(sleepers.alive()) == len(others.alive()) == 1 and scene.output().count("\n") == 2)
    held, other = (int(pid) for pid in scene.output().split())
    lifeline = parent_of(held)
    guard = parent_of(lifeline)
    # Frozen first, so that neither sees the other die.
    for pid in (guard, lifeline):
        os.kill(pid, signal.SIGSTOP)
    victims = [lifeline] if manner.startswith("lifeline") else [guard, lifeline]
    for pid in [*victims, leader] if manner.startswith("owner") else victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not sleepers.alive() and not is_alive(held), LIMIT_S)
    assert stranger.poll() is None
    if manner.startswith("owner"):
        wait_until(lambda: not others.alive(), LIMIT_S)
        return
    assert is_alive(leader)
    assert is_alive(other)
    assert others.alive()
    scene.supervisor.close()
    assert not others.alive()


def test_a_leader_s_own_children_and_what_ends_by_itself_soon_are_left_alone(scene: Scene, sleepers: Sleepers) -> None:
    ends_soon = "(setsid sh -c 'sleep 3; echo ended well' &)"
    scene.start(f"/bin/sleep {sleepers.seconds} & {ends_soon}; {sleepers.hidden}; wait", is_leader=True)
    wait_until(lambda: len(sleepers.alive()) == 2)
    wait_until(lambda: len(sleepers.alive()) == 1, LIMIT_S)
    assert scene.output() == "ended well\n"


# One that forks and ends over and over, each time in a session of its own; one whose every part is replaced at once.
COMET = """
import os
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
"""
HYDRA = """
import os
depth = 0
while True:
    if os.fork() == 0:
        depth += 1
        if depth < 30:
            continue
        while True:
            os.read(os.pipe()[0], 1)
    os.wait()
"""


@pytest.mark.parametrize("victim", ["lifeline", "guard", "owner"])
def test_a_storm_of_forks_is_over_in_time(tmp_path: Path, victim: str) -> None:
    # All hold the pipe's end, and so it ends with the last of them.
    read, write = os.pipe()
    with LifelineOwner(pass_fds=[write]) as supervisor:
        scene = Scene(supervisor, tmp_path)
        storm = [f"{sys.executable} -c '{program}' &" for program in (COMET, COMET, HYDRA)]
        script = scene.start("\n".join([*storm, "echo begun; wait; sleep 600"]), grace_s=0.5)
        os.close(write)
        wait_until(lambda: scene.output() == "begun\n" and len(scene.processes()) > 30)
        lifeline = parent_of(script)
        if victim == "owner":
            supervisor.stop(0)
            assert supervisor.wait(LIMIT_S)
            supervisor.close()
        else:
            os.kill({"lifeline": lifeline, "guard": parent_of(lifeline)}[victim], signal.SIGKILL)
        assert select.select([read], [], [], LIMIT_S)[0]
        assert os.read(read, 1) == b""
    os.close(read)


ONCE = """
import pathlib
flag = pathlib.Path({flag!r})
if not flag.exists():
    flag.touch()
    subprocess.run({hidden!r}, shell=True)
    time.sleep(600)
"""


@pytest.mark.ray
def test_a_real_cluster_s_own_processes_outlive_a_script_s_supervisors(
    engine: Workshop, local_ray: LocalRay, sleepers: Sleepers
) -> None:
    before = local_ray.processes("raylet") + local_ray.processes("gcs_server") + local_ray.processes("dashboard")
    run = engine.launch(ONCE.format(flag=str(engine.folder / "flag"), hidden=sleepers.hidden))
    wait_until(sleepers.alive)
    held = min(processes_with(engine.spool_mark(engine.experiments(run)[0])))
    lifeline = parent_of(held)
    guard = parent_of(lifeline)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        os.kill(guard, number)
        os.kill(lifeline, number)
    wait_until(lambda: not sleepers.alive(), LIMIT_S)
    engine.await_run(run)
    assert engine.await_run(engine.launch("pass"))[0].state == "finished"
    assert all(is_alive(pid) for pid in before)
