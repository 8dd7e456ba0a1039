"""The run dashboard: its page, its one poll, and stopping a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update
from dash.development.base_component import Component

from callbacks.experiment_columns import columns, metric_names
from callbacks.group import CallbackGroup
from layouts import ids, run_ids
from layouts import run as layout
from layouts.experiment_table import columns as table_columns
from layouts.run import HyperparameterSpec, RunSpec
from storage.changes import Changes, changes_since
from storage.projects import find_project
from storage.records import Run, Value
from storage.requests import request_stop
from storage.runs import find_run
from storage.schema import ENDED_STATES
from storage.store import Store
from storage.work import last_beat

callbacks = CallbackGroup()

AWAY_AFTER_S = 15
NOBODY_WORKS = "Nothing is running this queue: start `hypertuner up`."


def page(store: Store, slug: str, number: int) -> Component | None:
    """The dashboard of a run, or None where there is no such run."""
    project = find_project(store, slug)
    run = find_run(store, project.id, number) if project else None
    return layout.page(spec_of(slug, run)) if run else None


def spec_of(slug: str, run: Run) -> RunSpec:
    """What a run's page is about."""
    return {
        "slug": slug,
        "project_id": run.project_id,
        "run_id": run.id,
        "number": run.number,
        "objective": run.objective,
        "goal": run.goal,
        "command_line": run.command_line,
        "hyperparameters": _hyperparameters(run),
    }


def _hyperparameters(run: Run) -> list[HyperparameterSpec]:
    """The tuned hyperparameters first, in the script's order (a JSONB object, as `candidates` is, keeps none)."""
    discovered = {str(found["name"]): found for found in run.hyperparameters}
    names = sorted(
        dict.fromkeys([*discovered, *run.candidates]), key=lambda name: len(run.candidates.get(name, ())) < 2
    )
    return [
        {
            "name": name,
            "kind": _kind(run, name),
            "categories": [category_of(value) for value in run.candidates.get(name, ()) if value is not None],
            "help": str(discovered.get(name, {}).get("help") or ""),
            "is_tuned": len(run.candidates.get(name, ())) > 1,
        }
        for name in names
    ]


def category_of(value: Value) -> str:
    """A value as the browser writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(run: Run, name: str) -> str:
    """Numbers where every candidate is one, whatever the script calls the type: `choices=[16, 32]` lies on an axis."""
    candidates = run.candidates.get(name, ())
    if candidates:
        are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in candidates)
        return "number" if are_numbers else "category"
    types = {found["name"]: found["type"] for found in run.hyperparameters}
    return "number" if types.get(name) in {"int", "float"} else "category"


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
    known = list(cursor.get("metrics", ()))
    metrics = metric_names(known, changes.experiments)
    is_open = cursor.get("is_open", True)
    waiting = _waiting(store) if is_open else None
    payload: dict[str, Any] = {}
    if is_first or changes.run_changed or waiting != cursor.get("waiting"):
        run = find_run(store, spec["project_id"], spec["number"])
        if run:
            is_open = run.state not in ENDED_STATES
            payload["run"] = _run_state(run, waiting if is_open else None)
    names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
    if is_first or changes.experiments:
        payload["experiments"] = columns(changes.experiments, names, metrics)
    tuned = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"] if hyperparameter["is_tuned"]]
    return (
        payload or no_update,
        {"cursor": changes.cursor, "metrics": metrics, "waiting": waiting, "is_open": is_open},
        table_columns(names, tuned, metrics, spec["objective"]) if metrics != known else no_update,
    )


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
    }


callbacks.in_browser(
    "run.receive", Output(ids.POLL, "interval"), Input(run_ids.CHANGES, "data"), State(run_ids.SPEC, "data")
)
callbacks.in_browser("polls.watch", Input(ids.POLL, "disabled"), State(ids.POLL, "id"))
callbacks.in_browser("run.chooseMetrics", Input(run_ids.METRICS, "value"))


# --- stopping --------------------------------------------------------------------------------------------------------

callbacks.in_browser(
    "run.toggleStop",
    Output(run_ids.STOP_DIALOG, "is_open"),
    Input(run_ids.STOP, "n_clicks"),
    Input(run_ids.STOP_CANCEL, "n_clicks"),
    Input(run_ids.STOP_CONFIRM, "n_clicks"),
    prevent_initial_call=True,
)


@callbacks.on(
    Output(run_ids.STOP, "disabled"),
    Input(run_ids.STOP_CONFIRM, "n_clicks"),
    State(run_ids.SPEC, "data"),
    prevent_initial_call=True,
)
def stop_run(store: Store, clicks: int | None, spec: RunSpec) -> Any:
    """Ask for the run's stop; its owner obeys, and the next poll shows it."""
    if not clicks:
        return no_update
    request_stop(store, spec["run_id"])
    return True
