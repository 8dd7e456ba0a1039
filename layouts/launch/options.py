"""How settings are chosen and how the run is carried out: strategy, objective, metrics, resources, data."""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from analysis.hyperparameters import Value, text_of
from analysis.strategies import STRATEGIES, Option
from layouts import launch_ids as ids
from layouts.launch.editor import TYPING_PAUSE_MS
from layouts.launch.form import Form, Strategy
from layouts.words import PRIORITY_HINT, WEIGHT_HINT


def field(id_: str | dict[str, str], label: str, value: object, placeholder: str = "", title: str = "") -> Component:
    """A small text field under its label."""
    return html.Label(
        [
            html.Span(label),
            dbc.Input(
                id=id_,
                type="text",
                value="" if value is None else str(value),
                placeholder=placeholder,
                class_name="field",
                autocomplete="off",
                debounce=TYPING_PAUSE_MS,
            ),
        ],
        title=title or label,
    )


# --- strategy -------------------------------------------------------------------------------------------------------


def strategy(chosen: Strategy) -> Component:
    """The strategies in one list; below it the form that the chosen one's options make."""
    kinds = STRATEGIES.values()
    return html.Section(
        [
            html.Div(
                [
                    html.Label(
                        [
                            html.Span("Strategy"),
                            dbc.Select(
                                id=ids.STRATEGY,
                                options=[{"label": kind.title, "value": kind.name} for kind in kinds],
                                value=chosen.name if chosen.name in STRATEGIES else "grid",
                                class_name="field",
                            ),
                        ]
                    ),
                    html.Div(
                        field(ids.COUNT_WANTED, "settings", chosen.count, "20", "How many settings are tried"),
                        id=ids.COUNT_PLACE,
                        hidden=STRATEGIES[chosen.name].counts_itself if chosen.name in STRATEGIES else True,
                    ),
                    field(ids.SEED, "seed", chosen.seed, "0", "The same seed draws the same settings"),
                    field(
                        ids.REPEATS,
                        "repeats",
                        chosen.repeats,
                        "1",
                        "Experiments per setting, to see how much chance there is in a result; each gets a seed of its "
                        "own where the script has an option for it",
                    ),
                ],
                className="strategy-head",
            ),
            html.Div(strategy_form(chosen.name, chosen.options), id=ids.STRATEGY_FORM),
            html.Div(id=ids.STRATEGY_ERROR, className="field-error", role="alert"),
        ],
        className="launch-part",
    )


def strategy_form(name: str, given: Mapping[str, Value]) -> list[Component]:
    """When to use a strategy, in its own words, and a field for each of its options."""
    kind = STRATEGIES.get(name)
    if kind is None:
        return []
    fields = [_option(option, given.get(option.name, option.default)) for option in kind.options]
    return [html.P(kind.advice, className="hint"), html.Div(fields, className="option-fields")]


def _option(option: Option, value: Value) -> Component:
    id_ = ids.strategy_option(option.name)
    if option.kind == "bool":
        box: Component = dcc.Checklist(
            id=id_,
            options=[{"label": option.label, "value": "on"}],
            value=["on"] if value else [],
            className="plain-check",
        )
        return html.Div(box, title=option.help)
    if option.kind == "choice":
        choices = [{"label": choice, "value": choice} for choice in option.choices]
        select = dbc.Select(id=id_, options=choices, value=str(value), class_name="field")
        return html.Label([html.Span(option.label), select], title=option.help)
    return field(id_, option.label, text_of(value), text_of(option.default), option.help)


# --- the rest ---------------------------------------------------------------------------------------------------------


def run_options(form: Form) -> list[Component]:
    """Objective, metrics, resources and data; hidden where the run has them already."""
    return [
        html.Section([_objective(form), _metrics(form)], className="launch-part", hidden=form.is_extension),
        html.Section(_resources(form), className="launch-part", hidden=form.is_extension),
        html.Section(_data(form), className="launch-part", hidden=form.is_extension),
    ]


def _objective(form: Form) -> Component:
    return html.Div(
        [
            html.Label(
                [
                    html.Span("Objective"),
                    dbc.Input(
                        id=ids.OBJECTIVE,
                        type="text",
                        value=form.objective or "",
                        list=f"{ids.OBJECTIVE}-known",
                        placeholder="the metric to judge by",
                        class_name="field",
                        autocomplete="off",
                        debounce=TYPING_PAUSE_MS,
                    ),
                    html.Datalist(
                        [html.Option(value=name) for name in form.known_metrics], id=f"{ids.OBJECTIVE}-known"
                    ),
                ],
                className="objective-name",
            ),
            dcc.RadioItems(
                id=ids.GOAL,
                options=[{"label": "maximize", "value": "maximize"}, {"label": "minimize", "value": "minimize"}],
                value=form.goal,
                inline=True,
                className="segmented",
            ),
        ],
        className="objective",
    )


def _metrics(form: Form) -> Component:
    known = list(dict.fromkeys([*form.known_metrics, *form.metrics]))
    return html.Div(
        [
            html.Label("Metrics to log", htmlFor=ids.METRICS),
            dcc.Checklist(
                id=ids.METRICS,
                options=[{"label": name, "value": name} for name in known],
                value=list(form.metrics),
                inline=True,
                className="choice-chips",
            ),
            html.Div(
                [
                    html.Label(
                        [
                            html.Span("Name of another metric", className="visually-hidden"),
                            dcc.Input(
                                id=ids.NEW_METRIC,
                                type="text",
                                value="",
                                placeholder="log more metrics: their name",
                                className="field",
                                autoComplete="off",
                            ),
                        ]
                    ),
                    html.Button("Add", id=ids.ADD_METRIC, type="button", className="button"),
                ],
                className="add-metric",
            ),
        ],
        className="metrics-part",
        title="Shown first on the run's page. Everything that the script reports is kept in any case.",
    )


def _resources(form: Form) -> list[Component]:
    minutes = None if form.time_limit_s is None else f"{form.time_limit_s / 60:g}"
    return [
        html.Div(
            [
                field(ids.CPUS, "CPUs each", f"{form.cpus:g}", "1", "Per experiment; fractions pack several on one"),
                field(ids.GPUS, "GPUs each", f"{form.gpus:g}", "0", "Per experiment; 0.25 packs four on one GPU"),
                field(ids.CONCURRENCY, "at once", form.concurrency, "all that fit", "At most so many at a time"),
                field(ids.RETRIES, "retries", form.retries, "0", "How often a failed experiment is tried again"),
                field(ids.TIME_LIMIT, "limit, minutes", minutes, "none", "How long one experiment may take"),
                field(ids.PRIORITY, "priority", form.priority, "0", PRIORITY_HINT),
                field(ids.WEIGHT, "share", f"{form.weight:g}", "1", WEIGHT_HINT),
            ],
            className="resource-fields",
        ),
        html.Div(
            dcc.Checklist(
                id=ids.TERMINAL,
                options=[{"label": "a terminal for the script", "value": "on"}],
                value=["on"] if form.has_terminal else [],
                className="plain-check",
            ),
            title="For one that asks for its size, as by `stty size`, or prints only to a terminal",
        ),
        html.Div(id=ids.RESOURCES_ERROR, className="field-error", role="alert"),
    ]


def _data(form: Form) -> list[Component]:
    return [
        field(
            ids.DATA,
            "Data files and folders, to notice when they change",
            ", ".join(form.data_paths),
            "data/train.csv, images",
            "Relative to the project's folder. When they change, what was done before no longer counts as done.",
        ),
        html.Div(id=ids.DATA_ERROR, className="field-error", role="alert"),
        field(
            ids.SHARED,
            "Folders that all experiments share",
            ", ".join(form.shared_paths),
            "MNIST, downloads",
            "Relative to the project's folder. Each experiment keeps what it writes in a folder of its own, but for "
            "these, and for data and caches by their usual names.",
        ),
        html.Div(
            dcc.Checklist(
                id=ids.IN_PLACE,
                options=[{"label": "write into the project's folder itself", "value": "on"}],
                value=["on"] if form.in_place else [],
                className="plain-check",
            ),
            title="Then no experiment has files of its own, and one may overwrite what another wrote",
        ),
        html.Div(
            dcc.Checklist(
                id=ids.HOOKS,
                options=[{"label": "read what scripts log by other packages", "value": "on"}],
                value=["on"] if form.has_hooks else [],
                className="plain-check",
            ),
            title="wandb, MLflow, TensorBoard, Lightning, Keras, Hugging Face's Trainer, trackio: as scripts call them",
        ),
    ]
