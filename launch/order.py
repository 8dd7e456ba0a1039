"""From a plan to a queued run or a draft."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.candidates import space_to_json
from analysis.environment import Environment
from launch.choice import seed_hyperparameter
from launch.code import Frozen, freeze_code
from launch.plan import MOST_EXPERIMENTS, Plan
from storage.projects import change_project
from storage.records import Project, Run
from storage.runs import NewExperiment, NewRun, change_draft, create_run, start_draft
from storage.store import Store


class OrderError(ValueError):
    """A run that cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Order:
    """What else a person decides about a run, besides its plan."""

    command_line: str
    prefix: Sequence[str]
    objective: str | None = None
    goal: str = "maximize"
    metrics: Sequence[Mapping[str, str]] = ()
    cpus: float = 1
    gpus: float = 0
    concurrency: int | None = None
    priority: int = 0
    weight: float = 1
    time_limit_s: float | None = None
    retries: int = 0
    environment: Environment = field(default_factory=Environment)
    has_terminal: bool = False
    data_paths: Sequence[str] = ()
    # Folders that all experiments write into, and whether they write everything in place.
    shared_paths: Sequence[str] = ()
    in_place: bool = False
    # Whether what scripts log by other packages is followed.
    has_hooks: bool = True
    # Each experiment is stopped as soon as it has shown what it reports.
    is_trial: bool = False
    key: str | None = None


def user_name() -> str | None:
    """Who launches: the account on this machine, as there are no others."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def new_experiments(plan: Plan) -> list[NewExperiment]:
    """What of a plan is to be made, in its order."""
    drawn = plan.drawn
    rows = zip(drawn.settings, drawn.fingerprints, drawn.repeats, plan.known, plan.actions, strict=True)
    return [
        NewExperiment(settings, print_, repeat, past if action == "reuse" else None)
        for settings, print_, repeat, (_, past), action in rows
        if action != "skip"
    ]


def check_plan(plan: Plan) -> None:
    """Raise OrderError where a plan cannot be launched as it is."""
    if plan.is_too_large:
        raise OrderError(
            f"This makes {plan.total:,} experiments, and a run has at most {MOST_EXPERIMENTS:,}; remove some of the "
            "values, or choose a strategy that draws some of them."
        )
    if not plan.demand.is_adaptive and not plan.scheduled and not plan.reused:
        raise OrderError("Every one of these experiments is left out: nothing to run.")


def start(store: Store, project: Project, plan: Plan, order: Order, *, draft: Run | None = None) -> tuple[Run, str]:
    """Queue a run, new or from a draft; also returns a note about its code, or an empty text.

    The plan's code is what the person looked at. Raises OrderError, CodeError where the script is another one by now,
    and RunError where somebody else started the draft.
    """
    check_plan(plan)
    frozen = freeze_code(store, project, plan.code)
    new = new_run(plan, order, frozen, new_experiments(plan))
    project = replace(project, command=order.prefix)
    run = start_draft(store, project, draft.id, new) if draft else create_run(store, project, new)
    if run.state == "draft":
        # The same dialog kept it as a draft before.
        run = start_draft(store, project, run.id, new)
    _keep_choices(store, project, order, with_objective=True)
    return run, frozen.note


def save_draft(store: Store, project: Project, plan: Plan, order: Order, *, draft: Run | None = None) -> Run:
    """Keep a launch for later. Raises RunError where the draft was launched in the meantime."""
    new = new_run(plan, order, Frozen(None, None), [])
    project = replace(project, command=order.prefix)
    _keep_choices(store, project, order)
    if draft:
        return change_draft(store, project, draft.id, new)
    return create_run(store, project, new, is_draft=True)


def _keep_choices(store: Store, project: Project, order: Order, *, with_objective: bool = False) -> None:
    """What belongs to the project: the next launch begins with it."""
    chosen: dict[str, Any] = {
        "has_hooks": order.has_hooks,
        "shared_paths": list(order.shared_paths),
        "in_place": order.in_place,
        "data_paths": list(order.data_paths),
    }
    if with_objective and order.objective:
        chosen |= {"objective": order.objective, "goal": order.goal}
    if any(getattr(project, name) != value for name, value in chosen.items()):
        change_project(store, project.id, **chosen)


def new_run(plan: Plan, order: Order, frozen: Frozen, experiments: Sequence[NewExperiment]) -> NewRun:
    """A plan and an order as storage takes them."""
    known = {each.name: each for each in plan.demand.hyperparameters}
    seed_option = seed_hyperparameter(plan.demand.hyperparameters, plan.demand.space)
    repeats = plan.demand.strategy.repeats > 1
    named = [*plan.demand.space, *([seed_option.name] if seed_option and repeats else [])]
    return NewRun(
        command_line=order.command_line,
        candidates=space_to_json(plan.demand.space),
        hyperparameters=[known[name].to_json() for name in named],
        experiments=experiments,
        objective=order.objective,
        goal=order.goal,
        snapshot_digest=frozen.snapshot_digest,
        revision_digest=frozen.revision_digest,
        code_digest=frozen.code_digest,
        data_digest=plan.code.data_digest,
        strategy=plan.demand.strategy.to_json(),
        metrics=list(order.metrics),
        created_by=user_name(),
        decisions=plan.decisions.to_json(),
        left_out=plan.left_out,
        cpus=order.cpus,
        gpus=order.gpus,
        concurrency=order.concurrency,
        priority=order.priority,
        weight=order.weight,
        time_limit_s=order.time_limit_s,
        retries=order.retries,
        environment=order.environment.to_json(),
        has_terminal=order.has_terminal,
        shared_paths=list(order.shared_paths),
        in_place=order.in_place,
        has_hooks=order.has_hooks,
        is_trial=order.is_trial,
        idempotency_key=order.key,
    )
