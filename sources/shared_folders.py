"""Folders of a project that are the same for all its experiments: what one of them writes there, the others see."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

# Data and caches, unless Python files lie in them: many a package is called `data`.
NAMES = frozenset(
    {
        "data",
        "dataset",
        "datasets",
        "cache",
        "caches",
        ".cache",
        "nltk_data",
        "scikit_learn_data",
        "tensorflow_datasets",
    }
)
# How deep below the project's folder they are looked for, and in how many folders.
DEEPEST = 2
MOST_FOLDERS = 2_000
NEVER_ENTERED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})
MOUNTS = Path("/proc/self/mountinfo")


def shared_folders(root: Path, named: Sequence[Path]) -> list[Path]:
    """The folders below `root` that are there and are shared, none within another.

    named: those that a person names, whole paths. Besides them, data and caches by their names, and what is mounted
    inside, as a copy-on-write view does not reach into other file systems. root: without links in it.
    """
    found = {path for path in (each.resolve() for each in named) if path.is_dir()}
    found |= set(_by_name(root)) | set(_mounted(root))
    inside = sorted(path for path in found if path != root and path.is_relative_to(root))
    return [path for path in inside if not any(path.is_relative_to(other) for other in inside if other != path)]


def looks_shared(folder: Path) -> bool:
    """Whether a folder is one of data or a cache, by its name and what lies in it."""
    return folder.name.lower() in NAMES and next(folder.glob("*.py"), None) is None


def _by_name(root: Path) -> Iterator[Path]:
    waiting = [(root, 0)]
    for count, (folder, depth) in enumerate(waiting):
        if count >= MOST_FOLDERS:
            return
        for path in _folders(folder):
            if looks_shared(path):
                yield path
            elif depth < DEEPEST and not path.name.startswith(".") and path.name not in NEVER_ENTERED:
                waiting.append((path, depth + 1))


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, links to others not among them."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _mounted(root: Path) -> Iterator[Path]:
    """What is mounted below a folder, where the system says so."""
    with suppress(OSError):
        for line in MOUNTS.read_bytes().splitlines():
            # It writes spaces and the like as octal numbers.
            place = re.sub(rb"\\([0-7]{3})", lambda digits: bytes([int(digits[1], 8)]), line.split(b" ")[4])
            path = Path(os.fsdecode(place))
            if path.is_relative_to(root) and path.is_dir():
                yield path
