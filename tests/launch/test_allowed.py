"""Where the page may begin projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.program import read_program
from launch.allowed import AllowedFolders, NotAllowedError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "vision").mkdir(parents=True)
    (tmp_path / "home" / "vision" / "train.py").write_text("")
    (tmp_path / "home" / "vision" / "train.sh").write_text("")
    (tmp_path / "home" / "vision" / "loop.py").symlink_to("loop.py")
    (tmp_path / "home" / "vision" / "pkg").mkdir()
    (tmp_path / "home" / "vision" / "pkg" / "__main__.py").write_text("")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "other.py").write_text("")
    (tmp_path / "home" / "way-out").symlink_to(tmp_path / "outside")
    (tmp_path / "home" / "vision" / "linked.py").symlink_to(tmp_path / "outside" / "other.py")
    return tmp_path / "home"


def test_a_folder_is_read_from_the_first_of_those_that_are_allowed(home: Path) -> None:
    allowed = AllowedFolders([home])
    assert allowed.read("") == home
    assert allowed.read("vision") == home / "vision"
    assert allowed.read(f" {home / 'vision'} ") == home / "vision"


@pytest.mark.parametrize("written", ["..", "/", "way-out", "vision/../../outside", "~root", "a\0b"])
def test_no_name_leads_out_of_them(home: Path, written: str) -> None:
    with pytest.raises(NotAllowedError):
        AllowedFolders([home]).read(written)


def test_where_none_is_allowed_it_is_said_who_can_allow_one() -> None:
    with pytest.raises(NotAllowedError, match="HYPERTUNER_PROJECT_FOLDERS"):
        AllowedFolders([]).read("/")


@pytest.mark.parametrize(
    "command",
    [
        "python train.py",
        "python -u -W ignore train.py",
        "python -m pkg",
        "env X=1 OMP_NUM_THREADS=2 python train.py",
        "nohup python train.py",
        "uv run python train.py",
        "uv run train.py",
        "torchrun --nproc_per_node=2 train.py --lr 1",
        "torchrun --standalone --nnodes 1 -m pkg",
        "accelerate launch --num_processes 2 train.py",
        "sh train.sh",
        "bash -eu train.sh a b",
        "./train.py",
    ],
)
def test_scripts_and_modules_in_them_may_be_started(home: Path, command: str) -> None:
    AllowedFolders([home]).check(read_program(command.split()), home / "vision")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("python ../../outside/other.py", "not in"),
        ("python linked.py", "not in"),
        ("python missing.py", "There is no file"),
        ("python -m http.server", "no file of this folder"),
        ("rm -rf x", "no file of this folder"),
        ("timeout 5 rm -rf x", "no file of this folder"),
        ("/bin/ls x", "not in"),
    ],
)
def test_nothing_else_may(home: Path, command: str, reason: str) -> None:
    with pytest.raises(NotAllowedError, match=reason):
        AllowedFolders([home]).check(read_program(command.split()), home / "vision")


@pytest.mark.parametrize(
    "command",
    [
        "nice perl -e x train.py",
        "timeout 5 rm -rf x train.py",
        "find train.sh -exec touch x",
        "rm train.sh",
        "ipython -c x train.py",
        "bash --rcfile train.sh -i x.py",
        "sh -s train.sh",
        "env PATH=/tmp/evil python train.py",
        "env LD_PRELOAD=x python train.py",
        "env PYTHONSTARTUP=x python train.py",
        "env -S x train.py",
        "env -i python train.py",
        "uv run --with evil python train.py",
        "torchrun --no-python train.py",
        "torchrun /tmp/evil train.py",
        "python x train.py",
        "cat train.py",
    ],
)
def test_a_launcher_that_could_start_something_else_is_refused(home: Path, command: str) -> None:
    with pytest.raises(NotAllowedError):
        AllowedFolders([home]).check(read_program(command.split()), home / "vision")
