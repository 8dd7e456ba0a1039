"""`hypertuner dispatch` on a real Ray: it stays, and a dispatcher that dies is followed by another."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cli.watch import PartError, Watched
from storage.heartbeats import last_beat
from tests.product import command, environment
from tests.training.conftest import LocalRay, Workshop, kill, wait_until

DISPATCHER = "-m training.dispatcher"


@contextmanager
def dispatching(ray: LocalRay, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command with these words on the local Ray, until the block ends."""
    settings = {
        "HYPERTUNER_RAY_ADDRESS": ray.command.address,
        "HYPERTUNER_RAY_TOKEN_FILE": f"{ray.data_dir}/secrets/ray_token",
    }
    argv = command("dispatch", *words, "--data-dir", str(ray.data_dir))
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(**settings)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says up to a line with these words; the test's own limit ends the wait."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        print(line, end="")
        if words in line:
            return line
    pytest.fail(f"It ended with {process.wait()} and never said {words!r}: {''.join(said)}")


def new_dispatcher(ray: LocalRay, before: set[int]) -> set[int]:
    """The processes of a dispatcher that runs, once those before it are gone."""

    def found() -> set[int]:
        now = set(ray.processes(DISPATCHER))
        # Ray starts it by a shell, which is there first.
        return now if not now & before and any(map(is_python, now)) else set()

    return wait_until(found, what="a new dispatcher")


def is_python(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/exe").readlink().name.startswith("python")
    return False


@pytest.mark.ray
@pytest.mark.timeout(300)
def test_a_dispatcher_that_dies_is_submitted_again(engine: Workshop, local_ray: LocalRay) -> None:
    # The one of the session may still be starting, and would be taken for the next one.
    wait_until(lambda: last_beat(engine.store, "dispatcher"), 120, "a sign of life of the standing dispatcher")
    before = set(local_ray.processes(DISPATCHER))
    with dispatching(local_ray) as process:
        line_of(process, "it is watched until Ctrl-C")
        first = new_dispatcher(local_ray, before)
        kill(list(first))
        line_of(process, "its job has ended")
        new_dispatcher(local_ray, first)
        line_of(process, "The dispatcher is back")
        (experiment,) = engine.await_run(engine.launch("hypertuner.log(loss=x)"))
        assert experiment.state == "finished"

        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    # Others use the cluster, too: what was submitted stays.
    assert local_ray.processes(DISPATCHER)


@pytest.mark.ray
@pytest.mark.timeout(300)
def test_once_submits_it_and_ends(engine: Workshop, local_ray: LocalRay) -> None:
    with dispatching(local_ray, "--once") as process:
        line_of(process, f"The dispatcher runs on {local_ray.command.address}.")
        assert process.wait(60) == 0
    assert engine.await_run(engine.launch("hypertuner.log(loss=x)"))[0].state == "finished"


@pytest.mark.ray
def test_a_wrong_token_ends_it_with_a_sentence(local_ray: LocalRay, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("0" * 64)
    given = environment(HYPERTUNER_RAY_ADDRESS=local_ray.command.address, HYPERTUNER_RAY_TOKEN_FILE=str(wrong))
    answer = subprocess.run(
        command("dispatch", "--data-dir", str(local_ray.data_dir)),
        capture_output=True, text=True, check=False, env=given, timeout=120,
    )  # fmt: skip
    assert (answer.returncode, "refuses our token" in answer.stderr) == (2, True)


# --- what watches it ----------------------------------------------------------------------------------------------------


class Stubborn:
    """A part that starts at its second try, and ends as often as it is told to."""

    title, back, log_path = "The part", "The part is back", Path("/dev/null")

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def start(self, must_end: threading.Event) -> None:
        if self.failures:
            self.failures -= 1
            raise PartError("not yet")

    def ended(self) -> str | None:
        return None

    def stop(self) -> None:
        """Nothing runs."""


def test_a_part_that_works_at_its_second_try_is_no_failure() -> None:
    said: list[str] = []
    watched = Watched(Stubborn(1), said.append)
    watched.begin()
    watched.await_first()
    assert watched.state.word == "working"
    watched.end()
    assert said == ["The part: not yet. It is started again (log: /dev/null)", said[-1]]


def test_a_part_that_never_works_is_given_up_with_advice() -> None:
    said: list[str] = []
    watched = Watched(Stubborn(99), said.append, advice="Look elsewhere.")
    watched.begin()
    with pytest.raises(PartError, match="not yet"):
        watched.await_first()
    assert watched.is_broken
    watched.end()
    assert said[-1] == "The part is broken: not yet (log: /dev/null). Look elsewhere."
