"""The experiment page: what was set, how it went over the epochs, what it printed, and the views it attached."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from analysis.common_values import Common, differing
from analysis.hyperparameters import Value, text_of
from analysis.words import number
from layouts import comparison, configuration, ids, own_files, view_panel
from layouts.asking import asking
from layouts.curves import curves, swatch_of
from layouts.projects import state
from layouts.rules import rules_button
from layouts.shell import copyable
from layouts.teaching import teaching_button
from layouts.words import elapsed, local_time

FIRST_LINES = 20
LAST_LINES = 12
# Words and colours of more picked experiments make every change of the page slow; the legend has them all.
MOST_DRAWN = 40
# A table of more experiments is wider than any page.
MOST_COLUMNS = 12
# Where values are from, and what to call it.
USUAL_SOURCES = frozenset({"hypertuner.log", "output"})
SOURCE_WORDS = {"output": "what is printed", "pattern": "a pattern"}
# What is as in the whole run is folded away beyond this, and more hyperparameters than that have a box to search them.
MOST_QUIET = 12
MOST_UNSEARCHED = 15


@dataclass(frozen=True)
class Facts:
    """What is known of one experiment; `duration_s` is measured until now."""

    slug: str
    run: int
    number: int
    state: str
    settings: Mapping[str, Value]
    # Hyperparameters that differ between the experiments of its run.
    tuned: Sequence[str]
    # Hyperparameters that keep their default: (name, default).
    defaults: Sequence[tuple[str, Value]]
    command: Sequence[str]
    attempt: int
    exit_code: int | None
    reason: str | None
    host: str | None
    started_at: datetime | None
    duration_s: float | None
    epoch: float | None
    epochs: float | None
    rejected_lines: int
    rejected_sample: str | None
    is_stopping: bool = False
    # What is usual in its run, by hyperparameter.
    common: Mapping[str, Common] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it may still report something."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True)
class Choice:
    """An experiment that can be added to the curves."""

    number: int
    settings: Mapping[str, Value] = field(default_factory=dict)


# --- the page -------------------------------------------------------------------------------------------------------


def page(
    facts: Facts,
    choices: Sequence[Choice],
    picked: Sequence[int],
    *,
    note: Mapping[str, Any],
    chosen: comparison.Choice = comparison.AS_USUAL,
    custom: Sequence[Mapping[str, str]] = (),
) -> Component:
    """The frame; curves, log and views are filled by the first answer to what the page asks at once.

    note: as answers/notes.py tells it. chosen: of the comparison. custom: the project's own views, `name`, `file`
    and `hint` of each.
    """
    return html.Div(
        [
            dcc.Store(id=ids.EXPERIMENT, data={"slug": facts.slug, "number": facts.number}),
            dcc.Store(id=ids.EXPERIMENT_REVISION),
            dcc.Store(id=ids.EPOCH),
            dcc.Store(id=ids.FLAG_MARKS),
            dcc.Store(id=ids.NOTE, data=dict(note)),
            html.Div(
                [
                    html.Div(header(facts), id=ids.EXPERIMENT_HEADER, className="experiment-head"),
                    html.Button(
                        stop_label(facts),
                        id=ids.EXPERIMENT_STOP,
                        className="button is-danger",
                        type="button",
                        disabled=facts.is_stopping,
                        hidden=not facts.is_open,
                    ),
                    rules_button(facts.slug, className="button"),
                    html.Button(
                        "Start new run",
                        id=ids.START_RUN,
                        className="button is-primary",
                        type="button",
                        title="From these settings, ready to tune one more (n)",
                    ),
                ],
                className="page-head",
            ),
            _stop_dialog(facts.number),
            html.Div(
                [
                    html.Div(
                        [
                            _note_panel(),
                            html.Aside(settings(facts), id=ids.EXPERIMENT_SETTINGS, className="panel settings"),
                        ],
                        className="experiment-side",
                    ),
                    html.Div(
                        [
                            html.Div(id=ids.EXPERIMENT_FAILURE),
                            html.Div(id=ids.EXPERIMENT_FLAGS),
                            _curves_panel(choices, picked),
                            comparison.panel(chosen),
                            view_panel.panel(custom),
                            _log_panel(),
                            own_files.panel(),
                            html.Section(id=ids.CONFIGURATION, className="panel configuration"),
                            configuration.attempt_panel(),
                        ],
                        className="experiment-main",
                    ),
                ],
                className="experiment-grid",
            ),
        ],
        className="page experiment-page",
    )


def _note_panel() -> Component:
    return html.Section([html.H2("Note"), html.Div(id=ids.NOTE_PLACE)], className="panel note-panel")


def _stop_dialog(number: int) -> Component:
    return asking(
        ids.EXPERIMENT_STOP_DIALOG,
        f"Interrupt experiment {number}?",
        "Its script is ended now. What it has reported so far stays; the rest of its work is lost.",
        keep=(ids.EXPERIMENT_STOP_CANCEL, "Let it run"),
        destroy=(ids.EXPERIMENT_STOP_CONFIRM, "Interrupt"),
    )


def header(facts: Facts) -> list[Component]:
    """Name, state, and how long it took."""
    details = [
        dcc.Link(f"Run {facts.run}", href=f"/projects/{facts.slug}/runs/{facts.run}"),
        html.Span(
            [
                "took " if not facts.is_open else "running for ",
                html.Strong(elapsed(facts.duration_s, is_open=facts.is_open)),
            ]
        )
        if facts.duration_s is not None
        else None,
        html.Span(["epoch ", html.Strong(_progress(facts))]) if facts.epoch is not None else None,
        html.Span(["exit code ", html.Strong(str(facts.exit_code))]) if facts.exit_code is not None else None,
        html.Span(f"attempt {facts.attempt}") if facts.attempt > 1 else None,
        html.Span(f"on {facts.host}") if facts.host else None,
        html.Span(["started ", html.Time(local_time(facts.started_at), dateTime=facts.started_at.isoformat())])
        if facts.started_at
        else None,
        html.Span(facts.reason, className="reason") if facts.reason and facts.state != "failed" else None,
    ]
    return [
        html.H1(f"Experiment {facts.number}"),
        state(facts.state),
        html.Div([detail for detail in details if detail is not None], className="details"),
    ]


def stop_label(facts: Facts) -> str:
    """What the stop button says."""
    return "Stopping …" if facts.is_stopping else "Interrupt"


def _progress(facts: Facts) -> str:
    return f"{facts.epoch:g}" + (f" of {facts.epochs:g}" if facts.epochs else "")


def settings(facts: Facts) -> list[Component]:
    """What was set: what is unusual in the run first and marked, the rest quiet, defaults folded away; the command."""
    marked = differing(facts.settings, facts.common) if facts.common else list(facts.tuned)
    first = [item for item in facts.settings.items() if item[0] in marked]
    quiet = [item for item in facts.settings.items() if item[0] not in marked]
    count = len(facts.settings) + len(facts.defaults)
    parts: list[Component] = [html.H2("Settings")]
    if count > MOST_UNSEARCHED:
        parts.append(configuration.filter_box(ids.SETTINGS_FOUND, f"Search {count} hyperparameters"))
    tables: list[Component] = []
    if first or len(quiet) <= MOST_QUIET:
        shown = [_row(*item, facts.common.get(item[0]), is_marked=True) for item in first]
        shown += [_row(*item) for item in quiet] if len(quiet) <= MOST_QUIET else []
        tables.append(_values(shown) if shown else html.P("Nothing was set.", className="muted"))
    if first and (quiet or facts.common):
        tables.append(html.P("Marked: what is not the same in most of the run.", className="muted"))
    if len(quiet) > MOST_QUIET:
        tables.append(_fold(f"{len(quiet)} more {'as in most of the run' if first else 'were set'}", quiet))
    if facts.defaults:
        keep = "keeps its default" if len(facts.defaults) == 1 else "keep their defaults"
        tables.append(_fold(f"{len(facts.defaults)} more {keep}", facts.defaults))
    parts.append(html.Div(tables, id=ids.SETTINGS_FOUND, className="found-in"))
    parts += [html.H2("Command"), copyable(shlex.join(facts.command), [shlex.quote(item) for item in facts.command])]
    return parts


def _values(rows: Sequence[Component]) -> Component:
    return html.Table(html.Tbody(rows), className="values")


def _fold(words: str, items: Sequence[tuple[str, Value]]) -> Component:
    return html.Details([html.Summary(words), _values([_row(*item) for item in items])])


def _row(name: str, value: Value, usual: Common | None = None, *, is_marked: bool = False) -> Component:
    hint = f"{name}: {_usual(usual)}" if usual else name
    return html.Tr(
        [html.Th(name, scope="row", title=hint), html.Td(_value(value), title=hint if usual else "")],
        className="is-tuned" if is_marked else "",
    )


def _usual(usual: Common) -> str:
    value = "its default" if usual.value is None else text_of(usual.value) or "(empty)"
    return f"{value} in {usual.count} of {usual.of} experiments of the run"


def _value(value: Value) -> str:
    return "–" if value is None else text_of(value) or "(empty)"


def failure(facts: Facts, stderr: str) -> list[Component]:
    """Why it failed, lifted out on top, and what of its output could not be read."""
    parts: list[Component] = []
    if facts.state == "failed":
        last = "\n".join(stderr.rstrip().splitlines()[-LAST_LINES:])
        parts.append(
            html.Section(
                [html.H2(_sentence(facts)), *([html.Pre(last)] if last else [])],
                className="panel failure",
                role="alert",
            )
        )
    if facts.rejected_lines:
        parts.append(
            html.Section(
                [
                    f"{facts.rejected_lines:,} {'line was' if facts.rejected_lines == 1 else 'lines were'} left out "
                    "of the metrics; the others count.",
                    *([html.Code(log(facts.rejected_sample))] if facts.rejected_sample else []),
                ],
                className="panel rejected",
            )
        )
    return parts


def _sentence(facts: Facts) -> str:
    reason = facts.reason or (f"exit code {facts.exit_code}" if facts.exit_code is not None else "no reason is known")
    return f"Failed: {reason}"


# --- curves ---------------------------------------------------------------------------------------------------------


def _curves_panel(choices: Sequence[Choice], picked: Sequence[int]) -> Component:
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Metrics"),
                    dcc.Dropdown(
                        id=ids.EXPERIMENT_PICKED,
                        options=[_option(choice, is_plain=len(picked) > MOST_DRAWN) for choice in choices],
                        value=list(picked),
                        multi=True,
                        clearable=False,
                        maxHeight=380,
                        placeholder="Pick experiments to compare",
                        className="experiment-picker",
                    ),
                ],
                className="panel-head",
            ),
            curves(),
            html.Div(id=ids.CURVES_NOTE),
        ],
        className="panel curves-panel",
    )


def _option(choice: Choice, *, is_plain: bool) -> dict[str, Any]:
    described = "  ".join(f"{name} {text_of(value)}" for name, value in choice.settings.items())
    named = {"value": choice.number, "search": f"{choice.number} {described}"}
    if is_plain:
        return {**named, "label": str(choice.number), "title": described}
    return {
        **named,
        "label": html.Span(
            [
                swatch_of(choice.number),
                html.Strong(str(choice.number)),
                html.Span(described, className="option-detail"),
            ],
            className="experiment-option",
        ),
    }


def numbers(found: Mapping[str, Mapping[int, float]]) -> Component | None:
    """Metrics that were reported once, by experiment, as a small table: a single number is no curve."""
    if not found:
        return None
    everybody = list(dict.fromkeys(experiment for values in found.values() for experiment in values))
    experiments = everybody[:MOST_COLUMNS]
    head = html.Tr([html.Th("metric"), *(html.Th(_swatch(experiment)) for experiment in experiments)])
    rows = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(_found(values.get(each))) for each in experiments)])
        for name, values in found.items()
    ]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="values numbers")
    left_out = len(everybody) - len(experiments)
    more = [html.P(f"and {left_out} more experiments; the table of their run has them all", className="muted")]
    return html.Div([table, *(more if left_out else [])], className="numbers-place")


def sources(found: Mapping[str, Sequence[str]]) -> list[Component]:
    """Where metrics are from, in a line: nothing where all are from one of the usual places."""
    if not found or (len(found) == 1 and next(iter(found)) in USUAL_SOURCES):
        return []
    parts = [f"{', '.join(names)} from {SOURCE_WORDS.get(source, source)}" for source, names in found.items()]
    return [html.P("; ".join(parts), className="muted metric-sources", title="Where the values were read")]


def _found(value: float | None) -> Component | str:
    if value is None:
        return "–"
    return html.Span(number(value), title=repr(value), className="" if math.isfinite(value) else "is-broken")


def _swatch(experiment: int) -> Component:
    return html.Span(
        [swatch_of(experiment), str(experiment)],
        className="experiment-option",
    )


def no_metrics(facts: Facts, stdout: str, *, has_views: bool = False) -> Component:
    """What to say where nothing was measured (yet)."""
    if facts.state == "queued":
        return html.P("Queued: it starts as soon as there is a free place.", className="muted waiting")
    if has_views and facts.state != "failed":
        return html.P(
            "No metric has been reported." if not facts.is_open else "No metric yet.",
            className="muted waiting is-short",
        )
    if facts.state == "running":
        return html.P("Running; no metric has been reported yet.", className="muted waiting")
    if facts.state == "failed":
        return html.P("It failed before it reported a metric.", className="muted waiting")
    if facts.state == "stopped" and facts.started_at is None:
        return html.P("It was never started, so there is nothing to see.", className="muted waiting")
    first = "\n".join(stdout.splitlines()[:FIRST_LINES])
    return html.Div(
        [
            html.H3("No metrics found"),
            html.P(
                [
                    "Print them, as ", html.Code("loss: 0.3"), " or ", html.Code("accuracy=0.9"), ", or call ",
                    html.Code("hypertuner.log(loss=0.3, epoch=1)"), "; or say how they are printed:",
                ]
            ),
            teaching_button(facts.slug, "Find metrics in the output", run=facts.run, className="button"),
            *([html.P("The first lines of its output:"), html.Pre(first)] if first else []),
        ],
        className="empty-state",
    )  # fmt: skip


# --- log ------------------------------------------------------------------------------------------------------------


def _log_panel() -> Component:
    def stream(name: str) -> Component:
        tab: Component = dbc.Tab(
            html.Pre(id=f"{ids.LOG}-{name}", className="log", tabIndex="0"),
            label=name,
            tab_id=name,
            label_class_name="log-label",
        )
        return tab

    return html.Section(
        [
            html.Div([html.H2("Output"), *_search()], className="panel-head"),
            html.Div(id=ids.LOG_PROBLEMS, className="log-problems", hidden=True),
            html.Div(id=ids.LOG_FOUND, className="log-found", hidden=True),
            dbc.Tabs([stream("stdout"), stream("stderr")], id=ids.LOG_TAB, active_tab="stdout"),
        ],
        className="panel log-panel",
        # Where a run's page leads to.
        id="log-panel",
    )


def _search() -> list[Component]:
    """The box that searches all of the shown stream; assets/experiment/log_search.js does it."""
    return [
        html.Div(
            [
                dcc.Input(
                    id=ids.LOG_WORDS,
                    type="search",
                    placeholder="Search the whole log",
                    debounce=True,
                    className="search-box",
                    autoComplete="off",
                    maxLength=200,
                ),
                html.Span(id=ids.LOG_COUNT, className="muted", role="status"),
                html.Button(
                    "↑",
                    id=ids.LOG_BEFORE,
                    type="button",
                    className="icon-button",
                    title="The one before",
                    disabled=True,
                ),
                html.Button(
                    "↓", id=ids.LOG_NEXT, type="button", className="icon-button", title="The next one", disabled=True
                ),
            ],
            className="log-search",
            role="search",
            title="Enter: search, then the next line; Shift + Enter: the one before; Esc: end the search",
        )
    ]


# Escape sequences for colours and cursors, and other characters that a terminal would obey.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def log(text: str) -> str:
    """A stream's tail as a terminal would leave it: progress bars show their last state, colours are gone."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _ESCAPES.sub("", text).split("\n"))
    shown = _CONTROLS.sub("\ufffd", "\n".join(lines))
    return shown if shown.strip() else "(nothing yet)"
