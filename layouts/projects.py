"""The first two pages: all projects, and one project's runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from analysis.hyperparameters import Value, text_of
from analysis.words import number
from layouts import ids, shell
from layouts.attributes import attributes
from layouts.words import elapsed, local_time

POLL_INTERVAL_MS = 3_000
EXAMPLE_COMMAND = "hypertuner run --project NAME --objective max:METRIC -- python train.py --lr [0.1,0.01]"
# In the order in which a bar of progress shows them.
STATES = ("finished", "running", "failed", "stopped", "queued")


@dataclass(frozen=True)
class BestValue:
    """The best value of the objective, and the experiment that reached it."""

    objective: str
    value: float
    experiment: int


@dataclass(frozen=True)
class ProjectRow:
    """One project in the overview."""

    slug: str
    name: str
    runs: int
    states: Mapping[str, int]
    best: BestValue | None


@dataclass(frozen=True)
class RunRow:
    """One run in its project's list; times are aware, `duration_s` is measured until now.

    planned: how many experiments a draft would start, where that is known. is_trial: it only tried its command.
    """

    number: int
    state: str
    states: Mapping[str, int]
    candidates: Mapping[str, Sequence[Value]]
    best: BestValue | None
    created_at: datetime
    duration_s: float | None
    reason: str | None = None
    planned: int | None = None
    is_trial: bool = False


def projects_page(rows: Sequence[ProjectRow], cursor: str) -> Component:
    """All projects; where there is none, the command that makes the first."""
    return html.Div(
        [
            dcc.Interval(id=ids.PROJECTS_POLL, interval=POLL_INTERVAL_MS),
            dcc.Store(id=ids.PROJECTS_CURSOR, data=cursor),
            html.Div([html.H1("Projects"), _new_project(id=ids.NEW_PROJECT)], className="page-head"),
            html.Div(projects(rows), id=ids.PROJECTS),
        ],
        className="page",
    )


def projects(rows: Sequence[ProjectRow]) -> Component:
    """The cards of all projects."""
    if not rows:
        return shell.empty(
            "No project yet",
            html.P("Tune any training script that takes its hyperparameters as flags; nothing in it needs to change:"),
            _new_project(),
            html.P("or in the terminal, in the script's folder:", className="muted"),
            shell.copyable(EXAMPLE_COMMAND),
            html.P("The project appears here as soon as its first run is queued.", className="muted"),
        )
    return html.Div([_project_card(row) for row in rows], className="cards")


def _new_project(**options: Any) -> Component:
    """Opens the dialog that begins a project: assets/launch/new_project.js."""
    return html.Button(
        "New project",
        type="button",
        className="button is-primary",
        **options,
        **attributes(data_new_project="", aria_haspopup="dialog"),
    )


def _project_card(row: ProjectRow) -> Component:
    total = sum(row.states.values())
    return dcc.Link(
        [
            html.H2(row.name),
            html.Div(
                [
                    _figure(f"{row.runs:,}", "run" if row.runs == 1 else "runs"),
                    _figure(f"{total:,}", "experiment" if total == 1 else "experiments"),
                    _figure(number(row.best.value), f"best {row.best.objective}") if row.best else _figure("–", "best"),
                ],
                className="figures",
            ),
            progress(row.states),
        ],
        href=f"/projects/{row.slug}",
        className="card-link",
    )


def _figure(value: str, label: str) -> Component:
    return html.Div([html.Strong(value), html.Span(label, title=label)], className="figure")


def runs_page(slug: str, name: str, rows: Sequence[RunRow], cursor: str) -> Component:
    """One project: its runs, newest first."""
    return html.Div(
        [
            dcc.Interval(id=ids.RUNS_POLL, interval=POLL_INTERVAL_MS),
            dcc.Store(id=ids.RUNS_CURSOR, data=cursor),
            html.Div(
                [
                    html.H1(name),
                    html.Button("Start new run", id=ids.START_RUN, className="button is-primary", type="button"),
                ],
                className="page-head",
            ),
            html.Div(runs(slug, rows), id=ids.RUNS),
        ],
        className="page",
    )


def runs(slug: str, rows: Sequence[RunRow]) -> Component:
    """The list of runs."""
    if not rows:
        return shell.empty("No run yet", html.P("Start the first one with the button above, or press n."))
    head = html.Div(
        [html.Span(label) for label in ("Run", "State", "Experiments", "Tuned", "Best", "Started", "Took")],
        className="run-row run-head",
    )
    return html.Div([head, *(_run_row(slug, row) for row in rows)], className="panel run-list")


def _run_row(slug: str, row: RunRow) -> Component:
    return dcc.Link(
        [
            html.Span(
                [html.Strong(f"Run {row.number}"), *([html.Span(" trial", className="muted")] if row.is_trial else [])]
            ),
            html.Span(state(row.state), title=row.reason or ""),
            _planned(row.planned) if row.state == "draft" else progress(row.states),
            html.Span(tuned(row.candidates), className="tuned"),
            _best(row.best),
            html.Time(local_time(row.created_at), dateTime=row.created_at.isoformat(), className="muted"),
            html.Span(elapsed(row.duration_s, is_open=row.state == "running"), className="muted"),
        ],
        href=f"/projects/{slug}/runs/{row.number}",
        className="run-row",
    )


def _planned(count: int | None) -> Component:
    words = "not started" if count is None else f"{count:,} planned"
    return html.Span(words, className="muted", title="A draft: nothing of it is queued")


def _best(best: BestValue | None) -> Component:
    if best is None:
        return html.Span("–", className="muted")
    return html.Span(
        [html.Strong(number(best.value)), html.Span(best.objective, className="muted")],
        className="best",
        title=f"experiment {best.experiment}",
    )


def tuned(candidates: Mapping[str, Sequence[Value]]) -> list[Component]:
    """Each tuned hyperparameter with its candidates."""
    return [
        html.Span([html.Span(name, className="muted"), " ", " ".join(text_of(value) for value in values)])
        for name, values in candidates.items()
    ]


def state(name: str) -> Component:
    """A state as a small coloured label."""
    return html.Span(name, className=f"state is-{name}")


def progress(states: Mapping[str, int]) -> Component:
    """How many experiments are in which state, as one bar and a sentence."""
    total = sum(states.values())
    ended = total - states.get("queued", 0) - states.get("running", 0)
    words = ", ".join(f"{states[name]:,} {name}" for name in STATES if states.get(name))
    bars = [
        html.Span(className=f"is-{name}", style={"width": f"{100 * states[name] / total:.3f}%"})
        for name in STATES
        if states.get(name)
    ]
    text = f"{ended:,} of {total:,}" if ended < total else f"{total:,}"
    failed = f", {states['failed']:,} failed" if states.get("failed") else ""
    return html.Div(
        [html.Div(bars, className="bar"), html.Span(text + failed)], className="progress-line", title=words or "none"
    )
