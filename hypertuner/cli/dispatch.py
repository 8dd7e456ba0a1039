"""Keeping a dispatcher on a shared Ray cluster: its job is watched, and submitted again when it has ended."""

from __future__ import annotations

import time

from app.settings import Settings
from hypertuner.cli.errors import CommandError
from hypertuner.cli.parts import DispatcherJob
from hypertuner.cli.watch import LOOK_EVERY_S, Say, Watched

ADVICE = "`hypertuner dispatch` ends; start it anew to try it again."


def watch_dispatcher(settings: Settings, token: str | None, job: str, say: Say) -> None:
    """Watch a job that was submitted, and its successors, until we are interrupted; the job itself stays then.

    Raises CommandError where it ended five times in two minutes.
    """
    watched = Watched(DispatcherJob(settings, token, job=job), say, advice=ADVICE)
    watched.begin()
    try:
        while not watched.is_broken:
            time.sleep(LOOK_EVERY_S)
    finally:
        watched.end()
    raise CommandError(f"{watched.problem}.")
