"""More experiments for a run that is there: what would be added, and adding it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from analysis.candidates import Candidates, Interval, Space, space_from_json, space_to_json, written_as
from analysis.command_line import as_typed, format_command_line
from analysis.hyperparameters import Hyperparameter
from analysis.masks import masked_words
from analysis.program import program_of
from launch.code import Frozen
from launch.launch import Launched, Question, Refusal, Request, Review, keep_project, launchable, question, review
from launch.order import Order, OrderError, check_plan, new_experiments, new_run
from launch.plan import Plan
from storage.records import Project, Run
from storage.requests import extend_run
from storage.runs import RunError
from storage.store import Store


def review_extension(store: Store, project: Project, run: Run, request: Request) -> Review | Refusal:
    """Look up what a request would add to a run; nothing is written."""
    reviewed = review(store, project, request)
    if isinstance(reviewed, Refusal) or reviewed.obstacle:
        return reviewed
    return replace(reviewed, obstacle=_obstacle(run, reviewed.plan))


def extend(
    store: Store, project: Project, run: Run, request: Request, *, confirmed: int | None = None
) -> Launched | Question | Refusal:
    """Add what a request asks for to a run, or say why not; much work is asked about once.

    confirmed: the answer to that question. An adaptive search goes on to the request's count.
    """
    plan = launchable(store, project, request)
    if isinstance(plan, Refusal):
        return plan
    if obstacle := _obstacle(run, plan):
        return obstacle
    if (asked := question(store, project, request, plan)) and confirmed != asked.answer:
        return asked
    project = keep_project(store, request.known_in(project))
    try:
        added = add(store, project, run, plan, request.order)
    except (OrderError, RunError) as error:
        return Refusal(str(error), "run")
    return Launched(project, run, len(added))


def _obstacle(run: Run, plan: Plan) -> Refusal | None:
    try:
        check_extension(run, plan)
    except OrderError as error:
        return Refusal(str(error), "run")
    return None


def add(store: Store, project: Project, run: Run, plan: Plan, order: Order) -> Sequence[int]:
    """Add a plan's experiments to a run; returns their numbers.

    Raises OrderError where they would not be of one kind with those of the run, and RunError.
    """
    check_plan(plan)
    check_extension(run, plan)
    new = new_run(plan, order, Frozen(run.code_digest, run.snapshot_digest), new_experiments(plan))
    known = {str(each["name"]): each for each in (*run.hyperparameters, *new.hyperparameters)}
    space = merged(space_from_json(run.candidates), plan.demand.space)
    # What the extension leaves out is mostly in the run already, so the reasons of its launch stay.
    hyperparameters = [Hyperparameter.from_json(each) for each in known.values()]
    written = {name: written_as(each) for name, each in space.items()}
    changes = {
        "candidates": space_to_json(space),
        "hyperparameters": list(known.values()),
        "command_line": format_command_line(as_typed(order.prefix, project.directory), written, hyperparameters),
    }
    if plan.demand.is_adaptive:
        changes["strategy"] = dict(new.strategy)
    return extend_run(store, project.id, run.id, new.experiments, changes)


def check_extension(run: Run, plan: Plan) -> None:
    """Raise OrderError where a plan has other code, data or arguments than a run, which can have only one each."""
    if run.code_digest != plan.code.code_digest:
        raise OrderError(
            f"The script has changed since run {run.number} was launched, and a run has one code; start a new run."
        )
    if run.data_digest != plan.code.data_digest:
        raise OrderError(
            f"The declared data is not that of run {run.number}, and a run has one state of it; start a new run."
        )
    if run.is_trial:
        raise OrderError(f"Run {run.number} was a trial, which ends after its first epoch; start a new run.")
    # Another key for the same service is no reason.
    arguments = list(masked_words(program_of(run.command).arguments))
    if arguments != list(masked_words(plan.demand.arguments)):
        given = f"was launched with {shlex.join(arguments)}" if arguments else "was launched with nothing"
        raise OrderError(f"Run {run.number} {given} behind its script; write the same, or start a new run.")


def merged(before: Space, more: Space) -> dict[str, Candidates]:
    """Both search spaces in one: all values, and an interval around what are intervals."""
    space = dict(before)
    for name, candidates in more.items():
        space[name] = _merged(space[name], candidates) if name in space else candidates
    return space


def _merged(one: Candidates, other: Candidates) -> Candidates:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(dict.fromkeys((*one, *other)))
    numbers = [end for each in (one, other) for end in _ends(each)]
    interval = one if isinstance(one, Interval) else other
    assert isinstance(interval, Interval)
    return replace(interval, low=min(numbers), high=max(numbers))


def _ends(candidates: Candidates) -> list[float]:
    if isinstance(candidates, Interval):
        return [candidates.low, candidates.high]
    return [value for value in candidates if isinstance(value, int | float)]
