"""Keeps a script that is only being read from writing, fetching and starting other programs.

Loaded by discovery_child in the user's interpreter: the standard library only, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import errno
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
# Audit events whose arguments are paths that would change.
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree"}
LOOPBACK = ("localhost", "127.0.0.1", "::1", "", None)
# What scripts ask for their records before they read their options; none of it changes anything.
READERS = {"git", "hostname", "lscpu", "nproc", "nvidia-smi", "rocm-smi", "uname", "which", "whoami"}
CHANGING_WORDS = {"add", "am", "apply", "checkout", "clean", "clone", "commit", "fetch", "init", "lfs", "merge", "pull"}
CHANGING_WORDS |= {"push", "rebase", "reset", "restore", "stash", "submodule", "switch", "tag"}
INSTALLERS = {"apt", "apt-get", "brew", "conda", "easy_install", "mamba", "npm", "pip", "pip3", "poetry", "uv", "yum"}
STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))
HERE = os.path.dirname(os.path.abspath(__file__))


class Guard:
    """Refuses, while it is on, what would change something; `refused` says what was tried first.

    Nothing is written into the project's folders. The script's own code, unlike that of libraries with their caches,
    writes nowhere else either but into the folder for temporary files, and starts only programs that read.
    """

    def __init__(self, roots: Iterable[str]) -> None:
        whole = {os.path.abspath(root) for root in roots}
        self._roots = whole | {os.path.realpath(root) for root in whole}
        self._temporary = (os.path.realpath(tempfile.gettempdir()), "/dev", "/proc")
        self.is_on = False
        self.refused = ""
        # Files of the user's that the script read on its way, and which are no code: they may decide on defaults.
        self.read: set[str] = set()

    def begin(self) -> None:
        sys.addaudithook(self._audit)
        system = os.system

        def refusing_system(command: Any) -> int:
            # Scripts go on where this fails, and do not expect that it raises.
            try:
                return system(command)
            except PermissionError:
                return 1

        os.system = refusing_system
        self.is_on = True

    def is_own(self, path: str) -> bool:
        """Whether a file is the user's: below the project's folders, and not installed there."""
        whole = os.path.abspath(path)
        if _is_installed(whole) or path.startswith("<"):
            return False
        return any(_is_below(whole, root) for root in self._roots)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open":
            path, _mode, flags = arguments
            if isinstance(flags, int) and flags & WRITING:
                self._guard_path(path)
            elif isinstance(path, str) and not path.endswith((".py", ".pyc", ".so")) and self.is_own(path):
                self.read.add(os.path.abspath(path))
        elif event in CHANGES:
            if event == "os.mkdir" and os.path.isdir(arguments[0]):
                # Makes nothing: it is how many scripts make sure that a folder is there.
                return
            for path in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                self._guard_path(path)
        elif event == "sqlite3.connect":
            self._guard_path(arguments[0])
        elif event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            self._guard_host(arguments[1][0])
        elif event == "socket.getaddrinfo":
            self._guard_host(arguments[0])
        elif event == "os.system":
            self._guard_program(arguments[0])
        elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
            self._guard_program(arguments[1])

    def _guard_path(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        whole = os.path.abspath(os.fsdecode(path))
        for root in self._roots:
            # Caches of libraries are hidden folders of a home, which may be the project's folder as well.
            if _is_below(whole, root) and not os.path.relpath(whole, root).startswith("."):
                self._refuse(f"writes {os.path.relpath(whole, root)}")
        is_temporary = any(_is_below(os.path.realpath(whole), folder) for folder in self._temporary)
        if not is_temporary and self._is_asked_by_script():
            self._refuse(f"writes {whole}")

    def _guard_host(self, host: Any) -> None:
        name = host.decode(errors="replace") if isinstance(host, bytes) else host
        if name not in LOOPBACK:
            self.refused = self.refused or f"asks {name}"
            raise OSError(errno.ENETUNREACH, f"the network is not used while options are discovered: {name}")

    def _guard_program(self, command: Any) -> None:
        words = _words(command)
        names = {os.path.basename(word) for word in words}
        is_reader = bool(words) and os.path.basename(words[0]) in READERS and not names & CHANGING_WORDS
        if names & INSTALLERS or (not is_reader and self._is_asked_by_script()):
            self._refuse(f"starts {' '.join(words)}")

    def _refuse(self, what: str) -> None:
        self.refused = self.refused or what
        raise PermissionError(errno.EACCES, f"nothing is changed while options are discovered; the script {what}")

    @staticmethod
    def _is_asked_by_script() -> bool:
        """Whether it is the user's own code, wherever it lies, and none of an installed library's, that asks."""
        frame: Any = sys._getframe(1)
        while frame is not None and _is_standard(frame.f_code.co_filename):
            frame = frame.f_back
        return frame is not None and not _is_installed(frame.f_code.co_filename)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_installed(path: str) -> bool:
    return "site-packages" in path or "dist-packages" in path


def _is_standard(path: str) -> bool:
    if path.startswith("<") or _is_below(path, HERE):
        return True
    return _is_below(path, STANDARD_LIBRARY) and not _is_installed(path)


def _words(command: Any) -> list[str]:
    """The items of a command; of one for a shell those that stand in its text."""
    if isinstance(command, (str, bytes, os.PathLike)):
        items = [os.fsdecode(command)]
    else:
        items = [os.fsdecode(item) for item in command]
        if len(items) > 2 and os.path.basename(items[0]) in ("sh", "bash") and items[1] == "-c":
            items = items[2:3]
        elif len(items) > 1:
            return items
    try:
        # What is chained or redirected is more than a program that reads.
        return shlex.split(items[0]) if not set("|&;<>`$") & set(items[0]) else ["sh", "-c", *shlex.split(items[0])]
    except ValueError:
        return ["sh", "-c", *items]
