"""A draft's page: what it holds, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from dash import dcc, html
from dash.development.base_component import Component

from layouts import run_ids
from layouts.asking import asking
from layouts.projects import tuned
from layouts.shell import copyable

POLL_MS = 1500


class DraftSpec(TypedDict):
    """What a draft holds; `planned` is None where the number of experiments is not known yet."""

    slug: str
    project_id: int
    run_id: int
    number: int
    command_line: str
    candidates: Mapping[str, Sequence[Any]]
    strategy: str
    objective: str | None
    goal: str
    planned: int | None
    created_by: str | None


def page(draft: DraftSpec) -> Component:
    """The draft, kept current by a poll: somebody else may start or change it."""
    known = {key: draft[key] for key in ("slug", "project_id", "run_id", "number")}
    return html.Div(
        [
            dcc.Store(id=run_ids.DRAFT_SPEC, data=known),
            dcc.Store(id=run_ids.DRAFT_CURSOR, data=""),
            dcc.Interval(id=run_ids.DRAFT_POLL, interval=POLL_MS),
            html.Div(
                [
                    html.H1(f"Run {draft['number']}"),
                    html.Span("draft", className="state is-draft"),
                    html.Span("not started", className="muted"),
                ],
                className="page-head",
            ),
            html.Section(
                [
                    html.Div(content(draft), id=run_ids.DRAFT),
                    html.Div(
                        [
                            html.Button(
                                "Open draft", id=run_ids.OPEN_DRAFT, type="button", className="button is-primary"
                            ),
                            html.Button("Discard draft", id=run_ids.DISCARD, type="button", className="button"),
                        ],
                        className="ht-draft-actions",
                    ),
                ],
                className="panel ht-draft",
            ),
            _discard_dialog(draft["number"]),
        ],
        className="page",
    )


def content(draft: DraftSpec) -> list[Component]:
    """What the draft holds."""
    facts = [
        ("Experiments", _planned(draft["planned"])),
        ("Strategy", draft["strategy"] or "Grid: every combination"),
        ("Tuned", html.Div(tuned(draft["candidates"]), className="tuned") if draft["candidates"] else "nothing yet"),
        ("Objective", f"{draft['goal']} {draft['objective']}" if draft["objective"] else "none yet"),
        ("Saved by", draft["created_by"]),
    ]
    rows = [part for name, value in facts if value for part in (html.Dt(name), html.Dd(value))]
    return [
        html.H2("Nothing has started yet"),
        html.P("This run is a draft: its choices are kept, and none of its experiments is queued.", className="muted"),
        copyable(draft["command_line"]),
        html.Dl(rows),
    ]


def _planned(count: int | None) -> str:
    return "not known yet" if count is None else f"{count:,} planned"


def _discard_dialog(number: int) -> Component:
    return asking(
        run_ids.DISCARD_DIALOG,
        f"Discard the draft of run {number}?",
        "Its choices are deleted for everybody, and nothing brings them back.",
        keep=(run_ids.DISCARD_CANCEL, "Keep it"),
        destroy=(run_ids.DISCARD_CONFIRM, "Discard draft"),
    )
