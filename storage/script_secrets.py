"""Secrets of scripts: variables whose values no database and no page may hold, in private files of the data folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

FOLDER = Path("secrets") / "scripts"
# A launch takes seconds.
FRESH_S = 3600
_KEY = re.compile(r"[0-9a-f]{32}")


def keep_secrets(data_dir: Path, values: Mapping[str, str]) -> str:
    """Write them into a file that only we may read; returns the key by which a run names it. Raises OSError."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    key = secrets.token_hex(16)
    descriptor = os.open(folder / key, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(dict(values), file)
    return key


def read_secrets(data_dir: Path, key: str | None) -> dict[str, str]:
    """The values that were kept under a key; none where there is no such file on this machine."""
    if key is None or not _KEY.fullmatch(key):
        return {}
    try:
        data = json.loads((data_dir / FOLDER / key).read_text("utf-8", "surrogateescape"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in data.items()} if isinstance(data, dict) else {}


def forget_secrets(data_dir: Path, needed: Collection[str]) -> None:
    """Remove the files of runs that need them no more; not new ones, whose run may be about to be made."""
    with suppress(OSError):
        for path in (data_dir / FOLDER).iterdir():
            with suppress(OSError):
                if path.name not in needed and path.stat().st_mtime < time.time() - FRESH_S:
                    path.unlink()
