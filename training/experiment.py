"""The experiment worker: takes experiments of a run one after another, runs each script, and writes what it reports.

It becomes an actor in `scheduler.py`; nothing here knows Ray.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from analysis.failures import signature
from analysis.hyperparameters import Hyperparameter, argv_items
from sources.snapshot import SnapshotError, unpack_snapshot
from storage.configuration import keep_environment, wants_environment
from storage.folders import read_database_url
from storage.ingestion import Batch, Ending, finish_experiment, record
from storage.leases import LeaseLost, claim_experiment, release_lost, renew_experiment
from storage.projects import fetch_snapshot, metric_ids
from storage.records import Claim, Run
from storage.runs import fetch_run
from storage.store import Store, is_outage
from training.backoff import Backoff
from training.environment import EnvironmentProbe
from training.lifeline_owner import Ended, LifelineOwner, StartError
from training.script_environment import environment_of_scripts, script_environment
from training.spool import METRICS, STDERR, STDOUT, Reading, SpoolReader

GRACE_S = 10.0
# The first look at the spool comes quickly, so that a first value is seen at once; then they get rarer. An even earlier
# one would give a script that does nothing a commit of its own before its last.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 0.3
RECORD_EVERY_S = 0.3
TAILS_EVERY_S = 1.5
RENEW_EVERY_S = 1.0
LONGEST_REASON = 500
# What the first script of a run on a host waits at its end for what is said of that host; mostly it was by then.
ENVIRONMENT_PATIENCE_S = 3.0


class ExperimentWorker:
    """Works on experiments, one at a time, through one standing supervisor.

    Guarantees that every value that a script wrote counts exactly once, that an absent database costs the script
    nothing, and that a worker whose lease was lost ends the script and writes nothing more.
    """

    def __init__(self, data_dir: str, owner: str, *, database_url: str | None = None) -> None:
        """owner: unique, as leases are held in its name. Without a URL the data folder's own is taken."""
        self.data_dir = Path(data_dir)
        self.owner = owner
        self.host = socket.gethostname()
        # Every transaction here is tried again after an outage, so none needs a test of its connection first.
        url = database_url or read_database_url(self.data_dir)
        self.store = Store(url, pool_size=1, checks_idle=False)
        self.supervisor = LifelineOwner()
        self.backoff = Backoff()
        self._probe: tuple[int, EnvironmentProbe] | None = None
        self._metric_ids: dict[tuple[int, str], int] = {}

    def work(self, run: Run, run_fence: int) -> int:
        """Do experiments of the run until none is queued or the run is no longer ours; returns how many there were."""
        launch = Launch.of(self, run)
        done = 0
        claim = self.claim(run, run_fence)
        if claim is not None:
            self._look_around(launch)
        while claim is not None:
            if not launch.knows(claim):
                # The run was extended by other hyperparameters since.
                launch = Launch.of(self, self.backoff.insist(lambda: fetch_run(self.store, run.id)))
            claim = Attempt(self, launch, claim, run_fence).perform()
            done += 1
        return done

    def claim(self, run: Run, run_fence: int) -> Claim | None:
        """Take the run's next experiment. Nothing of ours runs now: what we hold came in an answer that got lost."""

        def take() -> Claim | None:
            release_lost(self.store, owner=self.owner)
            return claim_experiment(self.store, run.id, run_fence, self.owner, self.host)

        return self.backoff.insist(take)

    def _look_around(self, launch: Launch) -> None:
        """Ask what this machine and the interpreter are, unless somebody did for this run."""
        self._forget_probe()
        if not launch.problem and self.backoff.insist(lambda: wants_environment(self.store, launch.run.id, self.host)):
            environment = environment_of_scripts(os.environ, self.data_dir)
            # Without room for its answer it stays unknown; an experiment does not fail for that.
            with suppress(OSError):
                self._probe = (launch.run.id, EnvironmentProbe(launch.command[0], environment, launch.directory))

    def keep_environment(self, patience_s: float = 0.0) -> None:
        """Write down what was found of this machine, if it has been by now. An absent database raises DBAPIError."""
        if self._probe is None:
            return
        run_id, probe = self._probe
        facts = probe.facts(patience_s)
        if facts is not None:
            keep_environment(self.store, run_id, self.host, facts)
            self._forget_probe()

    def _forget_probe(self) -> None:
        if self._probe is not None:
            self._probe[1].close()
            self._probe = None

    def close(self) -> None:
        """End whatever runs, and give everything back."""
        self._forget_probe()
        self.supervisor.close()
        self.store.close()

    def ids_of(self, project_id: int, names: Sequence[str]) -> dict[str, int]:
        """The ids of metrics; the database is asked only for new names."""
        missing = [name for name in names if (project_id, name) not in self._metric_ids]
        if missing:
            for name, number in metric_ids(self.store, project_id, missing).items():
                self._metric_ids[project_id, name] = number
        return {name: self._metric_ids[project_id, name] for name in names}


@dataclass(frozen=True)
class Launch:
    """How every script of a run is started on this machine; `problem` says why it cannot be."""

    run: Run
    command: list[str]
    directory: str
    hyperparameters: list[Hyperparameter]
    problem: str | None = None

    @classmethod
    def of(cls, worker: ExperimentWorker, run: Run) -> Launch:
        """Unpack the run's snapshot if it has one, so that exactly the code that was launched runs."""
        known = [Hyperparameter.from_json(entry) for entry in run.hyperparameters]
        plain = cls(run, list(run.command), run.directory, known)
        digest = run.snapshot_digest
        if digest is None:
            return plain
        found = worker.backoff.insist(lambda: fetch_snapshot(worker.store, digest))
        if found is None:
            return cls(run, plain.command, run.directory, known, "The snapshot of its code is missing.")
        archive, script = found
        try:
            folder = unpack_snapshot(archive, digest, worker.data_dir / "snapshots")
        except (SnapshotError, OSError) as error:
            return cls(
                run, plain.command, run.directory, known, f"The snapshot of its code cannot be unpacked: {error}"
            )
        command = [plain.command[0], str(folder / script), *plain.command[2:]]
        # The user's own folder is where its data lies; on another machine only the snapshot is there.
        directory = run.directory if Path(run.directory).is_dir() else str(folder)
        return cls(run, command, directory, known)

    def knows(self, claim: Claim) -> bool:
        """Whether it is known how every hyperparameter of the settings is passed."""
        return claim.settings.keys() <= {each.name for each in self.hyperparameters}

    def argv(self, claim: Claim) -> list[str]:
        """The items that are executed, never through a shell. Raises StartError."""
        if self.problem:
            raise StartError(self.problem)
        try:
            return [*self.command, *argv_items(claim.settings, self.hyperparameters)]
        except KeyError as error:
            raise StartError(f"The run does not say how {error.args[0]} is passed to the script.") from None


@dataclass
class Attempt:
    """One attempt of one experiment, from its folder to its ending."""

    worker: ExperimentWorker
    launch: Launch
    claim: Claim
    run_fence: int
    folder: Path = field(init=False)
    reader: SpoolReader = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.worker.data_dir / "spool" / f"{self.claim.experiment_id}-{self.claim.attempt}"
        self.reader = SpoolReader(self.folder, not_metrics=self.claim.settings.keys())
        self._pending: Reading | None = None
        self._is_stopping: str | None = None
        self._refused: str | None = None
        now = time.monotonic()
        self._started = self._renewed = self._tails_read = now
        self._recorded = 0.0

    def perform(self) -> Claim | None:
        """Run the script to its end and write it down; returns the run's next experiment."""
        try:
            try:
                self._start()
            except (StartError, OSError) as error:
                return self._finish(failed(0.0, None, f"It could not be started. {error}"))
            ending = self._ending(self._follow())
            self._await_environment()
            return self._finish(ending)
        except LeaseLost:
            self._end_script()
            return self.worker.claim(self.launch.run, self.run_fence)

    # --- while it runs ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        make_spool(self.folder)
        argv = self.launch.argv(self.claim)
        environment = script_environment(os.environ, self.folder, self.claim, self.worker.data_dir)
        stdout, stderr = str(self.folder / STDOUT), str(self.folder / STDERR)
        self.worker.supervisor.start(argv, self.launch.directory, environment, stdout, stderr, grace_s=GRACE_S)
        self._started = time.monotonic()

    def _follow(self) -> Ended:
        """Look after the script until it has ended; that is noticed at once, the rest in turns."""
        pause = FIRST_PAUSE_S
        while True:
            ended = self.worker.supervisor.wait(pause)
            if ended:
                return ended
            self._enforce_time_limit()
            if time.monotonic() >= self.worker.backoff.until:
                self._talk_to_database()
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _talk_to_database(self) -> None:
        now = time.monotonic()
        try:
            if now - self._recorded >= RECORD_EVERY_S:
                self._record_news(with_tails=now - self._tails_read >= TAILS_EVERY_S)
            if now - self._renewed >= RENEW_EVERY_S:
                self._obey(renew_experiment(self.worker.store, self.claim))
                self._renewed = now
            self.worker.keep_environment()
            self.worker.backoff.succeeded()
        except DBAPIError as error:
            if is_outage(error):
                # The script goes on; its spool holds everything until the database is back.
                self.worker.backoff.failed()
            else:
                self._refuse(error)

    def _record_news(self, *, with_tails: bool) -> None:
        """Commit what is new. A reading that failed to arrive is sent again before anything newer is read."""
        deadline = time.monotonic() + RENEW_EVERY_S
        while self._refused is None:
            reading = self._pending or self.reader.read(with_tails=with_tails)
            if with_tails:
                self._tails_read = time.monotonic()
            if reading.is_news:
                self._pending = reading
                record(self.worker.store, self.claim, self._batch(reading))
                self.reader.committed(reading)
                self._pending = None
                self._recorded = time.monotonic()
            if not reading.is_partial or time.monotonic() >= deadline:
                return

    def _batch(self, reading: Reading) -> Batch:
        return reading.batch(self.worker.ids_of(self.claim.project_id, list(reading.series)))

    def _refuse(self, error: DBAPIError) -> None:
        # Not an outage, so trying again would fail for ever: the experiment says so in the end.
        self._refused = f"Its values could not be stored: {str(error.orig).strip()}"[:LONGEST_REASON]

    def _obey(self, request: str | None) -> None:
        if request == "stop":
            self._stop("stopped by request")

    def _enforce_time_limit(self) -> None:
        limit = self.launch.run.time_limit_s
        if limit is not None and time.monotonic() - self._started >= limit:
            self._stop(f"time limit of {limit:g} s reached")

    def _stop(self, why: str) -> None:
        if self._is_stopping is None:
            self._is_stopping = why
            self.worker.supervisor.stop()

    def _end_script(self) -> None:
        self.worker.supervisor.stop(0)
        self.worker.supervisor.wait(None)

    # --- when it has ended ------------------------------------------------------------------------------------------

    def _ending(self, ended: Ended) -> Ending:
        if self._is_stopping == "stopped by request":
            return Ending("stopped", ended.duration_s, ended.exit_code, self._is_stopping)
        if self._is_stopping:
            return failed(ended.duration_s, ended.exit_code, self._is_stopping)
        if ended.exit_code == 0:
            return Ending("finished", ended.duration_s, 0)
        retry = self.claim.failures < self.launch.run.retries
        # What a killed script printed before is not why it ended.
        stderr = self.reader.end_of_stderr() if ended.exit_code is not None else ""
        return failed(ended.duration_s, ended.exit_code, self._reason(ended), stderr=stderr, retry=retry)

    def _await_environment(self) -> None:
        # A lease lasts longer than this. The ending, which follows, insists on the database.
        with suppress(DBAPIError):
            self.worker.keep_environment(ENVIRONMENT_PATIENCE_S)

    def _reason(self, ended: Ended) -> str:
        if ended.signal is not None:
            what = f"killed by signal {ended.signal} ({signal_name(ended.signal)})"
        elif ended.exit_code is not None:
            what = f"exit code {ended.exit_code}"
        else:
            what = "its supervisor was killed, and the script with it"
        last_words = self.reader.last_words()
        return f"{what}: {last_words}"[:LONGEST_REASON] if last_words else what

    def _finish(self, ending: Ending) -> Claim | None:
        """Write the rest of the spool, the ending, and take the next experiment, in one transaction."""
        # A line that a killed script was just writing on stdout may lack its last digits.
        took_all = ending.exit_code is not None
        while True:
            if self._pending is not None and not self._refused:
                self._insist_recording(self._pending)
            self._pending = self.reader.read(is_last=True, take_stdout_tail=took_all, with_tails=True)
            if self._refused or not self._pending.is_partial:
                break
        try:
            following = self._send_ending(self._pending, ending)
        except DBAPIError as error:
            self._refuse(error)
            following = self._send_ending(None, ending)
        self._tidy()
        return following

    def _insist_recording(self, reading: Reading) -> None:
        try:
            self.worker.backoff.insist(lambda: record(self.worker.store, self.claim, self._batch(reading)))
            self.reader.committed(reading)
        except DBAPIError as error:
            self._refuse(error)

    def _send_ending(self, reading: Reading | None, ending: Ending) -> Claim | None:
        if self._refused:
            offsets = self.reader.committed_offsets
            nothing = Batch(offsets[0], offsets[0], offsets[1], offsets[1])
            refused = failed(ending.duration_s, ending.exit_code, self._refused)
            return self._insist_finishing(lambda: nothing, refused)
        assert reading
        following = self._insist_finishing(lambda: self._batch(reading), ending)
        self.reader.committed(reading)
        return following

    def _insist_finishing(self, batch: Callable[[], Batch], ending: Ending) -> Claim | None:
        worker = self.worker
        return worker.backoff.insist(
            lambda: finish_experiment(
                worker.store, self.claim, batch(), ending, run_fence=self.run_fence, host=worker.host
            )
        )

    def _tidy(self) -> None:
        # Its values are in the database; the streams stay, as there only their ends are.
        if self._refused is None:
            with suppress(OSError):
                (self.folder / METRICS).unlink()


def failed(duration_s: float, exit_code: int | None, reason: str, *, stderr: str = "", retry: bool = False) -> Ending:
    """The end of an attempt that failed, with the line that it has in common with others; stderr: its end."""
    return Ending("failed", duration_s, exit_code, reason[:LONGEST_REASON], retry, signature(stderr, reason))


def make_spool(folder: Path) -> None:
    """A private, empty folder; one of that name is left from an older database and goes."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
