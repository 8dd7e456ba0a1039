"""The experiment table: its columns, and the controls in its head.

What its cells do is in assets/run/views/table/table.js, which also fills the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from layouts import run_ids
from layouts.attributes import attributes

ColumnDef = dict[str, Any]

# Colours by variable, so that the table follows the theme by itself.
THEME = """themeQuartz.withParams({
    backgroundColor: "var(--ht-surface)", foregroundColor: "var(--ht-text)", borderColor: "var(--ht-border)",
    headerBackgroundColor: "var(--ht-surface)", headerTextColor: "var(--ht-muted)",
    chromeBackgroundColor: "var(--ht-surface)", accentColor: "var(--ht-accent)",
    rowHoverColor: "var(--ht-surface-2)", selectedRowBackgroundColor: "var(--ht-accent-soft)",
    fontFamily: "inherit", fontSize: 13, headerFontSize: 12, headerFontWeight: 600, rowHeight: 32, headerHeight: 34,
    wrapperBorder: false, wrapperBorderRadius: 0, cellHorizontalPadding: 10
})"""


def columns(
    hyperparameters: Sequence[str],
    tuned: Sequence[str],
    metrics: Sequence[str],
    objective: str | None,
    wanted: Sequence[str] = (),
) -> list[ColumnDef]:
    """All columns; hyperparameters that are not tuned are there, but hidden.

    What is hidden, pinned and how wide is so only in the beginning: a person may have arranged it since.
    Among the metrics the objective comes first, then those that a person wanted to see.
    hyperparameters, metrics: in the order of the page's experiment set, whose places are the names of fields (h0, m3).
    """
    first = {name: place for place, name in enumerate(dict.fromkeys([objective, *wanted]))}
    return [
        _column("number", "Experiment", cellRenderer="ExperimentLink", initialPinned="left", initialWidth=108),
        _column(
            "state",
            "State",
            cellRenderer="ExperimentState",
            tooltipValueGetter=_call("stateText"),
            initialFlex=1,
            minWidth=178,
        ),
        _column("flags", "Flags", cellRenderer="Flags", initialWidth=168),
        _column("epoch", "Progress", cellRenderer="Progress", type="rightAligned", initialWidth=112),
        _column("duration", "Duration", valueFormatter=_call("time"), type="rightAligned", initialWidth=104),
        *(
            _value(f"h{place}", name, initialHide=name not in tuned, initialWidth=_width(name))
            for place, name in enumerate(hyperparameters)
        ),
        *(
            _value(f"m{place}", name, cellStyle=_call("shade"), initialWidth=_width(name))
            for place, name in sorted(enumerate(metrics), key=lambda metric: first.get(metric[1], len(first)))
        ),
    ]


def _column(field: str, title: str, **options: Any) -> ColumnDef:
    return {"field": field, "colId": field, "headerName": title, "headerTooltip": title, **options}


def _value(field: str, title: str, **options: Any) -> ColumnDef:
    """A column of numbers or words: sensible digits in the cell, the exact value on hover."""
    exact = {
        "valueFormatter": _call("text"),
        "tooltipValueGetter": _call("exact"),
        "cellClass": ["ag-right-aligned-cell", "ht-number"],
    }
    return _column(field, title, type="rightAligned", **exact, **options)


def _call(name: str) -> dict[str, str]:
    return {"function": f"{name}(params)"}


def _width(name: str) -> int:
    """Wide enough for the title in bold at 12 px, with its arrow and place of sorting."""
    return min(220, max(88, 48 + round(6.9 * len(name))))


def table(columns_at_first: Sequence[ColumnDef]) -> dag.AgGrid:
    """The empty table. Sorting and widths stay as a person left them when metrics are added."""
    return dag.AgGrid(
        id=run_ids.TABLE,
        columnDefs=list(columns_at_first),
        # Rows are asked for as they come into sight; assets/run/views/table/table.js answers from the page's arrays.
        rowModelType="infinite",
        getRowId="params.data.id",
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "headerComponentParams": {"innerHeaderComponent": "ColumnHead"},
            "sortingOrder": ["asc", "desc", None],
        },
        dashGridOptions={
            "theme": {"function": THEME},
            "rowSelection": {
                "mode": "multiRow",
                "checkboxes": False,
                "headerCheckbox": False,
                "enableClickSelection": True,
            },
            "animateRows": False,
            "maintainColumnOrder": True,
            "suppressFieldDotNotation": True,
            "suppressCellFocus": False,
            "suppressColumnVirtualisation": False,
            "tooltipShowDelay": 300,
            "suppressNoRowsOverlay": True,
            # Dash's own datasource asks before ours takes its place, and nobody ever answers it.
            "maxConcurrentDatasourceRequests": -1,
            "cacheBlockSize": 50,
            "maxBlocksInCache": 4,
            "rowBuffer": 4,
            "suppressDragLeaveHidesColumns": True,
        },
        style={"height": "100%", "width": "100%"},
    )


def controls() -> list[Component]:
    """What stands in the head of the table's box: how many rows, what is new, and what can be done with all of it."""
    return [
        html.Span(id="table-count", className="ht-quiet", role="status"),
        html.Button(
            "",
            id="table-news",
            type="button",
            className="ht-news",
            disabled=True,
            title="Put the rows in order, and go to the first",
        ),
        html.Span(
            "Click or Space picks, with Ctrl or Shift several; Enter opens",
            className="ht-quiet ht-hint",
            title="Arrow keys move from cell to cell, Alt and the down arrow opens the menu of a column",
        ),
        _menu_button("table-columns", "Columns", "Which columns are shown, and in which order", "dialog"),
        _menu_button("table-copy", "Copy", "The picked rows, or else the selected ones, as text", "menu"),
    ]


def _menu_button(name: str, words: str, hint: str, kind: str) -> Component:
    return html.Button(
        words, id=name, type="button", className="ht-toggle", title=hint, **attributes(aria_haspopup=kind)
    )
