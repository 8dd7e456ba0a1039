"""Looks after an experiment's own files: what they take while it runs, and what stays of them when it has ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from analysis.limits import GB, DiskLimits
from analysis.own_files import OwnFiles
from analysis.words import size
from sources.own_files import is_empty, kind_of, list_own_files, remove_own_files, share_new_folders, tidy
from storage.files import KeptFiles

LOOK_EVERY_S = 2.0
# A look at very many files takes its time, and at most this part of all time goes into looks.
LONGEST_PART = 0.05

log = logging.getLogger("hypertuner.files")


class FileKeeper:
    """Of one experiment's attempt."""

    def __init__(self, folder: Path, limits: DiskLimits, host: str) -> None:
        self.folder = folder
        self._limits = limits
        self._host = host
        self._next = time.monotonic() + LOOK_EVERY_S
        self._told: OwnFiles | None = None
        # What the project's other experiments take, in bytes.
        self.others = 0
        # Nobody has said it where the script was started by somebody else.
        self.kind: str | None = None
        self.note: str | None = None
        self.found = OwnFiles()

    def look(self) -> str | None:
        """See what the script has written by now, if it is time to; returns why it is to be stopped, if it is."""
        began = time.monotonic()
        if began < self._next:
            return None
        self.found = list_own_files(self.folder)
        self._next = time.monotonic() + max(LOOK_EVERY_S, (time.monotonic() - began) / LONGEST_PART)
        return self._too_much()

    def _too_much(self) -> str | None:
        taken, most = self.found.disk_bytes, self._limits.files_gb * GB
        if taken > most:
            return (
                f"its files take {size(taken)}, and those of an experiment may take {size(most)} (HYPERTUNER_FILES_GB)"
            )
        return self.no_room(taken)

    def no_room(self, taken: int = 0) -> str | None:
        """Why the project's experiments may write nothing more, in words; None where they may."""
        most = self._limits.project_files_gb * GB
        if self.others + taken <= most:
            return None
        return (
            f"the files of the project's experiments take {size(self.others + taken)}, and may take {size(most)} "
            "(HYPERTUNER_PROJECT_FILES_GB); remove some on the experiments' pages, or with hypertuner files --remove"
        )

    @property
    def news(self) -> KeptFiles | None:
        """What the database is to know, if it does not know it yet."""
        if self.found == (self._told or OwnFiles()):
            return None
        return KeptFiles(self._host, str(self.folder), self.kind or kind_of(self.folder), self.note, self.found)

    def told(self, kept: KeptFiles) -> None:
        """The database knows it now."""
        self._told = kept.found

    def close(self, *, shared: Sequence[Path], is_finished: bool, may_return: bool) -> None:
        """The script has ended: keep what it wrote, and only that. A disk that fails costs the list, no experiment.

        shared: folders that all experiments write into; one that finished leaves those that it made to the others.
        may_return: a further attempt may follow, so that the folder stays.
        """
        try:
            if is_empty(self.folder):
                self.found = OwnFiles()
                if not may_return:
                    remove_own_files(self.folder)
                return
            tidy(self.folder)
            if is_finished:
                for folder in share_new_folders(self.folder, shared):
                    log.info("%s is shared by all experiments from now on", folder)
            self.found = list_own_files(self.folder, with_digests=True)
        except OSError as error:
            log.warning("the files in %s cannot be looked through: %s", self.folder, error)
        if not self.found.count and not may_return:
            with suppress(OSError):
                remove_own_files(self.folder)
