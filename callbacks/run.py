"""The run dashboard: its page, its one poll, and what a person asks of the run; and a draft's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from callbacks.experiment_columns import columns, metric_names
from callbacks.group import CallbackGroup
from callbacks.run_actions import act
from callbacks.run_facts import candidate_words, category_of, planned_count, spec_of, strategy_words
from layouts import draft as draft_layout
from layouts import ids, run_ids, shell
from layouts import run as layout
from layouts.draft import DraftSpec
from layouts.experiment_table import columns as table_columns
from layouts.run import RunSpec
from storage.changes import Changes, changes_since, has_news
from storage.locks import LockError, locks_since
from storage.lookups import source_numbers
from storage.projects import find_project
from storage.records import Run
from storage.runs import RunError, discard_draft, find_run
from storage.schema import ENDED_STATES
from storage.store import Store, is_outage
from storage.work import last_beat

callbacks = CallbackGroup()

AWAY_AFTER_S = 15
AWAY = "The database is away, and nothing was changed. Try again in a moment."
NOBODY_WORKS = "Nothing is running this queue: start `hypertuner up`."


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
        "command_line": run.command_line,
        "candidates": candidate_words(run.candidates),
        "strategy": strategy_words(run.strategy),
        "objective": run.objective,
        "goal": run.goal,
        "planned": planned_count(run),
        "created_by": run.created_by,
    }


# --- the poll --------------------------------------------------------------------------------------------------------


@callbacks.on(
    Output(run_ids.CHANGES, "data"),
    Output(run_ids.CURSOR, "data"),
    Output(run_ids.TABLE, "columnDefs"),
    Input(ids.POLL, "n_intervals"),
    State(run_ids.CURSOR, "data"),
    State(run_ids.SPEC, "data"),
    # Without this the ticks overtake the answers, and Dash drops every one of them.
    running=[(Output(ids.POLL, "disabled"), True, False)],
)
def fetch_changes(
    store: Store, _tick: int | None, cursor: Mapping[str, Any] | None, spec: RunSpec
) -> tuple[Any, Any, Any]:
    """Answer the page's one poll: what changed since its cursor, as columns."""
    return _changes(store, cursor or {}, spec)


def _changes(store: Store, cursor: Mapping[str, Any], spec: RunSpec) -> tuple[Any, Any, Any]:
    changes = _read(store, str(cursor.get("cursor", "")), spec)
    is_first = not cursor.get("cursor")
    is_open = cursor.get("is_open", True)
    waiting = _waiting(store) if is_open else None
    payload: dict[str, Any] = {}
    if is_first or changes.run_changed or waiting != cursor.get("waiting"):
        run = find_run(store, spec["project_id"], spec["number"])
        if run:
            if not is_first and _is_another(spec, fresh := spec_of(spec["slug"], run)):
                return _everything(store, fresh)
            is_open = run.state not in ENDED_STATES
            payload["run"] = _run_state(run, waiting if is_open else None)
    version, locks = locks_since(store, spec["project_id"], str(cursor.get("locks", "")))
    if locks is not None:
        payload["locks"] = {name: _lock_words(lock) for name, lock in locks.items()}
    known = list(cursor.get("metrics", ()))
    metrics = metric_names(known, changes.experiments)
    if is_first or changes.experiments:
        names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
        sources = source_numbers(store, changes.experiments)
        payload["experiments"] = columns(changes.experiments, names, metrics, sources)
    return (
        payload or no_update,
        {"cursor": changes.cursor, "metrics": metrics, "waiting": waiting, "is_open": is_open, "locks": version},
        _table_columns(spec, metrics) if metrics != known else no_update,
    )


def _is_another(spec: RunSpec, fresh: RunSpec) -> bool:
    """Whether a run was extended by what the page has no column or category for."""
    return any(fresh[part] != spec.get(part) for part in ("hyperparameters", "metrics"))


def _everything(store: Store, spec: RunSpec) -> tuple[Any, Any, Any]:
    """The answer that makes the page begin anew with this spec."""
    payload, cursor, _ = _changes(store, {}, spec)
    return {**payload, "spec": spec}, cursor, _table_columns(spec, cursor["metrics"])


def _table_columns(spec: RunSpec, metrics: Sequence[str]) -> list[Any]:
    names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
    tuned = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"] if hyperparameter["is_tuned"]]
    return table_columns(names, tuned, metrics, spec["objective"], spec["metrics"])


def _lock_words(lock: Mapping[str, Any]) -> dict[str, Any]:
    """A lock as the browser reads it: its values are the words of the page."""
    return {**lock, "values": [category_of(value) for value in lock["values"]]} if "values" in lock else dict(lock)


def _read(store: Store, cursor: str, spec: RunSpec) -> Changes:
    try:
        return changes_since(store, spec["project_id"], cursor, run_id=spec["run_id"])
    except ValueError:
        # A page that outlived an update may hold a cursor of another form: it gets everything anew.
        return changes_since(store, spec["project_id"], "", run_id=spec["run_id"])


def _waiting(store: Store) -> str | None:
    beat = last_beat(store, "dispatcher")
    return NOBODY_WORKS if beat is None or beat[0] > AWAY_AFTER_S else None


def _run_state(run: Run, waiting: str | None) -> dict[str, Any]:
    ended = run.ended_at or datetime.now(UTC)
    return {
        "state": run.state,
        "request": run.request,
        "reason": run.reason,
        "elapsed": (ended - run.started_at).total_seconds() if run.started_at else None,
        "waiting": waiting,
        "createdBy": run.created_by,
        "strategy": strategy_words(run.strategy),
        "leftOut": list(run.left_out),
        "commandLine": run.command_line,
    }


callbacks.in_browser(
    "run.receive", Output(ids.POLL, "interval"), Input(run_ids.CHANGES, "data"), State(run_ids.SPEC, "data")
)
callbacks.in_browser("polls.watch", Input(ids.POLL, "disabled"), State(ids.POLL, "id"))
callbacks.in_browser("run.chooseMetrics", Input(run_ids.METRICS, "value"))


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
    except (RunError, LockError) as error:
        return {"at": request["at"], "error": str(error)}
    except Exception as error:
        if not is_outage(error):
            raise
        return {"at": request["at"], "error": AWAY}
    return {"at": request["at"], "said": found.said, "undo": found.undo}


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
