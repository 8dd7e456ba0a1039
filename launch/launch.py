"""One launch for the page and the shell: what a request would do, and doing it.

The guards stand here, in one order, so that both refuse and ask about the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from analysis.command_line import nearest_flags
from analysis.program import program_of
from analysis.strategies import StrategyError
from analysis.words import duration
from launch.check import refused_value
from launch.cluster import cluster_of
from launch.code import CodeError, CodeState, code_state
from launch.order import Order, OrderError, check_plan, save_draft, start
from launch.plan import Decisions, Demand, Plan, plan_of
from storage.projects import find_project, register_project
from storage.records import Project, Run
from storage.runs import RunError, find_made, find_run
from storage.store import Store

# Above these a launch asks back once.
MOST_UNASKED = 1_000
MOST_UNASKED_S = 24 * 3600

Part = Literal["command", "strategy", "resources", "data", "code", "run"]


@dataclass(frozen=True)
class Request:
    """What a person asks for.

    seen: the code and data that they looked at. draft: the draft that is started.
    """

    demand: Demand
    order: Order
    seen: CodeState
    decisions: Decisions = field(default_factory=Decisions)
    draft: Run | None = None

    def known_in(self, project: Project) -> Project:
        """The project with what a person put into brackets: the next launch offers it, and does not ask again."""
        return replace(project, hyperparameters=[each.to_json() for each in self.demand.hyperparameters])


@dataclass(frozen=True)
class Refusal:
    """Why nothing was launched, in a sentence; `part` is what a person has to look at.

    now: the code and data as they are, where they are not those that the person looked at.
    """

    sentence: str
    part: Part
    now: CodeState | None = None


@dataclass(frozen=True)
class Review:
    """What a request would do. obstacle: why it cannot be launched as it is.

    at_once: how many experiments run at a time; None where nobody knows.
    """

    plan: Plan
    at_once: int | None
    obstacle: Refusal | None


@dataclass(frozen=True)
class Question:
    """What to ask before much work begins; the launch goes on with `answer` as its confirmation."""

    sentence: str
    answer: int


@dataclass(frozen=True)
class Launched:
    """The run that was queued or extended, how many experiments it got, and a note for the person."""

    project: Project
    run: Run
    added: int
    note: str = ""


def review(store: Store, project: Project, request: Request) -> Review | Refusal:
    """Look up what a request would do; nothing is written.

    project: as the launch would leave it; its id is 0 where there is none yet.
    """
    if request.seen.problem:
        return Refusal(request.seen.problem, "data")
    order = request.order
    try:
        plan = plan_of(
            store, project, request.demand, request.seen, objective=order.objective, decisions=request.decisions
        )
    except StrategyError as error:
        return Refusal(str(error), "strategy")
    room = cluster_of(store).room(order.cpus, order.gpus, order.concurrency)
    if room.obstacle:
        return Review(plan, room.at_once, Refusal(room.obstacle, "resources"))
    try:
        check_plan(plan)
    except OrderError as error:
        return Review(plan, room.at_once, Refusal(str(error), "strategy"))
    return Review(plan, room.at_once, None)


def launch(
    store: Store, project: Project, request: Request, *, confirmed: int | None = None
) -> Launched | Question | Refusal:
    """Queue what a request asks for, or say why not; much work is asked about once.

    confirmed: the answer to that question. The same order's key makes one run, however often it comes.
    """
    order = request.order
    if order.key and (made := find_made(store, order.key)) and made.state != "draft":
        return Launched(project, made, 0)
    draft = request.draft
    now = find_run(store, project.id, draft.number) if draft else None
    # The number of a draft that was discarded may belong to another one by now; to start it is refused below.
    if draft and now and now.id == draft.id and now.state != "draft":
        return Refusal(f"Run {draft.number} was launched by somebody else in the meantime.", "run")
    plan = launchable(store, project, request)
    if isinstance(plan, Refusal):
        return plan
    if (asked := question(store, project, request, plan)) and confirmed != asked.answer:
        return asked
    known = request.known_in(project)
    project = keep_project(store, known)
    try:
        run, note = start(store, project, plan, order, draft=draft)
    except (OrderError, CodeError, RunError) as error:
        return Refusal(str(error), "run")
    return Launched(project, run, plan.scheduled, note)


def launchable(store: Store, project: Project, request: Request) -> Plan | Refusal:
    """The plan with the code and data of now, if nothing is in its way."""
    now = code_state(store, project, request.order.data_paths)
    if changed := _changed(now, request.seen):
        return changed
    reviewed = review(store, project, replace(request, seen=now))
    if isinstance(reviewed, Refusal):
        return reviewed
    if reviewed.obstacle:
        return reviewed.obstacle
    refused = refused_value(project, request.demand, now.code_digest)
    return Refusal(refused, "command") if refused else reviewed.plan


def keep_draft(store: Store, project: Project, request: Request) -> Run | Refusal:
    """Keep a launch for later, also one that could not begin now."""
    reviewed = review(store, project, request)
    if isinstance(reviewed, Refusal):
        return reviewed
    try:
        return save_draft(
            store, keep_project(store, request.known_in(project)), reviewed.plan, request.order, draft=request.draft
        )
    except RunError as error:
        return Refusal(str(error), "run")


def _changed(now: CodeState, seen: CodeState) -> Refusal | None:
    if not now.is_here or now.problem:
        return None
    if now.code_digest != seen.code_digest:
        return Refusal("The script was edited meanwhile.", "code", now)
    return Refusal("The data has changed meanwhile.", "code", now) if now.data_digest != seen.data_digest else None


def question(store: Store, project: Project, request: Request, plan: Plan) -> Question | None:
    """What is asked once before a plan is launched, if anything is."""
    sentence = " ".join(filter(None, (_unknown(store, project, request), _much(plan, request.order))))
    return Question(sentence, plan.scheduled) if sentence else None


def _unknown(store: Store, project: Project, request: Request) -> str | None:
    """What is asked once about options that a person names and no parser declares."""
    before = find_project(store, project.slug) if project.id else None
    known = {str(each["name"]) for each in before.hyperparameters} if before else set()
    demand = request.demand
    # Keys of files were looked up.
    placed = [each for each in demand.hyperparameters if each.place is not None and not each.file]
    new = [each for each in placed if each.name not in known]
    tuned = [each.title for each in new if each.name in demand.space]
    if not tuned:
        return None
    name = program_of(project.command).name
    declared = [each.flag for each in demand.hyperparameters if each.place is None]
    near = [flag for each in tuned for flag in nearest_flags(each, declared)]
    meant = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
    return f"Whether {name} takes {', '.join(tuned)} is not known; it is passed as it stands.{meant}"


def _much(plan: Plan, order: Order) -> str | None:
    seconds = plan.duration(order.concurrency or 1)
    is_long = seconds is not None and seconds > MOST_UNASKED_S
    if plan.scheduled <= MOST_UNASKED and not is_long:
        return None
    time = f", {duration(seconds)} of work one after another" if seconds is not None else ""
    return f"These are {plan.scheduled:,} experiments{time}."


def keep_project(store: Store, project: Project) -> Project:
    """Write a project down where it is new or its script was read anew; returns it as it is in the database."""
    if project.id and project == find_project(store, project.slug):
        return project
    return register_project(
        store,
        project.name,
        slug=project.slug,
        directory=project.directory,
        command=project.command,
        hyperparameters=project.hyperparameters,
        objective=project.objective,
        goal=project.goal,
        code_digest=project.code_digest,
        options_from=project.options_from,
        takes_more=project.takes_more,
    )
