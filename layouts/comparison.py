"""Experiments side by side: one column each, what was set, what came out, and the same view of each.

The browser keeps what a person chose in the address (assets/experiment/comparison.js), and asks for the table anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from dash import dcc, html
from dash.dependencies import Wildcard
from dash.development.base_component import Component

from analysis.counting import is_finished
from analysis.differences import MISSING, Cell, Row
from analysis.hyperparameters import text_of
from analysis.words import duration, number
from layouts import ids
from layouts.attributes import attributes
from layouts.curves import swatch_of
from layouts.figures import GRAPH_CONFIG, Figure
from layouts.flags import Said, chip
from layouts.projects import state

# More columns than these are read in the run's table.
MOST_COMPARED = 6
# From so many settings on only those that differ are shown, unless a person wants all.
MANY_SETTINGS = 12
LONGEST_NOTE = 300
# Durations are written to a tenth of a second.
LEAST_SECONDS = 0.05
NO_FIGURE: Figure = {"data": [], "layout": {}}


@dataclass(frozen=True)
class Choice:
    """What a person chose, None where nothing. against: the reference's number; reduce: as the run's page has it."""

    against: int | None = None
    only_differences: bool | None = None
    reduce: str = ""

    @classmethod
    def read(cls, search: str) -> Choice:
        """From the query of an address, which may say anything."""
        found = {name: values[-1] for name, values in parse_qs((search or "").lstrip("?")).items()}
        against = found.get("against", "")
        return cls(
            int(against) if against.isascii() and against.isdecimal() and len(against) < 10 else None,
            {"all": False, "differing": True}.get(found.get("rows", "")),
            found.get("reduce", ""),
        )

    def told(self) -> dict[str, Any]:
        """As the browser has it."""
        return {"against": self.against, "onlyDifferences": self.only_differences, "reduce": self.reduce}

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Choice:
        """From what the browser has."""
        return cls(told.get("against"), told.get("onlyDifferences"), told.get("reduce") or "")


AS_USUAL = Choice()


@dataclass(frozen=True)
class Column:
    """One experiment: what stands in its head, and what is known besides settings and metrics."""

    slug: str
    run: int
    number: int
    state: str
    attempt: int
    epoch: float | None
    epochs: float | None
    duration_s: float | None
    flags: Sequence[Said] = ()
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """All that the table shows; `reference` is the place of the column that the others are compared with."""

    columns: Sequence[Column]
    reference: int
    settings: Sequence[Row]
    metrics: Sequence[Row]
    durations: Row
    # Machine, packages, variables and the code's commit: very many, so that only those that differ are shown.
    surroundings: Sequence[Row]
    only_differences: bool


# --- the frame ------------------------------------------------------------------------------------------------------


def panel(choice: Choice) -> Component:
    """Hidden until there are several experiments on the page."""
    return html.Section(
        [
            dcc.Store(id=ids.COMPARISON_CHOICE, data=choice.told()),
            dcc.Store(id=ids.COMPARISON_CONTENT),
            dcc.Store(id=ids.COMPARISON_SHARED),
            html.Div(id=ids.COMPARISON_HEAD),
            # It stays while the table in it comes anew, and with it how far it is scrolled.
            html.Div(
                id=ids.COMPARISON_BODY,
                className="comparison-place",
                tabIndex="0",
                role="region",
                **attributes(aria_label="Experiments side by side"),
            ),
            html.Div(
                [
                    html.H3("The same view of each"),
                    dcc.Dropdown(id=ids.COMPARISON_VIEW, clearable=False, className="view-name comparison-view"),
                ],
                id=ids.COMPARISON_VIEW_HEAD,
                className="panel-head",
                hidden=True,
            ),
            html.Div(id=ids.COMPARISON_PICTURES, className="comparison-pictures"),
        ],
        id=ids.COMPARISON,
        className="panel comparison-panel",
        hidden=True,
    )


def too_many(count: int, slug: str, run: int) -> list[Component]:
    """What to do where more experiments are on the page than fit side by side."""
    return [
        html.Div(html.H2("Side by side"), className="panel-head"),
        html.P(
            [
                f"This shows 2 to {MOST_COMPARED} experiments, and {count:,} are on this page. Take some off beside "
                "“Metrics”, or pick the ones you mean in ",
                dcc.Link(f"the table of run {run}", href=f"/projects/{slug}/runs/{run}"),
                ".",
            ],
            className="muted comparison-sentence",
        ),
    ]


# --- the table ------------------------------------------------------------------------------------------------------


def head(shown: Comparison) -> list[Component]:
    """The panel's title and tools."""
    reference = shown.columns[shown.reference].number
    only = html.Button(
        "only differences",
        type="button",
        className="ht-toggle",
        title="Leave out the rows in which all are the same",
        **attributes(
            aria_pressed="true" if shown.only_differences else "false",
            data_comparison_rows="all" if shown.only_differences else "differing",
        ),
    )
    return [
        html.Div(
            [
                html.H2("Side by side"),
                html.Span(f"differences are to experiment {reference}", className="ht-quiet"),
                html.Div([only, *(_copy(language) for language in ("CSV", "Markdown"))], className="comparison-tools"),
            ],
            className="panel-head",
        )
    ]


def table(shown: Comparison) -> Component:
    """One column an experiment."""
    return html.Table(
        [
            html.Thead(html.Tr([html.Td(), *(_column_head(shown, place) for place in range(len(shown.columns)))])),
            *_group(shown, "Settings", shown.settings, _setting, "setting"),
            *_group(shown, "Metrics", shown.metrics, _metric, "metric"),
            *_surroundings(shown),
            _facts(shown),
        ],
        className="comparison-table",
    )


def _copy(language: str) -> Component:
    return html.Button(
        f"Copy {language}",
        type="button",
        className="ht-toggle",
        title="The rows that are shown, with exact values",
        **attributes(data_comparison_copy=language),
    )


def _column_head(shown: Comparison, place: int) -> Component:
    column = shown.columns[place]
    own = str(column.number)
    is_reference = place == shown.reference
    against = html.Button(
        "reference" if is_reference else "make reference",
        type="button",
        className="ht-link",
        **attributes(
            data_comparison_against=own,
            aria_pressed="true" if is_reference else "false",
            aria_label=f"Compare the others with experiment {own}",
        ),
    )
    return html.Th(
        [
            html.Div(
                [
                    swatch_of(column.number),
                    dcc.Link(own, href=f"/projects/{column.slug}/experiments/{own}", title=f"Experiment {own}"),
                    state(column.state),
                ],
                className="comparison-name",
            ),
            html.Div(_chips(column.flags), className="comparison-flags"),
            against,
        ],
        scope="col",
        className=_place_class(shown, place),
    )


def _chips(flags: Sequence[Said]) -> list[Component]:
    """Each word once, with all that is said under it."""
    together: dict[tuple[str, str], Said] = {}
    for said in flags:
        earlier = together.get((said.kind, said.word))
        sentence = f"{earlier.sentence}\n{said.sentence}" if earlier else said.sentence
        together[said.kind, said.word] = replace(said, sentence=sentence)
    return [chip(said) for said in together.values()]


def _place_class(shown: Comparison, place: int) -> str:
    return "is-reference" if place == shown.reference else ""


def _cell(shown: Comparison, place: int, content: Component, *, is_result: bool) -> Component:
    """A cell; results of an experiment that does not count (see analysis/counting.py) are marked."""
    classes, state_word = _place_class(shown, place), shown.columns[place].state
    if not is_result or is_finished(state_word):
        return html.Td(content, className=classes)
    title = f"not finished: {state_word}, not counted"
    return html.Td(content, title=title, className=f"{classes} is-unfinished".strip())


def _group(shown: Comparison, title: str, rows: Sequence[Row], cell: Any, noun: str) -> list[Component]:
    """The rows of one kind under a line that says how many differ."""
    if not rows:
        return [html.Tbody(_title(shown, title, f"no {noun} yet" if noun == "metric" else "nothing was set"))]
    differing = [row for row in rows if row.differs]
    kept = differing if shown.only_differences else rows
    return [
        html.Tbody(
            [
                _title(shown, title, _counted(len(rows), len(differing), noun, is_left_out=shown.only_differences)),
                *(
                    html.Tr(
                        [
                            html.Th(_named(row), scope="row", title=row.name),
                            *(
                                _cell(shown, place, cell(each, row), is_result=noun == "metric")
                                for place, each in enumerate(row.cells)
                            ),
                        ],
                        className="differs" if row.differs else "",
                    )
                    for row in kept
                ),
            ]
        )
    ]


def _surroundings(shown: Comparison) -> list[Component]:
    if not shown.surroundings:
        return []
    return _group(replace(shown, only_differences=True), "Ran with", shown.surroundings, _surrounding, "fact")


def _surrounding(cell: Cell, _row: Row) -> Component:
    if cell.value is MISSING:
        return html.Span("–", title="not there, or not known", className="comparison-missing")
    return html.Div(
        html.Span(cell.value, title=cell.value, className="comparison-value"),
        className="is-other" if cell.differs else "",
    )


def _title(shown: Comparison, title: str, said: str) -> Component:
    return html.Tr(
        html.Th([title, html.Span(said, className="ht-quiet")], colSpan=len(shown.columns) + 1, scope="rowgroup"),
        className="comparison-group",
    )


def _counted(total: int, differing: int, noun: str, *, is_left_out: bool) -> str:
    nouns = noun if total == 1 else f"{noun}s"
    if not differing:
        return f"the {noun} is the same" if total == 1 else f"all {total} {nouns} are the same"
    same = total - differing
    left_out = f"; {same} that {'is' if same == 1 else 'are'} the same {'is' if same == 1 else 'are'} left out"
    return f"{differing} of {total} {nouns} {'differs' if differing == 1 else 'differ'}" + (
        left_out if is_left_out and same else ""
    )


_GOALS = {"minimize": ("↓", "less is better"), "maximize": ("↑", "more is better")}


def _named(row: Row) -> list[Component | str]:
    if row.goal is None:
        return [row.name]
    arrow, words = _GOALS[row.goal]
    return [row.name, html.Span(f" {arrow}", title=words, className="ht-quiet", **attributes(aria_label=words))]


def _setting(cell: Cell, _row: Row) -> Component:
    if cell.value is MISSING:
        return html.Span("not set", className="comparison-missing")
    words = _written(cell.value)
    parts: list[Any] = [html.Span(words, title=words, className="comparison-value")]
    if cell.is_default:
        parts.append(html.Span("default", className="comparison-default"))
    return html.Div(parts, className="is-other" if cell.differs else "")


def _written(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_written, value)) + "]"
    return text_of(value) or "(empty)"


def _metric(cell: Cell, _row: Row) -> Component:
    if cell.value is MISSING:
        return html.Span("not reported", className="comparison-missing")
    broken = "" if math.isfinite(cell.value) else " is-broken"
    value = html.Span(number(cell.value), title=repr(cell.value), className=f"comparison-value{broken}")
    return html.Div([value, *([] if cell.by is None else [_delta(cell, number)])])


def _delta(cell: Cell, written: Any) -> Component:
    """By how much it is more or less, and whether that is better."""
    by = cell.by or 0.0
    size = ("+" if by > 0 else "−") + written(abs(by))
    share = "" if cell.share is None or abs(cell.share) >= 10 else f" ({_percent(cell.share)})"
    verdict = {None: "", True: " better", False: " worse"}[cell.is_better]
    tone = {None: "", True: " is-better", False: " is-worse"}[cell.is_better]
    return html.Span(f"{size}{share}{verdict}", className=f"comparison-delta{tone}")


def _percent(share: float) -> str:
    percent = abs(share) * 100
    sign = "+" if share > 0 else "−"
    return f"{sign}{percent:.0f} %" if percent >= 10 else f"{sign}{percent:.2g} %"


def _facts(shown: Comparison) -> Component:
    def line(name: str, cells: Sequence[Any]) -> Component:
        return html.Tr(
            [
                html.Th(name, scope="row"),
                *(html.Td(cell, className=_place_class(shown, place)) for place, cell in enumerate(cells)),
            ]
        )

    columns = shown.columns
    rows = [line("duration", [_duration(cell) for cell in shown.durations.cells])]
    rows.append(line("attempts", [str(column.attempt) for column in columns]))
    if any(column.epoch is not None for column in columns):
        rows.append(line("epochs", [_progress(column) for column in columns]))
    if len({column.run for column in columns}) > 1:
        rows.append(
            line("run", [dcc.Link(str(each.run), href=f"/projects/{each.slug}/runs/{each.run}") for each in columns])
        )
    if any(column.note for column in columns):
        rows.append(line("note", [html.Div(_short(column.note), className="comparison-note") for column in columns]))
    return html.Tbody([_title(shown, "Besides", ""), *rows])


def _duration(cell: Cell) -> Component:
    if cell.value is MISSING:
        return html.Span("–", className="comparison-missing")
    value = html.Span(duration(cell.value), className="comparison-value")
    is_told = cell.by is not None and abs(cell.by) >= LEAST_SECONDS
    return html.Div([value, *([_delta(cell, duration)] if is_told else [])])


def _progress(column: Column) -> str:
    if column.epoch is None:
        return "–"
    return f"{column.epoch:g}" + (f" of {column.epochs:g}" if column.epochs else "")


def _short(note: str) -> str:
    return note if len(note) <= LONGEST_NOTE else f"{note[: LONGEST_NOTE - 1]}…"


# --- to be copied ---------------------------------------------------------------------------------------------------


def content(shown: Comparison) -> dict[str, Any]:
    """The rows that are shown, as assets/run/views/table/copy.js writes tables: cells are numbers, words or None."""
    rows = [row for row in [*shown.settings, *shown.metrics] if row.differs or not shown.only_differences]
    rows += [row for row in shown.surroundings if row.differs]
    columns = shown.columns
    heads = [{"words": "", "isNumber": False}]
    heads += [{"words": f"Experiment {column.number}", "isNumber": True} for column in columns]
    return {
        "heads": heads,
        "rows": [
            *([row.name, *(_plain(cell.value) for cell in row.cells)] for row in rows),
            ["state", *(column.state for column in columns)],
            ["duration (s)", *(column.duration_s for column in columns)],
            ["attempts", *(column.attempt for column in columns)],
            *([["note", *(column.note or None for column in columns)]] if any(each.note for each in columns) else []),
        ],
    }


def _plain(value: Any) -> Any:
    if value is MISSING or value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        # JSON has no words for what is not finite, and no room for very large integers.
        return value if math.isfinite(value) and abs(value) < 2**53 else str(value)
    return _written(value)


# --- pictures -------------------------------------------------------------------------------------------------------


def picture_id(part: str, number: int | Wildcard) -> dict[str, Any]:
    """The id of a part of an experiment's picture; with MATCH as number, of each."""
    return {"type": f"comparison-{part}", "number": number}


def pictures(numbers: Sequence[int]) -> list[Component]:
    """A place for each experiment's picture; each asks for its own."""
    return [
        html.Figure(
            [
                dcc.Store(id=picture_id("figure", each)),
                html.Figcaption(id=picture_id("caption", each)),
                dcc.Graph(
                    id=picture_id("graph", each),
                    config=GRAPH_CONFIG,
                    figure=NO_FIGURE,
                    style={"display": "none"},
                    className="view-graph",
                ),
                html.Div(id=picture_id("content", each), className="view-content"),
            ],
            className="comparison-picture",
        )
        for each in numbers
    ]


def caption(number: int, epoch: float | None, said: str) -> list[Component]:
    """What a picture is of."""
    at = [] if epoch is None else [html.Span(f"epoch {epoch:g}", className="ht-quiet")]
    return [
        html.Div([swatch_of(number), html.Strong(f"Experiment {number}"), *at], className="comparison-name"),
        html.P(said, className="ht-quiet"),
    ]
