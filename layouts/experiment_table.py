"""The columns of the experiment table. What its cells do is in assets/table.js, which also fills the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag

from layouts import run_ids

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

    Among the metrics the objective comes first, then those that a person wanted to see.
    hyperparameters, metrics: in the order of the page's experiment set, whose places are the names of fields (h0, m3).
    """
    first = {name: place for place, name in enumerate(dict.fromkeys([objective, *wanted]))}
    return [
        _column("number", "Experiment", cellRenderer="ExperimentLink", pinned="left", width=108),
        _column(
            "state",
            "State",
            cellRenderer="ExperimentState",
            tooltipValueGetter=_call("stateText"),
            flex=1,
            minWidth=178,
        ),
        _column("epoch", "Progress", cellRenderer="Progress", type="rightAligned", width=112),
        _column("duration", "Duration", valueFormatter=_call("time"), type="rightAligned", width=104),
        *(
            _value(f"h{place}", name, hide=name not in tuned, width=_width(name))
            for place, name in enumerate(hyperparameters)
        ),
        *(
            _value(f"m{place}", name, cellStyle=_call("shade"), width=_width(name))
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
    """Wide enough for the title in bold at 12 px, with its arrow of sorting."""
    return min(220, max(88, 38 + round(6.9 * len(name))))


def table(columns_at_first: Sequence[ColumnDef]) -> dag.AgGrid:
    """The empty table. Sorting and widths stay as a person left them when metrics are added."""
    return dag.AgGrid(
        id=run_ids.TABLE,
        columnDefs=list(columns_at_first),
        # Rows are asked for as they come into sight; assets/table.js answers from the arrays of the page.
        rowModelType="infinite",
        getRowId="params.data.id",
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
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
            "suppressFieldDotNotation": True,
            "suppressCellFocus": False,
            "suppressColumnVirtualisation": False,
            "tooltipShowDelay": 300,
            "suppressNoRowsOverlay": True,
            "cacheBlockSize": 50,
            "maxBlocksInCache": 4,
            "rowBuffer": 4,
            "suppressDragLeaveHidesColumns": True,
        },
        style={"height": "100%", "width": "100%"},
    )
