"""Picking hyperparameters and editing candidates: fields write the command, and an edited command fills the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Input, Output, Patch, State, ctx, no_update
from dash.development.base_component import Component

from analysis.candidates import Written
from analysis.command_line import CommandLineError, format_command_line, parse_command_line, without
from analysis.hyperparameters import Hyperparameter
from analysis.numbers import CandidateError
from callbacks.group import CallbackGroup
from callbacks.launch.project import hyperparameters_in, hyperparameters_of, prefix_of, project_of, read_command
from layouts import launch_ids as ids
from layouts.launch import editor as layout
from layouts.launch.editor import Fields, read_fields
from layouts.launch_ids import candidate_field as field
from storage.records import Project
from storage.store import Store

callbacks = CallbackGroup()

# A script that was edited under the open dialog.
LOST = "The script has no such option any more."


# --- fields to command ----------------------------------------------------------------------------------------------


@callbacks.on(
    output=[
        Output(field("list-place", ALL), "hidden"),
        Output(field("range-place", ALL), "hidden"),
        Output(field("chips", ALL), "children"),
        Output(field("error", ALL), "children"),
        Output(ids.COMMAND, "value"),
        Output(ids.PROBLEMS, "data"),
    ],
    inputs={
        "modes": Input(field("mode", ALL), "value"),
        "lists": Input(field("list", ALL), "value"),
        "starts": Input(field("start", ALL), "value"),
        "stops": Input(field("stop", ALL), "value"),
        "steps": Input(field("step", ALL), "value"),
        "choices": Input(field("choices", ALL), "value"),
        "editors": State(field("mode", ALL), "id"),
        "command": State(ids.COMMAND, "value"),
        "context": State(ids.CONTEXT, "data"),
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
    project = project_of(store, context)
    if project is None:
        return (no_update,) * 6
    known = {each.name: each for each in _known(project, command)}
    names = [editor["name"] for editor in editors]
    columns = zip(names, modes, lists, starts, stops, steps, choices, strict=True)
    read = {
        name: _read(known[name], Fields(mode, typed or "", start or "", stop or "", step or "", tuple(clicked or ())))
        for name, mode, typed, start, stop, step, clicked in columns
        if name in known
    }
    problems = [name for name, each in read.items() if isinstance(each, str)]
    chosen = {name: each for name, each in read.items() if isinstance(each, Written)}
    written = no_update if problems else _rewritten(project, command or "", chosen, list(known.values()))
    # A rewritten command that says the same would only take the cursor out of it.
    changed = no_update if written == command else written
    return (
        [mode != "list" for mode in modes],
        [mode != "range" for mode in modes],
        [
            _chips(mode, known[name], read[name]) if name in read else []
            for name, mode in zip(names, modes, strict=True)
        ],
        [each if isinstance(each := read.get(name, LOST), str) else "" for name in names],
        changed,
        problems,
    )


def _read(hyperparameter: Hyperparameter, fields: Fields) -> Written | str:
    """What the fields of one editor mean, or the sentence that says why they mean nothing."""
    try:
        return read_fields(hyperparameter, fields)
    except CandidateError as error:
        return error.message


def _chips(mode: layout.Mode, hyperparameter: Hyperparameter, read: Written | str) -> list[Component]:
    # Choices show by themselves what is clicked.
    return [] if mode == "choices" or isinstance(read, str) else layout.chips(hyperparameter, read)


def _known(project: Project, command: str | None) -> list[Hyperparameter]:
    """The project's hyperparameters, and what else the command has in brackets."""
    try:
        return hyperparameters_in(project, read_command(project, command))
    except CommandLineError:
        return hyperparameters_of(project)


def _rewritten(project: Project, command: str, chosen: Mapping[str, Written], known: Sequence[Hyperparameter]) -> Any:
    """The command with these candidates; one that says the same already stays as it is typed."""
    try:
        before = parse_command_line(command, known, is_open=project.takes_more)
    except CommandLineError:
        return format_command_line(prefix_of(project), chosen, known)
    if before.written == dict(chosen):
        return command
    # A secret stands in front, until somebody sets it in a field.
    prefix = without(before.prefix, [each for each in known if each.name in chosen and each.place is None])
    return format_command_line(prefix, chosen, known)


# --- picking, and command to fields ---------------------------------------------------------------------------------


@callbacks.on(
    output=[Output(ids.EDITORS, "children"), Output(ids.PICKED, "value")],
    inputs={
        "picked": Input(ids.PICKED, "value"),
        "typed": Input(ids.TYPED, "data"),
        "editors": State(field("mode", ALL), "id"),
        "command": State(ids.COMMAND, "value"),
        "context": State(ids.CONTEXT, "data"),
    },
    prevent_initial_call=True,
)
def show_editors(
    store: Store,
    *,
    picked: list[str] | None,
    typed: Mapping[str, Any] | None,
    editors: list[Mapping[str, str]],
    command: str | None,
    context: Mapping[str, str] | None,
) -> tuple[Any, Any]:
    """One editor per picked hyperparameter; a command edited by hand picks and fills them."""
    project = project_of(store, context)
    if project is None:
        return no_update, no_update
    known = {each.name: each for each in _known(project, command)}
    present = [editor["name"] for editor in editors]
    if ctx.triggered_id == ids.PICKED:
        return _patched(known, present, picked or []), no_update
    if not typed:
        return no_update, no_update
    try:
        written_there = read_command(project, typed["command"]).written
    except CommandLineError:
        # The place of the slip is shown under the command; the fields wait.
        return no_update, no_update
    return [layout.editor(known[name], each) for name, each in written_there.items()], list(written_there)


@callbacks.on(
    Output(ids.OPTIONS, "data", allow_duplicate=True),
    Input(ids.TYPED, "data"),
    State(ids.CONTEXT, "data"),
    prevent_initial_call=True,
)
def offer_found(store: Store, typed: Mapping[str, Any] | None, context: Mapping[str, str] | None) -> Any:
    """What was put into brackets can be picked like what discovery found."""
    project = project_of(store, context)
    if project is None or not typed:
        return no_update
    try:
        line = read_command(project, typed["command"])
    except CommandLineError:
        return no_update
    known = {each.name for each in hyperparameters_of(project)}
    if all(each.name in known for each in line.found):
        return no_update
    return layout.picker_options(hyperparameters_in(project, line), list(line.written))


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


# Who wrote the command is known where it is typed. To compare it with what the fields wrote goes wrong while several
# answers are under way, and throws away what somebody is typing.
callbacks.in_browser(
    "launch.typed",
    Output(ids.TYPED, "data"),
    Input(ids.COMMAND, "value"),
    prevent_initial_call=True,
)
callbacks.in_browser(
    "launch.searched",
    Output(ids.PICKED, "options"),
    Input(ids.SEARCH, "value"),
    Input(ids.OPTIONS, "data"),
    State(ids.PICKED, "value"),
    prevent_initial_call=True,
)
