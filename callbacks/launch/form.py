"""The form as the callbacks get it: which fields there are, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import ALL, Input, State

from analysis.command_line import CommandLine, CommandLineError
from analysis.environment import Environment
from analysis.hyperparameters import Value
from analysis.metrics import usual_goal
from analysis.sharing import refused_share
from analysis.strategies import STRATEGIES, Option
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

MOST_NUMBER = 1_000_000_000


class FormError(ValueError):
    """A field that cannot be read; `place` names the part of the form beside which the sentence belongs."""

    def __init__(self, message: str, place: str, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.column = column


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
        count=_whole("The number of settings", values.get("count"), 20, place, least=1),
        seed=_whole("The seed", values.get("seed"), 0, place, least=0),
        repeats=_whole("The number of repeats", values.get("repeats"), 1, place, least=1),
        options={
            option.name: _option(option, written[option.name]) for option in kind.options if option.name in written
        },
    )


def _option(option: Option, written: Any) -> Value:
    if option.kind == "bool":
        return bool(written)
    if option.kind == "choice":
        return str(written)
    number = _number(option.label, written, "strategy")
    if number is None:
        return option.default
    return int(number) if option.kind == "int" and number == int(number) else number


def _order(command: str, line: CommandLine, goal: str, values: Mapping[str, Any], key: str | None) -> Order:
    objective = str(values.get("objective") or "").strip() or None
    minutes = _number("The time limit", values.get("time_limit"), "resources", least=0.01)
    concurrency = _number("The number at once", values.get("concurrency"), "resources", least=1, is_whole=True)
    priority, weight = read_share(values.get("priority"), values.get("weight"))
    cpus = _number("The number of CPUs", values.get("cpus"), "resources", least=0)
    return Order(
        command_line=command,
        prefix=line.prefix,
        objective=objective,
        goal=goal,
        metrics=_metrics(objective, goal, values.get("metrics") or ()),
        cpus=1.0 if cpus is None else cpus,
        gpus=_number("The number of GPUs", values.get("gpus"), "resources", least=0) or 0.0,
        concurrency=None if concurrency is None else int(concurrency),
        priority=priority,
        weight=weight,
        time_limit_s=None if minutes is None else minutes * 60,
        retries=_whole("The number of retries", values.get("retries"), 0, "resources", least=0),
        has_terminal=bool(values.get("terminal")),
        data_paths=read_paths(values.get("data")),
        shared_paths=read_paths(values.get("shared")),
        in_place=bool(values.get("in_place")),
        has_hooks=bool(values.get("hooks")),
        key=key,
    )


def read_share(priority: Any, weight: Any) -> tuple[int, float]:
    """A run's priority and weight. Raises FormError."""
    first = _number("The priority", priority, "resources", is_whole=True)
    share = _number("The share", weight, "resources")
    wanted = (0 if first is None else int(first), 1.0 if share is None else share)
    if refused := refused_share(*wanted):
        raise FormError(refused, "resources")
    return wanted


def _metrics(objective: str | None, goal: str, names: Sequence[str]) -> list[dict[str, str]]:
    """The objective first; of the others the usual goal is assumed."""
    first = [{"name": objective, "goal": goal}] if objective else []
    return first + [{"name": name, "goal": usual_goal(name)} for name in names if name != objective]


def read_paths(written: str | None) -> list[str]:
    """Files and folders, separated by commas."""
    return list(dict.fromkeys(part.strip() for part in (written or "").split(",") if part.strip()))


def _whole(what: str, written: Any, default: int, place: str, *, least: float) -> int:
    number = _number(what, written, place, least=least, is_whole=True)
    return default if number is None else int(number)


def _number(what: str, written: Any, place: str, *, least: float = -math.inf, is_whole: bool = False) -> float | None:
    """An optional number. Raises FormError with a sentence that begins with `what`."""
    if written is None or not str(written).strip():
        return None
    try:
        value = float(str(written))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least or (is_whole and value != int(value)) or abs(value) > MOST_NUMBER:
        if value > MOST_NUMBER:
            from_ = f", at most {MOST_NUMBER:,}"
        else:
            from_ = f" from {least:g} up" if math.isfinite(least) else ""
        raise FormError(f"{what} is {str(written)!r}; write a {'whole ' if is_whole else ''}number{from_}.", place)
    return value
