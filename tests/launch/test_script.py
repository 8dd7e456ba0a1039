"""Options are read again where a script was edited since."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from launch.script import refresh_hyperparameters
from storage.projects import find_project
from storage.records import Project
from storage.store import Store


@pytest.fixture
def known(store: Store, project: Project) -> Project:
    """The project after a first reading."""
    return refresh_hyperparameters(store, replace(project, command=[sys.executable, "train.py"]))[0]


def names(project: Project) -> list[str]:
    return [str(each["name"]) for each in project.hyperparameters]


def test_the_first_reading_is_kept(store: Store, known: Project) -> None:
    assert names(known) == ["lr", "epochs"]
    assert known.code_digest
    assert find_project(store, known.slug) == replace(known, command=["python", "train.py"])


def test_options_that_came_and_went_are_said(store: Store, known: Project, folder: Path) -> None:
    script = folder / "train.py"
    script.write_text(script.read_text().replace("--epochs", "--rounds").replace("import model\n", ""))
    now, said = refresh_hyperparameters(store, replace(known, command=[sys.executable, "train.py"]))
    assert said == "train.py has gained rounds and lost epochs since its options were last read."
    assert names(now) == ["lr", "rounds"]


def test_another_default_is_said(store: Store, known: Project, folder: Path) -> None:
    script = folder / "train.py"
    script.write_text(script.read_text().replace("default=0.1", "default=0.3"))
    now, said = refresh_hyperparameters(store, replace(known, command=[sys.executable, "train.py"]))
    assert said == "train.py has another default for lr since its options were last read."
    assert now.hyperparameters[0]["default"] == 0.3


def test_an_edit_that_leaves_the_options_alone_is_not_worth_a_word(store: Store, known: Project, folder: Path) -> None:
    (folder / "model.py").write_text("WIDTH = 4\n")
    now, said = refresh_hyperparameters(store, replace(known, command=[sys.executable, "train.py"]))
    assert said == ""
    assert now.code_digest != known.code_digest


def test_code_that_is_the_same_is_not_read_again(store: Store, known: Project) -> None:
    # With no interpreter that could read it.
    assert refresh_hyperparameters(store, replace(known, command=["/nothing", "train.py"]))[1] == ""


def test_a_script_that_cannot_be_read_now_keeps_its_options(store: Store, known: Project, folder: Path) -> None:
    (folder / "train.py").write_text("def broken(:\n")
    now, said = refresh_hyperparameters(store, replace(known, command=[sys.executable, "train.py"]))
    assert said.startswith("The options of train.py are those of its last reading: ")
    assert names(now) == ["lr", "epochs"]
    # Mended, it is read again.
    assert now.code_digest == known.code_digest


def test_a_script_that_is_gone_keeps_its_options(store: Store, known: Project, folder: Path) -> None:
    (folder / "train.py").unlink()
    assert refresh_hyperparameters(store, known) == (known, "")
