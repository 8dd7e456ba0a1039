"""The experiment page as it begins, and what happens in the browser; answers/experiment_changes.py keeps it current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from dash import Input, Output, State
from dash.development.base_component import Component

from analysis.common_values import common_values
from answers.curve_numbers import MOST_NUMBERS, read_numbers
from answers.custom_views import code_of_views
from answers.experiment_changes import facts_of, known_hyperparameters, tuned_in
from answers.notes import told
from callbacks.group import CallbackGroup
from layouts import comparison, ids
from layouts import experiment as layout
from layouts.experiment import Choice
from storage import overview
from storage.experiments import find_experiment
from storage.notes import find_note
from storage.projects import find_project
from storage.records import Experiment, Settings
from storage.requests import interrupt
from storage.runs import find_run
from storage.store import Store

callbacks = CallbackGroup()

MOST_CHOICES = 2_000


# --- the page -------------------------------------------------------------------------------------------------------


def page(store: Store, slug: str, number: int, search: str = "") -> Component | None:
    """The page of one experiment, or None where there is none; `?with=3-5,7` adds others to its curves."""
    project = find_project(store, slug)
    experiment = find_experiment(store, project.id, number) if project else None
    if project is None or experiment is None:
        return None
    run = find_run(store, project.id, experiment.run_number)
    if run is None:
        return None
    others = overview.fetch_numbered(store, project.id, picked_in(search))
    picked = list(dict.fromkeys([number, *(other.number for other in others)]))
    settings = overview.fetch_settings(store, experiment.run_id, most=MOST_CHOICES)
    known = known_hyperparameters(project, run)
    facts = replace(facts_of(slug, experiment, run, known), common=common_values([each for _, each in settings]))
    choices = _choices(settings, experiment, others, tuned_in(run))
    custom = [
        {"name": view.name, "file": view.file, "hint": view.hint} for view in code_of_views(store, project, run).views
    ]
    note = told(find_note(store, experiment.id))
    return layout.page(
        facts,
        choices,
        picked,
        note=note,
        chosen=comparison.Choice.read(search),
        custom=custom,
    )


def picked_in(search: str) -> list[int]:
    """The experiments that an address adds; what is no number is left out."""
    # One less than may be shown: the page's own one is always among them.
    return read_numbers(",".join(parse_qs((search or "").lstrip("?")).get("with", [])), MOST_NUMBERS - 1)


def _choices(
    settings: Sequence[tuple[int, Settings]], experiment: Experiment, others: Sequence[Experiment], tuned: Sequence[str]
) -> list[Choice]:
    numbered = dict(settings)
    numbered |= {other.number: other.settings for other in (experiment, *others)}
    return [
        Choice(number, {name: value for name, value in settings.items() if name in tuned})
        for number, settings in sorted(numbered.items())
    ]


callbacks.in_browser(
    "attempts.draw",
    Output(ids.ATTEMPT_PANEL, "hidden"),
    Output(ids.ATTEMPT_TITLE, "children"),
    Output(ids.ATTEMPT_NOTE, "children"),
    Output(ids.ATTEMPT_CSV, "href"),
    Output(ids.ATTEMPT_GRAPH, "figure"),
    Output(ids.ATTEMPT_GRAPH, "style"),
    Input(ids.ATTEMPT, "data"),
    Input("theme", "data"),
    prevent_initial_call=True,
)
callbacks.in_browser(
    "experiment.askToStop",
    Output(ids.EXPERIMENT_STOP_DIALOG, "is_open"),
    Input(ids.EXPERIMENT_STOP, "n_clicks"),
    Input(ids.EXPERIMENT_STOP_CANCEL, "n_clicks"),
    Input(ids.EXPERIMENT_STOP_CONFIRM, "n_clicks"),
    prevent_initial_call=True,
)


@callbacks.on(
    Input(ids.EXPERIMENT_STOP_CONFIRM, "n_clicks"),
    State(ids.EXPERIMENT, "data"),
    running=[(Output(ids.EXPERIMENT_STOP, "disabled"), True, False)],
    prevent_initial_call=True,
)
def stop(store: Store, clicks: int | None, shown: Mapping[str, Any]) -> None:
    """Ask for this experiment's end; the page hears what comes of it."""
    project = find_project(store, shown["slug"]) if clicks else None
    experiment = find_experiment(store, project.id, shown["number"]) if project else None
    if experiment is not None:
        interrupt(store, experiment.run_id, [experiment.number])


# --- in the browser ---------------------------------------------------------------------------------------------------

# Dash calls what has no output only when an input changes.
callbacks.in_browser(
    "experiment.open",
    Output(ids.EXPERIMENT_HEADER, "data-open"),
    Input(ids.EXPERIMENT_PICKED, "value"),
    State(ids.EXPERIMENT, "data"),
)
callbacks.in_browser(
    "curves.open",
    Output(ids.CURVES, "data-open"),
    Input(ids.EXPERIMENT_PICKED, "value"),
    State(ids.EXPERIMENT, "data"),
)
callbacks.in_browser("curves.mark", Input(ids.FLAG_MARKS, "data"))
callbacks.in_browser("notes.show", Input(ids.NOTE, "data"), State(ids.EXPERIMENT, "data"))
callbacks.in_browser(
    "experiment.showViews",
    Output(ids.VIEW_PANEL, "hidden"),
    Output(ids.VIEW_TITLE, "children"),
    Output(ids.VIEW_NAME, "options"),
    Output(ids.VIEW_NAME, "value"),
    Output(ids.VIEW_NAME, "style"),
    Output(ids.VIEW_EPOCH_LABEL, "children"),
    Output(ids.VIEW_SHOWN, "data"),
    Output(ids.VIEW_BODY, "hidden"),
    Output(ids.CUSTOM_PLACE, "hidden"),
    Output(ids.CUSTOM_SHOWN, "data"),
    Input(ids.VIEW_LIST, "data"),
    Input(ids.VIEW_NAME, "value"),
    Input(ids.EPOCH, "data"),
    State(ids.VIEW_SHOWN, "data"),
    State(ids.CUSTOM_LIST, "data"),
)
callbacks.in_browser(
    "custom_views.open",
    Output(ids.CUSTOM_PLACE, "data-file"),
    Input(ids.CUSTOM_SHOWN, "data"),
    Input(ids.EXPERIMENT_PICKED, "value"),
    State(ids.EXPERIMENT, "data"),
)
callbacks.in_browser(
    "custom_views.draw",
    Output(ids.CUSTOM_GRAPH, "figure"),
    Output(ids.CUSTOM_GRAPH, "style"),
    Input(ids.CUSTOM_FIGURE, "data"),
    Input(ids.THEME, "data"),
)
callbacks.in_browser(
    "log_search.onLog",
    Input(ids.LOG_STDOUT, "children"),
    Input(ids.LOG_STDERR, "children"),
    State(ids.EXPERIMENT, "data"),
)
callbacks.in_browser("log_search.onTab", Input(ids.LOG_TAB, "active_tab"))
callbacks.in_browser(
    "experiment.followLog",
    Input(ids.LOG_STDOUT, "children"),
    Input(ids.LOG_STDERR, "children"),
    Input(ids.LOG_TAB, "active_tab"),
)
