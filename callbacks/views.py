"""The views of an experiment's page: the server makes a picture of one payload, the browser draws it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dash import Input, Output, State

from callbacks.group import CallbackGroup
from layouts import ids, views
from layouts.views import NotShownError, Picture
from storage.experiments import ViewEntry, fetch_view_payload, fetch_views, find_experiment
from storage.projects import find_project
from storage.store import Store

Drawn = TypeVar("Drawn")

callbacks = CallbackGroup()
log = logging.getLogger("hypertuner.web")

# Experiments that a view can be compared with: more choices would not fit beside its name.
MOST_COMPARED = 3
GONE = "This view is not there any more."
STRANGE = "There is no picture for this kind of view yet."
BROKEN = "This view cannot be drawn: its content is not as its kind needs it."


@dataclass(frozen=True)
class Other:
    """The same view of another experiment."""

    number: int
    experiment_id: int
    view_id: int
    epoch: float | None

    @property
    def mode(self) -> str:
        """What the choice of the difference is called in the page."""
        return f"difference-{self.number}"

    def name(self, epoch: float | None) -> str:
        """What it is called beside a view of that epoch: with its own epoch where that is another one."""
        is_other = self.epoch is not None and self.epoch != epoch
        return f"experiment {self.number}" + (f" at epoch {self.epoch:g}" if is_other else "")


@callbacks.on(
    output={
        "figure": Output(ids.VIEW_FIGURE, "data"),
        "payload": Output(ids.VIEW_PAYLOAD, "data"),
        "content": Output(ids.VIEW_CONTENT, "children"),
        "summary": Output(ids.VIEW_SUMMARY, "children"),
        "modes": Output(ids.VIEW_MODE, "options"),
        "mode": Output(ids.VIEW_MODE, "value"),
    },
    inputs={
        "view": Input(ids.VIEW_SHOWN, "data"),
        "wanted": Input(ids.VIEW_MODE, "value"),
        "picked": Input(ids.EXPERIMENT_PICKED, "value"),
        "shown": State(ids.EXPERIMENT, "data"),
    },
    prevent_initial_call=True,
)
def fetch_view(
    store: Store,
    *,
    view: Mapping[str, Any] | None,
    wanted: str | None,
    picked: Sequence[int] | None,
    shown: Mapping[str, Any],
) -> dict[str, Any]:
    """Read one view's payload and make its picture in the wanted mode; what cannot be shown says so."""
    project = find_project(store, shown["slug"]) if view else None
    experiment = find_experiment(store, project.id, shown["number"]) if project else None
    if view is None or project is None or experiment is None:
        return _nothing(None)
    payload = fetch_view_payload(store, experiment.id, int(view["id"]))
    if payload is None:
        return _nothing(GONE)
    kind = str(view["kind"])
    if kind not in views.PICTURES:
        return _nothing(STRANGE)
    others = [number for number in picked or () if number != experiment.number]
    comparable = _others(store, project.id, view, others) if kind in views.DIFFERENCES else []
    modes = _modes(kind, comparable)
    mode = wanted if wanted in [each["value"] for each in modes] else modes[0]["value"] if modes else None
    compared = next((each for each in comparable if each.mode == mode), None)

    def draw() -> tuple[Picture, dict[str, Any]]:
        content = json.loads(payload)
        other = _content(store, compared) if compared else None
        cells = views.CELLS[kind](content, other) if kind in views.CELLS else {}
        if compared is None:
            return views.MODES.get(kind, {}).get(mode or "", views.PICTURES[kind])(content), cells
        names = (f"experiment {experiment.number}", compared.name(view.get("epoch")))
        return views.DIFFERENCES[kind](content, other, names=names), cells

    made = attempt(view["id"], draw)
    if isinstance(made, str):
        return _nothing(made)
    picture, cells = made
    return {
        "figure": picture.figure,
        # The place of the picture tells the page when another one begins.
        "payload": {**cells, "view": [view["name"], kind, mode]},
        "content": picture.component,
        "summary": picture.summary,
        "modes": modes,
        "mode": mode,
    }


def attempt(view_id: Any, draw: Callable[[], Drawn]) -> Drawn | str:
    """What `draw` makes of a payload, which may be anything; a sentence where that cannot be shown."""
    try:
        return draw()
    except NotShownError as error:
        return str(error)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        log.warning("View %s cannot be drawn: %s", view_id, error)
        return BROKEN


def _nothing(sentence: str | None) -> dict[str, Any]:
    payload = {"error": sentence} if sentence else None
    return {"figure": None, "payload": payload, "content": None, "summary": "", "modes": [], "mode": None}


def _modes(kind: str, comparable: Sequence[Other]) -> list[dict[str, str]]:
    named = [{"value": name, "label": name} for name in views.MODES.get(kind, ())]
    return named + [{"value": each.mode, "label": f"difference to {each.number}"} for each in comparable]


def _content(store: Store, other: Other) -> Any:
    payload = fetch_view_payload(store, other.experiment_id, other.view_id)
    return None if payload is None else json.loads(payload)


def _others(store: Store, project_id: int, view: Mapping[str, Any], numbers: Sequence[int]) -> list[Other]:
    """The experiments that have the view as well: at the same epoch, or else their last one."""
    found: list[Other] = []
    for number in numbers:
        if len(found) == MOST_COMPARED:
            break
        experiment = find_experiment(store, project_id, number)
        own = fetch_views(store, experiment.id) if experiment else []
        same = [each for each in own if (each.name, each.kind) == (view["name"], view["kind"])]
        if experiment and same:
            nearest = _nearest(same, view.get("epoch"))
            found.append(Other(number, experiment.id, nearest.id, nearest.epoch))
    return found


def _nearest(entries: Sequence[ViewEntry], epoch: float | None) -> ViewEntry:
    return next((each for each in reversed(entries) if each.epoch == epoch), entries[-1])


callbacks.in_browser(
    "views.draw",
    Output(ids.VIEW_GRAPH, "figure"),
    Output(ids.VIEW_GRAPH, "style"),
    Output(ids.VIEW_BODY, "className"),
    Output(ids.VIEW_BODY, "style"),
    Output(ids.VIEW_PLACE, "tabIndex"),
    Input(ids.VIEW_FIGURE, "data"),
    Input(ids.THEME, "data"),
    Input(ids.VIEW_PAYLOAD, "data"),
    Input(ids.VIEW_CONTENT, "children"),
)
callbacks.in_browser(
    "views.firstCell",
    Output(ids.VIEW_CELL, "data"),
    Input(ids.VIEW_PAYLOAD, "data"),
    State(ids.VIEW_CELL, "data"),
)
callbacks.in_browser(
    "views.showCell",
    Output(ids.VIEW_EXAMPLES, "children"),
    Input(ids.VIEW_CELL, "data"),
    Input(ids.VIEW_PAYLOAD, "data"),
)
