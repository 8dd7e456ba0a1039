"""`hypertuner run` of what is no Python script with a parser: asked about once, queued as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.hyperparameters import Hyperparameter, argv_of
from cli import main
from cli import run as run_command
from cli.errors import CommandError
from storage.experiments import fetch_experiments
from storage.projects import find_project
from storage.records import Project, Run
from storage.runs import fetch_runs
from storage.store import Store

SHELL = 'echo "loss: $1" > /dev/null\n'
MODULE = """
import argparse
from .model import loss
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
print("loss:", loss(parser.parse_args().lr))
"""
OWN = "import sys\nfor each in sys.argv[1:]:\n    print(each)\n"
LETTING = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
known, others = parser.parse_known_args()
"""

Shell = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "train.sh": SHELL,
        "own.py": OWN,
        "letting.py": LETTING,
        "pkg/__init__.py": "",
        "pkg/model.py": "def loss(lr):\n    return lr\n",
        "pkg/train.py": MODULE,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("HYPERTUNER_DATA_DIR", str(tmp_path / "none"))
    return tmp_path


@pytest.fixture
def shell(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Types `hypertuner run --project mine OPTIONS -- COMMAND`, on a database that is up."""

    @contextmanager
    def database(*_: object) -> Iterator[tuple[Store, None]]:
        yield store, None

    monkeypatch.setattr(run_command, "_database", database)
    return lambda options, command: CliRunner().invoke(
        main.app, ["run", "--project", "mine", *options.split(), "--", *command.split()]
    )


def done(result: Result) -> str:
    assert result.exception is None, (result.exception, result.output)
    return result.output


def refusal(result: Result) -> str:
    assert isinstance(result.exception, CommandError), (result.exception, result.output)
    return str(result.exception)


def queued(store: Store) -> tuple[Project, Run, list[list[str]]]:
    """The newest run, and what is executed for each of its experiments."""
    project = find_project(store, "mine")
    assert project is not None
    run = max(fetch_runs(store, project.id), key=lambda each: each.number)
    known = [Hyperparameter.from_json(each) for each in run.hyperparameters]
    found = fetch_experiments(store, project.id, run_id=run.id)
    numbered = sorted(found, key=lambda each: each.number)
    return project, run, [argv_of(run.command, each.settings, known) for each in numbered]


def test_a_shell_script_is_asked_about_once_and_then_known(store: Store, shell: Shell) -> None:
    said = refusal(shell("", "sh train.sh [1,2] fixed --x 3"))
    assert "Whether train.sh takes argument 1 is not known; it is passed as it stands." in said
    assert find_project(store, "mine") is None

    said = done(shell("--yes", "sh train.sh [1,2] fixed --x 3"))
    assert "sh is no Python interpreter" in said
    assert "train.sh runs from where it is" in said
    project, run, argv = queued(store)
    assert argv == [["sh", "train.sh", value, "fixed", "--x", "3"] for value in ("1", "2")]
    assert (run.command_line, project.options_from) == ("sh train.sh [1,2] fixed --x 3", "command")

    done(shell("", "sh train.sh [2,3] fixed --x 3"))
    assert queued(store)[2] == [["sh", "train.sh", "3", "fixed", "--x", "3"]]


def test_another_shell_script_is_other_code(store: Store, shell: Shell, folder: Path) -> None:
    done(shell("--yes", "sh train.sh [1,2]"))
    (folder / "train.sh").write_text("exit 1")
    done(shell("", "sh train.sh [1,2]"))
    assert len(queued(store)[2]) == 2


def test_a_module_is_discovered_and_its_package_is_its_code(store: Store, shell: Shell, folder: Path) -> None:
    done(shell("", "python -m pkg.train --lr [0.1,0.2]"))
    _, run, argv = queued(store)
    assert [words[1:] for words in argv] == [["-m", "pkg.train", "--lr=0.1"], ["-m", "pkg.train", "--lr=0.2"]]
    first = run.code_digest
    (folder / "pkg" / "model.py").write_text("def loss(lr):\n    return -lr\n")
    done(shell("", "python -m pkg.train --lr [0.1,0.2]"))
    assert queued(store)[1].code_digest not in (None, first)


def test_what_stands_in_front_of_the_interpreter_is_kept(store: Store, shell: Shell) -> None:
    done(shell("", "env A=b python -m pkg.train --lr [0.1]"))
    [argv] = queued(store)[2]
    assert (argv[:2], argv[3:]) == (["env", "A=b"], ["-m", "pkg.train", "--lr=0.1"])


def test_a_script_with_a_way_of_its_own_takes_what_stands_in_brackets(store: Store, shell: Shell) -> None:
    assert "own.py shows no options" in done(shell("--dry-run", "python own.py model.depth=[2,4] out"))
    done(shell("--yes", "python own.py model.depth=[2,4] out"))
    assert [words[1:] for words in queued(store)[2]] == [["own.py", f"model.depth={depth}", "out"] for depth in (2, 4)]


def test_a_parser_that_lets_others_pass_is_asked_about_them_with_what_looks_like_it(store: Store, shell: Shell) -> None:
    assert "did you mean" not in done(shell("", "python letting.py --lr [0.1]"))
    said = refusal(shell("", "python letting.py --lrr [1,2] --lr 0.1"))
    assert said.startswith("Whether letting.py takes --lrr is not known; it is passed as it stands. Did you mean --lr?")
    done(shell("--yes", "python letting.py --lrr [1,2] --lr 0.1"))
    assert [words[1:] for words in queued(store)[2]] == [
        ["letting.py", "--lrr", value, "--lr=0.1"] for value in ("1", "2")
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh nothing.sh [1,2]", "There is no script nothing.sh"),
        ("python -m pkg.nothing --lr [1]", "is no module of"),
        ("notaprogram --lr [1]", "There is no program 'notaprogram'"),
        ("sh train.sh [1,2", "never closed"),
        ("env A=b", "none stands behind it"),
    ],
)
def test_what_cannot_be_started_is_refused(shell: Shell, command: str, said: str) -> None:
    result = shell("", command)
    assert said in f"{result.output} {result.exception}"
