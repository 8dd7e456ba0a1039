"""The run dashboard as it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
from dash.development.base_component import Component

from layouts import draft, ids, run, run_ids
from layouts.charts import scatter_matrix
from layouts.draft import DraftSpec
from layouts.experiment_table import columns
from layouts.run import RunSpec
from tests.text import text_of

SPEC: RunSpec = {
    "slug": "digits",
    "project_id": 1,
    "run_id": 2,
    "number": 3,
    "objective": "accuracy",
    "goal": "maximize",
    "command_line": "python train.py --lr [0.1,0.2]",
    "hyperparameters": [
        {
            "name": "lr",
            "kind": "number",
            "categories": [],
            "values": [],
            "help": "step size",
            "is_tuned": True,
            "interval": None,
        }
    ],
    "metrics": [],
    "counted": ["finished"],
}
DRAFT: DraftSpec = {
    "slug": "digits",
    "project_id": 1,
    "run_id": 2,
    "number": 3,
    "command_line": "python train.py --lr [0.1,0.2]",
    "candidates": {"lr": [0.1, 0.2], "momentum": ["0.5 to 0.9"]},
    "strategy": "Random search, 20 settings, seed 3",
    "objective": "accuracy",
    "goal": "maximize",
    "planned": 40,
    "created_by": "anna",
}


def components(root: Component) -> Iterator[Component]:
    yield root
    # Dash offers no public way to walk its components; texts are among what it yields.
    yield from (found for found in root._traverse() if isinstance(found, Component))


def ids_of(root: Component) -> list[str]:
    """Also of what comes into its place only later."""
    there = [component for component in components(root) if getattr(component, "id", None)]
    waiting = [
        each.data["props"]["id"] for each in there if isinstance(each.id, dict) and "later-held" in each.id["type"]
    ]
    return [str(component.id) for component in there] + waiting


def test_every_place_that_the_browser_fills_is_there_once() -> None:
    found = ids_of(run.page(SPEC))
    assert len(found) == len(set(found))
    places = {
        "parameter-panel",
        "run-bars",
        "scatter-matrix",
        "parallel-coordinates",
        "table-host",
        "hover-card",
        "run-state",
        "selection-count",
    }
    places |= {"run-facts", "run-command", "run-said", "experiment-actions", "actions-buttons", "experiment-menu"}
    places |= {run_ids.PAUSE, run_ids.STOP, run_ids.EXTEND, run_ids.DUPLICATE, run_ids.REQUEST, run_ids.ANSWER}
    assert places | {ids.START_RUN, run_ids.TABLE} <= set(found)


def test_the_page_loads_nothing_and_knows_what_it_is_about() -> None:
    page = run.page(SPEC)
    stores = {
        str(component.id): getattr(component, "data", None)
        for component in components(page)
        if component._type == "Store"
    }
    assert stores[run_ids.SPEC]["run_id"] == 2
    json.dumps(stores[run_ids.SPEC])


def test_files_are_linked_by_the_run() -> None:
    links = [component.href for component in components(run.page(SPEC)) if component._type == "A"]
    assert "/download/digits/experiments.csv?run=3&flavour=spreadsheet" in links
    reports = [
        component.to_plotly_json()["props"] for component in components(run.page(SPEC)) if component._type == "Button"
    ]
    assert ["digits", "3"] in [[each.get("data-report-of"), each.get("data-report-run")] for each in reports]


def test_the_axes_are_a_valid_figure_that_follows_the_theme() -> None:
    spec = scatter_matrix.figure()
    axis = spec["layout"]["template"]["layout"]["xaxis"]
    assert axis["gridcolor"] == "--ht-border"
    assert axis["automargin"] is False
    go.Figure(with_colours(spec))
    assert scatter_matrix.CONFIG["showSendToCloud"] is False


def with_colours(value: Any) -> Any:
    """What `theme.paint` does in the browser."""
    if isinstance(value, dict):
        return {key: with_colours(part) for key, part in value.items()}
    return "#123456" if isinstance(value, str) and value.startswith("--ht-") else value


def test_the_table_names_columns_by_place_and_shows_the_objective_first() -> None:
    found = columns(["lr", "seed", "a.b"], ["lr", "a.b"], ["loss", "accuracy"], "accuracy")
    fields = [column["field"] for column in found]
    assert fields == ["number", "state", "flags", "epoch", "duration", "h0", "h1", "h2", "m1", "m0"]
    titles = {column["field"]: column["headerName"] for column in found}
    assert (titles["h2"], titles["m1"]) == ("a.b", "accuracy")
    assert [column["field"] for column in found if column.get("initialHide")] == ["h1"]


def test_no_cell_needs_code_that_the_grid_would_have_to_run_from_text() -> None:
    found = columns(["lr"], ["lr"], ["loss"], None)
    getters = [column[key] for column in found for key in ("valueFormatter", "tooltipValueGetter") if key in column]
    assert getters
    assert all(set(getter) == {"function"} for getter in getters)


def test_metrics_that_a_person_wants_to_see_come_after_the_objective() -> None:
    found = columns([], [], ["loss", "speed", "accuracy"], "accuracy", ["speed"])
    assert [column["headerName"] for column in found][-3:] == ["accuracy", "speed", "loss"]


def test_a_draft_says_what_it_holds_and_can_be_opened_or_discarded() -> None:
    page = draft.page(DRAFT)
    found = ids_of(page)
    assert len(found) == len(set(found))
    assert {run_ids.OPEN_DRAFT, run_ids.DISCARD, run_ids.DISCARD_DIALOG, run_ids.DRAFT_POLL} <= set(found)
    shown = text_of(page)
    for words in ("40 planned", "Random search, 20 settings, seed 3", "0.5 to 0.9", "maximize accuracy", "anna"):
        assert words in shown


def test_a_draft_that_holds_nothing_yet_has_words_for_that() -> None:
    nothing: DraftSpec = {
        **DRAFT,
        "candidates": {},
        "strategy": "",
        "objective": None,
        "planned": None,
        "created_by": None,
    }
    shown = text_of(draft.content(nothing))
    for words in ("not known yet", "Grid: every combination", "nothing yet", "none yet"):
        assert words in shown
    assert "Saved by" not in shown
