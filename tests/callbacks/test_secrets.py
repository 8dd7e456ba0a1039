"""A secret in a command reaches the script, and nobody who looks at the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import plotly
import pytest

from answers.new_project import Desk, answer
from answers.run_facts import spec_of
from callbacks.experiment import facts_of, known_hyperparameters
from callbacks.experiment import page as experiment_page
from callbacks.launch.launching import launch
from launch.allowed import AllowedFolders
from storage.experiments import fetch_experiments
from storage.projects import find_project
from storage.runs import find_run
from storage.store import Store
from tests.callbacks.conftest import form, opened

SCRIPT = """import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--api-key", default="the-key-of-whoever-looks")
parser.add_argument("--lr", type=float, default=0.1)
parser.parse_args()
"""
COMMAND = "python train.py --api-key s3cret-word --lr [0.1,0.2]"
SHOWN = "python train.py --api-key ••• --lr [0.1,0.2]"


@pytest.fixture
def begun(store: Store, data_dir: Path, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "train.py").write_text(SCRIPT)
    desk = Desk(store, data_dir, AllowedFolders([tmp_path]))
    request = {"folder": "", "command": COMMAND, "name": "digits", "isTrial": True, "key": "k"}
    seen = answer(desk, {"do": "look", **request})
    made = answer(desk, {"do": "begin", **request})
    assert made == {"address": "/projects/digits/runs/1"}
    assert seen
    return seen


def test_nothing_that_the_page_shows_has_it(store: Store, begun: dict[str, Any]) -> None:
    assert begun["hyperparameters"][0]["default"] is None
    project = find_project(store, "digits")
    assert project
    run = find_run(store, project.id, 1)
    assert run
    assert spec_of("digits", run)["command_line"] == SHOWN
    (experiment,) = fetch_experiments(store, project.id, run_id=run.id)
    assert experiment.settings == {"lr": 0.1}
    dialog = json.dumps(opened(store), cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)
    assert SHOWN in dialog
    page = json.dumps(experiment_page(store, "digits", 1, ""), cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)
    facts = facts_of("digits", experiment, run, known_hyperparameters(project, run))
    assert "•••" in facts.command
    # It was set, and keeps no default.
    assert facts.defaults == []
    for shown in (
        dialog,
        page,
        " ".join(facts.command),
        json.dumps(spec_of("digits", run)),
        json.dumps(begun["hyperparameters"]),
    ):
        assert "s3cret-word" not in shown
        assert "the-key-of-whoever-looks" not in shown


def test_a_mask_that_nothing_explains_is_refused(store: Store, begun: dict[str, Any]) -> None:
    context = opened(store)["context"]
    for command in (SHOWN.replace("--lr", "--api-key •••"), "python train.py --lr [0.3,•••]"):
        done = launch(store, clicks=1, form=form(command), decisions=None, confirmed=None, context=context)
        assert "is not known here; write the value itself" in done["error"], command
        assert "s3cret" not in done["error"]


def test_another_key_makes_no_experiment_another(store: Store, begun: dict[str, Any]) -> None:
    command = SHOWN.replace("•••", "another-word").replace("[0.1,0.2]", "[0.3,0.4]")
    context = opened(store)["context"]
    for lost in ("[0.3,0.4]", "[0.3,0.4,0.5]"):
        done = launch(
            store, clicks=1, form=form(command.replace("[0.3,0.4]", lost)), decisions=None, confirmed=None,
            context={**context, "key": lost},
        )  # fmt: skip
        assert done["error"] == ""
    project = find_project(store, "digits")
    assert project
    run = find_run(store, project.id, 3)
    assert run
    # The others wait in run 2, whatever its key is.
    assert [each.settings for each in fetch_experiments(store, project.id, run_id=run.id)] == [{"lr": 0.5}]


def test_a_launch_of_the_command_that_is_shown_passes_it_on(store: Store, begun: dict[str, Any]) -> None:
    context = opened(store)["context"]
    done = launch(store, clicks=1, form=form(SHOWN), decisions=None, confirmed=None, context=context)
    assert (done["path"], done["error"]) == ("/projects/digits/runs/2", "")
    project = find_project(store, "digits")
    assert project
    run = find_run(store, project.id, 2)
    assert run
    assert list(run.command)[2:] == ["--api-key", "s3cret-word"]
    assert run.command_line == COMMAND
    assert [each.settings for each in fetch_experiments(store, project.id, run_id=run.id)] == [{"lr": 0.1}, {"lr": 0.2}]
