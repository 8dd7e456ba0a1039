"""All projects, and one project's runs; both stay current by a slow poll."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from answers.run_facts import candidate_words, planned_count
from callbacks.group import CallbackGroup
from layouts import ids
from layouts import projects as layout
from layouts.projects import BestValue, ProjectRow, RunRow
from storage import overview
from storage.changes import has_news
from storage.overview import Best
from storage.projects import fetch_projects, find_project
from storage.records import Project, Run
from storage.runs import count_states, fetch_runs
from storage.store import Store

callbacks = CallbackGroup()

SLUG_IN_PATH = re.compile(r"/projects/([a-z0-9-]+)(?:/.*)?")


def slug_of_path(pathname: str | None) -> str | None:
    """The project's slug in an address, or None where it names no project."""
    match = SLUG_IN_PATH.fullmatch(pathname or "")
    return match[1] if match else None


def page(store: Store) -> Component:
    """All projects."""
    # The cursor comes first: what changes while the rows are read is news to the next poll.
    cursor, _ = has_news(store, "")
    return layout.projects_page(_project_rows(store), cursor)


def runs_page(store: Store, slug: str) -> Component | None:
    """One project's runs, or None where there is no such project."""
    project = find_project(store, slug)
    if project is None:
        return None
    cursor, _ = has_news(store, "", slug=slug)
    return layout.runs_page(slug, project.name, _run_rows(store, project), cursor)


@callbacks.on(
    Output(ids.PROJECTS, "children"),
    Output(ids.PROJECTS_CURSOR, "data"),
    Input(ids.PROJECTS_POLL, "n_intervals"),
    State(ids.PROJECTS_CURSOR, "data"),
    running=[(Output(ids.PROJECTS_POLL, "disabled"), True, False)],
    prevent_initial_call=True,
)
def refresh_projects(store: Store, _tick: int, cursor: str) -> tuple[Any, Any]:
    """Show the projects anew where something changed."""
    reached, is_news = has_news(store, cursor)
    return (layout.projects(_project_rows(store)), reached) if is_news else (no_update, no_update)


@callbacks.on(
    Output(ids.RUNS, "children"),
    Output(ids.RUNS_CURSOR, "data"),
    Input(ids.RUNS_POLL, "n_intervals"),
    State(ids.RUNS_CURSOR, "data"),
    State(ids.LOCATION, "pathname"),
    running=[(Output(ids.RUNS_POLL, "disabled"), True, False)],
    prevent_initial_call=True,
)
def refresh_runs(store: Store, _tick: int, cursor: str, pathname: str) -> tuple[Any, Any]:
    """Show the runs anew where something about them changed."""
    slug = slug_of_path(pathname)
    if slug is None:
        return no_update, no_update
    reached, is_news = has_news(store, cursor, slug=slug)
    project = find_project(store, slug) if is_news else None
    return (layout.runs(slug, _run_rows(store, project)), reached) if project else (no_update, no_update)


def _project_rows(store: Store) -> list[ProjectRow]:
    runs, states = overview.count_runs(store), overview.count_project_states(store)
    return [
        ProjectRow(
            slug=project.slug,
            name=project.name,
            runs=runs.get(project.id, 0),
            states=states.get(project.id, {}),
            best=_best_of_project(project, overview.fetch_best(store, project.id)),
        )
        for project in fetch_projects(store)
    ]


def _best_of_project(project: Project, found: Sequence[Best]) -> BestValue | None:
    # Runs may have had other objectives; values of different metrics are not compared.
    same = [best for best in found if best.objective == project.objective]
    if not same:
        return None
    choose = min if project.goal == "minimize" else max
    return _best_value(choose(same, key=lambda best: best.value))


def _best_value(best: Best) -> BestValue:
    return BestValue(best.objective, best.value, best.experiment)


def _run_rows(store: Store, project: Project) -> list[RunRow]:
    states = count_states(store, project.id)
    best = {found.run_id: _best_value(found) for found in overview.fetch_best(store, project.id)}
    return [
        RunRow(
            number=run.number,
            state=run.state,
            states=states.get(run.id, {}),
            candidates=candidate_words(run.candidates),
            best=best.get(run.id),
            created_at=run.created_at,
            duration_s=_duration(run, datetime.now(UTC)),
            reason=run.reason,
            planned=planned_count(run) if run.state == "draft" else None,
            is_trial=run.is_trial,
        )
        for run in fetch_runs(store, project.id)
    ]


def _duration(run: Run, now: datetime) -> float | None:
    if run.started_at is None:
        return None
    # Clocks differ; durations are never negative.
    return max(0.0, ((run.ended_at or now) - run.started_at).total_seconds())


# Dash leaves a poll off for good when its request fails on the way.
callbacks.in_browser("polls.watch", Input(ids.PROJECTS_POLL, "disabled"), State(ids.PROJECTS_POLL, "id"))
callbacks.in_browser("polls.watch", Input(ids.RUNS_POLL, "disabled"), State(ids.RUNS_POLL, "id"))
