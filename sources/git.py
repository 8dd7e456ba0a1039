"""What git says of a script's folder: the commit, and what is different from it.

The repository may be anybody's, so nothing of its configuration is obeyed: git works from a folder of our own, in which
only the objects, the index and the working tree are the repository's. So no hook, filter, external diff, file system
monitor, signature program or download of missing objects is ever started, and whose folder it is does not matter.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

MOST_DIFF_BYTES = 1_000_000
MOST_UNTRACKED = 200
# All of it, however large the repository or slow its disk is: a launch waits for it.
TIME_LIMIT_S = 5.0
MOST_NAME_BYTES = 100_000
# Whether the file system knows of executable files and of links; all else of a configuration is not obeyed.
TOLD = ("fileMode", "symlinks")
MOST_LEVELS = 100

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Revision:
    """The state of a repository. `problem` says in a sentence why less is known than there could be.

    commit: its hash, empty where there is none; diff: what tracked files have on top of it, cut where is_cut.
    untracked: names of files that git neither tracks nor ignores, the first MOST_UNTRACKED of untracked_count.
    """

    commit: str = ""
    branch: str = ""
    subject: str = ""
    committed_at: str = ""
    remote: str = ""
    diff: str = ""
    is_cut: bool = False
    untracked: tuple[str, ...] = ()
    untracked_count: int = 0
    problem: str = ""

    def facts(self) -> dict[str, Any]:
        """Everything but the diff, as plain data."""
        return {**{name: value for name, value in asdict(self).items() if name != "diff"}, "is_dirty": self.is_dirty}

    @property
    def is_dirty(self) -> bool:
        """Whether tracked files differ from the commit."""
        return bool(self.diff)


class _GitError(Exception):
    """A command that did not do what it should; the message is a sentence."""


def read_revision(folder: Path, *, time_limit_s: float = TIME_LIMIT_S, program: str | None = None) -> Revision:
    """Look at the repository that holds a folder. Never raises, and never takes much longer than the limit.

    program: the git to run, else the one on the PATH.
    """
    deadline = time.monotonic() + time_limit_s
    git = program or shutil.which("git")
    try:
        found = _find_repository(folder.resolve())
        if found is None:
            return Revision(problem="The script's folder is in no git repository.")
        # What lies in the folder that we happen to stand in is no git of ours.
        if git is None or not os.path.isabs(git):
            return Revision(problem="git is not installed on this machine, so the commit is not known.")
        with tempfile.TemporaryDirectory(prefix="hypertuner-git-") as own:
            return _read(_Repository(git, *found, deadline=deadline), Path(own))
    except _GitError as error:
        return Revision(problem=str(error))
    # A line that leads to the git folder may hold anything, also itself.
    except (OSError, ValueError, RuntimeError, shutil.Error) as error:
        return Revision(problem=f"The git repository cannot be read: {getattr(error, 'strerror', None) or error}.")


def without_credentials(url: str) -> str:
    """A remote's address without name, password, query and fragment; an empty text where it cannot be read."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if not parts.scheme or "://" not in url:
        # git@host:path has a name, which is no secret, but a password would stand in the same place.
        return url.strip().rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


# --- where it is --------------------------------------------------------------------------------------------------


def _find_repository(folder: Path) -> tuple[Path, Path] | None:
    """The working tree around a folder, and its git folder, without asking git: it obeys what lies there."""
    for parent in [folder, *folder.parents][:MOST_LEVELS]:
        marker = parent / ".git"
        if marker.is_dir():
            return parent, marker
        if marker.is_file():
            # A worktree or a submodule: a line that says where it is kept.
            with suppress(OSError), marker.open("rb") as file:
                line = file.read(5_000).decode("utf-8", "surrogateescape")
                if line.startswith("gitdir:"):
                    return parent, (parent / line.removeprefix("gitdir:").strip()).resolve()
    return None


@dataclass(frozen=True)
class _Repository:
    git: str
    tree: Path
    folder: Path
    deadline: float

    def common(self) -> Path:
        """The folder with the objects: a worktree shares those of its main repository."""
        shared = self.folder / "commondir"
        if not shared.is_file():
            return self.folder
        return (self.folder / shared.read_text(errors="surrogateescape")[:5_000].strip()).resolve()

    def ask(self, arguments: list[str], environment: Mapping[str, str], *, most: int = 10_000) -> tuple[bytes, bool]:
        """The first bytes of what a command prints, and whether there was more. Raises _GitError."""
        command = [self.git, "--no-pager", *arguments]
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self.tree,
                env=_environment(environment),
                start_new_session=True,
            ) as process,
        ):
            try:
                output, is_more = _read_within(process, most, self.deadline)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if is_more or process.returncode == 0:
                return output, is_more
            errors.seek(0)
            words = errors.read(300).decode("utf-8", "replace").strip().splitlines()
        raise _GitError(f"git could not read the repository: {words[0] if words else 'it gave no reason'}.")


def _read_within(process: subprocess.Popen[bytes], most: int, deadline: float) -> tuple[bytes, bool]:
    assert process.stdout
    taken = bytearray()
    while len(taken) <= most:
        patience = deadline - time.monotonic()
        if patience <= 0 or not select.select([process.stdout], [], [], patience)[0]:
            raise _GitError("git took too long, so the commit is not known.")
        data = os.read(process.stdout.fileno(), 65_536)
        if not data:
            break
        taken += data
    if len(taken) > most:
        return bytes(taken[:most]), True
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _GitError("git took too long, so the commit is not known.") from None
    return bytes(taken), False


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the user's but the home, for its list of ignored files: no configuration, no GIT_ variables."""
    return {
        "PATH": os.defpath,
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ATTR_NOSYSTEM": "1",
        **more,
    }


# --- what it says -------------------------------------------------------------------------------------------------


def _read(repository: _Repository, own: Path) -> Revision:
    # These two only read names and values; git starts nothing for them.
    theirs = {"GIT_DIR": str(repository.folder)}
    format_ = _line(repository.ask(["rev-parse", "--show-object-format"], theirs)[0])
    branch = _branch(repository, theirs)
    remote = _optional(repository, ["config", "--get", "remote.origin.url"], theirs)
    commit = _optional(repository, ["rev-parse", "--verify", "--quiet", "HEAD"], theirs)
    if not _HASH.fullmatch(commit):
        return Revision(branch=branch, problem="The git repository has no commit yet.")
    # What a file system cannot tell is no change.
    told = {name: _optional(repository, ["config", "--type=bool", "--get", f"core.{name}"], theirs) for name in TOLD}
    ours = _own_repository(repository, own, format_, commit, told)
    shown = _line(repository.ask(["log", "-1", "--format=%cI %s", commit], ours)[0])
    committed_at, _, subject = shown.partition(" ")
    known = Revision(commit, branch, subject[:500], committed_at, without_credentials(remote))
    try:
        diff, is_cut = repository.ask(
            [
                "diff",
                "--no-ext-diff",
                "--no-textconv",
                "--no-color",
                "--ignore-submodules=dirty",
                "--no-renames",
                commit,
            ],
            ours,
            most=MOST_DIFF_BYTES,
        )
        names, count = _untracked(repository, ours)
    except _GitError as error:
        return Revision(*_values(known), problem=f"What differs from the commit is not known: {error}")
    text = diff.decode("utf-8", "backslashreplace").replace("\0", "\u2400")
    return Revision(*_values(known), diff=text, is_cut=is_cut, untracked=names, untracked_count=count)


def _values(known: Revision) -> tuple[str, str, str, str, str]:
    return known.commit, known.branch, known.subject, known.committed_at, known.remote


def _branch(repository: _Repository, theirs: Mapping[str, str]) -> str:
    return _optional(repository, ["symbolic-ref", "--quiet", "--short", "HEAD"], theirs)


def _optional(repository: _Repository, arguments: list[str], environment: Mapping[str, str]) -> str:
    """A line that may not be there."""
    try:
        return _line(repository.ask(arguments, environment)[0])
    except _GitError:
        if time.monotonic() >= repository.deadline:
            raise
        return ""


def _own_repository(
    repository: _Repository, own: Path, format_: str, commit: str, told: Mapping[str, str]
) -> dict[str, str]:
    """A git folder of ours that leads to their objects, index and working tree; returns the variables that say so."""
    for name in ("refs", "objects", "info"):
        (own / name).mkdir()
    (own / "HEAD").write_text(f"{commit}\n")
    is_sha1 = format_ == "sha1"
    extensions = "" if is_sha1 else f"[extensions]\n\tobjectFormat = {format_ if format_.isalnum() else 'sha256'}\n"
    settings = "".join(f"\t{name} = false\n" for name, value in told.items() if value == "false")
    (own / "config").write_text(
        f"[core]\n\trepositoryformatversion = {0 if is_sha1 else 1}\n\tbare = false\n{settings}{extensions}"
    )
    # A copy with its time: git compares times of files with that of the index, and may write into it.
    for source, target in (("index", "index"), ("info/exclude", "info/exclude"), ("shallow", "shallow")):
        path = repository.folder / source
        if not path.is_file():
            path = repository.common() / source
        if path.is_file():
            shutil.copy2(path, own / target)
    with suppress(FileNotFoundError):
        for shared in repository.folder.glob("sharedindex.*"):
            if shared.is_file():
                shutil.copy2(shared, own / shared.name)
    return {
        "GIT_DIR": str(own),
        "GIT_WORK_TREE": str(repository.tree),
        "GIT_OBJECT_DIRECTORY": str(repository.common() / "objects"),
    }


def _untracked(repository: _Repository, ours: Mapping[str, str]) -> tuple[tuple[str, ...], int]:
    listed, is_cut = repository.ask(
        ["ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"],
        ours,
        most=MOST_NAME_BYTES,
    )
    names = [name.decode("utf-8", "backslashreplace") for name in listed.split(b"\0") if name]
    if is_cut and names:
        # The last one may lack its end.
        names.pop()
    return tuple(names[:MOST_UNTRACKED]), len(names)


def _line(output: bytes) -> str:
    text = output.decode("utf-8", "backslashreplace").replace("\0", "").strip()
    return text.splitlines()[0] if text else ""
