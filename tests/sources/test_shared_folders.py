"""Which folders of a project all its experiments share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sources import shared_folders as module
from sources.shared_folders import looks_shared, shared_folders
from tests.training.conftest import small_disk


def made(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True)


def test_data_and_caches_are_shared_by_their_names_unless_they_are_packages(tmp_path: Path) -> None:
    made(tmp_path, "data", "src/Datasets", "out", "a/b/cache", "a/b/c/data", ".cache", "model/data", "database")
    (tmp_path / "model" / "data" / "loader.py").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert shared_folders(tmp_path, []) == [
        tmp_path / name for name in (".cache", "a/b/cache", "data", "src/Datasets")
    ]  # fmt: skip
    assert not looks_shared(tmp_path / "model" / "data")


def test_what_a_person_names_is_shared_if_it_is_there_and_once(tmp_path: Path) -> None:
    made(tmp_path, "downloads/data", "deep/er/still/here", "out")
    (tmp_path / "file").write_text("")
    named = [tmp_path / each for each in ("downloads", "deep/er/still/here/", "missing", "file", "../elsewhere", ".")]
    assert shared_folders(tmp_path, named) == [tmp_path / "deep/er/still/here", tmp_path / "downloads"]


def test_another_file_system_inside_is_shared(tmp_path: Path) -> None:
    with small_disk(tmp_path / "mounted here", "size=1m"):
        assert shared_folders(tmp_path, []) == [tmp_path / "mounted here"]


def test_a_system_without_a_list_of_mounts_and_a_huge_project_are_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOUNTS", tmp_path / "nothing")
    monkeypatch.setattr(module, "MOST_FOLDERS", 3)
    made(tmp_path, *(f"{number}/data" for number in range(10)))
    assert len(shared_folders(tmp_path, [])) == 2
    assert shared_folders(tmp_path / "nowhere", []) == []


def test_a_folder_that_may_not_be_entered_is_left_out(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", str(tmp_path / "data")], check=True)
    assert shared_folders(tmp_path, []) == []
