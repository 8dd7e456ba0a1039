"""A copy of small files and links, for machines without copy-on-write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sources import linked_copy
from sources.linked_copy import is_untouched, make_linked_copy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "home" / "project"
    (root / "src").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "src" / "train.py").write_text("now")
    (root / "run.sh").write_text("#!/bin/sh")
    (root / "run.sh").chmod(0o555)
    (root / "big").write_bytes(b"x" * 2_000_000)
    (root.parent / "sibling").write_text("beside")
    return root


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "experiment" / "project"


def test_small_files_are_copied_large_ones_and_shared_folders_linked(project: Path, copy: Path) -> None:
    make_linked_copy(copy, [project], [project / "data"])
    assert (copy / "src" / "train.py").read_text() == "now"
    assert not (copy / "src" / "train.py").is_symlink()
    assert os.readlink(copy / "big") == str(project / "big")
    assert os.readlink(copy / "data") == str(project / "data")
    # Copies may be written to, whatever the originals say.
    assert os.stat(copy / "run.sh").st_mode & 0o777 == 0o755
    assert (copy / ".." / "sibling").read_text() == "beside"


def test_of_very_many_neighbours_data_and_folders_are_linked_first(
    project: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_copy, "MOST_NEIGHBOURS", 2)
    (project.parent / "zoo").mkdir()
    (project.parent / "Datasets").mkdir()
    (project.parent / "another").write_text("file")
    (project.parent / "loop").symlink_to("loop")
    make_linked_copy(copy, [project], [])
    assert sorted(path.name for path in copy.parent.iterdir()) == ["Datasets", "project", "zoo"]


def test_the_first_original_goes_before_the_others(project: Path, copy: Path, tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "src").mkdir(parents=True)
    (code / "src" / "train.py").write_text("as launched")
    (code / "big").mkdir()
    make_linked_copy(copy, [code, project], [])
    assert (copy / "src" / "train.py").read_text() == "as launched"
    assert (copy / "big").is_dir()
    assert (copy / "run.sh").is_file()


def test_what_is_in_the_copy_already_stays(project: Path, copy: Path) -> None:
    (copy / "src").mkdir(parents=True)
    (copy / "src" / "train.py").write_text("mine")
    make_linked_copy(copy, [project], [])
    make_linked_copy(copy, [project], [])
    assert (copy / "src" / "train.py").read_text() == "mine"


def test_copies_and_links_are_told_from_what_was_written(project: Path, copy: Path) -> None:
    make_linked_copy(copy, [project], [])
    for name in ("src/train.py", "big"):
        assert is_untouched(copy / name, [project / name])
    (copy / "src" / "train.py").write_text("changed")
    (copy / "big").unlink()
    (copy / "big").write_text("my own")
    (copy / "link").symlink_to("elsewhere")
    for name in ("src/train.py", "big", "link", "missing"):
        assert not is_untouched(copy / name, [project / name])
    assert not is_untouched(copy / "big", [])


def test_a_huge_project_is_linked_from_some_point_on(
    project: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_copy, "MOST_COPIED_BYTES", 5)
    monkeypatch.setattr(linked_copy, "MOST_ENTRIES", 2)
    make_linked_copy(copy, [project], [])
    assert (copy / "src").is_symlink()
    assert (copy / "run.sh").is_symlink()
    assert (copy / "run.sh").read_text() == "#!/bin/sh"
