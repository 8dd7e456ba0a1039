"""What makes a script's results others than before: its code, with the local modules that it imports, and its data."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sources.discovery_source import Sources
from sources.notebook import SUFFIX, NotebookError, code_in

# Of larger files only size and time of change count, so that a look at a data set takes a second at most.
MOST_HASHED_FILE_BYTES = 1_000_000
MOST_HASHED_BYTES = 100_000_000
MOST_ENTRIES = 200_000
LONGEST_DIFF_LINES = 2_000
PYTHON_SHEBANG = re.compile(rb"#![^\n]*\b(python|pypy)")


class DataError(Exception):
    """Declared data that cannot be looked at; the message says why and what to do."""


@dataclass(frozen=True)
class Code:
    """A script and the modules beside it that it imports: relative path -> content."""

    script: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Equal for equal code, wherever it lies."""
        total = hashlib.sha256(self.script.encode())
        for name in sorted(self.files):
            total.update(f"\0{name}\0{len(self.files[name])}\0".encode())
            total.update(self.files[name])
        return total.hexdigest()


def code_of(script: Path, root: Path | None = None) -> Code:
    """Read a script and the local modules that it imports, as far as imports stand in the source.

    root: where its modules are found, if not beside it. Of a program in another language only its file counts.
    Raises OSError where the script cannot be read.
    """
    # Python imports from beside the file that a link leads to.
    script = script.resolve()
    folder = root.resolve() if root else script.parent
    name = os.path.relpath(script, folder)
    content = script.read_bytes()
    if script.suffix == SUFFIX:
        with suppress(NotebookError):
            content = code_in(content, name)
    elif script.suffix != ".py" and not PYTHON_SHEBANG.match(content):
        return Code(name, {name: content})
    sources = Sources([str(folder)])
    sources.follow(str(script), content)
    return Code(name, {os.path.relpath(path, folder): text for path, text in sources.texts.items()})


def differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Lines of a unified diff over all files that differ; a very long one is cut, and says so."""
    lines: list[str] = []
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            lines += _difference(name, before.get(name), after.get(name))
    if len(lines) > LONGEST_DIFF_LINES:
        return [*lines[:LONGEST_DIFF_LINES], f"... {len(lines) - LONGEST_DIFF_LINES:,} more lines"]
    return lines


def _difference(name: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    mine, theirs = ((content or b"").decode("utf-8", "replace").splitlines() for content in (before, after))
    old, new = ("/dev/null" if content is None else name for content in (before, after))
    return difflib.unified_diff(mine, theirs, old, new, lineterm="")


# --- data -----------------------------------------------------------------------------------------------------------


def data_digest(paths: Sequence[str], directory: Path) -> str | None:
    """A digest of declared files and folders, in whatever order they are declared; None where none is.

    Small files count by content. Files above 1 MB, and all beyond the first 100 MB, count by size and time of change.
    Raises DataError.
    """
    if not paths:
        return None
    total = hashlib.sha256()
    left = MOST_HASHED_BYTES
    for entry, (name, path) in enumerate(_data_files(paths, directory)):
        if entry >= MOST_ENTRIES:
            raise DataError(f"The declared data has more than {MOST_ENTRIES:,} files; declare a single file instead.")
        try:
            status, content = _look_at(path, min(left, MOST_HASHED_FILE_BYTES))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from None
        left -= len(content) if status == "whole" else 0
        total.update(f"\0{name}\0{status}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        total.update(content)
    return total.hexdigest()


def _look_at(path: Path, most: int) -> tuple[str, bytes]:
    """How an entry of the data is looked at, and what then counts of it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        # Editors leave such links as locks, and a script cannot read them either.
        return "broken link", os.fsencode(path.readlink())
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device would never end.
        return "no file", b""
    if status.st_size > most:
        return "large", f"{status.st_size} {status.st_mtime_ns}".encode()
    return "whole", path.read_bytes()


def _data_files(paths: Sequence[str], directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file with the name under which it was declared."""
    for declared in sorted({os.path.normpath(path) for path in paths}):
        path = directory / declared
        if path.is_dir():
            yield from ((f"{declared}/{file.relative_to(path)}", file) for file in _files_below(path))
        elif path.exists():
            yield declared, path
        else:
            raise DataError(f"The declared data {declared} is not there (looked for {path}).")


def _files_below(folder: Path) -> Iterator[Path]:
    """All files of a folder in one order on every machine; links to folders are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be read: {error.strerror}.")
