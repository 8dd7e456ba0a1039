"""The box "What matters" of the run page: importance, effects, interaction and the Pareto front, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from analysis.importance import TooFew
from analysis.surrogate import Sample
from layouts import insight_ids as ids
from layouts.attributes import attributes
from layouts.figures import GRAPH_CONFIG

CONFIG: Any = {**GRAPH_CONFIG, "displayModeBar": False}
# What the experiments that count are called where nobody includes others.
FINISHED = "finished "

IMPORTANCE_NOTE = (
    "A bar is the share of the metric's variance that a hyperparameter explains, its whisker a 90 % interval. It "
    "speaks of the ranges that were searched, and not of others: a narrow range makes any hyperparameter look "
    "unimportant."
)
EFFECT_NOTE = (
    "The line is the mean over the ranges of all other hyperparameters; the band holds 90 % of what other draws of "
    "the experiments would give. Dots are single experiments, of many the best and a draw of the others: the band is "
    "about the mean, and says nothing of their scatter."
)
INTERACTION_NOTE = (
    "A cell is what two hyperparameters explain only together, beyond each alone. Where it is pale, their best values "
    "can be sought one after the other, as far as these experiments tell: small shares take many of them to show."
)
SURFACE_NOTE = (
    "The mean over the ranges of all other hyperparameters; the stronger the colour, the better. Where no experiment "
    "is near, it is a guess from the nearest ones, and no promise."
)
PARETO_NOTE = (
    "Nothing on the line is beaten in both metrics at once; what is best depends on what one is worth in the other. "
    "It says nothing of settings that were not tried, and a lucky seed stands on it like any other."
)


def box() -> Component:
    """Closed at first; nothing is computed before it is opened."""
    return html.Details(
        [
            html.Summary(
                [html.H2("What matters"), html.Span("importance, effects, pairs, Pareto front", className="ht-quiet")]
            ),
            *(
                dcc.Store(id=name)
                for name in (ids.REQUEST, ids.ANSWER, ids.PICK, ids.PARETO_REQUEST, ids.PARETO_ANSWER)
            ),
            _controls(),
            html.P(id=ids.PROBLEM, className="ht-insights-problem", role="status", hidden=True),
            html.Div([_row(_importance(), _effect()), _row(_interaction(), _surface())], id=ids.CONTENT, hidden=True),
            _pareto(),
        ],
        id=ids.BOX,
        className="ht-box ht-insights",
    )


def _controls() -> Component:
    return html.Div(
        [
            html.Label(["explain ", _select(ids.METRIC)], className="ht-quiet"),
            html.Span(
                [
                    _toggle("whole run", ids.SCOPE_ALL, is_on=True),
                    _toggle("selected only", ids.SCOPE_SELECTED, is_on=False),
                ],
                className="ht-group",
                role="group",
                **attributes(aria_label="Which experiments"),
            ),
            html.Button("", id=ids.UPDATE, type="button", className="ht-link", hidden=True),
            html.Span("computing …", id=ids.BUSY, className="ht-insights-busy", role="status", hidden=True),
            html.Span(id=ids.SAID, className="ht-quiet ht-insights-said"),
        ],
        className="ht-insights-controls",
    )


def _select(name: str) -> Component:
    return html.Select(id=name, className="ht-select")


def _toggle(words: str, name: str, *, is_on: bool) -> Component:
    return html.Button(
        words, id=name, type="button", className="ht-toggle", **attributes(aria_pressed=str(is_on).lower())
    )


def _row(*charts: Component) -> Component:
    return html.Div([*charts], className="ht-insights-row")


def _chart(title: str, name: str, note: str, hint: str = "", **options: Any) -> Component:
    head = html.Div([html.H3(title), html.Span(hint, className="ht-quiet")], className="ht-insights-head")
    graph = dcc.Graph(id=name, figure={"data": [], "layout": {}}, config=CONFIG, className="ht-insights-graph")
    return html.Figure([head, graph, html.Figcaption(note, className="ht-quiet")], **options)


def _importance() -> Component:
    return _chart("Importance", ids.IMPORTANCE, IMPORTANCE_NOTE, "click a bar for its effect")


def _effect() -> Component:
    return _chart("Effect", ids.EFFECT, EFFECT_NOTE)


def _interaction() -> Component:
    return _chart("Pairs", ids.INTERACTION, INTERACTION_NOTE, "click a cell for both")


def _surface() -> Component:
    return _chart("Both together", ids.SURFACE, SURFACE_NOTE)


def _pareto() -> Component:
    controls = html.Div(
        [
            html.H3("Pareto front"),
            _select(ids.PARETO_FIRST),
            _select(ids.PARETO_GOALS[0]),
            html.Span("against", className="ht-quiet"),
            _select(ids.PARETO_SECOND),
            _select(ids.PARETO_GOALS[1]),
            html.Span("computing …", id=ids.PARETO_BUSY, className="ht-insights-busy", role="status", hidden=True),
            html.Span(id=ids.PARETO_SAID, className="ht-quiet ht-insights-said"),
        ],
        className="ht-insights-head",
    )
    graph = dcc.Graph(id=ids.PARETO, figure={"data": [], "layout": {}}, config=CONFIG, className="ht-insights-graph")
    note = html.Figcaption([PARETO_NOTE, " Click a mark to open its experiment."], className="ht-quiet")
    return html.Figure([controls, graph, note], id="insights-pareto-chart", hidden=True)


# --- words -----------------------------------------------------------------------------------------------------------


def basis(given: Sample, left_out: Mapping[str, int], quality: float | None = None, *, kind: str = FINISHED) -> str:
    """From how many experiments, what was left out, and how far the forest can be trusted.

    left_out: how many began and do not count, by their states. kind: what those that count are called.
    """
    among = f"{given.of:,} experiments" if kind == FINISHED else _count(given.of, kind)
    parts = [f"from {given.size:,} of {among}" if given.size < given.of else f"from {_count(given.of, kind)}"]
    if left_out:
        parts.append(f"{' and '.join(f'{count:,} {state}' for state, count in left_out.items())} left out")
    if given.without:
        parts.append(f"{given.without:,} without a value left out")
    if given.clipped:
        parts.append(f"{given.clipped:,} far worse ones cut to the usual range")
    if quality is not None:
        parts.append(f"{max(0, round(100 * quality))} % of the differences foreseen in unseen experiments")
    return ", ".join(parts)


def _count(number: int, kind: str) -> str:
    return f"1 {kind}experiment" if number == 1 else f"{number:,} {kind}experiments"


def too_few(found: TooFew, *, varying: int, is_constant: bool, kind: str = FINISHED) -> str:
    """Why there is no picture, and what would give one."""
    if found.experiments == 0:
        return f"No {kind}experiment has a value of this metric yet."
    if found.experiments > 1 and varying == 0:
        return "All of these experiments have the same settings: there is nothing to tell apart."
    if found.experiments > 1 and is_constant:
        return "The metric is the same in all of these experiments: nothing matters to it within these ranges."
    if found.more is None:
        return (
            f"{_count(found.experiments, kind)} tell no hyperparameter from chance, and ten times as many might not "
            "either: within these ranges the metric hardly depends on any of them."
        )
    return f"Too few experiments to tell: about {found.more:,} more would do."


def on_pareto(count: int, among: int, left_out: int, *, kind: str = FINISHED) -> str:
    """How many are on the front, of how many."""
    words = f"{count:,} of {_count(among, kind)} on the front"
    return f"{words}, {left_out:,} without both values left out" if left_out else words
