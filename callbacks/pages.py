"""The router: which page an address leads to, and what the frame around it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, State
from dash.development.base_component import Component

from answers.engine_words import NOBODY_WORKS, Beat, engine_beats, obstacle_of
from callbacks import experiment, projects, run
from callbacks.group import CallbackGroup
from layouts import ids, shell
from layouts.shell import Crumb
from storage.projects import find_project
from storage.store import Store, is_outage

callbacks = CallbackGroup()


@dataclass(frozen=True)
class Address:
    """What the router read from the address bar."""

    slug: str = ""
    number: int = 0
    search: str = ""


Page = Callable[[Store, Address], Component | None]

# Numbers have at most nine digits, so that they fit PostgreSQL's integer.
ROUTES: Mapping[re.Pattern[str], Page] = {
    re.compile(r"/"): lambda store, _: projects.page(store),
    re.compile(r"/projects/(?P<slug>[a-z0-9-]+)/?"): lambda store, at: projects.runs_page(store, at.slug),
    re.compile(r"/projects/(?P<slug>[a-z0-9-]+)/runs/(?P<number>\d{1,9})/?", re.ASCII): (
        lambda store, at: run.page(store, at.slug, at.number)
    ),
    re.compile(r"/projects/(?P<slug>[a-z0-9-]+)/experiments/(?P<number>\d{1,9})/?", re.ASCII): (
        lambda store, at: experiment.page(store, at.slug, at.number, at.search)
    ),
}


def read_address(pathname: str, search: str) -> tuple[Page, Address] | None:
    """Find the page for an address; None where there is none."""
    for pattern, page in ROUTES.items():
        if match := pattern.fullmatch(pathname or "/"):
            found = match.groupdict()
            return page, Address(found.get("slug", ""), int(found.get("number", 0)), search or "")
    return None


@callbacks.on(
    Output(ids.PAGE, "children"),
    Output(ids.BREADCRUMB, "children"),
    Output(ids.PAGE_TITLE, "data"),
    Input(ids.LOCATION, "pathname"),
    Input(ids.RETRY_POLL, "n_intervals", allow_optional=True),
    State(ids.LOCATION, "search"),
)
def show_page(store: Store, pathname: str, _retry: Any, search: str) -> tuple[Component, list[Component], list[str]]:
    """Answer an address with its page; an unknown one and an absent database have pages, too."""
    try:
        shown, crumbs = _find_page(store, pathname, search)
    except Exception as error:
        if not is_outage(error):
            raise
        shown, crumbs = shell.database_away(), []
    return shown, shell.breadcrumb(crumbs), [crumb.label for crumb in crumbs]


def _find_page(store: Store, pathname: str, search: str) -> tuple[Component, list[Crumb]]:
    found = read_address(pathname, search)
    if found is None:
        return shell.missing("The address may have a slip in it."), []
    page, address = found
    shown = page(store, address)
    if shown is None:
        return shell.missing(_what_is_missing(store, pathname, address)), []
    return shown, _crumbs(store, pathname, address)


def _what_is_missing(store: Store, pathname: str, address: Address) -> str:
    project = find_project(store, address.slug)
    if project is None:
        return f"There is no project “{address.slug}”."
    kind = "run" if "/runs/" in pathname else "experiment"
    return f"The project {project.name} has no {kind} {address.number}."


def _crumbs(store: Store, pathname: str, address: Address) -> list[Crumb]:
    if not address.slug:
        return []
    project = find_project(store, address.slug)
    name = project.name if project else address.slug
    if not address.number:
        return [Crumb(name)]
    kind = "Run" if "/runs/" in pathname else "Experiment"
    return [Crumb(name, f"/projects/{address.slug}"), Crumb(f"{kind} {address.number}")]


@callbacks.on(
    Output(ids.STATUS, "children"),
    Output(ids.OUTAGE, "is_open"),
    Input(ids.STATUS_POLL, "n_intervals"),
    running=[(Output(ids.STATUS_POLL, "disabled"), True, False)],
)
def show_status(store: Store, _tick: Any) -> tuple[list[Component], bool]:
    """Say in the top bar whether experiments can run now."""
    try:
        beats = engine_beats(store)
    except Exception as error:
        if not is_outage(error):
            raise
        return shell.status(shell.Status("database away", False, "`hypertuner up` starts it again by itself")), True
    return shell.status(status_of(*beats)), False


def status_of(dispatcher: Beat, launcher: Beat = None) -> shell.Status:
    """Turn the last signs of life into a sentence."""
    wrong = obstacle_of(dispatcher, launcher)
    if wrong is None and dispatcher is not None:
        return shell.Status(", ".join([*_resources(dispatcher[1]), "dispatcher running"]), True)
    if wrong is None or wrong.text == NOBODY_WORKS:
        away = "dispatcher not started" if dispatcher is None else f"dispatcher away for {_rough(dispatcher[0])}"
        return shell.Status(away, False, "start it with `hypertuner up`")
    since = "" if wrong.age_s is None else f" ({_rough(wrong.age_s)})"
    return shell.Status(f"{wrong.text}{since}", False, f"log: {wrong.log}" if wrong.log else "")


def _resources(detail: Mapping[str, Any]) -> list[str]:
    cpus, gpus = detail.get("cpus"), detail.get("gpus")
    if not isinstance(cpus, int | float):
        return []
    many = "CPU" if cpus == 1 else "CPUs"
    gpu = "no GPU" if not gpus else f"{gpus:g} GPU{'' if gpus == 1 else 's'}"
    return [f"{cpus:g} {many}", gpu]


def _rough(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


callbacks.in_browser("theme.toggle", Output(ids.THEME, "data"), Input(ids.THEME_TOGGLE, "n_clicks"))
callbacks.in_browser("shell.setTitle", Input(ids.PAGE_TITLE, "data"))
callbacks.in_browser(
    "shell.toggle", Output(ids.HELP, "is_open"), Input(ids.HELP_TOGGLE, "n_clicks"), State(ids.HELP, "is_open")
)

# Dash leaves a poll off for good when its request fails on the way.
callbacks.in_browser("polls.watch", Input(ids.STATUS_POLL, "disabled"), State(ids.STATUS_POLL, "id"))
