"""Where a script's files go: it sees the project's folder, and what it writes there lands in a folder of its own.

Where the system allows it, by an overlay in a mount namespace; else in a copy of small files and links.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from analysis.program import Program
from sources.linked_copy import make_linked_copy
from sources.own_files import Tree, keep_trees, remove_own_files
from training.lifeline_owner import LifelineOwner, MountError, Mounts

MS_BIND, MS_REC = 0x1000, 0x4000
OUTPUT = "output"
OUTPUT_VARIABLE = "HYPERTUNER_OUTPUT_DIR"
OUTPUT_TREE = Tree(OUTPUT, f"${OUTPUT_VARIABLE}")
# An overlay that is unmounted waits until all of its disk is written, whoever wrote it, unless it is volatile.
OPTIONS = "userxattr,volatile"
# What lies below the views of experiments, in a folder beside theirs.
LAYERS = ".layers"


@dataclass(frozen=True)
class Root:
    """A folder whose files are each experiment's own.

    place: on this machine, without links in it. code: the snapshot's files, laid out as they lie below it.
    shared: folders below it that all experiments write into; data_dir: ours, if it lies below it, where no overlay is.
    """

    place: Path
    code: Path | None = None
    shared: tuple[Path, ...] = ()
    data_dir: Path | None = None


@dataclass(frozen=True)
class Start:
    """How a script is started so that it finds its own files.

    kind: "overlay", "copy" or "in place". trees: where what it writes below each root lies, but for what is shared.
    """

    command: tuple[str, ...]
    directory: str
    kind: str = "in place"
    mounts: Mounts | None = None
    trees: Mapping[Root, Path] = field(default_factory=dict)

    def own_place(self, path: Path) -> Path | None:
        """Where the experiment's own version of a file lies; None where it can have none."""
        # A link in the project is replaced, and not what it leads to.
        whole = path.parent.resolve() / path.name
        for root, tree in self.trees.items():
            if whole.is_relative_to(root.place) and not any(whole.is_relative_to(each) for each in root.shared):
                return tree / whole.relative_to(root.place)
        return None


def roots_of(directory: Path, script_folder: Path) -> list[Path]:
    """The folders that make up a project: where it is started and where its script lies, the outer of two.

    Folders that hold more than a project, as `/tmp` and the home folder, are none.
    """
    wanted = sorted({directory.resolve(), script_folder.resolve()}, key=lambda path: len(path.parts))
    roots: list[Path] = []
    for path in wanted:
        if path.is_dir() and not _is_common(path) and not any(path.is_relative_to(root) for root in roots):
            roots.append(path)
    return roots


def home() -> Path:
    """The home folder; no real one where nobody knows it."""
    return Path(os.path.expanduser("~"))


def _is_common(path: Path) -> bool:
    # Not by `tempfile`, which tries to write there and fails on a full disk.
    temporary = {Path(os.environ.get("TMPDIR") or "/tmp").resolve(), Path("/tmp"), Path("/var/tmp")}  # noqa: S108
    return path in temporary or path in (home(), *home().parents) or path == Path("/")


def prepare_folder(folder: Path, *, is_first: bool) -> Path:
    """The folder of an experiment's own; returns where its script may put its output.

    Further attempts find what the ones before left. Raises OSError.
    """
    if is_first:
        # One of that name is left from an older database.
        remove_own_files(folder)
    (folder / OUTPUT).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / OUTPUT


def in_place(folder: Path, directory: str, command: Sequence[str]) -> Start:
    """Only the output folder is the experiment's own. Raises OSError."""
    keep_trees(folder, [OUTPUT_TREE])
    return Start(tuple(command), directory)


def overlaid(folder: Path, roots: Sequence[Root], directory: str, command: Sequence[str]) -> Start:
    """Over each root lies a view of it that catches what is written. Raises OSError."""
    steps: list[tuple[str, str, str, int, str]] = []
    trees, written = [OUTPUT_TREE], {}
    for at, root in enumerate(roots):
        own = f"{folder.name}/{at}"
        work = folder / f".work{at}"
        # The kernel mounts nothing on what an earlier volatile mount left.
        remove_own_files(work)
        for path in (folder / str(at), work):
            path.mkdir(mode=0o700, exist_ok=True)
        # The view of the folder has the rights of this one; nobody else comes as far as here.
        (folder / str(at)).chmod(stat.S_IMODE(root.place.stat().st_mode) | stat.S_IRWXU)
        layers, view = _layers(folder.parent, root)
        upper = f"upperdir={own},workdir={folder.name}/.work{at}"
        # Where nothing is to lie over it, the view needs no place of its own.
        place = view if root.shared else str(root.place)
        steps.append(("overlay", place, "overlay", 0, f"{OPTIONS},{layers},{upper}"))
        for each in root.shared:
            steps.append((str(each), f"{view}/{each.relative_to(root.place)}", "", MS_BIND | MS_REC, ""))
        if root.shared:
            steps.append((view, str(root.place), "", MS_BIND | MS_REC, ""))
        trees.append(Tree(str(at), _name_of(root.place, directory), str(root.place), str(root.code or "")))
        written[root] = folder / str(at)
    keep_trees(folder, trees)
    return Start(tuple(command), directory, "overlay", Mounts(str(folder.parent), steps), written)


def _layers(folder: Path, root: Root) -> tuple[str, str]:
    """The mount option that names what lies below a view, and where the view may lie; both serve all experiments.

    The links have names without any character that mount options would take for their own. Raises OSError.
    """
    targets = [each for each in (root.code, root.place) if each is not None]
    key = hashlib.sha256(b"\0".join(os.fsencode(each) for each in targets)).hexdigest()[:32]
    place = folder / LAYERS / key
    if not (place / "view").is_dir():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for at, target in enumerate(targets):
            with suppress(FileExistsError):
                (place / str(at)).symlink_to(target)
        (place / "view").mkdir(exist_ok=True)
    lower = ":".join(f"{LAYERS}/{key}/{at}" for at in range(len(targets)))
    return f"lowerdir={lower}", f"{LAYERS}/{key}/view"


def mount_problem(folder: Path) -> str:
    """Why no overlay can be mounted for what lies in a folder, in a sentence; empty where one can. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".mount-") as name, LifelineOwner() as supervisor:
        own, project = Path(name, "own"), Path(name, "project")
        own.mkdir()
        project.mkdir()
        start = overlaid(own, [Root(project)], name, [])
        try:
            supervisor.start(["true"], name, {"PATH": os.defpath}, os.devnull, os.devnull, mounts=start.mounts)
        except MountError as error:
            return str(error)
        supervisor.wait(None)
        return ""


def linked(folder: Path, roots: Sequence[Root], directory: str, program: Program) -> Start:
    """The script runs in a linked copy of each root. Raises OSError."""
    trees = [OUTPUT_TREE]
    copies: dict[Path, Path] = {}
    for at, root in enumerate(roots):
        path = f"copy{at}/{root.place.name or 'project'}"
        originals = [each for each in (root.code, root.place) if each is not None]
        hidden = [*root.shared, *([root.data_dir] if root.data_dir else [])]
        make_linked_copy(folder / path, originals, hidden)
        copies[root.place] = folder / path
        trees.append(Tree(path, _name_of(root.place, directory), str(root.place), str(root.code or ""), is_copy=True))
    keep_trees(folder, trees)
    script = program.script
    words = program.words
    if script is not None and (moved := _moved(Path(directory, script), copies)):
        words = program.with_script(str(moved))
    inside = _moved(Path(directory), copies)
    if inside is None and not Path(directory).is_dir():
        # On another machine only the snapshot is there.
        inside = next(iter(copies.values()), None)
    own = {root: copies[root.place] for root in roots}
    return Start(words, str(inside or directory), "copy", None, own)


def _moved(path: Path, copies: Mapping[Path, Path]) -> Path | None:
    """The place of a path in a copy of its root; None where it lies in none."""
    whole = path.resolve()
    return next((copy / whole.relative_to(root) for root, copy in copies.items() if whole.is_relative_to(root)), None)


def _name_of(place: Path, directory: str) -> str:
    """What stands before the names of a root's files, so that they read as from the working directory."""
    working = Path(directory).resolve()
    is_near = working.is_relative_to(place) or place.is_relative_to(working)
    return os.path.relpath(place, working) if is_near else str(place)
