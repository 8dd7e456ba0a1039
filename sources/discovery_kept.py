"""What discovery found, kept by the digest of the code, so that a script is not started anew for each launch."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sources.discovery import Discovery

HERE = Path(__file__).parent
# Those that nobody asked for in so long may go.
KEPT_S = 30 * 24 * 3600
MOST_KEPT = 500


def discovered(
    folder: Path, code_digest: str, command: Sequence[str], directory: Path, discover: Callable[[], Discovery]
) -> Discovery:
    """What was found before for the same code, interpreter and command, or else what `discover` finds now.

    What is found is kept in the folder where the script's own parser was read and lacked no package; it holds as long
    as the packages of its interpreter and the files that the script read on its way are as they were.
    """
    key = json.dumps([_version(), code_digest, str(directory), *map(_without_candidates, command)])
    path = folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}.json"
    kept = _read(path)
    if kept is not None:
        return kept
    found = discover()
    if found.depends_on is not None:
        with suppress(OSError):
            _keep(path, {**found.to_json(), "depends_on": marks(found.depends_on)})
    return found


def marks(paths: Sequence[str]) -> dict[str, list[int] | None]:
    """How files and folders are told from what they were; None for one that is not there."""
    return {path: _mark(path) for path in paths}


def _mark(path: str) -> list[int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _without_candidates(item: str) -> str:
    # Which values are tried decides nothing about the options.
    return re.sub(r"\[[^\[\]]*\]$", "[]", item)


def _version() -> str:
    """Another one where discovery itself changes."""
    total = hashlib.sha256()
    for path in sorted(HERE.glob("discovery*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _read(path: Path) -> Discovery | None:
    try:
        data: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        depends_on = data["depends_on"]
        if depends_on != marks(list(depends_on)):
            return None
        os.utime(path)
        return Discovery.from_json(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Whatever stands there, it can be found anew.
        return None


def _keep(path: Path, data: Mapping[str, Any]) -> None:
    # The folder around it is made by whoever starts the product.
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
        json.dump(data, file)
    os.replace(file.name, path)
    _tidy(path.parent)


def _tidy(folder: Path) -> None:
    """Remove what was not asked for in a month, and the oldest of very many."""
    found = sorted(((entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)), reverse=True)
    for at, (changed, path) in enumerate(found):
        if at >= MOST_KEPT or changed < time.time() - KEPT_S:
            with suppress(OSError):
                os.unlink(path)
