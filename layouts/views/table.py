"""A table, and of how many rows and columns it is a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from analysis.words import number
from layouts.views.picture import Payload, Picture, count, counted, sentence, texts

# How texts say that a number is not finite.
NOT_FINITE = frozenset({"NaN", "∞", "−∞"})


def picture(payload: Payload) -> Picture:
    """payload: `{"columns": [text], "rows": [[cell]], "count", "column_count"}`; a cell: number, text, flag or null.

    Raises ValueError.
    """
    names = texts(payload, "columns")
    rows = payload.get("rows")
    if not names or not isinstance(rows, list):
        raise ValueError("a table without columns or rows")
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        raise ValueError("a row has not one cell per column")
    are_numbers = [_is_numeric([row[at] for row in rows]) for at in range(len(names))]
    kinds = ["is-number" if each else "" for each in are_numbers]
    head = html.Tr([html.Th(name, scope="col", className=kind) for name, kind in zip(names, kinds, strict=True)])
    body = [
        html.Tr([html.Td(_cell(value), className=kind) for value, kind in zip(row, kinds, strict=True)]) for row in rows
    ]
    total, column_total = count(payload), count(payload, "column_count")
    return Picture(
        component=html.Div(
            html.Table([html.Thead(head), html.Tbody(body)], className="view-rows"),
            className="view-table",
            tabIndex="0",
        ),
        summary=sentence(
            f"The first {len(rows):,} of {counted(total, 'row')}" if total > len(rows) else counted(len(rows), "row"),
            f"the first {len(names)} of {column_total:,} columns" if column_total > len(names) else "",
        ),
    )


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None and value not in NOT_FINITE]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, int | float) else str(value)
