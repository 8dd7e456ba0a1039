"""The experiment page: one poll keeps it current, and the browser draws what the poll brings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from analysis.command_line import given_in
from analysis.common_values import common_values
from analysis.environment import Environment
from analysis.hyperparameters import Hyperparameter, argv_of
from analysis.masks import masked_words
from analysis.seeds import Seed, seed_of
from answers.curve_numbers import MOST_NUMBERS, read_numbers
from answers.custom_views import code_of_views
from answers.notes import told
from answers.said import flag_marks, said_of
from callbacks.group import CallbackGroup
from layouts import comparison, configuration, ids, own_files
from layouts import experiment as layout
from layouts import flags as flags_layout
from layouts.configuration import Configuration, Try
from layouts.experiment import Choice, Facts
from storage import overview
from storage.changes import has_news
from storage.configuration import (
    AttemptRecord,
    fetch_attempts,
    fetch_environment,
    fetch_revision,
    knows_environment,
)
from storage.experiments import fetch_log, fetch_views, find_experiment
from storage.files import KeptFiles, fetch_files, is_here
from storage.flags import fetch_flags
from storage.lookups import metric_sources
from storage.notes import find_note
from storage.projects import find_project
from storage.records import Experiment, Project, Run, Settings
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


def tuned_in(run: Run) -> list[str]:
    """The hyperparameters whose values differ between a run's experiments."""
    return [name for name, values in run.candidates.items() if len(values) > 1]


def known_hyperparameters(project: Project, run: Run) -> list[Hyperparameter]:
    """The hyperparameters of a run's script: those that it sets, and all while the project's code is still its."""
    is_same = project.code_digest is not None and project.code_digest == run.code_digest
    others = project.hyperparameters if is_same else ()
    found = {str(each["name"]): each for each in (*others, *run.hyperparameters)}
    return [Hyperparameter.from_json(each) for each in found.values()]


def _choices(
    settings: Sequence[tuple[int, Settings]], experiment: Experiment, others: Sequence[Experiment], tuned: Sequence[str]
) -> list[Choice]:
    numbered = dict(settings)
    numbered |= {other.number: other.settings for other in (experiment, *others)}
    return [
        Choice(number, {name: value for name, value in settings.items() if name in tuned})
        for number, settings in sorted(numbered.items())
    ]


def facts_of(slug: str, experiment: Experiment, run: Run, known: Sequence[Hyperparameter]) -> Facts:
    """Gather what the page says of an experiment. known: the hyperparameters of its script."""
    given = given_in(run.command, known)
    return Facts(
        slug=slug,
        run=experiment.run_number,
        number=experiment.number,
        state=experiment.state,
        settings=experiment.settings,
        tuned=tuned_in(run),
        defaults=[(each.name, each.default) for each in known if each.name not in {*experiment.settings, *given}],
        command=list(masked_words(argv_of(run.command, experiment.settings, known))),
        attempt=experiment.attempt,
        exit_code=experiment.exit_code,
        reason=experiment.reason,
        host=experiment.host,
        started_at=experiment.started_at,
        duration_s=_duration(experiment),
        epoch=experiment.epoch,
        epochs=experiment.epochs,
        rejected_lines=experiment.rejected_lines,
        rejected_sample=experiment.rejected_sample,
        is_stopping=experiment.request == "stop",
    )


def _duration(experiment: Experiment) -> float | None:
    if experiment.duration_s is not None:
        return experiment.duration_s
    if experiment.state != "running" or experiment.started_at is None:
        return None
    # Clocks differ; durations are never negative.
    return max(0.0, (datetime.now(UTC) - experiment.started_at).total_seconds())


# --- the poll -------------------------------------------------------------------------------------------------------


@callbacks.on(
    output={
        "header": Output(ids.EXPERIMENT_HEADER, "children"),
        "stop_label": Output(ids.EXPERIMENT_STOP, "children"),
        "stop_hidden": Output(ids.EXPERIMENT_STOP, "hidden"),
        "stop_disabled": Output(ids.EXPERIMENT_STOP, "disabled"),
        "configuration": Output(ids.CONFIGURATION, "children"),
        "files": Output(ids.OWN_FILES, "children"),
        "failure": Output(ids.EXPERIMENT_FAILURE, "children"),
        "flags": Output(ids.EXPERIMENT_FLAGS, "children"),
        "marks": Output(ids.FLAG_MARKS, "data"),
        "without_curves": Output(ids.CURVES_NOTE, "children"),
        "note": Output(ids.NOTE, "data"),
        "stdout": Output(ids.LOG_STDOUT, "children"),
        "stderr": Output(ids.LOG_STDERR, "children"),
        "views": Output(ids.VIEW_LIST, "data"),
        "interval": Output(ids.EXPERIMENT_POLL, "interval"),
        "revision": Output(ids.EXPERIMENT_REVISION, "data"),
    },
    inputs={
        "_tick": Input(ids.EXPERIMENT_POLL, "n_intervals"),
        "picked": Input(ids.EXPERIMENT_PICKED, "value"),
        "shown": State(ids.EXPERIMENT, "data"),
        "revision": State(ids.EXPERIMENT_REVISION, "data"),
    },
    running=[(Output(ids.EXPERIMENT_POLL, "disabled"), True, False)],
)
def refresh(
    store: Store,
    *,
    _tick: Any,
    picked: Sequence[int] | None,
    shown: Mapping[str, Any],
    revision: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Show anew what changed since `revision`: facts, single numbers, output and views have a revision each."""
    answer: dict[str, Any] = dict.fromkeys(_PARTS, no_update)
    before = revision or {}
    wanted = [*(picked or ())][:MOST_NUMBERS]
    cursor, is_news = has_news(store, before.get("cursor", ""), slug=shown["slug"], numbers=[shown["number"], *wanted])
    if not is_news and before.get("picked") == _digest(wanted):
        return answer
    project = find_project(store, shown["slug"])
    experiment = find_experiment(store, project.id, shown["number"]) if project else None
    run = find_run(store, project.id, experiment.run_number) if project and experiment else None
    if project is None or experiment is None or run is None:
        return answer
    known = known_hyperparameters(project, run)
    facts = facts_of(shown["slug"], experiment, run, known)
    compared = overview.fetch_numbered(store, project.id, wanted)
    stdout, stderr = fetch_log(store, experiment.id)
    flags = fetch_flags(store, [experiment.id, *(each.id for each in compared)])
    said = said_of(store, experiment.id, flags.get(experiment.id, ()))
    attempts = fetch_attempts(store, experiment.id)
    note = told(find_note(store, experiment.id))
    kept = fetch_files(store, experiment.id)
    views_found = [vars(entry) for entry in fetch_views(store, experiment.id)]
    current = {
        "facts": _digest(replace(facts, duration_s=None), stderr if facts.state == "failed" else ""),
        "numbers": _digest(
            [(each.id, each.attempt, each.value_count) for each in compared], facts.state, bool(views_found)
        ),
        "configuration": _digest(attempts, knows_environment(store, experiment.id)),
        # While it runs nothing of it can be removed.
        "files": _digest([kept, facts.is_open]),
        "flags": _digest(said, flags),
        "log": _digest(stdout, stderr),
        "views": _digest(views_found),
        "note": _digest(note),
        "picked": _digest(wanted),
        "cursor": cursor,
    }
    if current["facts"] != before.get("facts"):
        answer |= _facts_parts(facts, layout.log(stderr) if stderr else "")
    if current["numbers"] != before.get("numbers"):
        below = _without_curves(facts, compared, layout.log(stdout) if stdout else "", has_views=bool(views_found))
        sources = layout.sources(metric_sources(store, experiment.id))
        answer["without_curves"] = [*([below] if below else []), *sources] or None
    if current["configuration"] != before.get("configuration"):
        seed = seed_of(experiment.settings, known)
        address = f"/download/{project.slug}/runs/{run.number}/uncommitted.diff"
        shown_now = _configuration(store, experiment, run, seed, attempts)
        curves = f"/attempts/{project.slug}/experiments/{experiment.number}"
        answer["configuration"] = configuration.content(shown_now, address, curves)
    if current["files"] != before.get("files"):
        address = f"/files/{project.slug}/experiments/{experiment.number}"
        answer["files"] = own_files.content(_files(kept, address, is_over=not facts.is_open))
    if current["flags"] != before.get("flags"):
        answer |= {"flags": flags_layout.panel(said), "marks": flag_marks(compared, flags)}
    if current["log"] != before.get("log"):
        answer |= {"stdout": layout.log(stdout), "stderr": layout.log(stderr)}
    if current["views"] != before.get("views"):
        answer["views"] = views_found
    if current["note"] != before.get("note"):
        answer["note"] = note
    return answer | {"revision": current}


_PARTS = (
    "header", "stop_label", "stop_hidden", "stop_disabled", "configuration", "files", "failure", "flags", "marks",
    "without_curves", "note", "stdout", "stderr", "views", "interval", "revision",
)  # fmt: skip


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _facts_parts(facts: Facts, stderr: str) -> dict[str, Any]:
    return {
        "header": layout.header(facts),
        "stop_label": layout.stop_label(facts),
        "stop_hidden": not facts.is_open,
        "stop_disabled": facts.is_stopping,
        "failure": layout.failure(facts, stderr),
        "interval": layout.FAST_POLL_MS if facts.is_open else layout.SLOW_POLL_MS,
    }


def _configuration(
    store: Store, experiment: Experiment, run: Run, seed: Seed | None, attempts: Sequence[AttemptRecord]
) -> Configuration:
    """What an experiment ran with; where it reuses another's results, machine and attempts are the other's."""
    return Configuration(
        revision=fetch_revision(store, run.revision_digest) if run.revision_digest else None,
        environment=fetch_environment(store, experiment.id),
        seed=seed,
        tries=[Try(**asdict(each)) for each in attempts],
        variables=variables_of(run),
    )


def _files(kept: KeptFiles | None, address: str, *, is_over: bool) -> own_files.Shown | None:
    if kept is None:
        return None
    elsewhere = "" if is_here(kept) else f"{kept.host}, in {kept.folder}"
    is_removed = kept.removed_at is not None
    where = "" if is_removed else elsewhere
    return own_files.Shown(kept.found, kept.kind, address, kept.note, where, is_removed, is_over)


def variables_of(run: Run) -> dict[str, str | None]:
    """The variables that a run was launched with; None for a secret."""
    launched = Environment.from_json(run.environment)
    return {**launched.values, **dict.fromkeys(launched.secrets)}


def _without_curves(facts: Facts, compared: Sequence[Experiment], stdout: str, *, has_views: bool) -> Component | None:
    """What stands in the place of curves: metrics that were reported once, or what to do where there is none."""
    names = list(dict.fromkeys(name for experiment in compared for name in experiment.metrics))
    if not names:
        return layout.no_metrics(facts, stdout, has_views=has_views)
    found = {name: {each.number: each.metrics[name] for each in compared if name in each.metrics} for name in names}
    single = {name: those for name, those in found.items() if all(each.count == 1 for each in those.values())}
    return layout.numbers({name: {at: each.last for at, each in those.items()} for name, those in single.items()})


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
    """Ask for this experiment's end; the poll shows what comes of it."""
    project = find_project(store, shown["slug"]) if clicks else None
    experiment = find_experiment(store, project.id, shown["number"]) if project else None
    if experiment is not None:
        interrupt(store, experiment.run_id, [experiment.number])


# --- in the browser ---------------------------------------------------------------------------------------------------

# Dash calls what has no output only when an input changes.
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

# Dash leaves a poll off for good when its request fails on the way.
callbacks.in_browser("polls.watch", Input(ids.EXPERIMENT_POLL, "disabled"), State(ids.EXPERIMENT_POLL, "id"))
