"""The dialog's frame, and its content for one project: hyperparameters, candidates and options, the preview."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import launch_ids as ids
from layouts.attributes import attributes
from layouts.launch import options, preview
from layouts.launch.editor import editor, picker
from layouts.launch.form import Form


def dialog() -> Component:
    """The closed dialog; it stands on every page and is filled when it opens."""
    stores = (ids.OPENED, ids.CONTEXT, ids.PROBLEMS, ids.TYPED, ids.PLAN, ids.DECISIONS, ids.CONFIRM)
    return html.Div(
        [
            *(dcc.Store(id=each) for each in stores),
            dbc.Modal(
                [
                    dbc.ModalHeader([dbc.ModalTitle(id=ids.TITLE), html.Div(_origins(), id=ids.FROM_PLACE)]),
                    dbc.ModalBody(id=ids.BODY),
                    dbc.ModalFooter(_footer()),
                ],
                id=ids.DIALOG,
                is_open=False,
                size="xl",
                scrollable=True,
                # A click beside it must not throw away what was typed; Esc and Cancel close it.
                backdrop="static",
                class_name="launch",
            ),
        ]
    )


def _origins() -> list[Component]:
    return [
        html.Span("Start from", className="muted"),
        dcc.RadioItems(id=ids.FROM, options=[], inline=True, className="segmented"),
    ]


def _footer() -> list[Component]:
    return [
        html.Div(id=ids.COUNT, className="launch-count", role="status"),
        html.Div(id=ids.ERROR, className="field-error", role="alert"),
        html.Button("Cancel", id=ids.CANCEL, className="button", type="button"),
        html.Button("Save as draft", id=ids.SAVE, className="button", type="button", disabled=True),
        html.Button(
            "Launch",
            id=ids.START,
            className="button is-primary",
            type="button",
            disabled=True,
            title="Ctrl + Enter",
        ),
    ]


def body(form: Form) -> Component:
    """The dialog's content for one project."""
    known = {each.name: each for each in form.hyperparameters}
    tuned = [name for name in form.written if name in known]
    return html.Div(
        [
            html.Section(picker(form.hyperparameters, tuned, form.read_from), className="launch-picker"),
            html.Section(
                [
                    html.Div([editor(known[name], form.written[name]) for name in tuned], id=ids.EDITORS),
                    html.P("Pick hyperparameters on the left; the others keep their defaults.", className="hint"),
                    options.strategy(form.strategy),
                    *options.run_options(form),
                ],
                className="launch-form",
            ),
            html.Section([_command(form.command), *preview.panel(form)], className="launch-preview"),
        ],
        className="launch-columns",
    )


def _command(command: str) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Command", htmlFor=ids.COMMAND),
                    html.Span("edit it by hand, and the form follows", className="muted"),
                    html.Button(
                        "Copy", className="copy-button", type="button", **attributes(data_copy_from=ids.COMMAND)
                    ),
                ],
                className="command-head",
            ),
            dbc.Textarea(
                id=ids.COMMAND,
                value=command,
                class_name="field command",
                rows=3,
                spellcheck=False,
                debounce=250,
            ),
            html.Div(id=ids.COMMAND_ERROR, className="field-error command-error", role="alert"),
        ],
        className="command-block",
    )


def command_error(command: str, message: str, column: int | None) -> list[Component]:
    """What is wrong with the command, with a caret under the place."""
    if column is None:
        return [html.Span(message)]
    # A window around the place, so that a long command does not hide it.
    start = max(0, column - 30)
    window = command[start : column + 30].replace("\n", " ")
    return [html.Span(message), html.Pre(f"{window}\n{' ' * (column - start)}^")]


def start_label(scheduled: int, reused: int = 0, *, is_extension: bool = False) -> str:
    """What the launch button says."""
    verb = "Add" if is_extension else "Launch"
    if scheduled:
        return f"{verb} {scheduled:,} experiment{'' if scheduled == 1 else 's'}"
    return f"Take over {reused:,} result{'' if reused == 1 else 's'}" if reused else verb
