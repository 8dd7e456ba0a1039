"""Opening the dialog from any page, and filling it for the project of that page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, no_update

from analysis.command_line import given_in
from analysis.program import program_of
from analysis.words import read_from
from callbacks.group import CallbackGroup
from callbacks.launch.origins import Opened, Start, choices, known_metrics, start
from callbacks.projects import slug_of_path
from launch.choice import StrategyChoice
from launch.code import CodeState, code_state
from launch.script import refresh_hyperparameters
from layouts import ids as page_ids
from layouts import launch as layout
from layouts import launch_ids as ids
from layouts import run_ids
from layouts.launch.form import Form, Strategy
from storage.projects import find_project
from storage.records import Project, Run
from storage.runs import find_latest_run, find_run
from storage.store import Store

callbacks = CallbackGroup()

# The buttons that open the dialog; each stands on some pages only.
callbacks.in_browser(
    "launch.opened",
    Output(ids.OPENED, "data"),
    Output(ids.DIALOG, "is_open"),
    Output(ids.BODY, "children"),
    Output(ids.TITLE, "children"),
    Output(ids.ERROR, "children"),
    Input(page_ids.START_RUN, "n_clicks", allow_optional=True),
    Input(run_ids.EXTEND, "n_clicks", allow_optional=True),
    Input(run_ids.DUPLICATE, "n_clicks", allow_optional=True),
    Input(run_ids.OPEN_DRAFT, "n_clicks", allow_optional=True),
    Input(ids.CANCEL, "n_clicks"),
    prevent_initial_call=True,
)


@callbacks.on(
    Output(ids.TITLE, "children", allow_duplicate=True),
    Output(ids.BODY, "children", allow_duplicate=True),
    Output(ids.CONTEXT, "data"),
    Output(ids.DECISIONS, "data"),
    Output(ids.FROM, "options"),
    Output(ids.FROM, "value"),
    Output(ids.ERROR, "children", allow_duplicate=True),
    Input(ids.OPENED, "data"),
    State(page_ids.LOCATION, "pathname"),
    prevent_initial_call=True,
)
def fill(store: Store, data: Mapping[str, Any] | None, pathname: str) -> tuple[Any, ...]:
    """Fill the open dialog for the project of this page."""
    slug = slug_of_path(pathname)
    project = find_project(store, slug) if slug and data else None
    if project is None:
        return (no_update,) * 7
    opened = Opened.read(data)
    project, script_note = refresh_hyperparameters(store, project)
    run = find_run(store, project.id, opened.run) if opened.run else None
    code = code_state(store, project)
    found = choices(store, project, opened)
    word = found[0][0]
    context = {
        "slug": project.slug,
        # A key per opening: however often the launch is sent, it makes one run.
        "key": secrets.token_urlsafe(16),
        "mode": opened.mode,
        "run": run.number if run and opened.mode in ("extend", "draft") else None,
        "run_id": run.id if run else None,
        "from": word,
        "code": code.code_digest,
        "data": code.data_digest,
        "problem": code.problem,
        "is_here": code.is_here,
        "notes": [*([script_note] if script_note else []), *code_notes(store, project, code)],
    }
    form = form_of(store, project, start(store, project, opened, word), context)
    return (
        title(project, opened.mode, opened.run),
        layout.body(form),
        context,
        dict(run.decisions) if run and opened.mode == "draft" else {},
        [{"value": value, "label": label} for value, label in found],
        word,
        "",
    )


@callbacks.on(
    Output(ids.BODY, "children", allow_duplicate=True),
    Output(ids.CONTEXT, "data", allow_duplicate=True),
    Input(ids.FROM, "value"),
    State(ids.OPENED, "data"),
    State(ids.CONTEXT, "data"),
    prevent_initial_call=True,
)
def start_elsewhere(
    store: Store, word: str | None, data: Mapping[str, Any] | None, context: Mapping[str, Any] | None
) -> tuple[Any, Any]:
    """Fill the form from something else."""
    # The choice with which the dialog was filled arrives here, too, and by then somebody may be typing.
    project = find_project(store, str(context["slug"])) if context and word and word != context["from"] else None
    if project is None or context is None or word is None:
        return no_update, no_update
    anew = {**context, "from": word}
    return layout.body(form_of(store, project, start(store, project, Opened.read(data), word), anew)), anew


def title(project: Project, mode: str, run: int | None) -> str:
    """What the dialog is about."""
    if mode == "extend":
        return f"Add experiments to run {run} of {project.name}"
    if mode == "draft":
        return f"Draft of run {run} of {project.name}"
    return f"New run of {project.name}"


def code_notes(store: Store, project: Project, code: CodeState) -> list[str]:
    """What changed since the newest run, in words."""
    script = program_of(project.command).name
    newest = find_latest_run(store, project.id)
    if not code.is_here:
        where = f"the code of run {newest.number} is launched" if newest else "nothing can be launched from here"
        return [f"{script} is not on this machine; {where}."]
    notes = []
    if newest and newest.code_digest != code.code_digest:
        notes.append(f"{script} or a module that it imports has changed since run {newest.number}.")
    if newest and newest.data_digest != code.data_digest and not code.problem:
        notes.append(f"The declared data has changed since run {newest.number}.")
    return [*notes, *([code.problem] if code.problem else [])]


def form_of(store: Store, project: Project, begun: Start, context: Mapping[str, Any]) -> Form:
    """The form as it is before anybody touched it."""
    like = begun.like
    objective = (like.objective if like else None) or project.objective
    wanted = [str(each["name"]) for each in like.metrics] if like else []
    newest = find_latest_run(store, project.id)
    given = given_in(project.command, begun.hyperparameters)
    return Form(
        # A secret that the command has stays there.
        hyperparameters=[
            each for each in begun.hyperparameters if each.name not in given or each.name in begun.written
        ],
        written=begun.written,
        command=begun.command,
        strategy=_strategy(begun.strategy),
        objective=objective,
        goal=like.goal if like and like.objective else project.goal,
        known_metrics=known_metrics(store, project),
        metrics=wanted or ([objective] if objective else []),
        **_resources(like),
        data_paths=project.data_paths,
        shared_paths=project.shared_paths,
        in_place=project.in_place,
        has_hooks=project.has_hooks,
        is_extension=context["mode"] == "extend",
        notes=context["notes"],
        read_from=read_from(program_of(project.command).name, project.options_from) if project.options_from else "",
        has_difference=bool(
            context["is_here"] and newest and newest.snapshot_digest and newest.code_digest != context["code"]
        ),
    )


def _strategy(chosen: StrategyChoice) -> Strategy:
    return Strategy(chosen.name, chosen.count, chosen.seed, chosen.repeats, chosen.options)


_USUAL_RESOURCES = {
    "cpus": 1.0, "gpus": 0.0, "concurrency": None, "priority": 0, "weight": 1.0, "retries": 0, "time_limit_s": None,
    "has_terminal": False,
}  # fmt: skip


def _resources(like: Run | None) -> dict[str, Any]:
    return {name: getattr(like, name) for name in _USUAL_RESOURCES} if like else dict(_USUAL_RESOURCES)
