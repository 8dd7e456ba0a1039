"""From a bracket command line to a queued run: the interpreter, discovery, the plan, and the run that it makes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from analysis.command_line import CommandLine, CommandLineError, as_typed, format_command_line, parse_command_line
from analysis.metrics import usual_goal
from analysis.resources import cannot_place, places
from analysis.strategies import StrategyError
from cli.errors import CommandError
from cli.options import Objective, Options, allowed
from launch.check import refused_value
from launch.code import CodeError, code_state
from launch.order import Order, OrderError, check_extension, extend, save_draft, start
from launch.plan import ACTIONS, Decisions, Demand, Plan, plan_of
from sources.discovery import Discovery, DiscoveryError, discover
from sources.identity import code_of
from storage.heartbeats import last_beat
from storage.projects import find_project, register_project, slug_of
from storage.records import Project, Run
from storage.runs import RunError, find_run
from storage.store import Store

PYTHON_NAMES = {"python", "python3"}


@dataclass(frozen=True)
class Launch:
    """A command line that was read and found right, before anything is started."""

    line: CommandLine
    discovery: Discovery
    directory: Path
    # Of what discovery read.
    code_digest: str | None

    @property
    def script(self) -> Path:
        """The script as a path on this machine."""
        return self.directory / self.line.prefix[1]

    @property
    def text(self) -> str:
        """The command line in its canonical form."""
        return format_command_line(
            as_typed(self.line.prefix, str(self.directory)), self.line.written, self.discovery.hyperparameters
        )


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
    if any("\ud800" <= character <= "\udfff" for item in items for character in item):
        raise CommandError("The command holds bytes that are no text in UTF-8; write them in another way.")
    command = [resolve_interpreter(items[0]), *items[1:]]
    script = directory / command[1]
    try:
        # Before discovery: what is edited while it reads is found to be other code afterwards.
        digest = code_of(script).digest if script.is_file() else None
        discovery = discover(command, directory)
        line = parse_command_line(command, discovery.hyperparameters)
    except (DiscoveryError, CommandLineError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from None
    return Launch(line, discovery, directory, digest)


@dataclass(frozen=True)
class Planned:
    """What a launch would do; `project` has the id 0 while there is none of that name.

    at_once: how many experiments run at a time on what is there now.
    """

    project: Project
    plan: Plan
    order: Order
    at_once: int
    notes: Sequence[str] = ()


def plan_launch(store: Store, launch: Launch, project_name: str, objective: Objective, options: Options) -> Planned:
    """Look up what is known of the experiments that a launch asks for; nothing is written.

    Raises CommandError.
    """
    project = _project(store, launch, project_name, objective, options)
    code = code_state(store, project)
    if code.problem:
        raise CommandError(code.problem)
    if code.code_digest != launch.code_digest:
        raise CommandError(f"{launch.script.name} is being edited right now; save it, and launch again.")
    space, hyperparameters = launch.line.space, launch.discovery.hyperparameters
    demand = Demand(space, options.strategy, project.goal, hyperparameters, launch.line.prefix[2:])
    decisions = Decisions(by_status=options.wishes.by_status)
    try:
        plan = plan_of(store, project, demand, code, objective=project.objective, decisions=decisions)
    except StrategyError as error:
        raise CommandError(str(error)) from None
    if refused := refused_value(project, demand, code.code_digest):
        raise CommandError(refused)
    order = _order(launch, project, options)
    at_once, problem = _places(store, order)
    notes = [*launch.discovery.notes, *([problem] if problem else [])]
    return Planned(project, _decided(plan, options.wishes.by_row), order, at_once, notes)


def _decided(plan: Plan, by_row: Mapping[int, str]) -> Plan:
    """The plan with what was wished of single rows. Raises CommandError."""
    prints = plan.drawn.fingerprints
    for row, action in by_row.items():
        if not 1 <= row <= len(prints):
            raise CommandError(f"--decide {row}={action}: there is no row {row}, only {len(prints):,}.")
        status = plan.known[row - 1][0]
        if action not in ACTIONS[status]:
            raise CommandError(f"--decide {row}={action}: row {row} is {status}, so it takes {allowed(status)}.")
    by_fingerprint = {prints[row - 1]: action for row, action in by_row.items()}
    return replace(plan, decisions=replace(plan.decisions, by_fingerprint=by_fingerprint))


def _places(store: Store, order: Order) -> tuple[int, str]:
    """How many experiments run at once, and a sentence where not even one has a place."""
    beat = last_beat(store, "dispatcher")
    # Where nothing was ever started, it will be on this machine.
    nodes = (beat[1].get("per_node") if beat else None) or [{"CPU": os.cpu_count() or 1, "GPU": order.gpus}]
    fits = places(nodes, order.cpus, order.gpus)
    return max(1, min(fits, order.concurrency or fits)), "" if fits else cannot_place(nodes, order.cpus, order.gpus)


def _project(store: Store, launch: Launch, name: str, objective: Objective, options: Options) -> Project:
    """The project as the launch will leave it; it is not written here."""
    found = find_project(store, slug_of(name))
    now = Project(
        id=found.id if found else 0,
        slug=slug_of(name),
        name=options.name or (found.name if found else name),
        directory=str(launch.directory),
        command=launch.line.prefix,
        hyperparameters=[each.to_json() for each in launch.discovery.hyperparameters],
        objective=found.objective if found else None,
        goal=found.goal if found else "maximize",
        data_paths=found.data_paths if found else [],
        locks=found.locks if found else {},
        code_digest=launch.code_digest,
        created_at=found.created_at if found else datetime.now(UTC),
    )
    if objective.metric is not None:
        now = replace(now, objective=objective.metric, goal=objective.goal)
    return now if options.data_paths is None else replace(now, data_paths=list(options.data_paths))


def _order(launch: Launch, project: Project, options: Options) -> Order:
    first = [{"name": project.objective, "goal": project.goal}] if project.objective else []
    more = [{"name": name, "goal": usual_goal(name)} for name in options.metrics if name != project.objective]
    return Order(
        command_line=launch.text,
        prefix=launch.line.prefix,
        objective=project.objective,
        goal=project.goal,
        metrics=[*first, *more],
        cpus=options.cpus,
        gpus=options.gpus,
        concurrency=options.concurrency,
        priority=options.priority,
        weight=options.weight,
        time_limit_s=options.time_limit_s,
        retries=options.retries,
        data_paths=project.data_paths,
    )


def register(store: Store, planned: Planned) -> Planned:
    """Write the project down, new or as its script is now."""
    wanted = planned.project
    project = register_project(
        store,
        wanted.name,
        slug=wanted.slug,
        directory=wanted.directory,
        command=wanted.command,
        hyperparameters=wanted.hyperparameters,
        objective=wanted.objective,
        goal=wanted.goal,
        code_digest=wanted.code_digest,
    )
    return replace(planned, project=project)


def queue_run(store: Store, planned: Planned) -> tuple[Project, Run, Sequence[str]]:
    """Queue what a plan schedules; the notes are sentences for the person.

    Raises CommandError where nothing of it is to run.
    """
    planned = register(store, planned)
    try:
        run, note = start(store, planned.project, planned.plan, planned.order)
    except (OrderError, CodeError) as error:
        raise CommandError(str(error)) from None
    return planned.project, run, [*planned.notes, *([note] if note else [])]


def keep_draft(store: Store, planned: Planned) -> tuple[Project, Run]:
    """Keep the launch as a draft, to be started on the page."""
    planned = register(store, planned)
    return planned.project, save_draft(store, planned.project, planned.plan, planned.order)


def find_extended(store: Store, planned: Planned, number: int) -> Run:
    """The run that a plan can be added to. Raises CommandError."""
    run = find_run(store, planned.project.id, number)
    if run is None:
        raise CommandError(f"Project {planned.project.slug} has no run {number}.")
    try:
        check_extension(run, planned.plan)
    except OrderError as error:
        raise CommandError(str(error)) from None
    return run


def extend_run(store: Store, planned: Planned, run: Run) -> int:
    """Add what a plan schedules to a run; returns how many experiments. Raises CommandError."""
    try:
        return len(extend(store, planned.project, run, planned.plan, planned.order))
    except (OrderError, CodeError, RunError) as error:
        raise CommandError(str(error)) from None
