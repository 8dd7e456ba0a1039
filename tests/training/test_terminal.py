"""A terminal for scripts that ask for one: what they see, what comes out, and how they end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from analysis.failures import missed
from storage.experiments import fetch_log
from tests.training.conftest import Workshop, is_alive, kill
from tests.training.test_experiment import perform
from training import terminal
from training.experiment import ExperimentWorker


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-I", "-S", str(terminal.__file__), sys.executable, "-c", program, *arguments]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)


def test_a_program_sees_a_terminal_that_says_nothing() -> None:
    asked = run(
        "import os, sys\nprint(*os.get_terminal_size(), sys.stdout.isatty(), os.popen('stty size').read().split())\n"
        "for _ in range(3):\n    try:\n        input()\n    except EOFError:\n        print('end')"
    )
    assert asked.stdout == b"80 24 True ['24', '80']\nend\nend\nend\n"
    assert (asked.returncode, asked.stderr) == (0, b"")


def test_all_that_is_printed_comes_out_as_it_was() -> None:
    printed = run("import sys; sys.stdout.buffer.write(bytes(range(256)) * 4_000 + b'\\r\\n'); sys.stderr.write('x')")
    assert printed.stdout == bytes(range(256)) * 4_000 + b"\r\n"
    assert printed.stderr == b"x"


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os; os.close(0); os.close(1); raise SystemExit(4)", 4),
    ],
)
def test_it_ends_as_the_program_does(program: str, status: int) -> None:
    assert run(program).returncode == status


def test_what_a_program_leaves_behind_is_not_waited_for() -> None:
    program = "import os, time\nleft = os.fork()\nif left == 0: os.close(2); time.sleep(300)\nprint(left, flush=True); os._exit(0)"
    left = int(run(program).stdout)
    assert is_alive(left)
    kill([left])


def test_a_program_that_is_not_there_is_named() -> None:
    argv = [sys.executable, "-I", "-S", str(terminal.__file__), "/nowhere/train"]
    answer = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    assert (answer.returncode, answer.stderr) == (
        127,
        b"/nowhere/train could not be started: No such file or directory.\n",
    )


ASKS = "columns = int(os.popen('stty size').read().split()[1]); print(f'loss: {columns / 100}')"


def test_a_script_that_asks_for_its_terminal_runs_with_one(workshop: Workshop, worker: ExperimentWorker) -> None:
    (experiment,) = perform(workshop, worker, workshop.launch(ASKS, has_terminal=True))
    assert (experiment.state, experiment.metrics["loss"].last) == ("finished", 0.8)
    assert fetch_log(workshop.store, experiment.id)[0] == "loss: 0.8\n"


@pytest.mark.parametrize(
    ("action", "advice"),
    [
        (ASKS, "It asks for a terminal: launch it with --terminal."),
        ("os.get_terminal_size()", "It asks for a terminal: launch it with --terminal."),
        ("input('Go on? ')", "It asks a question, and nobody answers there: give the answer by an option"),
    ],
)
def test_without_one_it_is_said_what_to_do(
    workshop: Workshop, worker: ExperimentWorker, action: str, advice: str
) -> None:
    (experiment,) = perform(workshop, worker, workshop.launch(action))
    assert (experiment.state, experiment.exit_code) == ("failed", 1)
    assert advice in str(experiment.reason)


def test_a_script_that_is_stopped_on_its_terminal_has_its_last_words(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    action = (
        "def bye(*_): print('loss: 0.5', flush=True); sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, bye); print('ready', flush=True); time.sleep(60)"
    )
    (experiment,) = perform(workshop, worker, workshop.launch(action, has_terminal=True, time_limit_s=1))
    assert str(experiment.reason).startswith("time limit of 1 s reached")
    assert experiment.metrics["loss"].last == 0.5


def test_nothing_is_missed_where_nothing_shows_it() -> None:
    assert missed("ValueError: bad luck") == ""
