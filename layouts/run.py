"""The run dashboard as it arrives: places and controls. assets/run/page.js and its views fill in what changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids, insights, replay, run_ids
from layouts.attributes import attributes
from layouts.charts import scatter_matrix
from layouts.controls import toggle
from layouts.experiment_table import columns, controls, table
from layouts.later import due, later
from layouts.rules import rules_button
from layouts.shell import copyable
from layouts.teaching import teaching_button
from layouts.words import PRIORITY_HINT, WEIGHT_HINT

INCLUDE_HINT = "Count experiments that are not finished, too: in best, trends, what matters, PDF report and CSV"


class HyperparameterSpec(TypedDict):
    """A hyperparameter as the page needs it; its axis has numbers or, as `kind` says, `categories` in this order.

    values: what the categories stand for, one by one. interval: `{"isLog"}` where it is tuned over all numbers between
    two ends, else None.
    """

    name: str
    kind: str
    categories: Sequence[str]
    values: Sequence[str | int | float | bool | None]
    help: str
    is_tuned: bool
    interval: Mapping[str, bool] | None


class RunSpec(TypedDict):
    """What a run's page is about; plain data, because the browser reads it, too.

    metrics: the names of those that a person wants to see first. looks: words on experiments, with how each looks.
    """

    slug: str
    project_id: int
    run_id: int
    number: int
    objective: str | None
    goal: str
    command_line: str
    hyperparameters: Sequence[HyperparameterSpec]
    metrics: Sequence[str]
    counted: Sequence[str]
    looks: Sequence[Sequence[str]]


def page(spec: RunSpec) -> Component:
    """The dashboard of one run, before its experiments have arrived."""
    return html.Div(
        [
            dcc.Store(id=run_ids.SPEC, data={**spec, "axes": scatter_matrix.figure()}),
            dcc.Store(id=run_ids.REQUEST),
            dcc.Store(id=run_ids.ANSWER),
            due(),
            _parameter_panel(),
            html.Div(
                [
                    _header(spec),
                    _metric_picker(spec),
                    _bars(),
                    _matrix(),
                    _parallel_coordinates(),
                    later("insights", insights.box(), className="ht-insights-place"),
                    _table(spec),
                ],
                className="ht-run-main",
            ),
            _ask_dialog(),
            html.Div(id="hover-card", className="ht-card", hidden=True),
            html.Div(id="experiment-menu", className="ht-menu", hidden=True, role="menu"),
            html.Div(id="run-said", className="ht-said", hidden=True, role="status"),
        ],
        id=run_ids.DASHBOARD,
        className="ht-run",
    )


def _aria(**attributes: str) -> Any:
    """Attributes for assistive technology; their names are no keyword arguments of Python."""
    return {f"aria-{name}": value for name, value in attributes.items()}


# --- the panel on the left -------------------------------------------------------------------------------------------


def _parameter_panel() -> Component:
    return html.Aside(
        [
            html.Button("Start new run", id=ids.START_RUN, className="btn btn-primary ht-start", type="button"),
            _selection_bar(),
            _skeleton(6),
            _panel_list("ht-panel-hyperparameters", "Hyperparameters"),
            _panel_list("ht-panel-metrics", "Metrics"),
            _panel_fold("ht-panel-more"),
            _panel_fold("ht-panel-constant"),
        ],
        id="parameter-panel",
        className="ht-panel",
        **_aria(label="Hyperparameters and metrics"),
    )


def _selection_bar() -> Component:
    return html.Div(
        [
            html.B("loading …", id="selection-count", role="status"),
            html.Span(
                [
                    _link("selection-clear", "Clear", "Select everything again (Esc)"),
                    _link("selection-keep", "Keep only", "Take all others than the selected ones off this page"),
                    _link("selection-exclude", "Exclude", "Take the selected ones off this page"),
                ],
                className="ht-selection-links",
            ),
            html.Span(
                [
                    _icon("selection-undo", "↶", "Undo (Ctrl+Z)"),
                    _icon("selection-redo", "↷", "Redo (Shift+Ctrl+Z)"),
                ],
                className="ht-history",
            ),
            html.P(
                [
                    html.Span(id="selection-off"),
                    html.Button("Restore all", id="selection-restore", type="button", className="ht-link"),
                ],
                id="selection-reduced",
                className="ht-selection-reduced",
                hidden=True,
            ),
            html.P(
                "The address has no room for the long list of picked experiments: a reload or a link leaves it out.",
                id="selection-note",
                className="ht-selection-note",
                hidden=True,
            ),
        ],
        id="selection-bar",
        className="ht-selection",
    )


def _link(name: str, words: str, hint: str) -> Component:
    return html.Button(words, id=name, type="button", className="ht-link", disabled=True, title=hint)


def _icon(name: str, sign: str, words: str) -> Component:
    return html.Button(
        sign, id=name, type="button", className="ht-icon", title=words, disabled=True, **_aria(label=words)
    )


def _panel_list(name: str, title: str) -> Component:
    return html.Section([html.H2(title), html.Div(className="ht-panel-rows")], className=name, hidden=True)


def _panel_fold(name: str) -> Component:
    return html.Details([html.Summary(), html.Div(className="ht-panel-rows")], className=f"{name} ht-fold", hidden=True)


def _skeleton(lines: int) -> Component:
    return html.Div([html.Div() for _ in range(lines)], className="ht-skeleton", **_aria(hidden="true"))


# --- the header ------------------------------------------------------------------------------------------------------


def _header(spec: RunSpec) -> Component:
    return html.Header(
        [
            html.Div(
                [
                    html.H1(f"Run {spec['number']}"),
                    html.Span("loading", id="run-state", className="ht-badge"),
                    html.Span(id="run-elapsed", className="ht-quiet ht-number", title="Time since the run started"),
                    _actions(spec),
                ],
                className="ht-title",
            ),
            html.Div(id="run-facts", className="ht-facts", hidden=True),
            html.Div(
                [
                    html.Div(id="run-counts", className="ht-counts"),
                    html.Div(id="run-progress", className="ht-progress"),
                ],
                className="ht-progress-row",
            ),
            html.Div(id="run-failures", className="ht-failures", hidden=True),
            html.Div(
                [
                    html.Span("Best so far", id="run-best-words", className="ht-quiet"),
                    html.B(id="run-best-value"),
                    html.A(id="run-best", href="#"),
                    html.Span(id="run-best-note", className="ht-quiet ht-best-note"),
                    html.Span(id="run-best-setting", className="ht-quiet ht-setting"),
                ],
                id="run-best-row",
                className="ht-best",
                hidden=True,
            ),
            html.Div(id="run-missing", className="ht-waiting ht-missing", role="status", hidden=True),
            html.Div(id="run-next", className="ht-waiting ht-missing", role="status", hidden=True),
            html.Div(id="run-twice", className="ht-waiting ht-missing", role="status", hidden=True),
            html.Div(copyable(spec["command_line"]), id="run-command"),
            html.P(id="run-waiting", className="ht-waiting", role="status", hidden=True),
        ],
        className="ht-header ht-box",
    )


def _actions(spec: RunSpec) -> Component:
    """What can be done with the run, in four groups: steer it, launch from it, share the page, take it home."""
    base = f"/download/{spec['slug']}"
    steer = [
        _button("Pause", run_ids.PAUSE, "What runs goes on to its end, and nothing new starts", hidden=True),
        _button("Stop run", run_ids.STOP, "End what runs and drop what waits", hidden=True),
        _button(
            "Priority",
            run_ids.SHARE,
            "Which runs get free places first, and how many of them",
            hidden=True,
            **_aria(haspopup="dialog"),
            **attributes(data_priority_hint=PRIORITY_HINT, data_weight_hint=WEIGHT_HINT),
        ),
    ]
    launch = [
        _button("Add experiments", run_ids.EXTEND, "Let this run go on with more settings"),
        _button("Duplicate", run_ids.DUPLICATE, "A new run that begins with the choices of this one"),
        rules_button(spec["slug"], className="ht-button"),
    ]
    share = [
        _button(
            "Bookmarks",
            "bookmarks-toggle",
            "This page as it is now, under a name, for everybody in the project",
            **_aria(haspopup="dialog"),
        ),
        _button("Copy link", "copy-link", "The address of this page as it is now, with selection and settings"),
    ]
    files = [
        html.A(
            "Download CSV",
            id="download-csv",
            href=f"{base}/experiments.csv?run={spec['number']}&flavour=spreadsheet",
            className="ht-button",
            download="",
        ),
        html.Button(
            "PDF report",
            id="download-report",
            type="button",
            className="ht-button",
            title="Made in the background, and then downloaded",
            **attributes(data_report_of=str(spec["slug"]), data_report_run=str(spec["number"])),
        ),
    ]
    return html.Div(
        [html.Div(group, className="ht-group") for group in (steer, launch, share, files)], className="ht-actions"
    )


def _button(words: str, name: str, hint: str, **options: Any) -> Component:
    return html.Button(words, id=name, type="button", className="ht-button", title=hint, **options)


def _ask_dialog() -> Component:
    """Asks before anything is destroyed; the browser writes its words when it opens it."""
    dialog: Component = dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("", id=run_ids.ASK_TITLE)),
            dbc.ModalBody("", id=run_ids.ASK_BODY),
            dbc.ModalFooter(
                [
                    html.Button("Cancel", id=run_ids.ASK_CANCEL, type="button", className="ht-button"),
                    html.Button("", id=run_ids.ASK_CONFIRM, type="button", className="btn btn-danger btn-sm"),
                ]
            ),
        ],
        id=run_ids.ASK,
        is_open=False,
        centered=True,
    )
    return dialog


# --- the views -------------------------------------------------------------------------------------------------------


def _metric_picker(spec: RunSpec) -> Component:
    picker = html.Div(
        [
            html.Label("Metrics", htmlFor=run_ids.METRICS),
            dcc.Dropdown(id=run_ids.METRICS, multi=True, placeholder="No metric reported yet", className="ht-metrics"),
            html.Button(
                "Include unfinished",
                id="run-include",
                type="button",
                className="ht-toggle",
                title=INCLUDE_HINT,
                **_aria(pressed="false"),
            ),
            teaching_button(spec["slug"], run=spec["number"], className="ht-button"),
            _button(
                "Replay",
                "run-replay-toggle",
                "Watch the run's trainings: every view shows the metrics as they stood at an epoch",
                **_aria(pressed="false"),
            ),
        ],
        className="ht-picker",
    )
    hold = toggle(
        "hold selection",
        "run-replay-hold",
        "What is selected now stays selected at every epoch; off: the brushes read what is shown",
        is_on=True,
    )
    note = html.Span(id="run-replay-note", className="ht-quiet")
    return html.Div([picker, replay.bar("ht-box", hold, note, id="run-replay")], className="ht-picker-place")


def _box(title: str, controls: Sequence[Component], *content: Component, **options: Any) -> Component:
    head = html.Div([html.H2(title), *controls], className="ht-box-head")
    return html.Section([head, *content], className="ht-box", **options)


def _bars() -> Component:
    return _box(
        "Performance per experiment",
        [
            html.Label(["sorted by ", html.Select(className="ht-select ht-bars-sort")], className="ht-quiet"),
            html.Button("↑", type="button", className="ht-icon ht-bars-direction", **_aria(label="Smallest first")),
            html.Label(["as ", _shapes()], className="ht-quiet"),
            html.Button("from zero", type="button", className="ht-toggle ht-bars-fit", **_aria(pressed="false")),
            _unfinished("hatched"),
        ],
        html.P("No metric has a number yet.", className="ht-quiet ht-bars-empty"),
        html.Div(className="ht-bars-grid"),
        id="run-bars",
    )


def _unfinished(kind: str) -> Component:
    """The legend of marks that do not count; it is seen where there are any."""
    return html.Span(
        [html.I(className=f"ht-swatch is-{kind}"), "not finished"],
        className="ht-quiet ht-unfinished",
        title=f"{kind}: running, failed or stopped; it does not count in best, trends, what matters and the PDF report",
    )


def _shapes() -> Component:
    words = {"": "bars, dots where many", "bars": "bars", "dots": "dots", "line": "line"}
    options = [html.Option(word, value=shape) for shape, word in words.items()]
    return html.Select(options, className="ht-select ht-bars-shape", title="What stands for an experiment")


def _matrix() -> Component:
    return _box(
        "Hyperparameters by metrics",
        [
            html.Span("drag in any panel to select, click a mark to open it", className="ht-quiet"),
            _unfinished("hollow"),
        ],
        html.Div(
            [
                html.Div(
                    [
                        html.Div(className="ht-matrix-frames"),
                        later(
                            "axes",
                            dcc.Graph(id=run_ids.AXES, figure=scatter_matrix.figure(), config=scatter_matrix.CONFIG),
                        ),
                        html.Div(className="ht-matrix-panels"),
                    ],
                    className="ht-matrix-sheet",
                ),
                html.P("No metric has a number yet.", className="ht-quiet ht-matrix-empty"),
            ],
            id="scatter-matrix",
            className="ht-matrix is-empty",
        ),
    )


def _parallel_coordinates() -> Component:
    fold = html.Button(
        html.Span("▾"),
        type="button",
        className="ht-icon ht-parallel-fold",
        title="Fold or unfold",
        **_aria(expanded="true", label="Parallel coordinates, fold or unfold"),
    )
    legend = [
        html.Span(className="ht-parallel-legend-name"),
        html.Span(className="ht-parallel-legend-low"),
        html.Span(className="ht-parallel-ramp"),
        html.Span(className="ht-parallel-legend-high"),
    ]
    body = [
        html.P(
            "One line per experiment, coloured by the objective: follow the best ones back to the settings they share. "
            "Drag along an axis to select and click it to clear, drag a name to move its axis, click it for its scale.",
            className="ht-quiet ht-parallel-caption",
        ),
        html.Div(html.Div(className="ht-parallel-sheet"), className="ht-parallel-scroll"),
        html.P(
            "There is nothing to compare yet: it takes two columns with values.",
            className="ht-quiet ht-parallel-empty",
            hidden=True,
        ),
        html.P(className="ht-quiet ht-parallel-count", role="status"),
    ]
    return _box(
        "Parallel coordinates",
        [
            fold,
            html.Select(className="ht-select ht-parallel-add", hidden=True, **_aria(label="Add an axis")),
            _unfinished("dashed"),
            html.Div(legend, className="ht-parallel-legend", hidden=True),
        ],
        html.Div(body, className="ht-parallel-body"),
        html.Div(className="ht-menu ht-parallel-menu", role="menu", hidden=True),
        id="parallel-coordinates",
    )


def _table(spec: RunSpec) -> Component:
    names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
    tuned = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"] if hyperparameter["is_tuned"]]
    return _box(
        "Experiments",
        controls(),
        _action_bar(),
        html.Div(
            later("table", table(columns(names, tuned, [], spec["objective"])), className="ht-table-place"),
            id="table-host",
            className="ht-table",
        ),
        html.P(
            "No experiment is in the selection. Clear it, or make a brush wider.",
            id="table-empty",
            className="ht-quiet",
            hidden=True,
        ),
    )


def _action_bar() -> Component:
    """What can be done with the picked experiments; assets/run/actions.js fills in the buttons.

    It is always there: a bar that came with the first click would move the rows away from under the pointer.
    """
    return html.Div(
        [
            html.Span(id="actions-target", className="ht-quiet ht-number", role="status"),
            html.A(id="open-curves", className="ht-button is-accent", href="#", hidden=True),
            html.Div(id="actions-buttons", className="ht-group"),
        ],
        id="experiment-actions",
        className="ht-action-bar",
        role="toolbar",
        **_aria(label="What to do with experiments"),
    )
