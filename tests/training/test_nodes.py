"""Nodes that come and go, on a real Ray cluster of several nodes on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import Run
from storage.store import Store
from tests.faults.rain import Rain
from tests.training.conftest import kill, processes_with, wait_until
from training.head import head_environment, make_token
from training.lifeline_owner import LifelineOwner

pytestmark = pytest.mark.ray
PROGRAM = Path(__file__).with_name("nodes.py")
# Nodes of Ray start slowly where the machine has other work.
PATIENCE_S = 150


class Nodes:
    """A cluster whose nodes obey, with a dispatcher that takes it for somebody else's."""

    def __init__(self, data_dir: Path, database_url: str, kind: str, holder: LifelineOwner) -> None:
        (data_dir / "secrets" / "database_url").write_text(database_url)
        environment = head_environment(make_token(data_dir))
        # A head of our own is patient, as its processes' parent sees them die; here only health checks do.
        del environment["RAY_health_check_failure_threshold"]
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,
        )
        self.mark = f"RAY_AUTH_TOKEN_PATH={data_dir}/secrets/ray_token"
        address = self._answer()
        self.log = data_dir / "logs" / "dispatcher.log"
        argv = [sys.executable, "-P", "-m", "training.dispatcher", "--data-dir", str(data_dir), "--ray", address]
        holder.start(argv, str(data_dir), environment, str(self.log), str(self.log), is_leader=True)

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self._answer() == "done"

    def said(self) -> str:
        """What the dispatcher wrote, without Ray's own lines."""
        return "\n".join(line for line in self.log.read_text().splitlines() if " INFO " in line or " WARNING " in line)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(60)
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
            wait_until(lambda: kill(processes_with(self.mark)) or not processes_with(self.mark))


@pytest.fixture
def holder() -> Iterator[LifelineOwner]:
    with LifelineOwner() as made:
        yield made


@pytest.fixture
def rain(tmp_path: Path) -> Rain:
    return Rain(tmp_path / "rain", steps=10)


def finished(rain: Rain, store: Store, run: Run) -> int:
    return rain.states(store, run).count("finished")


@pytest.mark.timeout(600)
def test_a_run_waits_for_a_node_and_no_lost_node_is_its_fault(
    store: Store, database_url: str, data_dir: Path, holder: LifelineOwner, rain: Rain
) -> None:
    nodes = Nodes(data_dir, database_url, "fixed", holder)
    try:
        run = rain.launch(store, 12)
        waiting = wait_until(lambda: rain.waiting(store, run), PATIENCE_S, "the word that it waits")
        assert waiting["what"] == "waits for a node: Each experiment wants 1 CPU; the cluster has none."
        nodes.tell("add")
        nodes.tell("add")
        for so_far in (1, 3, 5):
            wait_until(
                lambda so_far=so_far: finished(rain, store, run) >= so_far, PATIENCE_S, f"{so_far} that finished"
            )  # type: ignore[misc]
            nodes.tell("kill")
            nodes.tell("add")
        wait_until(lambda: finished(rain, store, run) == 12, PATIENCE_S, "the end of all")
        wait_until(lambda: rain.state(store, run) == "finished")
        wait_until(lambda: not rain.children())
        assert rain.judge(store, [run]).is_clean
        assert rain.losses(store, run) == 0, "only crashes have a limit"
    finally:
        print(nodes.said())
        holder.close()
        nodes.end()


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_an_autoscaler_hears_what_could_work_and_takes_the_nodes_back(
    store: Store, database_url: str, data_dir: Path, holder: LifelineOwner, rain: Rain
) -> None:
    nodes = Nodes(data_dir, database_url, "elastic", holder)
    try:
        run = rain.launch(store, 12)
        wait_until(lambda: rain.states(store, run).count("running") == 3, 150, "three nodes at once")
        wait_until(lambda: rain.state(store, run) == "finished", 120)
        assert rain.judge(store, [run]).is_clean
        wait_until(lambda: holds_one_node(store), 100, "the end of all nodes but the head")
    finally:
        print(nodes.said())
        holder.close()
        nodes.end()


def holds_one_node(store: Store) -> bool:
    from storage.heartbeats import last_beat

    beat = last_beat(store, "dispatcher")
    return beat is not None and beat[1].get("nodes") == 1
