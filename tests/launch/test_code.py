"""The code and data that a launch would run with, and what changed since earlier runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launch.code import CodeError, CodeState, code_difference, code_state, freeze_code
from launch.order import save_draft, start
from storage.configuration import fetch_diff, fetch_revision
from storage.records import Project
from storage.runs import find_latest_run
from storage.store import Store
from tests.launch.conftest import Planner, order
from tests.sources.test_git import run_git


def test_a_script_that_never_ran_is_known_by_what_it_is(store: Store, project: Project) -> None:
    state = code_state(store, project)
    assert state.code_digest
    assert (state.data_digest, state.is_here, state.problem) == (None, True, "")
    assert find_latest_run(store, project.id) is None


def test_a_script_on_another_machine_has_the_code_of_the_newest_run(
    store: Store, project: Project, plan: Planner, folder: Path
) -> None:
    elsewhere = replace(project, directory="/nowhere")
    assert code_state(store, elsewhere) == CodeState(None, None, False)
    start(store, project, plan({"lr": (0.1,)}), order())
    (folder / "model.py").write_text("WIDTH = 9\n")
    run, _ = start(store, project, plan({"lr": (0.1,)}), order())
    save_draft(store, project, plan({"lr": (0.3,)}), order())
    assert code_state(store, elsewhere) == CodeState(run.code_digest, None, False)


def test_missing_data_is_a_problem_in_words(store: Store, project: Project) -> None:
    state = code_state(store, replace(project, data_paths=["nothing.csv"]))
    assert state.problem.startswith("The declared data nothing.csv is not there")
    assert (state.data_digest, state.is_here) == (None, True)
    # Paths that were just typed go before those of the project.
    assert code_state(store, replace(project, data_paths=["nothing.csv"]), ["data.csv"]).data_digest


def test_the_difference_shows_what_the_script_imports_and_no_more(
    store: Store, project: Project, plan: Planner, folder: Path
) -> None:
    run, _ = start(store, project, plan({"lr": (0.1,)}), order())
    assert code_difference(store, project, run) == []
    (folder / "model.py").write_text("WIDTH = 4\n")
    (folder / "plots.py").write_text("COLOUR = 'blue'\n")
    lines = code_difference(store, project, run)
    assert lines == ["--- model.py", "+++ model.py", "@@ -1 +1 @@", "-WIDTH = 3", "+WIDTH = 4"]


def test_a_difference_that_cannot_be_had_is_refused(store: Store, project: Project, plan: Planner) -> None:
    run, _ = start(store, project, plan({"lr": (0.1,)}), order())
    with pytest.raises(CodeError, match="Run 1 kept no snapshot"):
        code_difference(store, project, replace(run, snapshot_digest=None))
    with pytest.raises(CodeError, match="is not on this machine, so there is nothing to compare with"):
        code_difference(store, replace(project, directory="/nowhere"), run)


def test_a_launch_keeps_what_git_says_of_the_folder(
    store: Store, project: Project, plan: Planner, folder: Path
) -> None:
    plain, _ = start(store, project, plan({"lr": (0.1,)}), order())
    revision = fetch_revision(store, plain.revision_digest or "")
    assert revision
    assert revision["problem"] == "The script's folder is in no git repository."
    run_git(folder, "init", "--initial-branch=work")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-m", "All of it")
    (folder / "model.py").write_text("WIDTH = 11\n")
    run, _ = start(store, project, plan({"lr": (0.2,)}), order())
    revision = fetch_revision(store, run.revision_digest or "")
    assert revision
    assert (revision["branch"], revision["subject"], revision["is_dirty"]) == ("work", "All of it", True)
    assert "+WIDTH = 11" in (fetch_diff(store, run.revision_digest or "") or "")
    # Started from a machine without the script, it is still what the code of that run was.
    elsewhere = replace(project, directory="/nowhere")
    assert freeze_code(store, elsewhere, code_state(store, elsewhere)).revision_digest == run.revision_digest
