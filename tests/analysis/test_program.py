from __future__ import annotations

import shlex

import pytest

from analysis.program import ProgramError, numbers_in, read_program


@pytest.mark.parametrize(
    ("command", "name", "script", "arguments"),
    [
        ("python train.py", "train.py", "train.py", ""),
        ("python -u -W ignore sub/train.py data --lr 1", "train.py", "sub/train.py", "data --lr 1"),
        ("/opt/venv/bin/python3.11 train.py", "train.py", "train.py", ""),
        ("python -m pkg.train x", "pkg.train", None, "x"),
        ("python -mpkg.train x", "pkg.train", None, "x"),
        ("env OMP_NUM_THREADS=1 A=b python train.py x", "train.py", "train.py", "x"),
        ("env A=b ./train --lr 1", "train", "./train", "--lr 1"),
        ("env A=b vw -d data", "vw", None, "-d data"),
        ("torchrun --nproc_per_node 2 train.py x", "train.py", "train.py", "x"),
        ("torchrun --nproc_per_node=2 -m pkg.train x", "pkg.train", None, "x"),
        ("python -m torch.distributed.run --nproc_per_node 2 train.py x", "train.py", "train.py", "x"),
        ("accelerate launch --cpu train.py x", "train.py", "train.py", "x"),
        ("uv run train.py x", "train.py", "train.py", "x"),
        ("uv run --with numpy python train.py x", "train.py", "train.py", "x"),
        ("uv run python -m pkg.train x", "pkg.train", None, "x"),
        ("timeout 60 nice -n 5 python train.py x", "train.py", "train.py", "x"),
        ("sh train.sh x", "train.sh", "train.sh", "x"),
        ("bash -e train.sh x", "train.sh", "train.sh", "x"),
        ("./train --lr 1", "train", "./train", "--lr 1"),
        ("./train.py --lr 1", "train.py", "./train.py", "--lr 1"),
        ("Rscript train.R x", "train.R", "train.R", "x"),
        ("yolo train model=x", "yolo", None, "train model=x"),
    ],
)
def test_the_program_of_a_command(command: str, name: str, script: str | None, arguments: str) -> None:
    program = read_program(shlex.split(command))
    assert (program.name, program.script, shlex.join(program.arguments)) == (name, script, arguments)
    assert (*program.front, *program.arguments) == program.words


@pytest.mark.parametrize(
    ("command", "said", "word"),
    [
        ("", "no command", 0),
        ("train.py --lr 1", "write python in front", 0),
        ("--lr 1", "begins with a program", 0),
        ("python", "Behind python comes the script", 1),
        ("python --lr 1 train.py", "comes the script", 1),
        ("python -u -", "comes the script", 2),
        ("python -c print(1)", "write it into a file", 1),
        ("python -m --lr", "name of a module", 2),
        ("sh -ec train", "write it into a file", 1),
        ("sh", "comes a script", 1),
        ("env A=b", "none stands behind it", 2),
        ("torchrun --nproc_per_node 2", "none stands behind it", 3),
    ],
)
def test_what_starts_no_program_is_said_where_it_stands(command: str, said: str, word: int) -> None:
    with pytest.raises(ProgramError, match=said) as raised:
        read_program(shlex.split(command))
    assert raised.value.word == word


def test_the_options_to_which_a_command_gives_numbers_are_known_by_name() -> None:
    command = "python train.py --beta2=0.99 --n-head 4 model.depth=2 --min_lr -1e-5 --loss mse loss=focal --bn -k 3 x"
    assert numbers_in(command.split()) == {"beta2", "n-head", "n_head", "model.depth", "min_lr"}


def test_another_file_takes_the_place_of_the_script() -> None:
    program = read_program(["env", "A=b", "python", "train.py", "train.py"])
    assert program.with_script("/snapshot/train.py") == ("env", "A=b", "python", "/snapshot/train.py", "train.py")
    assert program.with_arguments(["x"]).words == ("env", "A=b", "python", "train.py", "x")


@pytest.mark.parametrize(
    ("command", "moved"),
    [
        ("python -u -m pkg.train x", "python -u run.py /copy/pkg.train x"),
        ("env A=b python -m pkg.train", "env A=b python run.py /copy/pkg.train"),
        ("python -m torch.distributed.run -m pkg.train", None),
        ("torchrun -m pkg.train", None),
        ("python -mpkg.train", None),
    ],
)
def test_a_module_of_the_interpreter_can_run_from_a_copy(command: str, moved: str | None) -> None:
    program = read_program(command.split())
    assert program.can_move == (moved is not None)
    assert moved is None or " ".join(program.with_module("run.py", "/copy")) == moved
