"""Packing a script's folder, and unpacking it safely."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import threading
from pathlib import Path

import pytest

from sources.snapshot import MOST_FILE_BYTES, SnapshotError, link_rest, snapshot_files, take_snapshot, unpack_snapshot


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, content in {
        "train.py": "import model",
        "model.py": "",
        "conf/a.yaml": "lr: 1",
        "data/images.npy": "x",
        ".git/config": "x",
        ".env": "PASSWORD=x",
        "__pycache__/model.pyc": "x",
        "venv/pyvenv.cfg": "x",
        "venv/lib/thing.py": "x",
        "other/pyvenv.cfg": "x",
        "other/thing.py": "x",
        "node_modules/x/index.json": "{}",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "big.json").write_bytes(b"1" * (MOST_FILE_BYTES + 1))
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "linked").symlink_to("/etc")
    os.mkfifo(folder / "pipe.py")
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_only_source_files_travel(project: Path, tmp_path: Path) -> None:
    snapshot = take_snapshot(project / "train.py")
    unpacked = unpack_snapshot(snapshot.archive, snapshot.digest, tmp_path / "snapshots")
    assert names_in(unpacked) == ["conf/a.yaml", "model.py", "train.py"]
    assert (unpacked / snapshot.script).read_text() == "import model"


def test_what_is_in_a_snapshot_is_read_without_unpacking_it(project: Path, tmp_path: Path) -> None:
    snapshot = take_snapshot(project / "train.py")
    unpacked = unpack_snapshot(snapshot.archive, snapshot.digest, tmp_path / "snapshots")
    files = snapshot_files(snapshot.archive, snapshot.digest)
    assert files == {name: (unpacked / name).read_bytes() for name in names_in(unpacked)}
    with pytest.raises(SnapshotError, match="not what its digest promises"):
        snapshot_files(snapshot.archive, "0" * 64)
    with pytest.raises(SnapshotError, match="The archive is damaged"):
        snapshot_files(snapshot.archive[:-9], snapshot.digest)


def test_equal_folders_give_equal_bytes(project: Path, tmp_path: Path) -> None:
    before = take_snapshot(project / "train.py")
    for path in project.rglob("*.py"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1, 1))
            path.chmod(0o755)
    assert take_snapshot(project / "train.py") == before
    (project / "model.py").write_text("changed")
    assert take_snapshot(project / "train.py").digest != before.digest


def test_what_did_not_travel_is_linked_beside_what_did(project: Path, tmp_path: Path) -> None:
    (project / "conf" / "large.bin").write_text("data")
    snapshot = take_snapshot(project / "train.py")
    unpacked = unpack_snapshot(snapshot.archive, snapshot.digest, tmp_path)
    (project / "model.py").write_text("edited")
    for _ in range(2):
        link_rest(unpacked, project)
    assert (unpacked / "data" / "images.npy").read_text() == "x"
    assert (unpacked / "conf" / "large.bin").read_text() == "data"
    assert (unpacked / "model.py").read_text() == ""
    assert not (unpacked / ".git").exists()
    assert not (unpacked / "__pycache__").exists()
    # Removing the snapshot touches nothing of the project.
    shutil.rmtree(unpacked)
    assert (project / "data" / "images.npy").exists()


def test_two_scripts_of_one_folder_have_snapshots_of_their_own(project: Path) -> None:
    (project / "other.py").write_text("import model")
    one, other = (take_snapshot(project / name) for name in ("train.py", "other.py"))
    assert (one.script, other.script) == ("train.py", "other.py")
    assert one.digest != other.digest
    assert snapshot_files(one.archive, one.digest) == snapshot_files(other.archive, other.digest)


def test_a_linked_script_travels_with_the_real_ones_folder(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(project / "train.py")
    assert take_snapshot(tmp_path / "link.py") == take_snapshot(project / "train.py")


def test_a_script_of_any_name_and_size_travels(tmp_path: Path) -> None:
    script = tmp_path / "train"
    script.write_bytes(b"#" * (MOST_FILE_BYTES + 1))
    snapshot = take_snapshot(script)
    assert (
        unpack_snapshot(snapshot.archive, snapshot.digest, tmp_path / "s") / "train"
    ).stat().st_size > MOST_FILE_BYTES


def test_a_folder_that_is_too_large_is_refused_with_its_largest_parts(tmp_path: Path) -> None:
    for number in range(21):
        path = tmp_path / ("captions" if number < 18 else "more") / f"{number}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1" * MOST_FILE_BYTES)
    (tmp_path / "train.py").touch()
    with pytest.raises(SnapshotError) as refused:
        take_snapshot(tmp_path / "train.py")
    said = str(refused.value)
    assert "at most 20 MB in 5,000 files travel with a run" in said
    assert "The largest parts are captions/ (18.0 MB in 18 files), more/ (3.0 MB in 3 files)" in said
    assert ".hypertunerignore" in said
    (tmp_path / ".hypertunerignore").write_text("captions/\n")
    take_snapshot(tmp_path / "train.py")


def test_what_git_or_we_are_told_to_ignore_stays_where_it_is(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for name, content in {
        ".git/HEAD": "x",
        ".gitignore": "*.txt\n/project/made/\nlocal.yaml\ngenerated.py\n",
        "project/train.py": "import generated",
        # Git does not know it, and yet the script needs it.
        "project/generated.py": "",
        "project/notes.txt": "x",
        "project/kept.txt": "x",
        "project/made/a.yaml": "x",
        "project/conf/local.yaml": "x",
        "project/conf/base.yaml": "x",
        "project/conf/.gitignore": "!local.yaml\nbase.yaml\n",
        "project/old/train.py": "x",
        "project/.hypertunerignore": "!kept.txt\nold/\n",
        "project/data/captions.json": "{}",
        "project/datasets/__init__.py": "",
    }.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    snapshot = take_snapshot(repository / "project" / "train.py")
    assert sorted(snapshot_files(snapshot.archive, snapshot.digest)) == [
        "conf/local.yaml", "datasets/__init__.py", "generated.py", "kept.txt", "train.py",
    ]  # fmt: skip


def test_rules_above_a_folder_that_is_in_no_repository_are_not_its_business(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*")
    (tmp_path / "project").mkdir()
    for name in ("train.py", "model.py"):
        (tmp_path / "project" / name).write_text("")
    snapshot = take_snapshot(tmp_path / "project" / "train.py")
    assert sorted(snapshot_files(snapshot.archive, snapshot.digest)) == ["model.py", "train.py"]


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"none\.py cannot be read"):
        take_snapshot(tmp_path / "none.py")


def test_unpackers_at_the_same_time_all_succeed(project: Path, tmp_path: Path) -> None:
    snapshot = take_snapshot(project / "train.py")
    found: list[Path] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(unpack_snapshot(snapshot.archive, snapshot.digest, tmp_path / "s"))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {tmp_path / "s" / snapshot.digest}
    assert os.listdir(tmp_path / "s") == [snapshot.digest]


def pack(*members: tarfile.TarInfo) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    packed = buffer.getvalue()
    return gzip.compress(packed), hashlib.sha256(packed).hexdigest()


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.linkname = "/etc/passwd"
    made.size = 1 if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    "bad",
    [
        member("../evil.py"),
        member("/evil.py"),
        member("a/../../evil.py"),
        member("a\\b.py"),
        member("link.py", tarfile.SYMTYPE),
        member("link.py", tarfile.LNKTYPE),
        member("device", tarfile.CHRTYPE),
        member("folder", tarfile.DIRTYPE),
    ],
    ids=lambda bad: f"{bad.name}-{bad.type.decode()}",
)
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive, digest = pack(member("train.py"), bad)
    with pytest.raises(SnapshotError):
        unpack_snapshot(archive, digest, tmp_path / "s")
    assert not (tmp_path / "s").exists() or os.listdir(tmp_path / "s") == []
    assert sorted(os.listdir(tmp_path)) in ([], ["s"])


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 100_000_000)
    with pytest.raises(SnapshotError, match="not what its digest promises"):
        unpack_snapshot(bomb, "0" * 64, tmp_path)


@pytest.mark.parametrize("digest", ["../../x", "", "A" * 64])
def test_a_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(SnapshotError, match="is no digest"):
        unpack_snapshot(b"", digest, tmp_path)
