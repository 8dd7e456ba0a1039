"""Launching what the dialog shows, keeping it as a draft, or adding it to a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, no_update

from answers.fields import FormError
from callbacks.group import CallbackGroup
from callbacks.launch.form import extended_run, form_states, read_form, request_of
from callbacks.launch.project import hyperparameters_of, project_of
from launch.extension import extend
from launch.launch import Launched, Question, Refusal, keep_draft
from launch.launch import launch as launch_request
from launch.script import refresh_hyperparameters
from layouts import ids as page_ids
from layouts import launch_ids as ids
from layouts.launch.editor import picker_options
from storage.records import Project
from storage.runs import RunError
from storage.store import Store

callbacks = CallbackGroup()


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
    try:
        asked = read_form(project, form, key=str(context["key"]))
        request = request_of(store, project, asked, decisions, context)
        extended = extended_run(store, project, context)
    except (FormError, RunError) as error:
        return _answer({"error": str(error)})
    if extended:
        outcome = extend(store, project, extended, request, confirmed=confirmed)
    else:
        outcome = launch_request(store, project, request, confirmed=confirmed)
    match outcome:
        case Launched(run=run, note=note):
            said = {"notice": note, "has_notice": True} if note else {}
            path = f"/projects/{project.slug}/runs/{run.number}"
            return _answer({"path": path, "is_open": False, "error": "", **said})
        case Question(sentence, answer):
            label = f"Yes, launch {answer:,} experiments"
            return _answer({"error": f"{sentence} Press once more to launch them.", "confirm": answer, "label": label})
        case Refusal(now=None):
            return _answer({"error": outcome.sentence})
    return _answer(_changed(store, project, outcome, context))


def _changed(store: Store, project: Project, refusal: Refusal, context: Mapping[str, Any]) -> dict[str, Any]:
    """The script or its data is not what the preview shows: the preview follows at once; what was typed stays."""
    assert refusal.now
    project, note = refresh_hyperparameters(store, project)
    sentence = f"{refusal.sentence} The preview now shows it as it is; press once more to launch it. {note}"
    return {
        "error": sentence.strip(),
        "context": {**context, "code": refusal.now.code_digest, "data": refusal.now.data_digest},
        "offered": picker_options(hyperparameters_of(project), ()),
    }


def _answer(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("path", "is_open", "error", "confirm", "label", "notice", "has_notice", "context", "offered")
    return dict.fromkeys(names, no_update) | dict(given)


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
    if context["mode"] == "extend":
        sentence = "What is added to a run cannot be kept as a draft; begin a new run for that."
        return {"path": no_update, "is_open": no_update, "error": sentence}
    try:
        asked = read_form(project, form, key=str(context["key"]))
        outcome = keep_draft(store, project, request_of(store, project, asked, decisions, context))
    except (FormError, RunError) as error:
        return {"path": no_update, "is_open": no_update, "error": str(error)}
    if isinstance(outcome, Refusal):
        return {"path": no_update, "is_open": no_update, "error": outcome.sentence}
    return {"path": f"/projects/{project.slug}/runs/{outcome.number}", "is_open": False, "error": ""}
