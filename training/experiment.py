"""The experiment worker: takes experiments of a run one after another, runs each script, and writes what it reports.

It becomes an actor in `actor.py`; nothing here knows Ray.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from analysis.environment import Environment
from analysis.failures import missed, signature
from analysis.hyperparameters import Hyperparameter
from analysis.limits import DiskLimits
from analysis.program import numbers_in
from analysis.tracebacks import find_tracebacks
from launch.rereading import read_one
from sources.output.patterns import Pattern, read_patterns
from sources.output.words import measures
from sources.own_files import FILES, list_own_files
from storage.configuration import keep_environment, wants_environment
from storage.files import disk_bytes_of, keep_files
from storage.folders import read_database_url
from storage.ingestion import Batch, Ending, finish_experiment, record
from storage.leases import Cause, LeaseLost, Place, claim_experiment, release_claim, release_lost, renew_experiment
from storage.projects import fetch_project, metric_ids
from storage.records import Claim
from storage.requests import pause_for
from storage.runs import fetch_run
from storage.store import OWNER_PATIENCE_S, Store, is_outage
from training.backoff import Backoff
from training.environment import EnvironmentProbe
from training.file_keeper import FileKeeper
from training.lifeline_owner import Ended, LifelineOwner, MountError, StartError, SupervisorLost
from training.own_files import OUTPUT_VARIABLE, Start, prepare_folder
from training.script_environment import environment_of_scripts, script_environment
from training.script_launch import Launch
from training.spool import METRICS, STDERR, STDOUT, Reading, SpoolReader
from training.spool import Place as SpoolPlace
from training.spool_folders import END, HOOKED, LOCK, End, make_folder, mark_read, read_end
from training.trial import TRIAL_OVER, Trial

GRACE_S = 10.0
STOPPED_BY_REQUEST = "stopped by request"
# The first look at the spool comes quickly, so that a first value is seen at once; then they get rarer. An even earlier
# one would give a script that does nothing a commit of its own before its last.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 0.3
RECORD_EVERY_S = 0.3
TAILS_EVERY_S = 1.5
RENEW_EVERY_S = 1.0
# What gives a terminal to a script that asks for one.
TERMINAL = Path(__file__).with_name("terminal.py")
LONGEST_REASON = 500
# What the first script of a run on a host waits at its end for what is said of that host; mostly it was by then.
ENVIRONMENT_PATIENCE_S = 3.0
# A person who taught a pattern expects the next experiments to know it.
PATTERNS_EVERY_S = 5.0
# Files of a project are counted again after so long.
TAKEN_EVERY_S = 30.0
# How many runs' ways of being started are remembered: a worker serves several in turn.
MOST_LAUNCHES = 20
# An experiment that we hold without knowing: nothing of it was started.
UNHEARD = Cause("interrupted", "its start was not heard")
SUPERVISOR_KILLED = Cause("lost", "lost: its supervisor was killed, and the script with it", is_crash=True)
TOLD_TO_END = Cause("interrupted", "its supervisor was told to end")


class NoRoomError(Exception):
    """A project whose files take all that they may; the message says so."""


class ExperimentWorker:
    """Works on experiments, one at a time, through one standing supervisor.

    Guarantees that every value that a script wrote counts exactly once, that an absent database costs the script
    nothing, and that a worker whose lease was lost ends the script and writes nothing more.
    """

    def __init__(
        self,
        data_dir: str,
        owner: str,
        *,
        cpus: float = 1,
        gpus: float = 0,
        limits: DiskLimits | None = None,
        database_url: str | None = None,
    ) -> None:
        """owner: unique, as leases are held in its name. cpus, gpus: what it holds, and so which runs it may serve.

        Without a URL the data folder's own database is taken.
        """
        self.data_dir = Path(data_dir)
        self.place = Place(owner, socket.gethostname(), cpus, gpus)
        self.limits = limits or DiskLimits()
        # Why scripts see their files by links here, by the folders of their project.
        self.mount_problems: dict[tuple[Path, ...], str] = {}
        # Every transaction here is tried again after an outage, so none needs a test of its connection first.
        url = database_url or read_database_url(self.data_dir)
        self.store = Store(url, pool_size=1, checks_idle=False, patience_s=OWNER_PATIENCE_S)
        self.supervisor = LifelineOwner()
        self.backoff = Backoff()
        self._is_retiring = False
        self._launches: dict[int, Launch] = {}
        self._probes: dict[int, EnvironmentProbe] = {}
        self._metric_ids: dict[tuple[int, str], int] = {}
        # How projects print metrics, their options, and when we asked.
        self._projects: dict[int, tuple[list[Pattern], frozenset[str], float]] = {}
        # What the files of projects take, and when we asked.
        self._taken: dict[int, tuple[int, float]] = {}

    def work(self) -> int:
        """Do experiments until none is queued that wants our resources; returns how many there were."""
        done = 0
        claim = self.claim()
        while claim is not None:
            claim = Attempt(self, self.launch_of(claim), claim).perform()
            done += 1
        self._is_retiring = False
        return done

    def retire(self) -> None:
        """Begin no further experiment in this spell of work. May be called from another thread."""
        self._is_retiring = True

    @property
    def next_place(self) -> Place | None:
        """For whom the next experiment is to be taken; None where we are to end."""
        return None if self._is_retiring else self.place

    def claim(self) -> Claim | None:
        """Take the next experiment. Nothing of ours runs now: what we hold came in an answer that got lost."""

        def take() -> Claim | None:
            release_lost(self.store, owner=self.place.owner, cause=UNHEARD)
            return claim_experiment(self.store, self.next_place) if self.next_place else None

        return self.backoff.insist(take)

    def launch_of(self, claim: Claim) -> Launch:
        """How the scripts of the claim's run are started; read anew where the run was extended since."""
        launch = self._launches.pop(claim.run_id, None)
        is_new = launch is None
        if launch is None or not launch.knows(claim):
            run = self.backoff.insist(lambda: fetch_run(self.store, claim.run_id))
            launch = Launch.of(run, self.store, self.backoff, self.data_dir)
        self._launches[claim.run_id] = launch
        if len(self._launches) > MOST_LAUNCHES:
            del self._launches[next(iter(self._launches))]
        if is_new:
            self._look_around(launch)
        return launch

    def _look_around(self, launch: Launch) -> None:
        """Ask what this machine and the interpreter are, unless somebody did for this run."""
        run_id, host = launch.run.id, self.place.host
        if not launch.problem and self.backoff.insist(lambda: wants_environment(self.store, run_id, host)):
            launched = Environment.from_json(launch.run.environment).values
            environment = environment_of_scripts({**os.environ, **launched}, self.data_dir)
            # Without room for its answer it stays unknown; an experiment does not fail for that.
            with suppress(OSError):
                self._probes[run_id] = EnvironmentProbe(launch.python, environment, launch.directory)

    def keep_environment(self, run_id: int | None = None, patience_s: float = 0.0) -> None:
        """Write down what was found of this machine, if it has been by now. An absent database raises DBAPIError.

        run_id: only what was asked for this run, and it has so long to answer.
        """
        for each in list(self._probes) if run_id is None else [run_id] * (run_id in self._probes):
            facts = self._probes[each].facts(patience_s)
            if facts is not None:
                keep_environment(self.store, each, self.place.host, facts)
                self._probes.pop(each).close()

    def close(self) -> None:
        """End whatever runs, and give everything back."""
        for probe in self._probes.values():
            probe.close()
        self.supervisor.close()
        self.store.close()

    def patterns_of(self, claim: Claim) -> list[Pattern]:
        """How else the project of a claim prints metrics, as of a moment ago."""
        return self._of_project(claim)[0]

    def options_of(self, claim: Claim) -> frozenset[str]:
        """The names of the project's options that are numbers: a script that prints them prints no metrics."""
        return self._of_project(claim)[1]

    def _of_project(self, claim: Claim) -> tuple[list[Pattern], frozenset[str]]:
        patterns, options, when = self._projects.get(claim.project_id, ([], frozenset(), -math.inf))
        if time.monotonic() - when > PATTERNS_EVERY_S:
            project = self.backoff.insist(lambda: fetch_project(self.store, claim.project_id))
            patterns = read_patterns(list(project.patterns))
            known = [Hyperparameter.from_json(each) for each in project.hyperparameters]
            numbers = [each for each in known if each.type in ("int", "float", "bool")]
            spelled = {name.lstrip("-") for each in numbers for name in (each.name, *each.spellings)}
            # An option may well have the name of a metric, and then the metric counts.
            options = frozenset(
                written for name in spelled if not measures(name) for written in (name, name.replace("-", "_"))
            )
            self._projects[claim.project_id] = patterns, options, time.monotonic()
        return patterns, options

    def taken_by_others(self, claim: Claim) -> int:
        """What the files of the other experiments of its project take, in bytes, as of a moment ago."""
        taken, when = self._taken.get(claim.project_id, (0, -math.inf))
        if time.monotonic() - when > TAKEN_EVERY_S:
            taken = self.backoff.insist(lambda: disk_bytes_of(self.store, claim.project_id, but=claim.experiment_id))
            self._taken[claim.project_id] = taken, time.monotonic()
        return taken

    def note_taken(self, claim: Claim, more: int) -> None:
        """An experiment of ours has ended, and its files take so much more, in bytes."""
        if claim.project_id in self._taken:
            taken, when = self._taken[claim.project_id]
            self._taken[claim.project_id] = taken + more, when

    def ids_of(self, project_id: int, names: Sequence[str]) -> dict[str, int]:
        """The ids of metrics; the database is asked only for new names."""
        missing = [name for name in names if (project_id, name) not in self._metric_ids]
        if missing:
            for name, number in metric_ids(self.store, project_id, missing).items():
                self._metric_ids[project_id, name] = number
        return {name: self._metric_ids[project_id, name] for name in names}


@dataclass
class Attempt:
    """One attempt of one experiment, from its folder to its ending."""

    worker: ExperimentWorker
    launch: Launch
    claim: Claim
    # Where the database stands with its spool, if somebody else began to read it.
    place: SpoolPlace | None = None
    folder: Path = field(init=False)
    files: FileKeeper = field(init=False)
    reader: SpoolReader = field(init=False)

    def __post_init__(self) -> None:
        self.files = FileKeeper(
            self.worker.data_dir / FILES / str(self.claim.experiment_id), self.worker.limits, self.worker.place.host
        )
        self.folder = self.worker.data_dir / "spool" / f"{self.claim.experiment_id}-{self.claim.attempt}"
        # An option that is a word may be called as a metric is: `--loss mse`.
        numbers = {name for name, value in self.claim.settings.items() if not isinstance(value, str)}
        options = numbers | numbers_in(self.launch.command) | self.worker.options_of(self.claim)
        self._patterns = patterns = self.worker.patterns_of(self.claim)
        self.reader = SpoolReader(
            self.folder, not_metrics=options, patterns=patterns, files=self.files.folder, place=self.place
        )
        self._pending: Reading | None = None
        self._is_stopping: str | None = None
        self._trial = Trial() if self.launch.run.is_trial else None
        self._refused: str | None = None
        now = time.monotonic()
        self._started = self._renewed = self._tails_read = now
        self._recorded = 0.0

    def perform(self) -> Claim | None:
        """Run the script to its end and write it down; returns the next experiment to do."""
        try:
            try:
                self._start()
            except SupervisorLost as error:
                self._hand_back(replace(SUPERVISOR_KILLED, reason=f"lost: {error}"))
                return None
            except NoRoomError as error:
                reason = f"paused: {error}"
                self.worker.backoff.insist(lambda: pause_for(self.worker.store, self.claim.run_id, reason))
                self.give_up(Cause("interrupted", reason))
                return self.worker.claim()
            except (StartError, OSError) as error:
                return self._finish(failed(0.0, None, f"It could not be started. {error}"))
            ended = self._as_written(self._follow())
            if (cause := self._cut(ended)) is not None:
                self._hand_back(cause)
                return None
            self._await_environment()
            return self._finish(self._ending(ended))
        except LeaseLost:
            self._end_script()
            return self.worker.claim()

    def _as_written(self, ended: Ended) -> Ended:
        """How the script ended; what is written down counts where its supervisor was killed before it could say so."""
        end = read_end(self.folder) if ended.exit_code is None and ended.signal is None else None
        return Ended(end.exit_code, end.signal, end.duration_s, end.max_rss_bytes) if end else ended

    def _cut(self, ended: Ended) -> Cause | None:
        """Why the script was ended from outside, where neither it nor anybody who may had a hand in it."""
        if self._is_stopping is not None:
            return None
        end = read_end(self.folder)
        if end is not None and end.cut:
            return TOLD_TO_END
        return SUPERVISOR_KILLED if ended.exit_code is None and ended.signal is None else None

    def _hand_back(self, cause: Cause) -> None:
        """Queue the experiment again. What ended it may be ending us, too, so we begin no other."""
        self.give_up(cause)
        self.worker.retire()

    # --- while it runs ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self.launch.problem:
            raise StartError(self.launch.problem)
        make_folder(self.folder)
        self._check_room()
        output = prepare_folder(self.files.folder, is_first=self.claim.attempt == 1)
        if self.claim.attempt > 1:
            self.reader.pass_over(list_own_files(self.files.folder).files)
        problems, places = self.worker.mount_problems, self.launch.own_places
        if (problem := self.launch.mount_problem) is not None:
            problems[places] = problem
        try:
            self._execute(self.launch.start(self.files.folder, is_mounted=places not in problems), output)
        except MountError as error:
            problems[places] = str(error)
            self._execute(self.launch.start(self.files.folder, is_mounted=False), output)
        self._started = time.monotonic()

    def _check_room(self) -> None:
        """Raise NoRoomError where the files of the project take all that they may."""
        self.files.others = self.worker.taken_by_others(self.claim)
        if problem := self.files.no_room():
            raise NoRoomError(problem)

    def _execute(self, start: Start, output: Path) -> None:
        note = None if start.mounts else self.worker.mount_problems.get(self.launch.own_places)
        self.files.kind, self.files.note = start.kind, note
        argv = self.launch.argv(start, self.claim, self.folder)
        launched = Environment.from_json(self.launch.run.environment)
        environment = script_environment(
            os.environ, self.folder, self.claim, self.worker.data_dir, launched, has_hooks=self.launch.run.has_hooks
        )
        if self.launch.run.has_terminal:
            argv = [sys.executable, "-I", "-S", str(TERMINAL), *argv]
        self.worker.supervisor.start(
            argv,
            start.directory,
            {**environment, OUTPUT_VARIABLE: str(output)},
            str(self.folder / STDOUT),
            str(self.folder / STDERR),
            grace_s=GRACE_S,
            end=str(self.folder / END),
            lock=str(self.folder / LOCK),
            mounts=start.mounts,
        )

    def _follow(self) -> Ended:
        """Look after the script until it has ended; that is noticed at once, the rest in turns."""
        pause = FIRST_PAUSE_S
        while True:
            ended = self.worker.supervisor.wait(pause)
            if ended:
                return ended
            self._enforce_time_limit()
            if (problem := self.files.look()) is not None:
                self._stop(problem)
            self.reader.see(self.files.found.files)
            if time.monotonic() >= self.worker.backoff.until:
                self._talk_to_database()
            if self._trial and self._trial.is_enough:
                self._stop(TRIAL_OVER)
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
            self._keep_files()
            self.worker.backoff.succeeded()
        except DBAPIError as error:
            if is_outage(error):
                # The script goes on; its spool holds everything until the database is back.
                self.worker.backoff.failed()
            else:
                self._refuse(error)

    def _keep_files(self) -> None:
        if (news := self.files.news) is not None:
            keep_files(self.worker.store, self.claim, news)
            self.files.told(news)

    def _close_files(self, *, is_finished: bool, may_return: bool) -> None:
        run = self.launch.run
        shared = [Path(run.directory, path).resolve() for path in run.shared_paths]
        self.files.close(shared=shared, is_finished=is_finished, may_return=may_return)
        self.reader.see(self.files.found.files)
        self.worker.backoff.insist(self._keep_files)
        self.worker.note_taken(self.claim, self.files.found.disk_bytes)

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
                if self._trial:
                    self._trial.see(reading)
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
            self._stop(STOPPED_BY_REQUEST)

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
        if self._is_stopping in (STOPPED_BY_REQUEST, TRIAL_OVER):
            return Ending("stopped", ended.duration_s, ended.exit_code, self._is_stopping)
        if self._is_stopping:
            return failed(ended.duration_s, ended.exit_code, self._is_stopping)
        if ended.exit_code == 0:
            return Ending("finished", ended.duration_s, 0)
        retry = self.claim.failures < self.launch.run.retries
        # What a killed script printed before is not why it ended.
        stderr = self.reader.end_of_stderr() if ended.exit_code is not None else ""
        return failed(ended.duration_s, ended.exit_code, self._reason(ended), stderr=stderr, retry=retry)

    def end_as(self, end: End, *, request: str | None) -> None:
        """Write down how a script ended that somebody else had started: what its supervisor left says how."""
        if end.stopped and request == "stop":
            self._is_stopping = STOPPED_BY_REQUEST
        elif end.stopped and (limit := self.launch.run.time_limit_s) is not None and end.duration_s >= limit:
            self._is_stopping = f"time limit of {limit:g} s reached"
        elif end.stopped and self.launch.run.is_trial:
            self._is_stopping = TRIAL_OVER
        self._finish(self._ending(Ended(end.exit_code, end.signal, end.duration_s, end.max_rss_bytes)))

    def give_up(self, cause: Cause) -> None:
        """Keep all that the script handed over before it was cut, and queue its experiment again. Raises LeaseLost."""
        self._close_files(is_finished=False, may_return=True)
        reading = self._pending or self.reader.read(is_last=True, with_tails=True)
        while reading.is_news and self._refused is None:
            self._insist_recording(reading)
            reading = self.reader.read(is_last=True, with_tails=True)
        self._pending = None
        worker = self.worker
        if not worker.backoff.insist(lambda: release_claim(worker.store, self.claim, cause)):
            raise LeaseLost(f"experiment {self.claim.number}, attempt {self.claim.attempt}")
        self._tidy()

    def _await_environment(self) -> None:
        # A lease lasts longer than this. The ending, which follows, insists on the database.
        with suppress(DBAPIError):
            self.worker.keep_environment(self.claim.run_id, ENVIRONMENT_PATIENCE_S)

    def _reason(self, ended: Ended) -> str:
        if ended.signal is not None:
            what = f"killed by signal {ended.signal} ({signal_name(ended.signal)})"
        else:
            what = f"exit code {ended.exit_code}"
        stderr = self.reader.end_of_stderr()
        raised = find_tracebacks(stderr.splitlines())
        # The last line of a message that has several says little.
        last_words = raised[-1].headline if raised and ended.signal is None else self.reader.last_words()
        said = f"{what}: {last_words}" if last_words else what
        advice = "" if self.launch.run.has_terminal else missed(stderr)
        # It is worth more than the end of a long line.
        return f"{said[: LONGEST_REASON - len(advice) - 2]}. {advice}" if advice else said[:LONGEST_REASON]

    def _finish(self, ending: Ending) -> Claim | None:
        """Write the rest of the spool, the ending, and take the next experiment, in one transaction."""
        # A line that a killed script was just writing on stdout may lack its last digits.
        took_all = ending.exit_code is not None
        self._close_files(is_finished=ending.state == "finished", may_return=ending.retry)
        while True:
            if self._pending is not None and not self._refused:
                self._insist_recording(self._pending)
            self._pending = self.reader.read(is_last=True, take_tail=took_all, with_tails=True)
            if self._refused or not self._pending.is_partial:
                break
        try:
            following = self._send_ending(self._pending, ending)
        except DBAPIError as error:
            self._refuse(error)
            following = self._send_ending(None, ending)
        self._read_again()
        self._tidy()
        return following

    def _read_again(self) -> None:
        """The project may have learned a pattern while the script ran."""
        patterns = self.worker.patterns_of(self.claim)
        if patterns == self._patterns or self._refused:
            return
        # The next look of a person at it would read it, too.
        with suppress(DBAPIError):
            store = self.worker.store
            project = fetch_project(store, self.claim.project_id)
            read_one(store, self.worker.data_dir, project, self.claim.number, patterns)

    def _insist_recording(self, reading: Reading) -> None:
        try:
            self.worker.backoff.insist(lambda: record(self.worker.store, self.claim, self._batch(reading)))
            self.reader.committed(reading)
        except DBAPIError as error:
            self._refuse(error)

    def _send_ending(self, reading: Reading | None, ending: Ending) -> Claim | None:
        if self._refused:
            nothing = Batch(self.reader.committed_offsets, self.reader.committed_offsets)
            refused = failed(ending.duration_s, ending.exit_code, self._refused)
            return self._insist_finishing(lambda: nothing, refused)
        assert reading
        following = self._insist_finishing(lambda: self._batch(reading), ending)
        self.reader.committed(reading)
        return following

    def _insist_finishing(self, batch: Callable[[], Batch], ending: Ending) -> Claim | None:
        worker = self.worker
        return worker.backoff.insist(
            lambda: finish_experiment(worker.store, self.claim, batch(), ending, then=worker.next_place)
        )

    def _tidy(self) -> None:
        # Its values are in the database; the streams stay for a while, as there only their ends are.
        if self._refused is None:
            for name in (METRICS, HOOKED):
                with suppress(OSError):
                    (self.folder / name).unlink()
            mark_read(self.folder)


def failed(duration_s: float, exit_code: int | None, reason: str, *, stderr: str = "", retry: bool = False) -> Ending:
    """The end of an attempt that failed, with the line that it has in common with others; stderr: its end."""
    return Ending("failed", duration_s, exit_code, reason[:LONGEST_REASON], retry, signature(stderr, reason))


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
