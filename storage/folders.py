"""The private folders on disk: the data folder, and a short-named one for sockets."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


class FolderError(Exception):
    """A folder that cannot be used; the message names it, its owner and the remedy."""


def prepare_data_dir(path: Path) -> Path:
    """Make the data folder, or check that it is ours and private.

    Root's lets others pass through but not look in, because PostgreSQL runs as its own user below it.
    Raises FolderError.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except NotADirectoryError:
        raise FolderError(f"{path} cannot be a folder: a part of it is a file. Choose another --data-dir.") from None
    except FileExistsError:
        raise FolderError(f"{path} is a file. Choose a folder with --data-dir.") from None
    except PermissionError:
        raise FolderError(f"{path} cannot be made: you may not write there. Choose another --data-dir.") from None
    except OSError as error:
        raise FolderError(f"{path} cannot be made: {error.strerror}. Choose another --data-dir.") from None
    _check_owner(path)
    path.chmod(mode)
    for name in ("secrets", "logs", "spool", "snapshots", "client"):
        (path / name).mkdir(mode=0o700, exist_ok=True)
    return path


def prepare_runtime_dir(data_dir: Path) -> Path:
    """A private folder with a short name, one per data folder: names of sockets end at 107 bytes.

    Raises FolderError where somebody else holds the name.
    """
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]
    # Always /tmp: TMPDIR may be long, and then no socket fits.
    base = Path("/tmp")  # noqa: S108 - the folder below is ours and checked
    path = base / f"hypertuner-{os.geteuid()}-{digest}"
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path.mkdir(mode=mode, exist_ok=True)
    _check_owner(path)
    path.chmod(mode)
    return path


def _check_owner(path: Path) -> None:
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise FolderError(f"{path} is no folder. Choose another --data-dir.")
    if status.st_uid != os.geteuid():
        raise FolderError(
            f"{path} belongs to user id {status.st_uid}, and you are {os.geteuid()}. "
            "Choose another folder with --data-dir, or ask its owner."
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise FolderError(f"{path} cannot be written to. Mend its permissions, or choose another --data-dir.")


def read_database_url(data_dir: Path) -> str:
    """Where the database is: the environment's word, else the private file that the launcher wrote.

    Raises FileNotFoundError.
    """
    if url := os.environ.get("HYPERTUNER_DATABASE_URL"):
        return url
    return (data_dir / "secrets" / "database_url").read_text().strip()
