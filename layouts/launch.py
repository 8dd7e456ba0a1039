"""The launch dialog: which hyperparameters to tune, their candidates, and the command that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from analysis.candidates import format_candidates
from analysis.hyperparameters import Hyperparameter, Value, text_of
from layouts import ids
from layouts.attributes import attributes

Mode = Literal["list", "range", "choices"]

# Long enough to finish a word, short enough to feel live.
TYPING_PAUSE_S = 0.25
MOST_CHIPS = 40
MOST_CHOICES_SHOWN = 24
# With more choices than this, all of them are rarely meant.
MOST_CHOICES_PICKED = 6


@dataclass(frozen=True)
class Form:
    """What the dialog starts with."""

    hyperparameters: Sequence[Hyperparameter]
    candidates: Mapping[str, Sequence[Value]]
    command: str
    objective: str | None
    goal: str
    metrics: Sequence[str]
    concurrency: int | None
    retries: int
    time_limit_s: float | None


@dataclass(frozen=True)
class Repeats:
    """How many of the settings were done before with the same code."""

    done: int
    total: int
    first: int | None = None


# --- the frame ------------------------------------------------------------------------------------------------------


def dialog() -> Component:
    """The closed dialog; it stands on every page and is filled when it opens."""
    return html.Div(
        [
            dcc.Store(id=ids.LAUNCH_CONTEXT),
            dcc.Store(id=ids.LAUNCH_PROBLEMS),
            dcc.Store(id=ids.LAUNCH_WRITTEN),
            dbc.Modal(
                [
                    dbc.ModalHeader(dbc.ModalTitle(id=ids.LAUNCH_TITLE)),
                    dbc.ModalBody(id=ids.LAUNCH_BODY),
                    dbc.ModalFooter(
                        [
                            html.Div(id=ids.LAUNCH_COUNT, className="launch-count", role="status"),
                            html.Div(id=ids.LAUNCH_ERROR, className="field-error", role="alert"),
                            html.Button("Cancel", id=ids.LAUNCH_CANCEL, className="button", type="button"),
                            html.Button(
                                "Launch",
                                id=ids.LAUNCH_START,
                                className="button is-primary",
                                type="button",
                                disabled=True,
                            ),
                        ]
                    ),
                ],
                id=ids.LAUNCH,
                is_open=False,
                size="xl",
                scrollable=True,
                class_name="launch",
            ),
        ]
    )


def body(form: Form) -> Component:
    """The dialog's content for one project."""
    known = {each.name: each for each in form.hyperparameters}
    tuned = [name for name in form.candidates if name in known]
    return html.Div(
        [
            html.Section(_picker(form.hyperparameters, tuned), className="launch-picker"),
            html.Section(
                [
                    html.H3("Tuned"),
                    html.Div([editor(known[name], form.candidates[name]) for name in tuned], id=ids.LAUNCH_EDITORS),
                    html.P("Pick hyperparameters on the left; the others keep their defaults.", className="hint"),
                    _objective(form),
                    _resources(form),
                    _command(form.command),
                    html.Div(
                        [
                            html.Div(id=ids.LAUNCH_DONE_BEFORE),
                            dcc.Checklist(
                                id=ids.LAUNCH_SKIP,
                                options=[{"label": "Skip what is done", "value": "skip"}],
                                value=["skip"],
                                className="skip-done",
                            ),
                        ],
                        id=ids.LAUNCH_REPEATS,
                        className="done-before",
                        hidden=True,
                    ),
                ],
                className="launch-form",
            ),
        ],
        className="launch-columns",
    )


# --- picking --------------------------------------------------------------------------------------------------------


def _picker(hyperparameters: Sequence[Hyperparameter], tuned: Sequence[str]) -> list[Component]:
    options = [_option(each) for each in sorted(hyperparameters, key=lambda each: each.name not in tuned)]
    many = len(hyperparameters)
    if not many:
        return [
            html.H3("Hyperparameters"),
            html.P("This script takes no arguments, so there is nothing to tune yet.", className="muted"),
            dcc.Store(id=ids.LAUNCH_OPTIONS, data=[]),
            dcc.Input(id=ids.LAUNCH_SEARCH, style={"display": "none"}),
            dcc.Checklist(id=ids.LAUNCH_PICKED, options=[], value=[]),
        ]
    return [
        html.H3(["Hyperparameters ", html.Span(str(many), className="muted")]),
        html.Label(
            [
                html.Span("Search hyperparameters", className="visually-hidden"),
                dcc.Input(id=ids.LAUNCH_SEARCH, type="search", placeholder="Search", className="field", autoFocus=True),
            ]
        ),
        dcc.Store(id=ids.LAUNCH_OPTIONS, data=options),
        dcc.Checklist(id=ids.LAUNCH_PICKED, options=options, value=list(tuned), className="picker"),
    ]


def _option(hyperparameter: Hyperparameter) -> dict[str, Any]:
    return {
        "value": hyperparameter.name,
        "title": hyperparameter.help or hyperparameter.name,
        "search": f"{hyperparameter.name} {hyperparameter.help} {hyperparameter.group}".lower(),
        "label": html.Span(
            [
                html.Span(hyperparameter.name, className="picker-name"),
                html.Span(default_text(hyperparameter), className="picker-default"),
            ],
            className="picker-option",
        ),
    }


def default_text(hyperparameter: Hyperparameter) -> str:
    """A hyperparameter's default as written beside its name."""
    if hyperparameter.default is None:
        return "required" if hyperparameter.is_required else "no default"
    return text_of(hyperparameter.default) or "(empty)"


# --- editing candidates ---------------------------------------------------------------------------------------------


def mode_of(hyperparameter: Hyperparameter) -> Mode:
    """How candidates are first edited: by clicking where all values are known, else as a list."""
    is_short = 0 < len(choices_of(hyperparameter)) <= MOST_CHOICES_SHOWN
    return "choices" if is_short and not hyperparameter.takes_many else "list"


def choices_of(hyperparameter: Hyperparameter) -> list[Value]:
    """All values that can be clicked."""
    return [True, False] if hyperparameter.type == "bool" else list(hyperparameter.choices)


def first_candidates(hyperparameter: Hyperparameter) -> list[Value]:
    """What a freshly picked hyperparameter starts with."""
    choices = choices_of(hyperparameter)
    if len(choices) <= MOST_CHOICES_PICKED and mode_of(hyperparameter) == "choices":
        return choices
    return [] if hyperparameter.default is None else [hyperparameter.default]


def editor(hyperparameter: Hyperparameter, candidates: Sequence[Value]) -> Component:
    """The fields for one hyperparameter's candidates. Each editor has every field, so that they are read as columns."""
    name, mode = hyperparameter.name, mode_of(hyperparameter)
    is_number = hyperparameter.type in {"int", "float"} and mode == "list"
    return html.Div(
        [
            html.Div(
                [
                    html.Strong(name),
                    html.Span(hyperparameter.type, className="type"),
                    html.Span(f"default {default_text(hyperparameter)}", className="muted"),
                    html.Span(hyperparameter.help, className="editor-help", title=hyperparameter.help),
                    html.Div(_mode(name, mode, is_number), className="editor-mode"),
                ],
                className="editor-head",
            ),
            html.Div(
                _list(hyperparameter, candidates), id=ids.candidate_field("list-place", name), hidden=mode != "list"
            ),
            html.Div(
                _range(name, candidates), id=ids.candidate_field("range-place", name), hidden=True, className="range"
            ),
            html.Div(_choices(hyperparameter, candidates, mode), hidden=mode != "choices"),
            html.Div(
                [
                    html.Div(id=ids.candidate_field("chips", name), className="chips"),
                    html.Div(id=ids.candidate_field("error", name), className="field-error", role="alert"),
                ],
                className="editor-result",
            ),
        ],
        className="editor",
        **attributes(data_name=name),
    )


def _mode(name: str, mode: Mode, is_number: bool) -> Component:
    options = [{"label": "List", "value": "list"}, {"label": "Range", "value": "range"}] if is_number else []
    return dcc.RadioItems(
        id=ids.candidate_field("mode", name), options=options, value=mode, inline=True, className="segmented"
    )


def _list(hyperparameter: Hyperparameter, candidates: Sequence[Value]) -> Component:
    return dcc.Input(
        id=ids.candidate_field("list", hyperparameter.name),
        type="text",
        value=list_text(candidates),
        debounce=TYPING_PAUSE_S,
        className="field",
        autoComplete="off",
        placeholder="0.1, 0.01" if hyperparameter.type == "float" else "28, 56, 112",
    )


def list_text(candidates: Sequence[Value]) -> str:
    """Candidates as one would type them."""
    if any(isinstance(value, str) for value in candidates):
        return format_candidates(candidates)[1:-1]
    return ", ".join(text_of(value) for value in candidates)


def _range(name: str, candidates: Sequence[Value]) -> list[Component]:
    numbers = [value for value in candidates if isinstance(value, int | float) and not isinstance(value, bool)]
    first, last = (numbers[0], numbers[-1]) if numbers else (None, None)

    def field(which: str, label: str, value: str, placeholder: str) -> Component:
        return html.Label(
            [
                html.Span(label),
                dcc.Input(
                    id=ids.candidate_field(which, name),
                    type="text",
                    inputMode="numeric",
                    value=value,
                    placeholder=placeholder,
                    debounce=TYPING_PAUSE_S,
                    className="field",
                    autoComplete="off",
                ),
            ]
        )

    return [
        field("start", "from", text_of(first), "28"),
        field("stop", "to", text_of(last), "112"),
        field("step", "step", "", "2 or *2"),
    ]


def _choices(hyperparameter: Hyperparameter, candidates: Sequence[Value], mode: Mode) -> Component:
    options = choices_of(hyperparameter) if mode == "choices" else []
    return dcc.Checklist(
        id=ids.candidate_field("choices", hyperparameter.name),
        options=[{"label": text_of(value), "value": text_of(value)} for value in options],
        value=[text_of(value) for value in candidates] if options else [],
        inline=True,
        className="choice-chips",
    )


def chips(values: Sequence[Value], stop_not_reached: Value = None) -> list[Component]:
    """The candidates that will really run, and the end of a range that they do not meet."""
    shown: list[Component] = [html.Span(text_of(value), className="chip") for value in values[:MOST_CHIPS]]
    if len(values) > MOST_CHIPS:
        shown.append(html.Span(f"and {len(values) - MOST_CHIPS:,} more", className="muted"))
    if stop_not_reached is not None:
        shown.append(html.Span(f"{text_of(stop_not_reached)} is not reached", className="not-reached"))
    return shown


# --- the rest of the form -------------------------------------------------------------------------------------------


def _objective(form: Form) -> Component:
    return html.Div(
        [
            html.Label(
                [
                    html.Span("Objective"),
                    dcc.Input(
                        id=ids.LAUNCH_OBJECTIVE,
                        type="text",
                        value=form.objective or "",
                        list=f"{ids.LAUNCH_OBJECTIVE}-known",
                        placeholder="the metric to judge by, such as validation_accuracy",
                        className="field",
                        autoComplete="off",
                    ),
                    html.Datalist(
                        [html.Option(value=name) for name in form.metrics], id=f"{ids.LAUNCH_OBJECTIVE}-known"
                    ),
                ],
                className="objective-name",
            ),
            dcc.RadioItems(
                id=ids.LAUNCH_GOAL,
                options=[{"label": "maximize", "value": "maximize"}, {"label": "minimize", "value": "minimize"}],
                value=form.goal,
                inline=True,
                className="segmented",
            ),
        ],
        className="objective",
    )


def _resources(form: Form) -> Component:
    def field(id_: str, label: str, value: float | None, placeholder: str) -> Component:
        return html.Label(
            [
                html.Span(label),
                dcc.Input(
                    id=id_,
                    type="text",
                    inputMode="numeric",
                    value="" if value is None else f"{value:g}",
                    placeholder=placeholder,
                    className="field",
                    autoComplete="off",
                ),
            ]
        )

    return html.Details(
        [
            html.Summary("Resources"),
            html.Div(
                [
                    field(ids.LAUNCH_CONCURRENCY, "at once", form.concurrency, "as many as fit"),
                    field(ids.LAUNCH_RETRIES, "retries after a failure", form.retries, "0"),
                    field(ids.LAUNCH_TIME_LIMIT, "time limit in minutes", _minutes(form.time_limit_s), "none"),
                ],
                className="resource-fields",
            ),
        ],
        className="resources",
    )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _command(command: str) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Command", htmlFor=ids.LAUNCH_COMMAND),
                    html.Span("as you would type it; edit it by hand and the fields follow", className="muted"),
                    html.Button(
                        "Copy", className="copy-button", type="button", **attributes(data_copy_from=ids.LAUNCH_COMMAND)
                    ),
                ],
                className="command-head",
            ),
            dbc.Textarea(
                id=ids.LAUNCH_COMMAND,
                value=command,
                class_name="field command",
                rows=2,
                spellcheck=False,
                debounce=250,
            ),
            html.Div(id=ids.LAUNCH_COMMAND_ERROR, className="field-error command-error", role="alert"),
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


def count_text(sizes: Sequence[int]) -> str:
    """How many experiments: `3 × 2 × 3 = 18 experiments`."""
    total = 1
    for size in sizes:
        total *= size
    product = f"{' × '.join(str(size) for size in sizes)} = " if len(sizes) > 1 else ""
    return f"{product}{total:,} experiment{'' if total == 1 else 's'}"


def done_before(repeats: Repeats) -> str:
    """How many were done before, as a sentence."""
    if not repeats.done:
        return ""
    those = "was" if repeats.done == 1 else "were"
    sentence = f"{repeats.done:,} of {repeats.total:,} {those} done before with the same code"
    return f"{sentence}: nothing new to run." if repeats.done == repeats.total else f"{sentence}."


def start_label(count: int) -> str:
    """What the launch button says."""
    return f"Launch {count:,} experiment{'' if count == 1 else 's'}" if count else "Launch"
