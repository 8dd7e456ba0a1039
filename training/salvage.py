"""Salvage: an attempt whose owner is gone is taken over, and its spool read to the end before anything is decided.

A training that ended counts as ended, whoever was looking; only one that was cut is queued again, and what it
reported stays under its attempt.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.leases import Cause, LeaseLost, Lost, renew_experiment, take_lost
from storage.runs import fetch_run
from training.experiment import Attempt, ExperimentWorker
from training.script_launch import Launch
from training.spool import Place
from training.spool_folders import ask_to_end, guard_of, read_end

LOOK_EVERY_S = 0.2
RENEW_EVERY_S = 2.0
# A script that the kernel cannot end, as one that waits for a broken driver, is not waited for any longer.
LONGEST_WAIT_S = 120.0

log = logging.getLogger("hypertuner.salvage")


@dataclass(frozen=True)
class Salvaged:
    """How many attempts had ended after all, and how many were cut."""

    ended: int = 0
    cut: int = 0


class Salvager:
    """Takes over the attempts of this host's dead owners, one after another.

    Guarantees that every value that a script handed over is in the database before its attempt is given up, and that
    dying on the way costs nothing: the leases run out, and somebody else goes on.
    """

    def __init__(
        self, data_dir: Path, *, must_end: threading.Event | None = None, database_url: str | None = None
    ) -> None:
        self._data_dir = data_dir
        self._database_url = database_url
        self._must_end = must_end or threading.Event()

    def salvage(self, cause: Cause, *, owners: Sequence[str] = (), everything: bool = False) -> Salvaged:
        """See to all that is lost on this host; `cause` is why a cut attempt was lost.

        Lost are attempts whose lease ran out and those of the named owners; everything: all that are running.
        An absent database raises DBAPIError.
        """
        name = f"salvage-{secrets.token_hex(6)}"
        worker = ExperimentWorker(str(self._data_dir), name, database_url=self._database_url)
        worker.retire()
        ended = cut = 0
        try:
            while lost := take_lost(
                worker.store, name, worker.place.host, owners=owners, everything=everything, most=1
            ):
                was_ended = self._see_to(worker, lost[0], cause)
                ended, cut = ended + was_ended, cut + (not was_ended)
        finally:
            worker.close()
        return Salvaged(ended, cut)

    def _see_to(self, worker: ExperimentWorker, lost: Lost, cause: Cause) -> bool:
        """Read one attempt to its end; says whether it had ended by itself."""
        place = Place(lost.offsets, lost.counts, lost.epoch, lost.epochs)
        run = worker.backoff.insist(lambda: fetch_run(worker.store, lost.claim.run_id))
        attempt = Attempt(worker, Launch.plain(run), lost.claim, place=place)
        try:
            self._await_script(worker, lost, attempt.folder)
            end = read_end(attempt.folder)
            if end is None or end.cut:
                attempt.give_up(cause)
            else:
                attempt.end_as(end, request=lost.request)
        except LeaseLost:
            log.info("experiment %s is seen to by somebody else", lost.claim.number)
            return False
        is_ended = end is not None and not end.cut
        log.warning("experiment %s: %s", lost.claim.number, "it had ended" if is_ended else cause.reason)
        return is_ended

    def _await_script(self, worker: ExperimentWorker, lost: Lost, folder: Path) -> None:
        """Wait until nothing of the script runs any more: its supervisor ends it when it is asked to."""
        waited = 0.0
        while guard_of(folder) is not None and waited < LONGEST_WAIT_S:
            if waited == 0:
                ask_to_end(folder)
            if waited % RENEW_EVERY_S < LOOK_EVERY_S:
                worker.backoff.insist(lambda: renew_experiment(worker.store, lost.claim))
            self._must_end.wait(LOOK_EVERY_S)
            waited += LOOK_EVERY_S
