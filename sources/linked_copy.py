"""A copy of a project's folder for one experiment where the system has no copy-on-write: small files and links.

What the script writes anew or over a small file is its own. What it changes in place in a large file, or writes into a
folder that is linked, everybody sees.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from sources.shared_folders import NAMES

MOST_COPIED_FILE_BYTES = 1_000_000
# Together; the rest is linked.
MOST_COPIED_BYTES = 200_000_000
MOST_ENTRIES = 20_000
# Beside the folder. Each takes a moment, and a longer one where many were removed just before: ext4 passes over them.
MOST_NEIGHBOURS = 100
# Nothing in them is a result, and they hold very many files.
LINKED = frozenset({".git", ".hg", "node_modules", "site-packages", "venv", ".venv", "env"})


def make_linked_copy(target: Path, originals: Sequence[Path], shared: Collection[Path]) -> None:
    """Fill the folder `target` with what lies in the originals, the first going before the others.

    shared: folders of the originals that are linked as a whole. What is in the target already stays as it is.
    """
    _Copy(shared).fill(target, originals)
    # So that `../data` leads where it does from the original.
    for entry in _neighbours(originals[-1]):
        _link(target.parent / entry.name, Path(entry.path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        # A link may lead to itself.
        return entry.is_dir()
    return False


def _neighbours(original: Path) -> list[os.DirEntry[str]]:
    """What lies beside a folder: where it is very much, data first, then other folders, then files."""
    others = [entry for entry in _entries(original.parent) if entry.name != original.name]
    others.sort(key=lambda entry: (entry.name.lower() not in NAMES, not _is_folder(entry)))
    return others[:MOST_NEIGHBOURS]


class _Copy:
    def __init__(self, shared: Collection[Path]) -> None:
        self._shared = set(shared)
        self._bytes = self._entries = 0

    def fill(self, target: Path, originals: Sequence[Path]) -> None:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        found: dict[str, list[os.DirEntry[str]]] = {}
        for original in originals:
            for entry in _entries(original):
                found.setdefault(entry.name, []).append(entry)
        for name, entries in found.items():
            self._take(target / name, entries)

    def _take(self, target: Path, entries: Sequence[os.DirEntry[str]]) -> None:
        first = entries[0]
        self._entries += 1
        is_folder = first.is_dir(follow_symlinks=False)
        if is_folder and not self._is_linked(first):
            # A folder in one original and a file in the other is what the first says.
            self.fill(target, [Path(each.path) for each in entries if each.is_dir(follow_symlinks=False)])
        elif not os.path.lexists(target):
            if first.is_file(follow_symlinks=False) and self._has_room(first):
                shutil.copy2(first.path, target)
                target.chmod(stat.S_IMODE(target.stat().st_mode) | stat.S_IWUSR)
            else:
                _link(target, Path(first.path))

    def _is_linked(self, folder: os.DirEntry[str]) -> bool:
        return folder.name in LINKED or Path(folder.path) in self._shared or self._entries > MOST_ENTRIES

    def _has_room(self, file: os.DirEntry[str]) -> bool:
        size = file.stat(follow_symlinks=False).st_size
        if size > MOST_COPIED_FILE_BYTES or self._bytes + size > MOST_COPIED_BYTES or not os.access(file.path, os.R_OK):
            return False
        self._bytes += size
        return True


def is_untouched(path: Path, originals: Sequence[Path]) -> bool:
    """Whether something in a linked copy is a link or a copy of ours. originals: where it would come from."""
    with suppress(OSError):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return any(os.readlink(path) == str(original) for original in originals)
        for original in originals:
            with suppress(OSError):
                there = original.stat()
                return (status.st_size, status.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
    return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _link(path: Path, target: Path) -> None:
    with suppress(FileExistsError):
        path.symlink_to(target)
