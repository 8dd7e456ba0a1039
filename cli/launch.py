"""What `hypertuner run` asks for: the request that the launch is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.environment import Environment
from analysis.metrics import usual_goal
from analysis.secrets import is_secret
from app.settings import Settings
from cli.errors import CommandError
from cli.named import run_numbered
from cli.options import Objective, Options, allowed
from launch.check import refused_value
from launch.cluster import Cluster
from launch.code import code_state
from launch.extension import extend, review_extension
from launch.launch import Launched, Question, Refusal, Request, Review, keep_draft, launch, review
from launch.order import Order
from launch.plan import ACTIONS, Decisions, Demand, Plan
from launch.typed import DISCOVERIES, Typed
from storage.records import Project, Run
from storage.runs import fetch_secret_keys
from storage.script_secrets import forget_secrets, keep_secrets
from storage.store import Store


def discoveries(settings: Settings) -> Path:
    """Where discoveries are kept."""
    return settings.data_dir / DISCOVERIES


@dataclass(frozen=True)
class Planned:
    """What the shell asks for, and what it would do; `project` has the id 0 while there is none of that name.

    extended: the run that gets more; None for a new one. at_once: how many experiments run at a time on what is there
    now.
    """

    project: Project
    request: Request
    extended: Run | None
    plan: Plan
    at_once: int
    notes: Sequence[str] = ()
    # Where the options of the script were read, in words.
    read_from: str = ""
    # Variables whose values no database may hold.
    secrets: Mapping[str, str] = field(default_factory=dict)


def plan_launch(store: Store, typed: Typed, project_name: str, objective: Objective, options: Options) -> Planned:
    """Look up what a launch would do; nothing is written. Raises CommandError where it cannot even be looked at."""
    project = _project(store, typed, project_name, objective, options)
    request = _request(store, typed, project, options)
    extended = None if options.extend is None else run_numbered(store, project, options.extend)
    reviewed = _reviewed(store, project, extended, request)
    if options.wishes.by_row:
        request = replace(request, decisions=_decided(reviewed.plan, options.wishes.by_row))
        reviewed = _reviewed(store, project, extended, request)
    obstacle, notes = reviewed.obstacle, list(typed.discovery.notes)
    if obstacle and obstacle.part == "run":
        raise CommandError(obstacle.sentence)
    if obstacle and obstacle.part == "resources":
        notes.append(obstacle.sentence)
    if refused := refused_value(project, request.demand, request.seen.code_digest):
        raise CommandError(refused)
    at_once = reviewed.at_once or _at_once_here(reviewed, request.order)
    secrets = {name: value for name, value in options.variables.items() if is_secret(name, value)}
    return Planned(project, request, extended, reviewed.plan, at_once, notes, typed.discovery.read_from, secrets)


def _at_once_here(reviewed: Review, order: Order) -> int:
    """How many run at a time on this machine, which is where they will where nothing was ever started."""
    if reviewed.obstacle:
        return 1
    here = Cluster([{"CPU": os.cpu_count() or 1, "GPU": order.gpus}], is_present=False)
    return here.room(order.cpus, order.gpus, order.concurrency).at_once or 1


def _reviewed(store: Store, project: Project, extended: Run | None, request: Request) -> Review:
    reviewed = review_extension(store, project, extended, request) if extended else review(store, project, request)
    if isinstance(reviewed, Refusal):
        raise CommandError(reviewed.sentence)
    return reviewed


def _request(store: Store, typed: Typed, project: Project, options: Options) -> Request:
    seen = code_state(store, project)
    if not seen.problem and seen.code_digest != typed.code_digest:
        raise CommandError(f"{typed.line.program.name} is being edited right now; save it, and launch again.")
    demand = Demand(
        typed.line.space, options.strategy, project.goal, typed.hyperparameters, typed.line.program.arguments
    )
    return Request(
        demand,
        _order(typed, project, options),
        seen,
        Decisions(by_status=options.wishes.by_status),
    )


def _decided(plan: Plan, by_row: Mapping[int, str]) -> Decisions:
    """The decisions with what was wished of single rows. Raises CommandError."""
    prints = plan.drawn.fingerprints
    for row, action in by_row.items():
        if not 1 <= row <= len(prints):
            raise CommandError(f"--decide {row}={action}: there is no row {row}, only {len(prints):,}.")
        status = plan.known[row - 1][0]
        if action not in ACTIONS[status]:
            raise CommandError(f"--decide {row}={action}: row {row} is {status}, so it takes {allowed(status)}.")
    return replace(plan.decisions, by_fingerprint={prints[row - 1]: action for row, action in by_row.items()})


def _project(store: Store, typed: Typed, name: str, objective: Objective, options: Options) -> Project:
    """The project as the launch will leave it; it is not written here."""
    now = typed.project(store, name)
    if options.name:
        now = replace(now, name=options.name)
    if objective.metric is not None:
        now = replace(now, objective=objective.metric, goal=objective.goal)
    if options.data_paths is not None:
        now = replace(now, data_paths=list(options.data_paths))
    in_place = now.in_place if options.in_place is None else options.in_place
    shared = list(dict.fromkeys([*now.shared_paths, *options.shared_paths]))
    has_hooks = now.has_hooks if options.has_hooks is None else options.has_hooks
    return replace(now, shared_paths=shared, in_place=in_place, has_hooks=has_hooks)


def _order(typed: Typed, project: Project, options: Options) -> Order:
    open_ = {name: value for name, value in options.variables.items() if not is_secret(name, value)}
    secrets = tuple(name for name in options.variables if name not in open_)
    first = [{"name": project.objective, "goal": project.goal}] if project.objective else []
    more = [{"name": name, "goal": usual_goal(name)} for name in options.metrics if name != project.objective]
    return Order(
        command_line=typed.text,
        prefix=typed.line.prefix,
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
        has_terminal=options.has_terminal,
        is_trial=options.is_trial,
        environment=Environment(open_, secrets),
        data_paths=project.data_paths,
        shared_paths=project.shared_paths,
        in_place=project.in_place,
        has_hooks=project.has_hooks,
    )


def queue(store: Store, planned: Planned, data_dir: Path, confirm: Callable[[str], bool]) -> Launched:
    """Launch what was planned. confirm: answers what is asked before much work begins.

    Raises CommandError with the reason where nothing was launched.
    """
    planned = _with_secrets(store, planned, data_dir)
    outcome = _launch(store, planned, None)
    while isinstance(outcome, Question):
        if not confirm(outcome.sentence):
            raise CommandError("Nothing was launched.")
        outcome = _launch(store, planned, outcome.answer)
    if isinstance(outcome, Refusal):
        raise CommandError(f"{outcome.sentence} Launch it again." if outcome.now else outcome.sentence)
    return outcome


def _launch(store: Store, planned: Planned, confirmed: int | None) -> Launched | Question | Refusal:
    project, request = planned.project, planned.request
    if planned.extended:
        return extend(store, project, planned.extended, request, confirmed=confirmed)
    return launch(store, project, request, confirmed=confirmed)


def keep(store: Store, planned: Planned, data_dir: Path) -> Run:
    """Keep the launch as a draft, to be started on the page. Raises CommandError."""
    planned = _with_secrets(store, planned, data_dir)
    kept = keep_draft(store, planned.project, planned.request)
    if isinstance(kept, Refusal):
        raise CommandError(kept.sentence)
    return kept


def _with_secrets(store: Store, planned: Planned, data_dir: Path) -> Planned:
    """The plan with the place where its secrets are; those of runs that need them no more go."""
    forget_secrets(data_dir, fetch_secret_keys(store))
    if not planned.secrets:
        return planned
    try:
        key = keep_secrets(data_dir, planned.secrets)
    except OSError as error:
        raise CommandError(f"The secrets cannot be kept in {data_dir}: {error.strerror}.") from None
    order = planned.request.order
    order = replace(order, environment=replace(order.environment, key=key))
    return replace(planned, request=replace(planned.request, order=order))
