"""From a bracket command line to a queued run: the interpreter, discovery, the snapshot, and what was done before."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.command_line import CommandLine, CommandLineError, as_typed, format_command_line, grid, parse_command_line
from analysis.identity import fingerprint
from hypertuner.cli.errors import CommandError
from sources.discovery import Discovery, DiscoveryError, discover
from sources.snapshot import SnapshotError, take_snapshot
from storage.experiments import fetch_experiments
from storage.projects import fetch_projects, find_project, keep_snapshot, register_project, slug_of
from storage.records import Project, Run, Settings
from storage.runs import NewExperiment, NewRun, create_run, fetch_runs
from storage.store import Store

PYTHON_NAMES = {"python", "python3"}


@dataclass(frozen=True)
class Objective:
    """The metric that decides, and whether more of it is better."""

    metric: str | None = None
    goal: str = "maximize"


@dataclass(frozen=True)
class Options:
    """How a run is carried out; see the command's help for each."""

    cpus: float = 1
    gpus: float = 0
    concurrency: int | None = None
    time_limit_s: float | None = None
    retries: int = 0
    again: bool = False
    name: str | None = None


@dataclass(frozen=True)
class Launch:
    """A command line that was read and found right, before anything is started."""

    line: CommandLine
    discovery: Discovery
    directory: Path
    settings: Sequence[Settings] = field(default_factory=list)

    @property
    def script(self) -> Path:
        """The script as a path on this machine."""
        return self.directory / self.line.prefix[1]

    @property
    def text(self) -> str:
        """The command line in its canonical form."""
        return format_command_line(
            as_typed(self.line.prefix, str(self.directory)), self.line.candidates, self.discovery.hyperparameters
        )


def read_objective(text: str | None) -> Objective:
    """`max:accuracy`, `min:loss`, or a bare name to maximize.

    Raises CommandError.
    """
    if text is None:
        return Objective()
    goal, colon, metric = text.partition(":")
    if not colon:
        return Objective(text)
    goals = {"max": "maximize", "maximize": "maximize", "min": "minimize", "minimize": "minimize"}
    if goal not in goals or not metric:
        raise CommandError(f"--objective {text!r} is not understood; write max:METRIC or min:METRIC.")
    return Objective(metric, goals[goal])


def resolve_interpreter(word: str) -> str:
    """The program that a command's first word names.

    A bare `python` is the activated environment's; where none is active, it is the Python that HyperTuner runs on.
    Raises CommandError.
    """
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if word in PYTHON_NAMES and not active:
        return sys.executable
    found = shutil.which(word)
    if found is None:
        raise CommandError(f"There is no program {word!r}; begin with an interpreter: python train.py ...")
    return os.path.abspath(found)


def read_launch(items: Sequence[str], directory: Path) -> Launch:
    """Read what stands behind `--`: discover the script's hyperparameters and check every flag and value.

    Raises CommandError with a sentence about what is wrong.
    """
    if not items:
        raise CommandError("Nothing to run; write hypertuner run --project NAME -- python train.py --lr [0.1,0.01].")
    if items[0].endswith(".py"):
        items = ["python", *items]
    if len(items) == 1 or items[1].startswith("-"):
        raise CommandError(f"After {items[0]} comes the script's file, as in: {items[0]} train.py --lr [0.1,0.01].")
    command = [resolve_interpreter(items[0]), *items[1:]]
    try:
        discovery = discover(command, directory)
        line = parse_command_line(command, discovery.hyperparameters)
        settings = grid(line.candidates)
    except (DiscoveryError, CommandLineError) as error:
        raise CommandError(str(error)) from None
    return Launch(line, discovery, directory, settings)


@dataclass(frozen=True)
class Queued:
    """What came of a launch: no run where everything was done before; notes are sentences for the person."""

    project: Project
    run: Run | None
    skipped: int
    notes: Sequence[str]


def queue_run(store: Store, launch: Launch, project_name: str, objective: Objective, options: Options) -> Queued:
    """Register the project, keep the snapshot, and queue what was not done yet."""
    slug = slug_of(project_name)
    project = register_project(
        store,
        options.name or project_name,
        slug=slug,
        directory=str(launch.directory),
        command=launch.line.prefix,
        hyperparameters=[hyperparameter.to_json() for hyperparameter in launch.discovery.hyperparameters],
        objective=objective.metric,
        goal=objective.goal,
    )
    notes = list(launch.discovery.notes)
    digest = None
    try:
        snapshot = take_snapshot(launch.script)
    except SnapshotError as error:
        notes.append(f"{error} So the script runs from where it is, and nothing counts as done before.")
    else:
        digest = snapshot.digest
        keep_snapshot(store, digest, snapshot.archive, snapshot.script)
    left = list(launch.settings)
    if digest and not options.again:
        done = settings_done(store, project, digest)
        left = [settings for settings in left if fingerprint(settings) not in done]
    skipped = len(launch.settings) - len(left)
    if not left:
        return Queued(project, None, skipped, notes)
    known = {hyperparameter.name: hyperparameter for hyperparameter in launch.discovery.hyperparameters}
    run = create_run(
        store,
        project,
        NewRun(
            command_line=launch.text,
            candidates=launch.line.candidates,
            hyperparameters=[known[name].to_json() for name in launch.line.candidates],
            experiments=[NewExperiment(settings) for settings in left],
            objective=project.objective,
            goal=project.goal,
            snapshot_digest=digest,
            cpus=options.cpus,
            gpus=options.gpus,
            concurrency=options.concurrency,
            time_limit_s=options.time_limit_s,
            retries=options.retries,
        ),
    )
    return Queued(project, run, skipped, notes)


def settings_done(store: Store, project: Project, snapshot_digest: str) -> set[str]:
    """Fingerprints of the settings that this very code finished, or is about to."""
    same_code = {run.id for run in fetch_runs(store, project.id) if run.snapshot_digest == snapshot_digest}
    return {
        fingerprint(experiment.settings)
        for experiment in fetch_experiments(store, project.id)
        if experiment.run_id in same_code and experiment.state in {"queued", "running", "finished"}
    }


def find_or_refuse(store: Store, name: str) -> Project:
    """The project of this name or slug.

    Raises CommandError with the names that there are.
    """
    project = find_project(store, name) or find_project(store, slug_of(name))
    if project is None:
        known = ", ".join(known.slug for known in fetch_projects(store)) or "none yet"
        raise CommandError(f"There is no project {name!r}; there are: {known}.")
    return project
