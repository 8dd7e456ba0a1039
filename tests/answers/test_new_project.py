"""Beginning a project: what the dialog is answered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from answers.new_project import Desk, answer
from callbacks.launch.launching import launch
from launch.allowed import AllowedFolders
from storage.experiments import fetch_experiments
from storage.projects import fetch_projects, find_project, register_project
from storage.runs import find_run
from storage.store import Store
from tests.callbacks.conftest import form, opened
from tests.laboratory import SCRIPT


@pytest.fixture
def desk(store: Store, data_dir: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "vision"
    (folder / "data").mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "a helper.py").write_text("x = 1")
    (folder / ".hidden.py").write_text("")
    return Desk(store, data_dir, AllowedFolders([tmp_path]))


def ask(desk: Desk, do: str, **request: Any) -> dict[str, Any]:
    found = answer(desk, {"do": do, "folder": "vision", "command": "python train.py", "key": "k", **request})
    assert found is not None
    return found


def test_a_folder_shows_its_folders_and_its_scripts_with_their_commands(desk: Desk, tmp_path: Path) -> None:
    shown = ask(desk, "browse")
    assert (shown["folder"], shown["above"], shown["folders"]) == (str(tmp_path / "vision"), str(tmp_path), ["data"])
    # What is started comes first.
    assert [(each["command"], each["isStarted"]) for each in shown["scripts"]] == [
        ("python train.py", True),
        ("python 'a helper.py'", False),
    ]
    assert ask(desk, "browse", folder="")["above"] is None
    assert "error" in ask(desk, "browse", folder="..")


def test_the_environment_of_the_folder_is_what_starts_its_scripts(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text("#!/bin/sh")
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    assert ask(desk, "browse")["scripts"][0]["command"] == "../.venv/bin/python train.py"


def test_a_look_says_what_the_command_can_be_given(desk: Desk) -> None:
    seen = ask(desk, "look", command="python train.py --lr [0.1,0.2]")
    assert [each["name"] for each in seen["hyperparameters"]] == ["--batch_size", "--lr", "--optimizer", "--augment"]
    assert seen["hyperparameters"][0]["default"] == "64"
    assert (seen["tuned"], seen["name"]) == (["lr"], "vision")
    assert "argparse" in seen["readFrom"]
    assert fetch_projects(desk.store) == []


@pytest.mark.parametrize(
    "command", ["", "python missing.py", "rm -rf /", "python train.py | tee x", "python train.py --lrr [1,2]"]
)
def test_what_cannot_be_launched_is_refused_in_a_sentence(desk: Desk, command: str) -> None:
    for do in ("look", "begin"):
        assert ask(desk, do, command=command)["error"].endswith(".") or "?" in ask(desk, do, command=command)["error"]
    assert fetch_projects(desk.store) == []


def test_a_project_begins_with_a_trial_of_its_first_candidates(desk: Desk) -> None:
    command = "python train.py --lr [0.1,0.2] --batch_size [16:64:*2]"
    begun = ask(desk, "begin", command=command, name="My net", isTrial=True)
    assert begun == {"address": "/projects/my-net/runs/1"}
    project = find_project(desk.store, "my-net")
    assert project is not None
    run = find_run(desk.store, project.id, 1)
    assert run is not None
    assert (run.is_trial, run.objective) == (True, None)
    (experiment,) = fetch_experiments(desk.store, project.id, run_id=run.id)
    assert experiment.settings == {"lr": 0.1, "batch_size": 16}
    # The launch dialog goes on from what was typed.
    assert run.command_line == command
    # An answer that got lost is asked for again.
    assert ask(desk, "begin", command=command, name="My net", isTrial=True) == begun


def test_a_project_begins_without_a_trial(desk: Desk) -> None:
    assert ask(desk, "begin", name="My net") == {"address": "/projects/my-net"}


def test_a_name_that_is_taken_changes_nothing(desk: Desk) -> None:
    register_project(desk.store, "Vision", directory="/", command=["python", "x.py"], hyperparameters=[])
    assert ask(desk, "look")["name"] == "vision train"
    register_project(desk.store, "Vision train", directory="/", command=["python", "x.py"], hyperparameters=[])
    assert ask(desk, "look")["name"] == "vision train 2"
    assert "already" in ask(desk, "begin", name="vision")["error"]
    assert "name" in ask(desk, "begin", name=" ")["error"]
    assert [each.command for each in fetch_projects(desk.store)] == [["python", "x.py"]] * 2


def test_an_unknown_request_is_none(desk: Desk) -> None:
    assert answer(desk, {"do": "format"}) is None


def test_a_folder_of_odd_files_is_shown(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "vision"
    os.mkfifo(folder / "pipe.py")
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "-x.py").write_text("")
    (folder / "it's.py").write_text("")
    commands = [each["command"] for each in ask(desk, "browse")["scripts"]]
    assert commands[0] == "python train.py"
    assert {"python ./-x.py", "python 'it'\"'\"'s.py'"} <= set(commands)
    assert ask(desk, "look", command="python loop.py")["error"].startswith("This command cannot be read")


def test_a_very_long_name_gets_a_number_that_is_not_cut(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / ("n" * 120)).mkdir()
    (tmp_path / ("n" * 120) / "train.py").write_text(SCRIPT)
    for _ in range(2):
        name = ask(desk, "look", folder="n" * 120)["name"]
        assert "address" in ask(desk, "begin", folder="n" * 120, name=name, key=name)
    assert len(fetch_projects(desk.store)) == 2


def test_a_trial_is_not_extended(desk: Desk) -> None:
    ask(desk, "begin", name="digits", isTrial=True)
    extension = opened(desk.store, "extend", run=1)
    done = launch(
        desk.store, clicks=1, form=form("python train.py --lr [0.7,0.8]", objective=""), decisions=None, confirmed=None,
        context=extension["context"],
    )  # fmt: skip
    assert "was a trial" in done["error"]
