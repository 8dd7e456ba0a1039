"""A project's own views: the Python files in the folder `views/` beside its script, there or in a snapshot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = "views"
MOST_VIEWS = 30
MOST_FILE_BYTES = 1_000_000
LONGEST_HINT = 200
# The first line of a module's docstring, behind comments.
_DOCSTRING = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[rRuU]?(\"{3}|'{3}|\"|')[ \t]*\n?(.*?)(?:\n|\1)")


@dataclass(frozen=True)
class CustomView:
    """One view. file: its path in the script's folder. hint: what its docstring says first. digest: of its content."""

    name: str
    file: str
    hint: str
    digest: str


def views_in(folder: Path) -> list[CustomView]:
    """The views of a script's folder, by name; files that begin with `_` are for views to import."""
    return views_among(dict(_contents(folder)))


def views_among(files: Mapping[str, bytes]) -> list[CustomView]:
    """The same of files by their path in the script's folder."""
    found = [_view(name, files[name]) for name in sorted(files) if _is_view(name)]
    return found[:MOST_VIEWS]


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    try:
        paths = sorted((folder / FOLDER).glob("*.py"))
    except OSError:
        return
    for path in paths:
        name = f"{FOLDER}/{path.name}"
        try:
            if _is_view(name) and path.is_file() and path.stat().st_size <= MOST_FILE_BYTES:
                yield name, path.read_bytes()
        except OSError:
            # It went in this moment, or is not ours to read: then there is no view.
            continue


def _is_view(name: str) -> bool:
    folder, _, file = name.partition("/")
    return folder == FOLDER and re.fullmatch(r"[^_./\x00-\x1f][^/\x00-\x1f]*\.py", file) is not None


def _view(file: str, content: bytes) -> CustomView:
    found = _DOCSTRING.match(content.decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\ufeff"))
    hint = found[2].strip()[:LONGEST_HINT] if found else ""
    name = file.removeprefix(f"{FOLDER}/").removesuffix(".py").replace("_", " ")
    return CustomView(name, file, hint, hashlib.sha256(content).hexdigest())
