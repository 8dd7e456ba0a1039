"""What a page asks about whole logs: from the disk where it lies there, else from the last lines in the database."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from answers import logs
from answers.logs import log_problems, search_log
from storage.store import Store
from tests.laboratory import Laboratory

WORDS = {"stream": "stdout", "words": "LINE"}


def spool(data_dir: Path, experiment_id: int = 1) -> Path:
    folder = data_dir / "spool" / f"{experiment_id}-1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def here(store: Store, finished: Laboratory) -> int:
    """The id of experiment 3, which ran on this machine."""
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET host = :host"), {"host": socket.gethostname()})
        return int(connection.scalar(text("SELECT id FROM experiment WHERE number = 3")) or 0)


def test_the_whole_log_is_searched_where_it_lies_on_this_machine(store: Store, here: int, data_dir: Path) -> None:
    (spool(data_dir, here) / "stdout").write_bytes(b"x\n" * 5_000 + b"a Line\n" + b"x\n" * 5_000)
    found = search_log(store, data_dir, "digits", 3, WORDS)
    assert found == {"matches": [{"line": 5_001, "text": "a Line"}], "count": 1, "lines": 10_001, "note": ""}


def test_elsewhere_the_last_lines_are_searched_and_it_is_said(
    store: Store, finished: Laboratory, data_dir: Path
) -> None:
    found = search_log(store, data_dir, "digits", 3, WORDS)
    assert found
    assert [match["text"] for match in found["matches"]] == ["first line", "second line"]
    assert found["note"] == "Only its last lines were searched; the whole log lies on here."


def test_a_link_or_a_pipe_in_place_of_a_log_is_not_followed(store: Store, here: int, data_dir: Path) -> None:
    folder = spool(data_dir, here)
    (data_dir / "other").write_text("secret line")
    (folder / "stdout").symlink_to(data_dir / "other")
    os.mkfifo(folder / "stderr")
    found = search_log(store, data_dir, "digits", 3, WORDS)
    assert found
    assert "secret line" not in str(found)
    assert log_problems(store, data_dir, "digits", 3) == {"problems": [], "note": ""}


def test_the_beginning_that_is_gone_and_many_matches_are_said(store: Store, here: int, data_dir: Path) -> None:
    with (spool(data_dir, here) / "stdout").open("wb") as file:
        file.seek(50_000_000)
        file.write(b"line\n" * 1_000)
    found = search_log(store, data_dir, "digits", 3, WORDS)
    assert found
    assert (found["count"], len(found["matches"])) == (1_000, 500)
    assert "The first 500 are shown." in found["note"]
    assert "The beginning of this very long log is gone" in found["note"]


def test_problems_of_both_streams_are_found_with_their_lines(
    store: Store, here: int, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = spool(data_dir, here)
    (folder / "stdout").write_bytes(b"warning: old\n" + b"x\n" * 100 + b"warning: new\n")
    (folder / "stderr").write_bytes(b"ValueError: no\n")
    found = log_problems(store, data_dir, "digits", 3)
    assert found
    assert [(each["stream"], each["line"], each["text"]) for each in found["problems"]] == [
        ("stderr", 1, "ValueError: no"),
        ("stdout", 1, "warning: old"),
        ("stdout", 102, "warning: new"),
    ]
    monkeypatch.setattr(logs, "MOST_BYTES", 100)
    found = log_problems(store, data_dir, "digits", 3)
    assert found
    assert [(each["stream"], each["line"]) for each in found["problems"]] == [("stderr", 1), ("stdout", 102)]
    assert "Only the last" in found["note"]
    # What is at the end is found, however long it takes to count what is before.
    monkeypatch.setattr(logs, "TIME_LIMIT_S", -1)
    found = log_problems(store, data_dir, "digits", 3)
    assert found
    assert [each["text"] for each in found["problems"]] == ["ValueError: no", "warning: new"]
    assert "counted from there" in found["note"]


def test_what_is_not_there_has_no_answer(store: Store, finished: Laboratory, data_dir: Path) -> None:
    assert search_log(store, data_dir, "digits", 99, WORDS) is None
    assert search_log(store, data_dir, "other", 1, WORDS) is None
    assert search_log(store, data_dir, "digits", 3, {"stream": "../stdout", "words": "x"}) is None
    assert search_log(store, data_dir, "digits", 3, {"stream": "stdout", "words": " "}) is None
    assert log_problems(store, data_dir, "digits", 99) is None
