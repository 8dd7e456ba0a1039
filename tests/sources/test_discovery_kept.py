"""A discovery is kept until something by which it may change is another."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sources import discovery_kept
from sources.discovery import Discovery, discover
from sources.discovery_kept import discovered
from sources.identity import code_of

SCRIPT = """
import argparse, json
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=json.load(open("config.json"))["lr"])
parser.parse_args()
"""


class Shell:
    """Asks for the options of one script again and again, and counts how often it is started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kept, self.starts = folder, folder / "kept", 0
        self.write("train.py", SCRIPT)
        self.write("config.json", '{"lr": 0.5}')

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def ask(self, *items: str) -> Discovery:
        command = [sys.executable, "train.py", *items]

        def start() -> Discovery:
            self.starts += 1
            return discover(command, self.folder)

        return discovered(self.kept, code_of(self.folder / "train.py").digest, command, self.folder, start)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_the_same_code_is_started_once(shell: Shell) -> None:
    first = shell.ask("--lr", "[0.1,0.2]")
    second = shell.ask("--lr", "[0.3,0.4]")
    assert (second.hyperparameters, second.source, second.notes) == (first.hyperparameters, "argparse", first.notes)
    assert shell.starts == 1


@pytest.mark.parametrize(
    ("name", "text", "default"),
    [("config.json", '{"lr": 0.25}', 0.25), ("train.py", SCRIPT.replace('["lr"]', '["lr"] * 2'), 1.0)],
)
def test_other_code_or_another_file_that_it_reads_is_found_anew(
    shell: Shell, name: str, text: str, default: float
) -> None:
    shell.ask()
    shell.write(name, text)
    assert shell.ask().hyperparameters[0].default == default
    assert shell.starts == 2


def test_what_was_read_from_the_source_is_not_kept(shell: Shell) -> None:
    shell.write("train.py", "raise RuntimeError\n" + SCRIPT.replace('json.load(open("config.json"))["lr"]', "1.0"))
    assert [shell.ask().source, shell.ask().source] == ["source", "source"]
    assert shell.starts == 2


def test_what_is_kept_and_cannot_be_read_is_found_anew(shell: Shell) -> None:
    shell.ask()
    [path] = shell.kept.iterdir()
    for text in ("", "[]", '{"depends_on": {}}', '{"depends_on": 3}'):
        path.write_text(text)
        assert shell.ask().hyperparameters
    assert shell.starts == 5


def test_of_very_many_the_oldest_go(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery_kept, "MOST_KEPT", 2)
    for text in ("a", "b", "c"):
        shell.ask(text)
    assert len(list(shell.kept.iterdir())) == 2
