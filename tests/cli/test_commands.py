"""Commands as a user types them: sentences instead of stack traces, and nothing left behind."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.options import read_objective
from cli.parts import bind
from tests.product import Product, hypertuner, processes_of, wait_until

# They start all that a user would.
pytestmark = pytest.mark.ray

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=2)
arguments = parser.parse_args()
if arguments.lr > 5:
    raise SystemExit("the learning rate is too large")
for epoch in range(arguments.epochs):
    print(f"Epoch {epoch + 1}/{arguments.epochs} loss={1 / (1 + arguments.lr * epoch)}")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def test_discover_prints_what_the_parser_declares(script: Path) -> None:
    answer = hypertuner("discover", str(script), "--json")
    found = {entry["name"]: entry for entry in json.loads(answer.stdout)["hyperparameters"]}
    assert (found["lr"]["type"], found["lr"]["default"]) == ("float", 0.1)
    assert found["epochs"]["type"] == "int"


def test_a_run_from_nothing_trains_reports_and_leaves_nothing_running(script: Path, data_dir: Path) -> None:
    answer = hypertuner(
        *("run", "--project", "mine", "--objective", "min:loss", "--wait", "--data-dir", str(data_dir)),
        *("--", "python", "train.py", "--lr", "[0.5,1]", "--epochs", "[2:4:2]"),
        cwd=script.parent,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "4 experiments queued" in answer.stdout
    assert answer.stdout.count("finished") >= 4
    wait_until(lambda: processes_of(data_dir) == {}, f"all processes gone, but {processes_of(data_dir)}")

    again = hypertuner(
        *("run", "--project", "mine", "--data-dir", str(data_dir)),
        *("--", "python", "train.py", "--lr", "[0.5,1]", "--epochs", "[2,4]"),
        cwd=script.parent,
    )
    assert "Nothing to run" in again.stdout

    output = data_dir / "out.csv"
    exported = hypertuner("export", "mine", "-o", str(output), "--data-dir", str(data_dir))
    assert exported.returncode == 0, exported.stderr
    header, *rows = output.read_text().splitlines()
    assert {"lr", "epochs", "loss"} <= set(header.split(","))
    assert len(rows) == 4


def test_a_preview_from_nothing_prints_and_leaves_nothing_running(script: Path, data_dir: Path) -> None:
    answer = hypertuner(
        *("run", "--project", "mine", "--dry-run", "--json", "--data-dir", str(data_dir)),
        *("--", "python", "train.py", "--lr", "[0.5,1]", "--epochs", "[2:4:2]"),
        cwd=script.parent,
    )
    plan = json.loads(answer.stdout)
    assert (answer.returncode, plan["total"], plan["scheduled"], plan["at_once"]) == (0, 4, 4, os.cpu_count())
    assert processes_of(data_dir) == {}


def test_a_failing_experiment_fails_the_command_and_spares_the_others(script: Path, data_dir: Path) -> None:
    answer = hypertuner(
        *("run", "--project", "mine", "--wait", "--data-dir", str(data_dir)),
        *("--", "python", "train.py", "--lr", "[9,1]"),
        cwd=script.parent,
    )
    assert answer.returncode == 1
    assert "the learning rate is too large" in answer.stderr
    assert "finished" in answer.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["python", "nowhere.py", "--lr", "[1]"], "nowhere.py"),
        (["python", "train.py", "--learning", "[1]"], "--learning"),
        (["python", "train.py", "--lr", "[]"], "--lr"),
        (["python", "train.py", "--lr", "[1:2:0]"], "step"),
        (["python", "train.py", "--lr", "[1:2:1*]"], "step"),
        (["python", "train.py", "--epochs", "[a]"], "--epochs"),
        (["no-such-program", "train.py"], "no-such-program"),
        ([], "Nothing to run"),
    ],
)
def test_a_bad_command_line_gets_one_sentence(script: Path, data_dir: Path, words: list[str], sentence: str) -> None:
    answer = hypertuner("run", "--project", "mine", "--data-dir", str(data_dir), "--", *words, cwd=script.parent)
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x00\x01\x02binary", "no Python script"),
        (b"def broken(:\n", "line 1"),
        (b"print('no options here')\n", "odd.py shows no options"),
        (b"print('no options here')\n", "Whether odd.py takes --lr is not known"),
        (b"import argparse\nraise RuntimeError('broken at import')\n", "broken at import"),
    ],
)
def test_a_script_that_cannot_be_tuned_is_explained(
    tmp_path: Path, data_dir: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "odd.py").write_bytes(content)
    words = ("run", "--project", "odd", "--data-dir", str(data_dir), "--", "python", "odd.py", "--lr", "[1]")
    answer = hypertuner(*words, cwd=tmp_path)
    assert answer.returncode == 2
    assert sentence in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = hypertuner("up", "--data-dir", str(tmp_path / "file"))
    assert answer.returncode == 2
    assert "is a file" in answer.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_data_folder_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    answer = hypertuner("up", "--data-dir", str(tmp_path))
    assert answer.returncode == 2
    assert "belongs to user id 12345" in answer.stderr


def test_up_gives_a_link_refuses_a_second_start_and_ends_at_ctrl_c(data_dir: Path) -> None:
    product = Product(["up"], data_dir)
    try:
        product.wait_for("Ctrl-C stops everything")
        assert product.link
        second = hypertuner("up", "--data-dir", str(data_dir))
        assert second.returncode == 2
        assert "already running" in second.stderr
        another = hypertuner("link", "--data-dir", str(data_dir)).stdout
        assert "/login?token=" in another
        assert another.strip() != product.link
    finally:
        product.interrupt()
    assert processes_of(data_dir) == {}


def test_a_killed_launcher_leaves_no_process_behind(data_dir: Path) -> None:
    product = Product(["up"], data_dir)
    try:
        product.wait_for("Ctrl-C stops everything")
    finally:
        product.kill()
    wait_until(lambda: processes_of(data_dir) == {}, "all processes gone", timeout_s=60)


def test_an_unknown_project_is_named_with_those_that_are_there(data_dir: Path) -> None:
    answer = hypertuner("export", "nothing", "--data-dir", str(data_dir))
    assert answer.returncode == 2
    assert "There is no project 'nothing'" in answer.stderr


def test_doctor_looks_at_everything(data_dir: Path) -> None:
    answer = hypertuner("doctor", "--data-dir", str(data_dir))
    assert answer.returncode == 0, answer.stdout
    for subject in ("Python", "PostgreSQL", "Ray", "GPU", "Disk", "Files", "Browser"):
        assert subject in answer.stdout


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with bind(port) as listener:
            assert listener.getsockname()[1] not in {port, 0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max:accuracy", ("accuracy", "maximize")), ("min:loss", ("loss", "minimize")), ("f1", ("f1", "maximize"))],
)
def test_an_objective_is_a_goal_and_a_metric(text: str, expected: tuple[str, str]) -> None:
    objective = read_objective(text)
    assert (objective.metric, objective.goal) == expected


@pytest.mark.parametrize("text", ["best:loss", "max:"])
def test_an_objective_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="max:METRIC"):
        read_objective(text)
