"""Files that an experiment wrote, and which of them several experiments wrote alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class OwnFile:
    """One file.

    name: as its script knows it, from the working directory. path: in the experiment's folder. modified: seconds since
    the epoch. digest: equal for files that are equal wherever they were looked at; none for small ones.
    """

    name: str
    path: str
    bytes: int
    modified: float
    digest: str = ""


@dataclass(frozen=True)
class OwnFiles:
    """What an experiment wrote: the newest files, how many there are, and what they take in all and on the disk."""

    files: tuple[OwnFile, ...] = ()
    count: int = 0
    bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class WrittenTwice:
    """A folder below which experiments wrote the same bytes.

    experiments: their numbers. count and bytes: of the files that are the same, each counted once.
    """

    folder: str
    experiments: Sequence[int]
    count: int
    bytes: int


def path_of(name: str) -> str:
    """A file's name as a path that stays in a folder, also where the name leads out of the project."""
    readable = name.encode("utf-8", "backslashreplace").decode()
    return readable.removeprefix("$").replace("../", "up/").lstrip("/")


def by_folder(same: Iterable[tuple[str, int, Sequence[int]]]) -> list[WrittenTwice]:
    """Files of several experiments by the outermost folder of the project in which they lie, the largest first.

    same: name, bytes and the numbers of the experiments. A file beside the script, or elsewhere, is in no such folder.
    """
    found: dict[str, tuple[set[int], int, int]] = {}
    for name, size, experiments in same:
        if folder := _outermost(name):
            before, count, total = found.get(folder, (set(), 0, 0))
            found[folder] = (before | set(experiments), count + 1, total + size)
    folders = [WrittenTwice(folder, sorted(numbers), *rest) for folder, (numbers, *rest) in found.items()]
    return sorted(folders, key=lambda each: (-each.bytes, each.folder))


def _outermost(name: str) -> str:
    parts = PurePosixPath(name).parts
    is_inside = len(parts) > 1 and parts[0] not in ("/", "..") and not parts[0].startswith("$")
    return parts[0] if is_inside else ""
