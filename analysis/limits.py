"""What experiments may take of a machine's disk."""

from __future__ import annotations

from dataclasses import dataclass

GB = 1e9


@dataclass(frozen=True)
class DiskLimits:
    """In GB of 10^9 bytes.

    spool_gb: of all ended scripts' output on a machine, before the oldest goes. files_gb: of one experiment's own
    files, before it is stopped. project_files_gb: of those of a project's experiments together, before its runs pause.
    """

    spool_gb: float = 5.0
    files_gb: float = 20.0
    project_files_gb: float = 200.0
