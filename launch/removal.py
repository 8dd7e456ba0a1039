"""Removing what an experiment wrote, from the page and from the shell."""

from __future__ import annotations

from pathlib import Path

from analysis.words import size
from sources.own_files import remove_own_files
from storage.files import KeptFiles, mark_removed
from storage.records import Experiment
from storage.store import Store


class RemovalError(ValueError):
    """Files that stay; the message says why."""


def remove_files(store: Store, experiment: Experiment, kept: KeptFiles, folder: Path) -> str:
    """Remove all files of an experiment that has ended, and say in a sentence what came of it.

    folder: where they lie on this machine. What they were is still known. Raises RemovalError.
    """
    if experiment.state in ("queued", "running"):
        raise RemovalError(f"Experiment {experiment.number} is {experiment.state}; remove its files when it has ended.")
    try:
        remove_own_files(folder)
    except OSError as error:
        raise RemovalError(f"{error.filename} cannot be removed: {error.strerror}.") from None
    mark_removed(store, experiment.reused_from or experiment.id)
    return f"{size(kept.found.bytes)} of experiment {experiment.number} removed"
