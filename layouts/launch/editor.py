"""Picking hyperparameters, and editing the candidates of each that was picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from analysis.candidates import (
    LEFT_OUT,
    Interval,
    Span,
    Written,
    format_candidates,
    parse_candidates,
    read_span,
    retyped,
    unreached_stop,
    written_as,
)
from analysis.hyperparameters import Hyperparameter, Value, text_of
from analysis.numbers import CandidateError
from analysis.secrets import is_secret_option
from layouts import launch_ids as ids
from layouts.attributes import attributes

Mode = Literal["list", "range", "choices"]

# Long enough to finish a word, short enough to feel live. The fields are dbc's: dcc.Input puts the cursor back to where
# it was a moment ago, which mixes up what is typed while the page is busy.
TYPING_PAUSE_MS = 250
MOST_CHIPS = 40
MOST_CHOICES_SHOWN = 24
# With more choices than this, all of them are rarely meant.
MOST_CHOICES_PICKED = 6
# How a text without a sign is shown.
EMPTY = "(empty)"
LEFT_OUT_HELP = "The option is left out: the script has its own default."
HIDDEN_HELP = "Its value stays in the command, where nobody sees it, and is not tuned."
STEP_HELP = (
    "2 adds, *2 multiplies, ^2 squares; n5 gives five points at equal distances, log5 five at equal ratios. "
    "Empty: any number in between; log: any, evenly on a log scale (both for strategies that draw)."
)


@dataclass(frozen=True)
class Fields:
    """What the editor of one hyperparameter holds."""

    mode: Mode
    list: str = ""
    start: str = ""
    stop: str = ""
    step: str = ""
    choices: tuple[str, ...] = ()


def fields_of(hyperparameter: Hyperparameter, written: Written) -> Fields:
    """The fields that say what is written; `read_fields` reads them back as the same."""
    if isinstance(written.candidates, Interval) and not written.span:
        written = written_as(written.candidates)
    if written.span:
        return Fields("range", start=written.span.start, stop=written.span.stop, step=written.span.step)
    values = () if isinstance(written.candidates, Interval) else written.candidates
    if mode_of(hyperparameter) == "choices":
        return Fields("choices", choices=tuple(text_of(value) for value in values))
    return Fields("list", list=list_text(values))


def read_fields(hyperparameter: Hyperparameter, fields: Fields) -> Written:
    """What an editor's fields mean.

    Raises CandidateError with the sentence that says why they mean nothing.
    """
    if fields.mode == "choices":
        # In the order of the clicks, which is the order in which a grid runs them.
        known = {text_of(value): value for value in choices_of(hyperparameter)}
        values = tuple(known[text] for text in fields.choices if text in known)
        if not values:
            raise CandidateError("Click at least one value.")
        return Written(values)
    if hyperparameter.place is not None:
        ends = (fields.start, fields.stop, *([fields.step] if fields.step else []))
        hyperparameter = retyped(hyperparameter, f"[{':'.join(ends)}]" if fields.mode == "range" else fields.list)
    if fields.mode == "range":
        span = Span(*(part.strip() for part in (fields.start, fields.stop, fields.step)))
        if not span.start or not span.stop:
            raise CandidateError("Fill in from and to.")
        return Written(read_span(span, hyperparameter), span)
    try:
        return Written(parse_candidates(fields.list, hyperparameter).candidates)
    except CandidateError:
        words = fields.list.split()
        if len(words) < 2 or "," in fields.list or hyperparameter.type not in ("int", "float"):
            raise
        raise CandidateError(f"Put commas between the values: {', '.join(words)}") from None


# --- picking --------------------------------------------------------------------------------------------------------


def picker(hyperparameters: Sequence[Hyperparameter], tuned: Sequence[str], read_from: str = "") -> list[Component]:
    """All hyperparameters, those that are tuned first, with the default that each of the others keeps."""
    options = picker_options(hyperparameters, tuned)
    many = len(hyperparameters)
    if not many:
        return [
            html.H3("Hyperparameters"),
            html.P("This script takes no arguments, so there is nothing to tune yet.", className="muted"),
            dcc.Store(id=ids.OPTIONS, data=[]),
            dcc.Input(id=ids.SEARCH, style={"display": "none"}),
            dcc.Checklist(id=ids.PICKED, options=[], value=[]),
        ]
    return [
        html.H3(["Hyperparameters ", html.Span(str(many), className="muted")]),
        *([html.P(f"Read from {read_from}.", className="muted picker-source")] if read_from else []),
        html.Label(
            [
                html.Span("Search hyperparameters", className="visually-hidden"),
                dcc.Input(id=ids.SEARCH, type="search", placeholder="Search", className="field", autoFocus=True),
            ]
        ),
        dcc.Store(id=ids.OPTIONS, data=options),
        dcc.Checklist(id=ids.PICKED, options=options, value=list(tuned), className="picker"),
    ]


def picker_options(hyperparameters: Sequence[Hyperparameter], tuned: Sequence[str]) -> list[dict[str, Any]]:
    """What can be picked, the tuned ones first."""
    return [_option(each) for each in sorted(hyperparameters, key=lambda each: each.name not in tuned)]


def _option(hyperparameter: Hyperparameter) -> dict[str, Any]:
    return {
        "value": hyperparameter.name,
        "title": HIDDEN_HELP if _is_secret(hyperparameter) else hyperparameter.help or hyperparameter.name,
        "search": f"{hyperparameter.name} {hyperparameter.help} {hyperparameter.group}".lower(),
        "label": html.Span(
            [
                html.Span(hyperparameter.name, className="picker-name"),
                html.Span(_short_default(hyperparameter), className="picker-default"),
            ],
            className="picker-option",
        ),
    }


def _is_secret(hyperparameter: Hyperparameter) -> bool:
    return is_secret_option(hyperparameter.name, default_text(hyperparameter))


def _short_default(hyperparameter: Hyperparameter) -> str:
    if _is_secret(hyperparameter):
        return "secret"
    return "–" if hyperparameter.default is None and not hyperparameter.is_required else default_text(hyperparameter)


def default_text(hyperparameter: Hyperparameter) -> str:
    """A hyperparameter's default as written beside its name."""
    if hyperparameter.default is None:
        return "required" if hyperparameter.is_required else "no default"
    return text_of(hyperparameter.default) or EMPTY


# --- editing candidates ---------------------------------------------------------------------------------------------


def mode_of(hyperparameter: Hyperparameter) -> Mode:
    """How candidates are first edited: by clicking where all values are known, else as a list."""
    is_short = 0 < len(choices_of(hyperparameter)) <= MOST_CHOICES_SHOWN
    return "choices" if is_short and not hyperparameter.takes_many else "list"


def choices_of(hyperparameter: Hyperparameter) -> list[Value]:
    """All values that can be clicked."""
    return [True, False] if hyperparameter.type == "bool" else list(hyperparameter.choices)


def first_candidates(hyperparameter: Hyperparameter) -> Written:
    """What a freshly picked hyperparameter starts with."""
    choices = choices_of(hyperparameter)
    if len(choices) <= MOST_CHOICES_PICKED and mode_of(hyperparameter) == "choices":
        return Written(tuple(choices))
    return Written(() if hyperparameter.default is None else (hyperparameter.default,))


def editor(hyperparameter: Hyperparameter, written: Written) -> Component:
    """The fields for one hyperparameter's candidates. Each editor has every field, so that they are read as columns."""
    name, fields = hyperparameter.name, fields_of(hyperparameter, written)
    return html.Div(
        [
            html.Div(_head(hyperparameter, fields.mode), className="editor-head"),
            html.Div(about(hyperparameter), className="editor-help", title=about(hyperparameter)),
            html.Div(
                _list(hyperparameter, fields), id=ids.candidate_field("list-place", name), hidden=fields.mode != "list"
            ),
            html.Div(
                _range(name, fields),
                id=ids.candidate_field("range-place", name),
                hidden=fields.mode != "range",
                className="range",
            ),
            html.Div(_choices(hyperparameter, fields), hidden=fields.mode != "choices"),
            html.Div(
                [
                    html.Div(id=ids.candidate_field("chips", name), className="chips"),
                    html.Div(id=ids.candidate_field("error", name), className="field-error", role="alert"),
                ],
                className="editor-result",
            ),
        ],
        className="editor",
        **attributes(data_name=name),
    )


def about(hyperparameter: Hyperparameter) -> str:
    """Its default, and what the script says of it."""
    has_default = hyperparameter.default is not None
    default = f"default {default_text(hyperparameter)}" if has_default else default_text(hyperparameter)
    return f"{default} · {hyperparameter.help}" if hyperparameter.help else default


def _head(hyperparameter: Hyperparameter, mode: Mode) -> list[Component]:
    name = hyperparameter.name
    is_number = hyperparameter.type in {"int", "float"} and mode != "choices"
    return [
        html.Strong(name),
        html.Span(hyperparameter.type, className="type"),
        html.Div(_mode(name, mode, is_number), className="editor-mode"),
        html.Button(
            "×",
            type="button",
            className="icon-button editor-remove",
            title=f"Leave {name} at its default",
            **attributes(data_unpick=name, aria_label=f"Leave {name} at its default"),
        ),
    ]


def _mode(name: str, mode: Mode, is_number: bool) -> Component:
    options = [{"label": "List", "value": "list"}, {"label": "Range", "value": "range"}] if is_number else []
    return dcc.RadioItems(
        id=ids.candidate_field("mode", name), options=options, value=mode, inline=True, className="segmented"
    )


def _list(hyperparameter: Hyperparameter, fields: Fields) -> Component:
    name = hyperparameter.name
    typed = dbc.Input(
        id=ids.candidate_field("list", name),
        type="text",
        value=fields.list,
        debounce=TYPING_PAUSE_MS,
        class_name="field",
        autocomplete="off",
        placeholder="0.1, 0.01" if hyperparameter.type == "float" else "28, 56, 112",
    )
    return html.Label([html.Span(f"Values of {name}", className="visually-hidden"), typed], className="editor-list")


def list_text(candidates: tuple[Value, ...]) -> str:
    """Candidates as one would type them."""
    if any(isinstance(value, str) for value in candidates):
        return format_candidates(candidates)[1:-1]
    return ", ".join(LEFT_OUT if value is None else text_of(value) for value in candidates)


def _range(name: str, fields: Fields) -> list[Component]:
    def field(which: str, label: str, value: str, placeholder: str, title: str = "") -> Component:
        return html.Label(
            [
                html.Span(label),
                dbc.Input(
                    id=ids.candidate_field(which, name),
                    type="text",
                    value=value,
                    placeholder=placeholder,
                    debounce=TYPING_PAUSE_MS,
                    class_name="field",
                    autocomplete="off",
                ),
            ],
            title=title,
        )

    return [
        field("start", "from", fields.start, "28"),
        field("stop", "to", fields.stop, "112"),
        field("step", "step", fields.step, "2, *2, n5, log5, log", STEP_HELP),
    ]


def _choices(hyperparameter: Hyperparameter, fields: Fields) -> Component:
    options = choices_of(hyperparameter) if fields.mode == "choices" else []
    return dcc.Checklist(
        id=ids.candidate_field("choices", hyperparameter.name),
        options=[{"label": text_of(value) or EMPTY, "value": text_of(value)} for value in options],
        value=list(fields.choices) if options else [],
        inline=True,
        className="choice-chips",
    )


def chips(hyperparameter: Hyperparameter, written: Written) -> list[Component]:
    """The candidates that will really run, and the end of a range that they do not meet."""
    candidates = written.candidates
    if isinstance(candidates, Interval):
        return [html.Span(interval_words(candidates), className="chip is-interval")]
    shown: list[Component] = [
        html.Span(
            LEFT_OUT if value is None else text_of(value) or EMPTY,
            className="chip",
            title=LEFT_OUT_HELP if value is None else None,
        )
        for value in candidates[:MOST_CHIPS]
    ]
    if len(candidates) > MOST_CHIPS:
        shown.append(html.Span(f"and {len(candidates) - MOST_CHIPS:,} more", className="muted"))
    if len(candidates) == 1:
        shown.append(html.Span("fixed; add values to tune it", className="muted"))
    missed = unreached_stop(written.span, hyperparameter) if written.span else None
    if missed is not None:
        shown.append(html.Span(f"{missed} is not reached", className="not-reached"))
    return shown


def interval_words(interval: Interval) -> str:
    """What an interval means, in words."""
    kind = "whole number" if interval.is_whole else "number"
    scale = ", evenly on a log scale" if interval.is_log else ""
    return f"any {kind} from {text_of(interval.low)} to {text_of(interval.high)}{scale}"
