"""Launching what the dialog shows, keeping it as a draft, or adding it to a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, no_update

from analysis.resources import cannot_place, places
from analysis.strategies import StrategyError
from callbacks.group import CallbackGroup
from callbacks.launch.form import Asked, FormError, form_states, read_form, read_paths
from callbacks.launch.previewing import code_in, nodes_of
from callbacks.launch.project import hyperparameters_of, project_of
from launch.check import refused_value
from launch.code import CodeError, CodeState, code_state
from launch.order import OrderError, extend, save_draft, start
from launch.plan import Decisions, Plan, plan_of
from launch.script import refresh_hyperparameters
from layouts import ids as page_ids
from layouts import launch_ids as ids
from layouts.launch.editor import picker_options
from layouts.words import duration
from storage.records import Project, Run
from storage.runs import RunError, find_made, find_run
from storage.store import Store

callbacks = CallbackGroup()

# Above these a launch asks back once.
MOST_UNASKED = 1_000
MOST_UNASKED_S = 24 * 3600

EDITED = "The script was edited meanwhile; the preview now shows the new one. Press once more to launch it."
OTHER_DATA = "The data has changed meanwhile; the preview now knows. Press once more to launch with it."

REFUSALS = (FormError, StrategyError, OrderError, CodeError, RunError)


@callbacks.on(
    output={
        "path": Output(page_ids.LOCATION, "pathname"),
        "is_open": Output(ids.DIALOG, "is_open", allow_duplicate=True),
        "error": Output(ids.ERROR, "children", allow_duplicate=True),
        "confirm": Output(ids.CONFIRM, "data", allow_duplicate=True),
        "label": Output(ids.START, "children", allow_duplicate=True),
        "notice": Output(page_ids.NOTICE, "children", allow_duplicate=True),
        "has_notice": Output(page_ids.NOTICE, "is_open", allow_duplicate=True),
        "context": Output(ids.CONTEXT, "data", allow_duplicate=True),
        "offered": Output(ids.OPTIONS, "data"),
    },
    inputs={
        "clicks": Input(ids.START, "n_clicks"),
        "form": form_states(),
        "decisions": State(ids.DECISIONS, "data"),
        "confirmed": State(ids.CONFIRM, "data"),
        "context": State(ids.CONTEXT, "data"),
    },
    running=[(Output(ids.START, "disabled"), True, False)],
    prevent_initial_call=True,
)
def launch(
    store: Store,
    *,
    clicks: int | None,
    form: Mapping[str, Any],
    decisions: Mapping[str, Any] | None,
    confirmed: int | None,
    context: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Queue the run and go to its page, or say why not; much work is asked back about once."""
    project = project_of(store, context) if clicks else None
    if project is None or context is None:
        return _answer({})
    if (made := find_made(store, str(context["key"]))) and made.state != "draft":
        # Another click of the same launch.
        return _launched(project, made.number)
    try:
        now = code_state(store, project, read_paths(form.get("data")))
        if now.problem:
            raise FormError(now.problem, "data")
        if changed := what_changed(now, context):
            # The preview follows at once; what was typed stays.
            project, note = refresh_hyperparameters(store, project)
            anew = {**context, "code": now.code_digest, "data": now.data_digest}
            offered = picker_options(hyperparameters_of(project), ())
            return _answer({"error": f"{changed} {note}".strip(), "context": anew, "offered": offered})
        asked = read_form(project, form, key=str(context["key"]))
        plan = _plan(store, project, asked, decisions, now)
        _check_fits(store, asked)
        if refused := refused_value(project, asked.demand, now.code_digest):
            raise OrderError(refused)
        if confirmed != plan.scheduled and (question := question_about(plan, asked)):
            label = f"Yes, launch {plan.scheduled:,} experiments"
            return _answer({"error": question, "confirm": plan.scheduled, "label": label})
        number, note = _send(store, project, plan, asked, context)
    except REFUSALS as error:
        return _answer({"error": str(error)})
    return _launched(project, number, note)


def _launched(project: Project, number: int, note: str = "") -> dict[str, Any]:
    said = {"notice": note, "has_notice": True} if note else {}
    return _answer({"path": f"/projects/{project.slug}/runs/{number}", "is_open": False, "error": "", **said})


def _answer(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("path", "is_open", "error", "confirm", "label", "notice", "has_notice", "context", "offered")
    return dict.fromkeys(names, no_update) | dict(given)


def _plan(store: Store, project: Project, asked: Asked, decisions: Mapping[str, Any] | None, now: CodeState) -> Plan:
    if now.problem:
        raise FormError(now.problem, "data")
    decided = Decisions.from_json(decisions)
    return plan_of(store, project, asked.demand, now, objective=asked.order.objective, decisions=decided)


def what_changed(now: CodeState, context: Mapping[str, Any]) -> str:
    """What is another than the preview was made with, in a sentence; an empty text where nothing is."""
    if now.is_here and now.code_digest != context.get("code"):
        return EDITED
    return OTHER_DATA if now.is_here and now.data_digest != context.get("data") else ""


def _check_fits(store: Store, asked: Asked) -> None:
    nodes = nodes_of(store)
    if nodes and not places(nodes, asked.order.cpus, asked.order.gpus):
        raise FormError(cannot_place(nodes, asked.order.cpus, asked.order.gpus), "resources")


def question_about(plan: Plan, asked: Asked) -> str | None:
    """What to ask before much work begins; None where there is little."""
    seconds = plan.duration(asked.order.concurrency or 1)
    is_long = seconds is not None and seconds > MOST_UNASKED_S
    if plan.is_too_large or (plan.scheduled <= MOST_UNASKED and not is_long):
        return None
    time = f", {duration(seconds)} of work one after another" if seconds is not None else ""
    return f"These are {plan.scheduled:,} experiments{time}. Press once more to launch them."


def _send(store: Store, project: Project, plan: Plan, asked: Asked, context: Mapping[str, Any]) -> tuple[int, str]:
    run = _run_in(store, project, context)
    if context["mode"] == "extend" and run:
        extend(store, project, run, plan, asked.order)
        return run.number, ""
    made, note = start(store, project, plan, asked.order, draft=run)
    return made.number, note


def _run_in(store: Store, project: Project, context: Mapping[str, Any]) -> Run | None:
    """The draft or run that the dialog was opened for, if it was. Raises RunError where it is gone."""
    number = context.get("run")
    if number is None:
        return None
    run = find_run(store, project.id, int(number))
    # The number of a draft that was discarded may belong to another one by now.
    if run is None or run.id != context["run_id"]:
        raise RunError(f"Run {number} was discarded in the meantime; copy the command, and begin a new run with it.")
    if context["mode"] == "draft" and run.state != "draft":
        raise RunError(f"Run {number} was launched by somebody else in the meantime.")
    return run


@callbacks.on(
    output={
        "path": Output(page_ids.LOCATION, "pathname", allow_duplicate=True),
        "is_open": Output(ids.DIALOG, "is_open", allow_duplicate=True),
        "error": Output(ids.ERROR, "children", allow_duplicate=True),
    },
    inputs={
        "clicks": Input(ids.SAVE, "n_clicks"),
        "form": form_states(),
        "decisions": State(ids.DECISIONS, "data"),
        "context": State(ids.CONTEXT, "data"),
    },
    running=[(Output(ids.SAVE, "disabled"), True, False)],
    prevent_initial_call=True,
)
def save(
    store: Store,
    *,
    clicks: int | None,
    form: Mapping[str, Any],
    decisions: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Keep the launch as a draft and go to its page."""
    project = project_of(store, context) if clicks else None
    if project is None or context is None:
        return {"path": no_update, "is_open": no_update, "error": no_update}
    try:
        asked = read_form(project, form, key=str(context["key"]))
        plan = _plan(store, project, asked, decisions, code_in(context))
        if context["mode"] == "extend":
            raise OrderError("What is added to a run cannot be kept as a draft; begin a new run for that.")
        run = save_draft(store, project, plan, asked.order, draft=_run_in(store, project, context))
    except REFUSALS as error:
        return {"path": no_update, "is_open": no_update, "error": str(error)}
    return {"path": f"/projects/{project.slug}/runs/{run.number}", "is_open": False, "error": ""}
