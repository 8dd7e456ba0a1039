"""What an experiment wrote: listed, opened, shared and tidied up, whatever its script left there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis.own_files import by_folder, path_of
from sources import own_files
from sources.own_files import (
    Tree,
    keep_trees,
    list_own_files,
    open_own_file,
    read_trees,
    remove_own_files,
    share_new_folders,
    tidy,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An experiment's folder with one tree, whose project is `project` beside it."""
    (tmp_path / "project").mkdir()
    made = tmp_path / "7"
    (made / "0" / "written").mkdir(parents=True)
    keep_trees(made, [Tree("0/written", ".", str(tmp_path / "project"))])
    return made


@pytest.fixture
def written(folder: Path) -> Path:
    return folder / "0" / "written"


def names(folder: Path) -> list[str]:
    return [file.name for file in list_own_files(folder).files]


def test_trees_are_kept_and_grow(folder: Path) -> None:
    keep_trees(folder, [Tree("output", "$OUT")])
    keep_trees(folder, [Tree("output", "$OUTPUT")])
    assert [(tree.path, tree.name) for tree in read_trees(folder)] == [("0/written", "."), ("output", "$OUTPUT")]
    (folder / own_files.TREES).write_text('{"no": "list"}')
    assert read_trees(folder) == []
    assert list_own_files(folder / "nothing").count == 0


def test_names_are_those_of_the_script(folder: Path, written: Path, tmp_path: Path) -> None:
    (written / "out").mkdir()
    (written / "out" / "a.csv").write_text("1,2")
    (folder / "1").mkdir()
    (folder / "1" / "b").write_text("")
    (folder / "output").mkdir()
    (folder / "output" / "c").write_text("")
    keep_trees(folder, [Tree("1", "../beside", "x"), Tree("output", "$OUTPUT")])
    assert names(folder) == ["$OUTPUT/c", "../beside/b", "out/a.csv"]
    assert [path_of(name) for name in names(folder)] == ["OUTPUT/c", "up/beside/b", "out/a.csv"]
    assert path_of("/abs/../x") == "abs/up/x"


def test_only_ordinary_files_are_listed(folder: Path, written: Path) -> None:
    os.mkfifo(written / "pipe")
    os.mknod(written / "removed", 0o600 | 0o020000, 0)
    (written / "link").symlink_to("/etc/passwd")
    (written / "__pycache__").mkdir()
    (written / "__pycache__" / "a.pyc").write_text("x")
    (written / "real").write_text("12345")
    (written / ".git").mkdir()
    (written / ".git" / "index").write_text("x")
    found = list_own_files(folder)
    assert [(file.name, file.path, file.bytes) for file in found.files] == [("real", "0/written/real", 5)]
    assert (found.count, found.bytes) == (1, 5)


def test_a_name_that_is_no_text_is_written_out(folder: Path, written: Path) -> None:
    (written / os.fsdecode(b"a\xff")).write_text("x")
    assert names(folder) == ["a\\udcff"]


def test_of_very_many_files_the_newest_are_listed_and_all_counted(
    folder: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_files, "MOST_LISTED", 3)
    for number in range(9):
        (written / str(number)).write_text("x")
        os.utime(written / str(number), (number, number))
    found = list_own_files(folder)
    assert ([file.name for file in found.files], found.count, found.bytes) == (["6", "7", "8"], 9, 9)
    monkeypatch.setattr(own_files, "MOST_ENTRIES", 5)
    assert list_own_files(folder).count == 0


def test_equal_files_have_equal_digests_and_others_do_not(folder: Path, written: Path) -> None:
    same = os.urandom(3_000_000)
    for name, content in {"a": same, "b": same, "c": same[:-1] + b"?", "d": same + b"x", "small": b"x"}.items():
        (written / name).write_bytes(content)
    digests = {file.name: file.digest for file in list_own_files(folder, with_digests=True).files}
    assert digests["a"] == digests["b"] != ""
    assert len({digests[name] for name in "acd"}) == 3
    assert digests["small"] == ""
    assert {file.digest for file in list_own_files(folder).files} == {""}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../outside", "0/written/../../../outside", "0/written", "0/none"])
def test_nothing_outside_is_opened(folder: Path, path: str, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    with pytest.raises(FileNotFoundError):
        open_own_file(folder, path)


def test_no_link_of_a_script_is_followed(folder: Path, written: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("x")
    (written / "folder").symlink_to(tmp_path / "outside")
    (written / "file").symlink_to(tmp_path / "outside" / "secret")
    os.mkfifo(written / "pipe")
    for path in ("0/written/folder/secret", "0/written/file", "0/written/pipe"):
        with pytest.raises(FileNotFoundError):
            open_own_file(folder, path)
    (written / "real").write_text("mine")
    with os.fdopen(open_own_file(folder, "0/written/real")) as file:
        assert file.read() == "mine"


def test_new_folders_of_data_go_to_the_project_and_no_others(folder: Path, written: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("data", "src/cache", "downloads", "out", "deep/a/b/data"):
        (written / name).mkdir(parents=True)
        (written / name / "file").write_text("x")
    (project / "src").mkdir()
    assert share_new_folders(folder, [project / "downloads"]) == [
        project / "data", project / "downloads", project / "src/cache"
    ]  # fmt: skip
    assert (project / "src" / "cache" / "file").read_text() == "x"
    assert names(folder) == ["deep/a/b/data/file", "out/file"]
    # One that is there by now is somebody else's.
    (written / "data").mkdir()
    (written / "data" / "file").write_text("another")
    assert share_new_folders(folder, []) == []
    assert (project / "data" / "file").read_text() == "x"


def test_tidying_keeps_what_was_written_alone(tmp_path: Path) -> None:
    project, code, folder = tmp_path / "project", tmp_path / "code", tmp_path / "7"
    copy = folder / "0" / "copy" / "project"
    for place in (project, code, copy / "empty", copy / "__pycache__"):
        place.mkdir(parents=True)
    (project / "a").write_text("1")
    (code / "train.py").write_text("2")
    for name, original in {"a": project, "train.py": code}.items():
        (copy / name).write_bytes((original / name).read_bytes())
        status = (original / name).stat()
        os.utime(copy / name, ns=(status.st_atime_ns, status.st_mtime_ns))
    (copy / "link").symlink_to(project / "link")
    (copy / "mine").write_text("3")
    for name in ("train", "other"):
        (copy / "__pycache__" / f"{name}.cpython-311.pyc").write_text("")
    keep_trees(folder, [Tree("0/copy/project", ".", str(project), str(code), is_copy=True)])
    assert names(folder) == ["mine"]
    tidy(folder)
    assert [path.name for path in copy.iterdir()] == ["mine"]
    assert [path.name for path in (code / "__pycache__").iterdir()] == ["train.cpython-311.pyc"]


def test_a_folder_goes_with_what_nobody_may_enter(folder: Path) -> None:
    (folder / "0" / "work" / "work").mkdir(parents=True)
    (folder / "0" / "work" / "work").chmod(0)
    remove_own_files(folder)
    remove_own_files(folder)
    assert not folder.exists()


def test_files_that_are_the_same_are_told_by_the_outermost_folder() -> None:
    same = [
        ("MNIST/raw/a", 10, [1, 2]), ("MNIST/raw/b", 20, [2, 3]), ("best.pt", 99, [1, 2]), ("$OUT/x/y", 99, [1, 2]),
        ("../up/z", 99, [1, 2]), ("/abs/z", 99, [1, 2]), ("zoo/w", 40, [1, 4]),
    ]  # fmt: skip
    found = [(each.folder, each.experiments, each.count, each.bytes) for each in by_folder(same)]
    assert found == [("zoo", [1, 4], 1, 40), ("MNIST", [1, 2, 3], 2, 30)]
