"""The folders of attempts: which end is believed, and which folders go when there are too many."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.spool_folders import END, LOCK, READ, End, guard_of, make_folder, mark_read, prune, read_end

SOUND = {
    "exit_code": 0,
    "signal": None,
    "duration_s": 1.5,
    "max_rss_bytes": 10_000,
    "ended_at": 1.7e9,
    "stopped": False,
    "cut": False,
}


# --- the end --------------------------------------------------------------------------------------------------------


def test_an_end_is_read(tmp_path: Path) -> None:
    (tmp_path / END).write_text(json.dumps(SOUND))
    assert read_end(tmp_path) == End(0, None, 1.5, 10_000, 1.7e9, stopped=False, cut=False)


@pytest.mark.parametrize(
    "change",
    [
        {"exit_code": None},
        {"signal": 9},
        {"exit_code": 256},
        {"exit_code": -1},
        {"exit_code": True},
        {"exit_code": "0"},
        {"duration_s": float("nan")},
        {"duration_s": -1.0},
        {"max_rss_bytes": 1.5},
        {"max_rss_bytes": 10**400},
        {"ended_at": float("inf")},
        {"stopped": 0},
        {"cut": None},
    ],
    ids=str,
)
def test_an_end_that_no_supervisor_would_write_is_none(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / END).write_text(json.dumps({**SOUND, **change}))
    assert read_end(tmp_path) is None


@given(st.integers(0, len(json.dumps(SOUND)) - 1))
def test_a_torn_end_is_none(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder = tmp_path_factory.mktemp("attempt")
    (folder / END).write_text(json.dumps(SOUND)[:length])
    assert read_end(folder) is None


@pytest.mark.parametrize("text", [b"", b"[" * 4_000, b"null", b"[]", b"\xff", b" " * 10_000_000 + b"{}"])
def test_an_end_that_is_none_raises_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / END).write_bytes(text)
    assert read_end(tmp_path) is None


def test_an_end_that_is_no_ordinary_file_is_none(tmp_path: Path) -> None:
    assert read_end(tmp_path) is None
    assert read_end(tmp_path / "gone") is None
    (tmp_path / "elsewhere").write_text(json.dumps(SOUND))
    (tmp_path / END).symlink_to(tmp_path / "elsewhere")
    assert read_end(tmp_path) is None
    (tmp_path / END).unlink()
    os.mkfifo(tmp_path / END)
    assert read_end(tmp_path) is None


# --- room on the disk -----------------------------------------------------------------------------------------------


class Spool:
    """A spool folder whose attempts take about as much disk as one says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, size: int, *, read_at: float | None = None) -> Path:
        folder = self.folder / name
        make_folder(folder)
        (folder / "stdout").write_bytes(b"x" * size)
        if read_at is not None:
            mark_read(folder)
            os.utime(folder / READ, (read_at, read_at))
        return folder

    def names(self) -> list[str]:
        return sorted(os.listdir(self.folder))


@pytest.fixture
def attempts(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_the_folders_that_were_read_longest_ago_go_first(attempts: Spool) -> None:
    for name, read_at in (("1-1", 300.0), ("2-1", 100.0), ("3-1", 200.0), ("4-1", 400.0)):
        attempts.add(name, 1_000_000, read_at=read_at)
    assert [folder.name for folder in prune(attempts.folder, 2_500_000)] == ["2-1", "3-1"]
    assert attempts.names() == ["1-1", "4-1"]
    assert prune(attempts.folder, 2_500_000) == []


def test_what_nobody_read_or_somebody_holds_stays_however_much_it_takes(attempts: Spool) -> None:
    attempts.add("unread", 1_000_000)
    held = attempts.add("held", 1_000_000, read_at=1)
    attempts.add("read", 1_000_000, read_at=2)
    with locked(held):
        assert [folder.name for folder in prune(attempts.folder, 0)] == ["read"]
    assert attempts.names() == ["held", "unread"]
    assert [folder.name for folder in prune(attempts.folder, 0)] == ["held"]


def test_what_holes_do_not_take_does_not_count(attempts: Spool) -> None:
    folder = attempts.add("1-1", 1_000, read_at=1)
    os.truncate(folder / "stdout", 10**9)
    assert prune(attempts.folder, 1_000_000) == []


def test_a_removal_that_broke_off_is_finished_later(attempts: Spool) -> None:
    attempts.add(".removed-1-1", 1_000)
    assert prune(attempts.folder, 10**9) == []
    assert attempts.names() == []


def test_folders_that_vanish_meanwhile_are_no_matter(attempts: Spool) -> None:
    for number in range(200):
        attempts.add(f"{number}-1", 1, read_at=number)
    rival = threading.Thread(
        target=lambda: [shutil.rmtree(attempts.folder / f"{n}-1", True) for n in range(199, -1, -1)]
    )
    rival.start()
    prune(attempts.folder, 0)
    rival.join()
    assert attempts.names() == []
    assert prune(attempts.folder / "gone", 0) == []
    mark_read(attempts.folder / "gone")


def test_only_folders_are_attempts(attempts: Spool) -> None:
    elsewhere = attempts.folder.with_name("elsewhere")
    elsewhere.mkdir()
    mark_read(elsewhere)
    (attempts.folder / "link").symlink_to(elsewhere)
    (attempts.folder / "file").write_text("x")
    assert prune(attempts.folder, 0) == []
    assert elsewhere.exists()


def test_a_folder_is_private_and_empty(tmp_path: Path) -> None:
    folder = tmp_path / "spool" / "1-1"
    for _ in range(2):
        make_folder(folder)
        assert oct(folder.stat().st_mode & 0o777) == "0o700"
        assert os.listdir(folder) == []
        (folder / "left").write_text("by an older database")


def test_a_lock_that_names_nobody_is_still_held(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert guard_of(tmp_path) == 0
    assert guard_of(tmp_path) is None
