"""The form as the callbacks get it: which fields there are, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import ALL, Input, State

from analysis.command_line import CommandLine, CommandLineError
from analysis.environment import Environment
from analysis.hyperparameters import Value
from analysis.metrics import usual_goal
from analysis.strategies import STRATEGIES, Option
from answers.fields import FormError, read_number, read_paths, read_share, read_whole
from callbacks.launch.project import Context, hyperparameters_in, read_command, whole_command
from launch.choice import StrategyChoice
from launch.code import CodeState
from launch.launch import Request
from launch.order import Order
from launch.plan import Decisions, Demand
from layouts import launch_ids as ids
from storage.records import Project, Run
from storage.runs import RunError, find_latest_run, find_run
from storage.store import Store

# The fields by the names under which callbacks get them.
FIELDS: Mapping[str, tuple[Any, str]] = {
    "command": (ids.COMMAND, "value"),
    "strategy": (ids.STRATEGY, "value"),
    "count": (ids.COUNT_WANTED, "value"),
    "seed": (ids.SEED, "value"),
    "repeats": (ids.REPEATS, "value"),
    "options": (ids.strategy_option(ALL), "value"),
    "objective": (ids.OBJECTIVE, "value"),
    "goal": (ids.GOAL, "value"),
    "metrics": (ids.METRICS, "value"),
    "cpus": (ids.CPUS, "value"),
    "gpus": (ids.GPUS, "value"),
    "concurrency": (ids.CONCURRENCY, "value"),
    "priority": (ids.PRIORITY, "value"),
    "weight": (ids.WEIGHT, "value"),
    "retries": (ids.RETRIES, "value"),
    "time_limit": (ids.TIME_LIMIT, "value"),
    "terminal": (ids.TERMINAL, "value"),
    "data": (ids.DATA, "value"),
    "shared": (ids.SHARED, "value"),
    "in_place": (ids.IN_PLACE, "value"),
    "hooks": (ids.HOOKS, "value"),
}
OPTION_NAMES = {"option_names": State(ids.strategy_option(ALL), "id")}


def form_inputs() -> dict[str, Any]:
    """Every field as an input: the callback follows each change."""
    return {name: Input(*at) for name, at in FIELDS.items()} | OPTION_NAMES


def form_states() -> dict[str, Any]:
    """Every field as a state, read when something else happens."""
    return {name: State(*at) for name, at in FIELDS.items()} | OPTION_NAMES


@dataclass(frozen=True)
class Asked:
    """What the form asks for."""

    demand: Demand
    order: Order


def request_of(
    store: Store, project: Project, asked: Asked, decisions: Mapping[str, Any] | None, context: Context
) -> Request:
    """What the dialog asks for, with the code that its preview shows. Raises RunError where its run is gone."""
    run = _run_in(store, project, context)
    # Nobody types variables on the page: a launch has those of the one before.
    before = run or find_latest_run(store, project.id)
    environment = Environment.from_json(before.environment) if before else Environment()
    return Request(
        asked.demand,
        replace(
            asked.order, environment=environment, is_trial=bool(run and run.is_trial and context["mode"] == "draft")
        ),
        seen=code_in(context),
        decisions=Decisions.from_json(decisions),
        draft=run if context["mode"] == "draft" else None,
    )


def extended_run(store: Store, project: Project, context: Context) -> Run | None:
    """The run that the dialog adds to, if it does. Raises RunError where it is gone."""
    return _run_in(store, project, context) if context["mode"] == "extend" else None


def code_in(context: Context) -> CodeState:
    """The code that was there when the dialog opened, and the data that it names."""
    return CodeState(
        context.get("code"), context.get("data"), bool(context.get("is_here")), str(context.get("problem") or "")
    )


def _run_in(store: Store, project: Project, context: Context) -> Run | None:
    """The draft or run that the dialog was opened for, if it was. Raises RunError where it is gone."""
    number = context.get("run")
    if number is None:
        return None
    run = find_run(store, project.id, int(number))
    # The number of a draft that was discarded may belong to another one by now.
    if run is None or run.id != context["run_id"]:
        raise RunError(f"Run {number} was discarded in the meantime; copy the command, and begin a new run with it.")
    return run


def read_form(project: Project, values: Mapping[str, Any], *, key: str | None = None) -> Asked:
    """Read all fields.

    Raises FormError.
    """
    command = str(values.get("command") or "")
    try:
        line = read_command(project, command)
    except CommandLineError as error:
        raise FormError(error.message, "command", error.column) from None
    goal = "minimize" if values.get("goal") == "minimize" else "maximize"
    return Asked(
        Demand(line.space, read_strategy(values), goal, hyperparameters_in(project, line), line.program.arguments),
        _order(whole_command(project, command), line, goal, values, key),
    )


def read_strategy(values: Mapping[str, Any]) -> StrategyChoice:
    """The strategy with its options. Raises FormError."""
    kind = STRATEGIES.get(str(values.get("strategy")))
    if kind is None:
        return StrategyChoice()
    ids_, given = values.get("option_names") or (), values.get("options") or ()
    written = {id_["name"]: value for id_, value in zip(ids_, given, strict=False)}
    place = "strategy"
    return StrategyChoice(
        name=kind.name,
        count=read_whole("The number of settings", values.get("count"), 20, place, least=1),
        seed=read_whole("The seed", values.get("seed"), 0, place, least=0),
        repeats=read_whole("The number of repeats", values.get("repeats"), 1, place, least=1),
        options={
            option.name: _option(option, written[option.name]) for option in kind.options if option.name in written
        },
    )


def _option(option: Option, written: Any) -> Value:
    if option.kind == "bool":
        return bool(written)
    if option.kind == "choice":
        return str(written)
    number = read_number(option.label, written, "strategy")
    if number is None:
        return option.default
    return int(number) if option.kind == "int" and number == int(number) else number


def _order(command: str, line: CommandLine, goal: str, values: Mapping[str, Any], key: str | None) -> Order:
    objective = str(values.get("objective") or "").strip() or None
    minutes = read_number("The time limit", values.get("time_limit"), "resources", least=0.01)
    concurrency = read_number("The number at once", values.get("concurrency"), "resources", least=1, is_whole=True)
    priority, weight = read_share(values.get("priority"), values.get("weight"))
    cpus = read_number("The number of CPUs", values.get("cpus"), "resources", least=0)
    return Order(
        command_line=command,
        prefix=line.prefix,
        objective=objective,
        goal=goal,
        metrics=_metrics(objective, goal, values.get("metrics") or ()),
        cpus=1.0 if cpus is None else cpus,
        gpus=read_number("The number of GPUs", values.get("gpus"), "resources", least=0) or 0.0,
        concurrency=None if concurrency is None else int(concurrency),
        priority=priority,
        weight=weight,
        time_limit_s=None if minutes is None else minutes * 60,
        retries=read_whole("The number of retries", values.get("retries"), 0, "resources", least=0),
        has_terminal=bool(values.get("terminal")),
        data_paths=read_paths(values.get("data")),
        shared_paths=read_paths(values.get("shared")),
        in_place=bool(values.get("in_place")),
        has_hooks=bool(values.get("hooks")),
        key=key,
    )


def _metrics(objective: str | None, goal: str, names: Sequence[str]) -> list[dict[str, str]]:
    """The objective first; of the others the usual goal is assumed."""
    first = [{"name": objective, "goal": goal}] if objective else []
    return first + [{"name": name, "goal": usual_goal(name)} for name in names if name != objective]
