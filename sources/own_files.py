"""What an experiment wrote: files in folders of its own, by the names that its script knows them by.

The folders of an experiment are trees: what a copy-on-write view of the project's folder caught, a linked copy of it,
and the folder that `HYPERTUNER_OUTPUT_DIR` names. `trees.json` beside them says which is which.
"""

from __future__ import annotations

import errno
import hashlib
import heapq
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from analysis.own_files import OwnFile, OwnFiles
from sources.linked_copy import is_untouched
from sources.shared_folders import looks_shared

# In the data folder, one folder for each experiment.
FILES = "files"
TREES = "trees.json"
# What takes long is cut: the newest files are listed, and no walk is longer.
MOST_LISTED = 1_000
MOST_ENTRIES = 200_000
# Smaller ones are no data set that was fetched twice.
LEAST_DIGESTED = 1_000_000
DIGESTED_PARTS, PART_BYTES = 16, 65_536
DEEPEST_SHARED = 2
# What lies on another disk is copied to be shared, if it is not more.
MOST_MOVED_BYTES = 2_000_000_000
COMPILED = "__pycache__"
# A look at a repository writes into it.
UNLISTED = frozenset({COMPILED, ".git"})


@dataclass(frozen=True)
class Tree:
    """A folder of an experiment's own.

    path: where it lies in the experiment's folder. place: the folder that the script saw in its place; none for the
    output folder. name: what stands in front of its files' names. code: the snapshot's files, laid out as in the
    place. is_copy: whether it holds links and copies of what is in the place.
    """

    path: str
    name: str
    place: str = ""
    code: str = ""
    is_copy: bool = False

    def originals(self, inside: str) -> list[Path]:
        """What something in the tree may be a copy of."""
        return [Path(each, inside) for each in (self.code, self.place) if each] if self.is_copy else []


def keep_trees(folder: Path, trees: Sequence[Tree]) -> None:
    """Write down what is what in an experiment's folder, besides what was there before. Raises OSError."""
    known = {each.path: each for each in [*read_trees(folder), *trees]}
    half = folder / f".{TREES}"
    half.write_text(json.dumps([asdict(each) for each in known.values()]), encoding="ascii")
    half.replace(folder / TREES)


def read_trees(folder: Path) -> list[Tree]:
    """The trees of an experiment's folder; none where it has none."""
    try:
        return [Tree(**each) for each in json.loads((folder / TREES).read_text(encoding="ascii"))]
    except (OSError, ValueError, TypeError):
        return []


def list_own_files(folder: Path, *, with_digests: bool = False) -> OwnFiles:
    """What the experiment of this folder wrote, as far as `MOST_ENTRIES` go. What cannot be read is left out."""
    count = size = disk = 0
    newest: list[tuple[float, str, OwnFile]] = []
    for file, status in _walk(folder):
        count, size, disk = count + 1, size + status.st_size, disk + 512 * status.st_blocks
        entry = (file.modified, file.path, file)
        if len(newest) < MOST_LISTED:
            heapq.heappush(newest, entry)
        else:
            heapq.heappushpop(newest, entry)
    files = sorted((file for _, _, file in newest), key=lambda file: file.name)
    if with_digests:
        files = [_digested(folder, file) for file in files]
    return OwnFiles(tuple(map(_readable, files)), count, size, disk)


def _readable(file: OwnFile) -> OwnFile:
    """With a name that is text, which a file's need not be."""
    name, path = (each.encode("utf-8", "backslashreplace").decode() for each in (file.name, file.path))
    return replace(file, name=name, path=path)


def walk_own_files(folder: Path) -> Iterator[OwnFile]:
    """The same files one by one, also where they are more than are listed."""
    return (file for file, _ in _walk(folder))


def _walk(folder: Path) -> Iterator[tuple[OwnFile, os.stat_result]]:
    entries = 0
    for tree in read_trees(folder):
        top = folder / tree.path
        for parent, folders, names in os.walk(top):
            inside = os.path.relpath(parent, top)
            folders[:] = sorted(
                name for name in folders if name not in UNLISTED and not Path(parent, name).is_symlink()
            )
            entries += len(folders) + len(names)
            if entries > MOST_ENTRIES:
                return
            for name in names:
                within = os.path.normpath(os.path.join(inside, name))
                path = Path(parent, name)
                with suppress(OSError):
                    status = path.lstat()
                    # A device without a number stands for a file that the script removed.
                    if stat.S_ISREG(status.st_mode) and not is_untouched(path, tree.originals(within)):
                        shown = os.path.normpath(os.path.join(tree.name, within))
                        yield OwnFile(shown, f"{tree.path}/{within}", status.st_size, status.st_mtime), status


def _digested(folder: Path, file: OwnFile) -> OwnFile:
    """With a digest of its size and of parts of it at equal distances, so that any size takes a moment."""
    if file.bytes < LEAST_DIGESTED:
        return file
    digest = hashlib.sha256(str(file.bytes).encode())
    try:
        with os.fdopen(open_own_file(folder, file.path), "rb") as content:
            for part in range(DIGESTED_PARTS):
                content.seek((file.bytes - PART_BYTES) * part // (DIGESTED_PARTS - 1))
                digest.update(content.read(PART_BYTES))
    except OSError:
        return file
    return replace(file, digest=digest.hexdigest()[:32])


def open_own_file(folder: Path, path: str) -> int:
    """A descriptor of an ordinary file in an experiment's folder. No link is followed, as its script may have made it.

    Raises FileNotFoundError where there is none, and OSError where it may not be read.
    """
    parts = Path(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise FileNotFoundError(path)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for at, part in enumerate(parts):
        kind = os.O_NONBLOCK if at == len(parts) - 1 else os.O_DIRECTORY
        try:
            inner = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise FileNotFoundError(path) from None
            raise
        finally:
            os.close(descriptor)
        descriptor = inner
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return descriptor


# --- when the script has ended ----------------------------------------------------------------------------------------


def kind_of(folder: Path) -> str:
    """How an experiment's files are kept apart: "overlay", "copy" or "in place"."""
    trees = [tree for tree in read_trees(folder) if tree.place]
    if not trees:
        return "in place"
    return "copy" if any(tree.is_copy for tree in trees) else "overlay"


def is_empty(folder: Path) -> bool:
    """Whether nothing was written, and nothing copied: as quickly as may be, as most short scripts write nothing."""
    trees = read_trees(folder)
    return not any(tree.is_copy or next(iter(_entries(folder / tree.path)), None) for tree in trees)


def _entries(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def tidy(folder: Path) -> None:
    """Remove what is no file of the experiment's: links and copies of ours, what Python compiled, empty folders.

    What Python compiled of the snapshot goes there, so that no other experiment has to compile it again.
    """
    for tree in read_trees(folder):
        top = folder / tree.path
        for parent, folders, names in os.walk(top, topdown=False):
            inside = os.path.relpath(parent, top)
            if Path(parent).name == COMPILED and tree.code:
                _keep_compiled(Path(parent), Path(tree.code, inside))
            for name in [*names, *folders]:
                path, within = Path(parent, name), os.path.normpath(os.path.join(inside, name))
                if name == COMPILED and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                elif is_untouched(path, tree.originals(within)):
                    path.unlink(missing_ok=True)
            if tree.is_copy and Path(parent) != top:
                with suppress(OSError):
                    Path(parent).rmdir()


def _keep_compiled(folder: Path, beside: Path) -> None:
    """Move what was compiled to the sources that it was compiled of."""
    for compiled in folder.glob("*.pyc"):
        with suppress(OSError):
            if (beside.parent / f"{compiled.name.partition('.')[0]}.py").is_file():
                beside.mkdir(mode=0o700, exist_ok=True)
                compiled.replace(beside / compiled.name)


def share_new_folders(folder: Path, named: Sequence[Path]) -> list[Path]:
    """Move folders of data and caches that the experiment made to the project's folder, where there is none yet.

    named: others that are shared, whole paths. Returns where they are now.
    """
    shared = []
    for tree in read_trees(folder):
        top = folder / tree.path
        for made in _made(top) if tree.place else ():
            place = Path(tree.place) / made.relative_to(top)
            is_wanted = looks_shared(made) or any(place == each for each in named)
            if is_wanted and place.parent.is_dir() and not os.path.lexists(place) and _move(made, place):
                shared.append(place)
    return shared


def _made(top: Path, depth: int = 0) -> Iterator[Path]:
    """The folders in a tree that are new, as deep as shared ones are looked for."""
    with suppress(OSError):
        for path in sorted(top.iterdir()):
            if path.is_dir() and not path.is_symlink():
                yield path
                if depth < DEEPEST_SHARED and path.is_dir():
                    yield from _made(path, depth + 1)


def _move(folder: Path, place: Path) -> bool:
    try:
        folder.rename(place)
    except OSError:
        return _copy_over(folder, place)
    return True


def _copy_over(folder: Path, place: Path) -> bool:
    """The same to another disk, where it does not take too long."""
    size = sum(path.lstat().st_size for path in folder.rglob("*"))
    half = place.with_name(f".{place.name}.hypertuner-half")
    if size > MOST_MOVED_BYTES:
        return False
    try:
        shutil.copytree(folder, half, symlinks=True)
        half.rename(place)
    except (OSError, shutil.Error):
        shutil.rmtree(half, ignore_errors=True)
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def remove_own_files(folder: Path) -> None:
    """Remove an experiment's folder with all that is in it. Raises OSError."""

    def let_in(_: object, path: str, __: object) -> None:
        # The kernel leaves a folder that nobody may enter.
        Path(path).chmod(0o700)
        os.rmdir(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=let_in)
