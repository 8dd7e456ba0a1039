"""What a script's own parser says against values, before anything is trained."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sources.discovery import DiscoveryError, discover, refusals

ARGPARSE = """
import argparse
def size(text):
    if int(text) % 8:
        raise argparse.ArgumentTypeError("not a multiple of 8")
    return int(text)
parser = argparse.ArgumentParser()
parser.add_argument("mode")
parser.add_argument("--size", type=size, default=16)
parser.add_argument("--lr", type=float, required=True)
group = parser.add_mutually_exclusive_group()
group.add_argument("--fast", action="store_true")
group.add_argument("--slow", action="store_true")
parser.parse_args()
open("trained", "w").close()
"""
CLICK = """
import click
@click.command()
@click.option("--rate", type=click.FloatRange(0, 1), default=0.5)
@click.option("--name", default="x")
def train(rate, name):
    open("trained", "w").close()
train()
"""


def write(folder: Path, text: str) -> list[str]:
    (folder / "train.py").write_text(text)
    return [sys.executable, "train.py"]


def test_the_parsers_own_words_come_back_for_each_trial(tmp_path: Path) -> None:
    command = write(tmp_path, ARGPARSE)
    base = ["fit", "--lr=0.1"]
    trials = [[*base, "--size=16"], [*base, "--size=12"], [*base, "--fast", "--slow"], ["fit"]]
    fine, odd, both, missing = refusals(command, tmp_path, trials)
    assert fine is None
    assert odd == "argument --size: not a multiple of 8"
    assert both is not None
    assert "not allowed with" in both
    assert missing is not None
    assert "--lr" in missing
    assert not (tmp_path / "trained").exists()


def test_click_says_what_is_out_of_range(tmp_path: Path) -> None:
    fine, odd = refusals(write(tmp_path, CLICK), tmp_path, [["--rate=0.5"], ["--rate=1.5"]])
    assert fine is None
    assert odd is not None
    assert "1.5" in odd
    assert not (tmp_path / "trained").exists()


def test_options_with_a_converter_of_the_scripts_own_are_known(tmp_path: Path) -> None:
    found = {each.name: each.has_own_check for each in discover(write(tmp_path, ARGPARSE), tmp_path).hyperparameters}
    assert found == {"size": True, "lr": False, "fast": False, "slow": False}
    found = {each.name: each.has_own_check for each in discover(write(tmp_path, CLICK), tmp_path).hyperparameters}
    assert found == {"rate": True, "name": False}


def test_a_converter_that_crashes_or_exits_refuses_nothing(tmp_path: Path) -> None:
    text = "import argparse, sys\nparser = argparse.ArgumentParser()\n"
    text += "parser.add_argument('--x', type=lambda text: sys.exit(1))\nparser.parse_args()\n"
    assert refusals(write(tmp_path, text), tmp_path, [["--x=1"]]) == [None]


def test_a_script_that_never_reaches_its_parser_refuses_nothing(tmp_path: Path) -> None:
    command = write(tmp_path, "import argparse\nraise RuntimeError('no')\nargparse.ArgumentParser().parse_args()\n")
    assert refusals(command, tmp_path, [["--x=1"], ["--x=2"]]) == [None, None]


def test_a_script_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiscoveryError, match=r"train\.py"):
        refusals([sys.executable, "train.py"], tmp_path, [["--x=1"]])
