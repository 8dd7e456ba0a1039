"""The frame around every page: top bar, notices, keyboard help, and the pages that say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids, launch
from layouts.attributes import attributes

STATUS_INTERVAL_MS = 5_000
RETRY_INTERVAL_MS = 3_000

SHORTCUTS = (
    ("?", "this list"),
    ("n", "start a new run; on the first page, a new project"),
    ("b", "bookmarks, on a run's page"),
    ("t", "light or dark"),
    ("/", "search hyperparameters, in the launch dialog"),
    ("Ctrl + Enter", "launch, in the launch dialog; save, in a note"),
    ("Space", "play or pause the replay, of curves or of a run"),
    ("← →", "an epoch back or on in the replay; Home and End go to its ends"),
    ("Enter", "search an experiment's output, then the next line; Shift + Enter the one before"),
    ("Delete", "drop or interrupt the picked experiments; asks first"),
    ("Menu", "what can be done with an experiment, on its row"),
    ("Esc", "close a dialog, or pick and select nothing"),
)


@dataclass(frozen=True)
class Crumb:
    """One step of the way to the page; the last has no address."""

    label: str
    href: str | None = None


@dataclass(frozen=True)
class Status:
    """What the top bar says of the machinery behind the page."""

    text: str
    is_good: bool
    remedy: str = ""


def layout() -> Component:
    """Everything that stays when pages change."""
    return html.Div(
        [
            dcc.Location(id=ids.LOCATION, refresh="callback-nav"),
            dcc.Store(id=ids.THEME),
            dcc.Store(id=ids.PAGE_TITLE),
            dcc.Interval(id=ids.STATUS_POLL, interval=STATUS_INTERVAL_MS),
            _top_bar(),
            dbc.Alert(
                "The database is away for now. What you see is the last that is known; it goes on by itself.",
                id=ids.OUTAGE,
                is_open=False,
                fade=False,
                color="warning",
                class_name="notice",
            ),
            dbc.Alert(
                id=ids.NOTICE,
                is_open=False,
                fade=False,
                dismissable=True,
                duration=15_000,
                color="danger",
                class_name="notice",
            ),
            html.Main(html.Div(className="page-loading", role="status", title="Loading"), id=ids.PAGE),
            _help(),
            launch.dialog(),
        ],
        className="shell",
    )


def _top_bar() -> Component:
    return html.Header(
        [
            dcc.Link([html.Img(src="/assets/favicon.svg", alt=""), "HyperTuner"], href="/", className="brand"),
            html.Nav(id=ids.BREADCRUMB, className="breadcrumbs", **attributes(aria_label="breadcrumb")),
            html.Div(id=ids.STATUS, className="status", role="status"),
            html.Button(
                "Sessions",
                className="text-button",
                title="Which browsers are logged in, and the end of their sessions",
                type="button",
                **attributes(data_sessions="", aria_haspopup="dialog"),
            ),
            html.Button(
                "Log out",
                className="text-button",
                title="End this browser's session; the next one needs a new link",
                type="button",
                **attributes(data_logout=""),
            ),
            html.Button("◐", id=ids.THEME_TOGGLE, className="icon-button", title="Light or dark (t)", type="button"),
            html.Button("?", id=ids.HELP_TOGGLE, className="icon-button", title="Keyboard (?)", type="button"),
        ],
        className="top-bar",
    )


def _help() -> Component:
    rows = [html.Tr([html.Td(html.Kbd(key)), html.Td(what)]) for key, what in SHORTCUTS]
    keys: Component = dbc.Modal(
        [dbc.ModalHeader(dbc.ModalTitle("Keyboard")), dbc.ModalBody(html.Table(html.Tbody(rows), className="keys"))],
        id=ids.HELP,
        is_open=False,
        size="sm",
        centered=True,
    )
    return keys


def breadcrumb(crumbs: Sequence[Crumb]) -> list[Component]:
    """The way to the page, from the projects down."""
    return [
        dcc.Link(crumb.label, href=crumb.href)
        if crumb.href
        else html.Span(crumb.label, **attributes(aria_current="page"))
        for crumb in crumbs
    ]


def status(shown: Status) -> list[Component]:
    """The content of the status place in the top bar."""
    tone = "is-good" if shown.is_good else "is-bad"
    return [
        html.Span(className=f"dot {tone}"),
        html.Span(shown.text, title=shown.remedy or shown.text),
        *([html.Span(shown.remedy, className="remedy")] if shown.remedy else []),
    ]


def empty(title: str, *content: Component | str) -> Component:
    """A place where nothing is yet, and what to do about it."""
    return html.Section([html.H2(title), *content], className="empty-state")


def missing(what: str) -> Component:
    """The page for an address that leads nowhere."""
    return html.Div(
        empty("There is nothing at this address", html.P(what), dcc.Link("See all projects", href="/")),
        className="page",
    )


def database_away() -> Component:
    """The page while the database cannot be asked; it asks again by itself."""
    return html.Div(
        [
            dcc.Interval(id=ids.RETRY_POLL, interval=RETRY_INTERVAL_MS),
            empty(
                "The database is away",
                html.P("The page comes back as soon as it answers. Experiments that run go on, and nothing is lost."),
                html.P(["If this stays, look with ", html.Code("hypertuner doctor"), "."]),
            ),
        ],
        className="page",
    )


def copyable(text: str, items: Sequence[str] = ()) -> Component:
    """A line of code with a button that copies it; where items are given, lines break between them."""
    shown = [part for item in items for part in (html.Span(item, className="item"), " ")] or text
    return html.Div(
        [html.Code(shown), html.Button("Copy", className="copy-button", type="button", **attributes(data_copy=text))],
        className="copyable",
    )
