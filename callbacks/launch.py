"""The launch dialog's wiring. The command is the truth: fields write it, and what it says is what runs."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import ALL, Input, Output, Patch, State, ctx, no_update
from dash.development.base_component import Component

from analysis.candidates import CandidateError, expand_range, parse_candidates
from analysis.command_line import (
    MAX_EXPERIMENTS,
    CommandLine,
    CommandLineError,
    as_typed,
    count,
    format_command_line,
    grid,
    parse_command_line,
)
from analysis.hyperparameters import Hyperparameter, Value, text_of
from callbacks.group import CallbackGroup
from callbacks.projects import slug_of_path
from layouts import ids
from layouts import launch as layout
from layouts.ids import candidate_field as field
from layouts.launch import Form, Repeats
from storage.overview import find_repeats
from storage.projects import find_project, metric_names, set_objective
from storage.records import Project, Run
from storage.runs import NewExperiment, NewRun, create_run, fetch_runs
from storage.store import Store

callbacks = CallbackGroup()


@dataclass(frozen=True)
class Fields:
    """What the editor of one hyperparameter holds."""

    mode: layout.Mode
    list: str = ""
    start: str = ""
    stop: str = ""
    step: str = ""
    choices: Sequence[str] = ()


@dataclass(frozen=True)
class Candidates:
    """What an editor's fields mean."""

    values: Sequence[Value] = ()
    stop_not_reached: Value = None
    error: str = ""


# --- opening and closing --------------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.LAUNCH, "is_open"),
    Output(ids.LAUNCH_TITLE, "children"),
    Output(ids.LAUNCH_BODY, "children"),
    Output(ids.LAUNCH_CONTEXT, "data"),
    Output(ids.LAUNCH_ERROR, "children"),
    Input(ids.START_RUN, "n_clicks", allow_optional=True),
    Input(ids.LAUNCH_CANCEL, "n_clicks"),
    State(ids.LOCATION, "pathname"),
    prevent_initial_call=True,
)
def open_dialog(store: Store, starts: int | None, _cancels: int | None, pathname: str) -> tuple[Any, ...]:
    """Fill the dialog for the project of this page, or close it."""
    if ctx.triggered_id == ids.LAUNCH_CANCEL:
        return False, no_update, no_update, no_update, ""
    slug = slug_of_path(pathname)
    project = find_project(store, slug) if slug and starts else None
    if project is None:
        return (no_update,) * 5
    # A key per opening: however often the launch is sent, it makes one run.
    context = {"slug": project.slug, "key": secrets.token_urlsafe(16)}
    return True, f"New run of {project.name}", layout.body(form_of(store, project)), context, ""


def form_of(store: Store, project: Project) -> Form:
    """Start from the project's newest run, or from nothing."""
    runs = fetch_runs(store, project.id)
    newest: Run | None = runs[0] if runs else None
    known = hyperparameters_of(project)
    names = {each.name for each in known}
    candidates: dict[str, Sequence[Value]] = {each.name: () for each in known if each.is_required}
    candidates |= {name: values for name, values in (newest.candidates if newest else {}).items() if name in names}
    return Form(
        hyperparameters=known,
        candidates=candidates,
        command=format_command_line(_prefix(project), {name: them for name, them in candidates.items() if them}, known),
        objective=(newest.objective if newest else None) or project.objective,
        goal=newest.goal if newest and newest.objective else project.goal,
        metrics=metric_names(store, project.id),
        concurrency=newest.concurrency if newest else None,
        retries=newest.retries if newest else 0,
        time_limit_s=newest.time_limit_s if newest else None,
    )


def hyperparameters_of(project: Project) -> list[Hyperparameter]:
    """What discovery found in the project's script."""
    return [Hyperparameter.from_json(each) for each in project.hyperparameters]


# --- fields to command ----------------------------------------------------------------------------------------------


@callbacks.on(
    output=[
        Output(field("list-place", ALL), "hidden"),
        Output(field("range-place", ALL), "hidden"),
        Output(field("chips", ALL), "children"),
        Output(field("error", ALL), "children"),
        Output(ids.LAUNCH_COMMAND, "value"),
        Output(ids.LAUNCH_WRITTEN, "data"),
        Output(ids.LAUNCH_PROBLEMS, "data"),
    ],
    inputs={
        "modes": Input(field("mode", ALL), "value"),
        "lists": Input(field("list", ALL), "value"),
        "starts": Input(field("start", ALL), "value"),
        "stops": Input(field("stop", ALL), "value"),
        "steps": Input(field("step", ALL), "value"),
        "choices": Input(field("choices", ALL), "value"),
        "editors": State(field("mode", ALL), "id"),
        "command": State(ids.LAUNCH_COMMAND, "value"),
        "context": State(ids.LAUNCH_CONTEXT, "data"),
    },
    prevent_initial_call=True,
)
def write_command(
    store: Store,
    *,
    modes: list[Any],
    lists: list[Any],
    starts: list[Any],
    stops: list[Any],
    steps: list[Any],
    choices: list[Any],
    editors: list[Mapping[str, str]],
    command: str | None,
    context: Mapping[str, str] | None,
) -> tuple[Any, ...]:
    """Show what the fields mean, and say it as a command."""
    project = find_project(store, context["slug"]) if context else None
    if project is None:
        return (no_update,) * 7
    known = {each.name: each for each in hyperparameters_of(project)}
    names = [editor["name"] for editor in editors]
    columns = zip(names, modes, lists, starts, stops, steps, choices, strict=True)
    read = {
        name: read_fields(known[name], Fields(mode, typed or "", start or "", stop or "", step or "", clicked or ()))
        for name, mode, typed, start, stop, step, clicked in columns
    }
    problems = [name for name, candidates in read.items() if candidates.error]
    chosen = {name: candidates.values for name, candidates in read.items()}
    written = no_update if problems else _rewritten(project, command or "", chosen, list(known.values()))
    # A rewritten command that says the same would only take the cursor out of it.
    changed = no_update if written == command else written
    return (
        [mode != "list" for mode in modes],
        [mode != "range" for mode in modes],
        [_chips(mode, candidates) for mode, candidates in zip(modes, read.values(), strict=True)],
        [candidates.error for candidates in read.values()],
        changed,
        written,
        problems,
    )


def _chips(mode: layout.Mode, candidates: Candidates) -> list[Component]:
    # Choices show by themselves what is clicked.
    return [] if mode == "choices" else layout.chips(candidates.values, candidates.stop_not_reached)


def _rewritten(
    project: Project, command: str, chosen: Mapping[str, Sequence[Value]], known: Sequence[Hyperparameter]
) -> Any:
    """The command with these candidates; one that says the same already stays as it is typed."""
    try:
        before = parse_command_line(command, known)
    except CommandLineError:
        return format_command_line(_prefix(project), chosen, known)
    same = {name: list(values) for name, values in before.candidates.items()} == {
        name: list(values) for name, values in chosen.items()
    }
    return command if same else format_command_line(before.prefix, chosen, known)


def read_fields(hyperparameter: Hyperparameter, fields: Fields) -> Candidates:
    """Turn the fields of one editor into candidates, or into the sentence that says why they are none."""
    try:
        if fields.mode == "choices":
            return _clicked(hyperparameter, fields.choices)
        if fields.mode == "range":
            return _range(hyperparameter, fields)
        return Candidates(list(parse_candidates(fields.list, hyperparameter)))
    except CandidateError as error:
        return Candidates(error=error.message)


def _clicked(hyperparameter: Hyperparameter, clicked: Sequence[str]) -> Candidates:
    values = [value for value in layout.choices_of(hyperparameter) if text_of(value) in clicked]
    return Candidates(values) if values else Candidates(error="Click at least one value.")


def _range(hyperparameter: Hyperparameter, fields: Fields) -> Candidates:
    ends = (fields.start.strip(), fields.stop.strip(), fields.step.strip())
    if not all(ends):
        return Candidates(error="Fill in from, to and step.")
    found = expand_range(*ends, hyperparameter.type, hyperparameter.flag)
    return Candidates(list(found.values), None if found.stop_reached else ends[1])


# --- picking, and command to fields ---------------------------------------------------------------------------------


@callbacks.on(
    output=[Output(ids.LAUNCH_EDITORS, "children"), Output(ids.LAUNCH_PICKED, "value")],
    inputs={
        "picked": Input(ids.LAUNCH_PICKED, "value"),
        "command": Input(ids.LAUNCH_COMMAND, "value"),
        "written": State(ids.LAUNCH_WRITTEN, "data"),
        "editors": State(field("mode", ALL), "id"),
        "context": State(ids.LAUNCH_CONTEXT, "data"),
    },
    prevent_initial_call=True,
)
def show_editors(
    store: Store,
    *,
    picked: list[str] | None,
    command: str | None,
    written: str | None,
    editors: list[Mapping[str, str]],
    context: Mapping[str, str] | None,
) -> tuple[Any, Any]:
    """One editor per picked hyperparameter; a command edited by hand picks and fills them."""
    project = find_project(store, context["slug"]) if context else None
    if project is None:
        return no_update, no_update
    known = {each.name: each for each in hyperparameters_of(project)}
    present = [editor["name"] for editor in editors]
    if ctx.triggered_id == ids.LAUNCH_PICKED:
        return _patched(known, present, picked or []), no_update
    if command == written:
        return no_update, no_update
    try:
        candidates = read_command(project, command).candidates
    except CommandLineError:
        # The place of the slip is shown under the command; the fields wait.
        return no_update, no_update
    return [layout.editor(known[name], values) for name, values in candidates.items()], list(candidates)


def _patched(known: Mapping[str, Hyperparameter], present: Sequence[str], picked: Sequence[str]) -> Any:
    """Add and remove editors, and leave the others and what is typed in them alone."""
    if set(present) == set(picked):
        return no_update
    editors = Patch()
    for at in reversed(range(len(present))):
        if present[at] not in picked:
            del editors[at]
    for name in picked:
        if name not in present and name in known:
            editors.append(layout.editor(known[name], layout.first_candidates(known[name])))
    return editors


callbacks.in_browser(
    "launch.searched",
    Output(ids.LAUNCH_PICKED, "options"),
    Input(ids.LAUNCH_SEARCH, "value"),
    State(ids.LAUNCH_OPTIONS, "data"),
    prevent_initial_call=True,
)


# --- review ---------------------------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.LAUNCH_COMMAND_ERROR, "children"),
    Output(ids.LAUNCH_COUNT, "children"),
    Output(ids.LAUNCH_DONE_BEFORE, "children"),
    Output(ids.LAUNCH_REPEATS, "hidden"),
    Output(ids.LAUNCH_START, "disabled"),
    Output(ids.LAUNCH_START, "children"),
    Input(ids.LAUNCH_COMMAND, "value"),
    Input(ids.LAUNCH_PROBLEMS, "data"),
    Input(ids.LAUNCH_SKIP, "value"),
    State(ids.LAUNCH_CONTEXT, "data"),
    prevent_initial_call=True,
)
def review(
    store: Store,
    command: str | None,
    problems: list[str] | None,
    skip: list[str] | None,
    context: Mapping[str, str] | None,
) -> tuple[Any, ...]:
    """Say what the command would launch, and whether it can."""
    project = find_project(store, context["slug"]) if context else None
    if project is None:
        return (no_update,) * 6
    try:
        candidates = read_command(project, command).candidates
    except CommandLineError as error:
        place = layout.command_error(command or "", error.message, error.column)
        return place, "", "", True, True, layout.start_label(0)
    total = count(candidates)
    sizes = layout.count_text([len(values) for values in candidates.values()])
    if total > MAX_EXPERIMENTS:
        return (
            f"A run has at most {MAX_EXPERIMENTS:,} experiments; remove some of the values.",
            sizes,
            "",
            True,
            True,
            layout.start_label(0),
        )
    repeats = _repeats(store, project, candidates)
    left = total - repeats.done if skip else total
    return (
        "",
        sizes,
        layout.done_before(repeats),
        not repeats.done,
        bool(problems) or left == 0,
        layout.start_label(left),
    )


def read_command(project: Project, command: str | None) -> CommandLine:
    """Read the command that the dialog shows: of the project's own script, with whatever follows it.

    Raises CommandLineError.
    """
    read = parse_command_line(command or "", hyperparameters_of(project))
    own = _prefix(project)[:2]
    if read.prefix[: len(own)] != own:
        raise CommandLineError(
            f"This project launches {' '.join(own)}; start another script in the terminal with `hypertuner run`."
        )
    return replace(read, prefix=(*project.command[: len(own)], *read.prefix[len(own) :]))


def _prefix(project: Project) -> tuple[str, ...]:
    return as_typed(project.command, project.directory)


def _repeats(store: Store, project: Project, candidates: Mapping[str, Sequence[Value]]) -> Repeats:
    settings = grid(candidates)
    found = find_repeats(store, project.id, settings, snapshot_digest=_snapshot(store, project))
    return Repeats(len(found), len(settings))


def _snapshot(store: Store, project: Project) -> str | None:
    """The project's code as it was last sent in; a launch from the page runs that."""
    runs = fetch_runs(store, project.id)
    return runs[0].snapshot_digest if runs else None


# --- launch ---------------------------------------------------------------------------------------------------------


@callbacks.on(
    output=[
        Output(ids.LOCATION, "pathname"),
        Output(ids.LAUNCH, "is_open", allow_duplicate=True),
        Output(ids.LAUNCH_ERROR, "children", allow_duplicate=True),
    ],
    inputs={
        "clicks": Input(ids.LAUNCH_START, "n_clicks"),
        "command": State(ids.LAUNCH_COMMAND, "value"),
        "objective": State(ids.LAUNCH_OBJECTIVE, "value"),
        "goal": State(ids.LAUNCH_GOAL, "value"),
        "concurrency": State(ids.LAUNCH_CONCURRENCY, "value"),
        "retries": State(ids.LAUNCH_RETRIES, "value"),
        "time_limit": State(ids.LAUNCH_TIME_LIMIT, "value"),
        "skip": State(ids.LAUNCH_SKIP, "value"),
        "context": State(ids.LAUNCH_CONTEXT, "data"),
    },
    running=[(Output(ids.LAUNCH_START, "disabled"), True, False)],
    prevent_initial_call=True,
)
def launch(
    store: Store,
    *,
    clicks: int | None,
    command: str | None,
    objective: str | None,
    goal: str | None,
    concurrency: str | None,
    retries: str | None,
    time_limit: str | None,
    skip: list[str] | None,
    context: Mapping[str, str] | None,
) -> tuple[Any, Any, Any]:
    """Queue the run and go to its page, or say why not."""
    project = find_project(store, context["slug"]) if clicks and context else None
    if project is None or context is None:
        return no_update, no_update, no_update
    try:
        minutes = read_number("The time limit", time_limit, least=0.01)
        new = new_run(
            store,
            project,
            command or "",
            objective=(objective or "").strip() or None,
            goal="minimize" if goal == "minimize" else "maximize",
            concurrency=_whole(read_number("The number at once", concurrency, least=1, is_whole=True)),
            retries=_whole(read_number("The number of retries", retries, least=0, is_whole=True)) or 0,
            time_limit_s=None if minutes is None else minutes * 60,
            skip_done=bool(skip),
            key=context["key"],
        )
    except LaunchError as error:
        return no_update, no_update, str(error)
    run = create_run(store, replace(project, command=read_command(project, command).prefix), new)
    if new.objective and (new.objective, new.goal) != (project.objective, project.goal):
        set_objective(store, project.id, new.objective, new.goal)
    return f"/projects/{project.slug}/runs/{run.number}", False, ""


class LaunchError(ValueError):
    """A run that cannot be launched; the message says why."""


def new_run(store: Store, project: Project, command: str, *, skip_done: bool, key: str, **options: Any) -> NewRun:
    """Turn the dialog's command into a run to create.

    Raises LaunchError.
    """
    try:
        candidates = read_command(project, command).candidates
        settings = grid(candidates)
    except CommandLineError as error:
        raise LaunchError(error.message) from None
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters_of(project)}
    digest = _snapshot(store, project)
    if skip_done:
        done = find_repeats(store, project.id, settings, snapshot_digest=digest)
        settings = [each for position, each in enumerate(settings) if position not in done]
    if not settings:
        raise LaunchError("Every one of these experiments was done before: nothing to run.")
    return NewRun(
        command_line=command,
        candidates=candidates,
        hyperparameters=[known[name].to_json() for name in candidates],
        experiments=[NewExperiment(each) for each in settings],
        snapshot_digest=digest,
        idempotency_key=key,
        **options,
    )


def read_number(what: str, written: str | None, *, least: float, is_whole: bool = False) -> float | None:
    """Read an optional number.

    Raises LaunchError with a sentence that begins with `what`.
    """
    if not (written or "").strip():
        return None
    try:
        value = float(str(written))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least or (is_whole and value != int(value)) or value > 1_000_000:
        raise LaunchError(f"{what} is {written!r}; write a {'whole ' if is_whole else ''}number from {least:g} up.")
    return value


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
