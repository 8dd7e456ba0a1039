"""The run dashboard: its page, and what a person asks of the run; and a draft's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import ALL, Input, Output, State, no_update
from dash.development.base_component import Component

from analysis.masks import masked_command
from answers.run_actions import act
from answers.run_facts import candidate_words, planned_count, spec_of, strategy_words
from callbacks.group import CallbackGroup
from layouts import draft as draft_layout
from layouts import ids, later, run_ids, shell
from layouts import run as layout
from layouts.draft import DraftSpec
from layouts.run import RunSpec
from storage.bookmarks import BookmarkError
from storage.changes import has_news
from storage.locks import LockError
from storage.projects import find_project
from storage.records import Run
from storage.runs import RunError, discard_draft, find_run
from storage.store import Store, is_outage

callbacks = CallbackGroup()

AWAY = "The database is away, and nothing was changed. Try again in a moment."


def page(store: Store, slug: str, number: int) -> Component | None:
    """The dashboard of a run or the page of a draft, or None where there is no such run."""
    project = find_project(store, slug)
    run = find_run(store, project.id, number) if project else None
    if run is None:
        return None
    # Its poll begins with no cursor: what changed since the draft was read is news.
    return draft_layout.page(draft_of(slug, run)) if run.state == "draft" else layout.page(spec_of(slug, run))


def draft_of(slug: str, run: Run) -> DraftSpec:
    """What a draft's page is about."""
    return {
        "slug": slug,
        "project_id": run.project_id,
        "run_id": run.id,
        "number": run.number,
        "command_line": masked_command(run.command_line),
        "candidates": candidate_words(run.candidates),
        "strategy": strategy_words(run.strategy),
        "objective": run.objective,
        "goal": run.goal,
        "planned": planned_count(run),
        "created_by": run.created_by,
    }


# From here on the page asks by itself: assets/base/feed.js. Dash calls what has no output only when an input changes.
callbacks.in_browser("run.open", Output(run_ids.DASHBOARD, "data-open"), Input(run_ids.SPEC, "data"))
callbacks.in_browser("run.chooseMetrics", Input(run_ids.METRICS, "value"))
callbacks.in_browser(
    "later.fill",
    Output(later.place(ALL), "children"),
    Input(later.DUE, "data"),
    State(later.held(ALL), "data"),
    prevent_initial_call=True,
)


# --- what a person asks for -------------------------------------------------------------------------------------------


@callbacks.on(
    Output(run_ids.ANSWER, "data"),
    Input(run_ids.REQUEST, "data"),
    State(run_ids.SPEC, "data"),
    prevent_initial_call=True,
)
def answer(store: Store, request: Mapping[str, Any] | None, spec: RunSpec) -> Any:
    """Do what is asked, and say what came of it; the page asks its poll right after.

    An outage is answered, too: otherwise a button would wait for ever.
    """
    if not request:
        return no_update
    try:
        found = act(store, request, spec)
    except (RunError, LockError, BookmarkError) as error:
        return {"at": request["at"], "error": str(error)}
    except Exception as error:
        if not is_outage(error):
            raise
        return {"at": request["at"], "error": AWAY}
    return {"at": request["at"], "said": found.said, "undo": found.undo, "isOther": found.is_other}


callbacks.in_browser("run.answered", Input(run_ids.ANSWER, "data"))
callbacks.in_browser(
    "run.closeAsk",
    Output(run_ids.ASK, "is_open"),
    Input(run_ids.ASK_CANCEL, "n_clicks"),
    Input(run_ids.ASK_CONFIRM, "n_clicks"),
    prevent_initial_call=True,
)


# --- a draft's page ---------------------------------------------------------------------------------------------------

DraftPlace = Mapping[str, Any]


@callbacks.on(
    Output(run_ids.DRAFT, "children"),
    Output(run_ids.DRAFT_CURSOR, "data"),
    Output(ids.PAGE, "children", allow_duplicate=True),
    Input(run_ids.DRAFT_POLL, "n_intervals"),
    State(run_ids.DRAFT_CURSOR, "data"),
    State(run_ids.DRAFT_SPEC, "data"),
    running=[(Output(run_ids.DRAFT_POLL, "disabled"), True, False)],
    prevent_initial_call=True,
)
def refresh_draft(store: Store, _tick: int, cursor: str, place: DraftPlace) -> tuple[Any, Any, Any]:
    """Show what a draft holds now, or the page of the run that it became."""
    reached, is_news = has_news(store, cursor, slug=place["slug"])
    if not is_news:
        return no_update, no_update, no_update
    run = find_run(store, place["project_id"], place["number"])
    if run is None:
        return no_update, no_update, shell.missing("This draft was discarded.")
    if run.state != "draft":
        return no_update, no_update, page(store, place["slug"], place["number"])
    return draft_layout.content(draft_of(place["slug"], run)), reached, no_update


@callbacks.on(
    Output(ids.LOCATION, "pathname", allow_duplicate=True),
    Output(ids.NOTICE, "children", allow_duplicate=True),
    Output(ids.NOTICE, "is_open", allow_duplicate=True),
    Input(run_ids.DISCARD_CONFIRM, "n_clicks"),
    State(run_ids.DRAFT_SPEC, "data"),
    running=[(Output(run_ids.DISCARD, "disabled"), True, False)],
    prevent_initial_call=True,
)
def discard(store: Store, clicks: int | None, place: DraftPlace) -> tuple[Any, Any, Any]:
    """Delete the draft and go to its project, or say why not."""
    if not clicks:
        return no_update, no_update, no_update
    try:
        discard_draft(store, place["run_id"])
    except RunError as error:
        return no_update, str(error), True
    return f"/projects/{place['slug']}", no_update, no_update


callbacks.in_browser(
    "run.toggleDiscard",
    Output(run_ids.DISCARD_DIALOG, "is_open"),
    Input(run_ids.DISCARD, "n_clicks"),
    Input(run_ids.DISCARD_CANCEL, "n_clicks"),
    Input(run_ids.DISCARD_CONFIRM, "n_clicks"),
    prevent_initial_call=True,
)
callbacks.in_browser("polls.watch", Input(run_ids.DRAFT_POLL, "disabled"), State(run_ids.DRAFT_POLL, "id"))
