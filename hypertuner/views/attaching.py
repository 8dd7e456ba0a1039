"""How a view travels: its payload in a file beside the metrics, then a line that names it; trouble is a warning."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from hypertuner import spool

MOST_BYTES = 50_000_000


class ViewError(ValueError):
    """Something that cannot be shown; the message says what and how it should look."""


@contextmanager
def harmless(name: str) -> Iterator[None]:
    """Whatever goes wrong inside costs one warning on stderr, and the training goes on."""
    try:
        yield
    except ViewError as error:
        spool.warn_once(f"{name} is not shown: {error}")
    except Exception as error:  # noqa: BLE001  Arrays of any library raise anything, and a training must go on.
        spool.warn_once(f"{name} is not shown: {type(error).__name__}: {error}")


_attached = 0


def attach(name: str, kind: str, payload: Mapping[str, Any], epoch: float | None) -> None:
    """Write a payload, then the line that names it: whoever reads the line finds the file.

    Raises ViewError above MOST_BYTES, and OSError.
    """
    global _attached  # noqa: PLW0603  Makes file names that sort as they were written.
    file = spool.current()
    if file is None:
        return
    content = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(content) > MOST_BYTES:
        raise ViewError(
            f"it takes {len(content):,} bytes, and {MOST_BYTES:,} is the most; attach fewer or smaller examples"
        )
    _attached += 1
    file_name = f"view-{_attached}-{os.urandom(6).hex()}.json"
    record: dict[str, object] = {"t": time.time(), "view": str(name), "kind": kind, "file": file_name}
    if epoch is not None:
        record["epoch"] = float(epoch)
    _write_whole(os.path.join(file.folder, file_name), content)
    file.append(record)


def _write_whole(path: str, content: bytes) -> None:
    temporary = f"{path}.part"
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.remove(temporary)
        raise
