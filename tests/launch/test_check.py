"""Values that the script itself would refuse are named before the launch."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.candidates import Interval, Space
from analysis.hyperparameters import Hyperparameter
from launch.check import refused_value
from launch.choice import StrategyChoice
from launch.plan import Demand
from sources.discovery import discover
from storage.records import Project

SCRIPT = """
import argparse
def even(text):
    if int(text) % 2:
        raise argparse.ArgumentTypeError("must be even")
    return int(text)
parser = argparse.ArgumentParser()
parser.add_argument("--size", type=even, default=16)
parser.add_argument("--lr", type=float, default=0.1)
parser.parse_args()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "train.py"]
    known = [each.to_json() for each in discover(command, tmp_path).hyperparameters]
    return Project(
        1,
        "sizes",
        "Sizes",
        str(tmp_path),
        command,
        known,
        None,
        "maximize",
        [],
        [],
        False,
        True,
        [],
        {},
        None,
        False,
        None,
        datetime.now(UTC),
    )


def asked(project: Project, space: Space) -> str | None:
    known = [Hyperparameter.from_json(each) for each in project.hyperparameters]
    return refused_value(project, Demand(space, StrategyChoice(), "maximize", known), "code")


def test_the_first_value_that_the_script_refuses_is_named_with_its_words(project: Project) -> None:
    said = asked(project, {"lr": (0.1, 0.2), "size": (2, 4, 5, 7)})
    assert said == "train.py refuses --size 5: argument --size: must be even."


def test_values_that_the_script_takes_are_none_of_our_business(project: Project) -> None:
    assert asked(project, {"size": (2, 4), "lr": (0.1,)}) is None


def test_of_an_interval_its_ends_are_asked(project: Project) -> None:
    assert asked(project, {"size": Interval(2, 8, is_whole=True)}) is None
    assert asked(project, {"size": Interval(3, 8, is_whole=True)}) is not None


def test_a_script_with_plain_converters_is_not_started(project: Project, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("open('started', 'w').close()\n" + SCRIPT)
    assert asked(project, {"lr": (0.1,)}) is None
    assert not (tmp_path / "started").exists()


def test_a_script_on_another_machine_is_not_asked(project: Project, tmp_path: Path) -> None:
    (tmp_path / "train.py").unlink()
    assert asked(project, {"size": (5,)}) is None
