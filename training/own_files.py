"""Where a script's files go: it sees the project's folder, and what it writes there lands in a folder of its own.

Where the system allows it, by an overlay in a mount namespace; else in a copy of small files and links.
"""

from __future__ import annotations

import os
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


@dataclass(frozen=True)
class Root:
    """A folder whose files are each experiment's own.

    place: on this machine, without links in it. code: the snapshot's files, laid out as they lie below it.
    shared: folders below it that all experiments write into; data_dir: ours, if it lies below it.
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

    Folders that hold more than a project, as `/tmp` and `/home`, are none.
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
    return path in temporary or path in home().parents or path == Path("/")


def prepare_folder(folder: Path, *, is_first: bool) -> Path:
    """The folder of an experiment's own; returns where its script may put its output.

    Further attempts find what the ones before left. Raises OSError.
    """
    if is_first:
        # One of that name is left from an older database.
        remove_own_files(folder)
    (folder / OUTPUT).mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_trees(folder, [Tree(OUTPUT, f"${OUTPUT_VARIABLE}")])
    return folder / OUTPUT


def overlaid(folder: Path, roots: Sequence[Root], directory: str, command: Sequence[str]) -> Start:
    """Over each root lies a view of it that catches what is written. Raises OSError."""
    steps: list[tuple[str, str, str, int, str]] = []
    trees = []
    for at, root in enumerate(roots):
        base = folder / str(at)
        for name in ("written", "work", "view"):
            (base / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        # Names without any character that mount options would take for their own.
        layers = {"code": root.code, "project": root.place}
        for name, target in layers.items():
            if target is not None:
                _point(base / name, target)
        lower = ":".join(f"{at}/{name}" for name, target in layers.items() if target is not None)
        options = f"userxattr,lowerdir={lower},upperdir={at}/written,workdir={at}/work"
        view = f"{at}/view"
        steps.append(("overlay", view, "overlay", 0, options))
        for shared in root.shared:
            steps.append((str(shared), f"{view}/{shared.relative_to(root.place)}", "", MS_BIND | MS_REC, ""))
        if root.data_dir:
            steps.append((str(root.data_dir), f"{view}/{root.data_dir.relative_to(root.place)}", "", MS_BIND, ""))
        steps.append((view, str(root.place), "", MS_BIND | MS_REC, ""))
        trees.append(Tree(f"{at}/written", _name_of(root.place, directory), str(root.place), str(root.code or "")))
    keep_trees(folder, trees)
    written = {root: folder / str(at) / "written" for at, root in enumerate(roots)}
    return Start(tuple(command), directory, "overlay", Mounts(str(folder), steps), written)


def mount_problem(folder: Path) -> str:
    """Why no overlay can be mounted for what lies in a folder, in a sentence; empty where one can. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".mount-") as name, LifelineOwner() as supervisor:
        scratch = Path(name)
        (scratch / "project").mkdir()
        start = overlaid(scratch, [Root(scratch / "project")], name, [])
        try:
            supervisor.start(["true"], name, {"PATH": os.defpath}, os.devnull, os.devnull, mounts=start.mounts)
        except MountError as error:
            return str(error)
        supervisor.wait(None)
        return ""


def _point(link: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(target)


def linked(folder: Path, roots: Sequence[Root], directory: str, program: Program) -> Start:
    """The script runs in a linked copy of each root. Raises OSError."""
    trees: list[Tree] = []
    copies: dict[Path, Path] = {}
    for at, root in enumerate(roots):
        path = f"{at}/copy/{root.place.name or 'project'}"
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
