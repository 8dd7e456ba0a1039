"""Snapshots: the source files of a script's folder, packed so that equal folders give equal bytes.

An experiment runs the code that was there when its run was launched, on any machine, and again years later.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from sources.identity import code_of
from sources.ignored import Ignored

MOST_FILE_BYTES = 1_000_000
MOST_BYTES = 20_000_000
MOST_FILES = 5_000
# A script in a home folder must not make us look through all of it.
MOST_ENTRIES = 100_000
# Code and its settings; data and results stay where they are and are reached through the working directory.
SUFFIXES = frozenset(
    {".py", ".pyi", ".pyx", ".ipynb", ".sh", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp"}
    | {".cfg", ".ini", ".json", ".toml", ".yaml", ".yml", ".txt"}
)
LEFT_OUT_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "env", "site-packages"})
# Folders of data and results, unless Python files lie in them: many a package is called `data`.
DATA_FOLDERS = frozenset(
    {"data", "dataset", "datasets", "checkpoints", "ckpt", "runs", "wandb", "mlruns", "lightning_logs", "logs"}
    | {"output", "outputs", "results", "multirun"}
)
# What would change what the snapshot says: other code's traces, and the history of the folder.
NEVER_LINKED = frozenset({"__pycache__", ".git"})
LARGEST_NAMED = 3
_PART = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")


class SnapshotError(Exception):
    """A folder that cannot be packed, or an archive that is none of ours; the message says why."""


@dataclass(frozen=True)
class Snapshot:
    """A packed folder. `digest` is the SHA-256 of what is in it, the script first; `script` is its path inside, with
    `/`."""

    digest: str
    archive: bytes
    script: str


def take_snapshot(script: Path, root: Path | None = None) -> Snapshot:
    """Pack the source files in the script's folder and below, without following links but one to the script itself.

    root: the folder of the project, where the script is a module of it.
    What git or a `.hypertunerignore` ignores is left out, and so is a file that is too large; but not the script and
    what it imports. Raises SnapshotError.
    """
    # Python imports from beside the file that a link leads to.
    script = script.resolve()
    folder = root.resolve() if root else script.parent
    name = script.relative_to(folder).as_posix() if script.is_relative_to(folder) else script.name
    try:
        files = {name: content for name, content in code_of(script, folder).files.items() if not name.startswith("..")}
        sizes = dict(_source_files(folder))
        if sum(sizes.values()) > MOST_BYTES or len(sizes) > MOST_FILES:
            raise SnapshotError(_too_much(folder, sizes))
        files |= {name: (folder / name).read_bytes() for name in sizes}
    except OSError as error:
        raise SnapshotError(f"{error.filename} cannot be read: {error.strerror}.") from None
    packed = _pack(files, name)
    return Snapshot(hashlib.sha256(packed).hexdigest(), gzip.compress(packed, mtime=0), name)


def unpack_snapshot(
    archive: bytes, digest: str, folder: Path, *, inside: str = ".", original: Path | None = None
) -> Path:
    """A folder below `folder` with the snapshot's files, unpacked unless it is there; safe for several at once.

    inside: where in it they lie. original: the folder that they were taken of, on this machine; files get the rights
    of those there, and the times of those that are the same.
    Raises SnapshotError where the archive is not what the digest promises, or names anything but plain files inside.
    """
    target = folder / _checked_digest(digest)
    if inside != ".":
        target = target.with_name(f"{digest}-{hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]}")
    if target.is_dir():
        return target
    half = folder / f".{digest[:16]}-{secrets.token_hex(6)}"
    try:
        _write_files(snapshot_files(archive, digest), half / inside, original)
        half.rename(target)
    except OSError:
        # Somebody else was faster, or it is a real problem.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


def link_rest(folder: Path, original: Path) -> None:
    """Put links into an unpacked snapshot to what did not travel, so that a script finds data beside its own file.

    original: the folder that the snapshot was taken of, on this machine. Safe for several at once.
    """
    for count, (parent, folders, names) in enumerate(os.walk(folder)):
        here = original / Path(parent).relative_to(folder)
        if count >= MOST_ENTRIES or not here.is_dir():
            folders[:] = []
            continue
        # Links to folders stand among them, and nothing is looked for behind those.
        present = {*folders, *names}
        folders[:] = [name for name in folders if not Path(parent, name).is_symlink()]
        for entry in islice(os.scandir(here), MOST_ENTRIES):
            if entry.name not in present and entry.name not in NEVER_LINKED:
                with suppress(OSError):
                    Path(parent, entry.name).symlink_to(entry.path)


# --- packing ------------------------------------------------------------------------------------------------------


def _too_much(folder: Path, sizes: Mapping[str, int]) -> str:
    parts: dict[str, list[int]] = {}
    for name, size in sizes.items():
        top = name.partition("/")[0] + "/" if "/" in name else "the files beside the script"
        parts.setdefault(top, []).append(size)
    largest = sorted(parts.items(), key=lambda part: (sum(part[1]), len(part[1])), reverse=True)[:LARGEST_NAMED]
    listed = ", ".join(f"{top} ({sum(those) / 1e6:.1f} MB in {len(those):,} files)" for top, those in largest)
    return (
        f"{folder} holds {sum(sizes.values()) / 1e6:.1f} MB in {len(sizes):,} files of source and settings, and at "
        f"most {MOST_BYTES // 1_000_000} MB in {MOST_FILES:,} files travel with a run. The largest parts are "
        f"{listed}; name those that are no code in a file .hypertunerignore beside the script."
    )


def _source_files(folder: Path) -> Iterator[tuple[str, int]]:
    """The files that travel, with their sizes."""
    entries = 0
    rules = {folder: Ignored.above(folder).within(folder)}
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        ignored = rules.pop(here)
        folders[:] = sorted(
            name
            for name in folders
            if _is_source_folder(here / name) and not ignored.holds(here / name, is_folder=True)
        )
        rules |= {here / name: ignored.within(here / name) for name in folders}
        entries += len(folders) + len(names)
        if entries > MOST_ENTRIES:
            raise SnapshotError(
                f"{folder} has more than {MOST_ENTRIES:,} files below it. Put the script into a folder of its own."
            )
        for name in sorted(names):
            path = Path(parent, name)
            size = _size_of_source(path)
            if size is not None and not ignored.holds(path, is_folder=False):
                yield path.relative_to(folder).as_posix(), size


def _is_source_folder(path: Path) -> bool:
    is_left_out = path.name.startswith(".") or path.name in LEFT_OUT_FOLDERS or path.name.endswith(".egg-info")
    if is_left_out or path.is_symlink() or (path / "pyvenv.cfg").exists() or not _fits(path.name):
        return False
    return path.name.lower() not in DATA_FOLDERS or next(path.glob("*.py"), None) is not None


def _size_of_source(path: Path) -> int | None:
    """The size of a file that is source and small enough; else None."""
    if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not _fits(path.name):
        return None
    try:
        status = path.lstat()
    except OSError:
        return None
    is_plain = stat.S_ISREG(status.st_mode) and status.st_size <= MOST_FILE_BYTES and os.access(path, os.R_OK)
    return status.st_size if is_plain else None


def _fits(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(_PART.fullmatch(name))


def _pack(files: dict[str, bytes], script: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        # The script comes first, so that two scripts of one folder have snapshots of their own.
        for name in sorted(files, key=lambda each: (each != script, each)):
            # Owner, time and mode are left at zero, so that only names and contents count.
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()


# --- unpacking ----------------------------------------------------------------------------------------------------


def _checked_digest(digest: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise SnapshotError(f"{digest[:80]!r} is no digest.")
    return digest


def snapshot_files(archive: bytes, digest: str) -> dict[str, bytes]:
    """Names and contents of what is in a snapshot, in memory and within bounds.

    Raises SnapshotError where the archive is not what the digest promises, or names anything but plain files inside.
    """
    # Headers and padding come on top of the files.
    most = MOST_BYTES + 2_048 * MOST_FILES
    try:
        with gzip.open(io.BytesIO(archive)) as file:
            packed = file.read(most + 1)
        if len(packed) > most or hashlib.sha256(packed).hexdigest() != digest:
            raise SnapshotError("The archive is not what its digest promises.")
        files: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or len(files) >= MOST_FILES:
                    raise SnapshotError("The archive holds more than plain files.")
                files[_checked_name(member.name)] = content.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise SnapshotError(f"The archive is damaged: {error}") from None
    return files


def _checked_name(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or not all(_fits(part) for part in parts):
        raise SnapshotError(f"The archive names a file outside its folder: {name[:80]!r}")
    return "/".join(parts)


def _write_files(files: dict[str, bytes], folder: Path, original: Path | None) -> None:
    folder.mkdir(mode=0o700, parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(content)
        if original:
            with suppress(OSError):
                _be_like(path, original / name, content)


def _be_like(path: Path, original: Path, content: bytes) -> None:
    status = original.stat()
    path.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRUSR)
    # What Python compiled of the original holds for an equal file of the same time.
    if status.st_size == len(content) and original.read_bytes() == content:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
