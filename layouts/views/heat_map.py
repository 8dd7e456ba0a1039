"""A matrix as colours: one colour from low to high, two where values have both signs."""

from __future__ import annotations

from typing import Any

from analysis.words import number as written
from layouts.figures import Figure, layout
from layouts.views.picture import Payload, Picture, label, left_out, numbers, plain, sentence, texts, titled

# Above this many cells their values would not fit.
MOST_WRITTEN = 200
MOST_LABELS = 60
# Names for more cells than this would be most of what travels.
MOST_NAMED = 40_000
ONE_SIGN = [[0, "--ht-surface-2"], [1, "--ht-accent"]]
TWO_SIGNS = [[0, "--ht-bad"], [0.5, "--ht-surface-2"], [1, "--ht-accent"]]


def picture(payload: Payload) -> Picture:
    """payload: `{"values": [[number]], "x": [text] or null, "y": the same, "left_out"}`, the first row on top.

    Raises ValueError.
    """
    rows = payload.get("values")
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list) or not rows[0]:
        raise ValueError("values are no rows of numbers")
    values = [numbers({"row": row}, "row", len(rows[0])) for row in rows]
    x = None if payload.get("x") is None else texts(payload, "x", len(rows[0]))
    y = None if payload.get("y") is None else texts(payload, "y", len(rows))
    known = [value for row in values for value in row if value is not None]
    return Picture(
        figure=figure(values, x, y),
        summary=sentence(
            f"{len(rows):,} × {len(rows[0]):,} cells",
            f"from {written(min(known))} to {written(max(known))}" if known else "no finite value",
            left_out(payload, "cell"),
        ),
    )


def figure(values: list[list[float | None]], x: list[str] | None, y: list[str] | None) -> Figure:
    """x and y of a cell are its places; names stand at them, and in what hovering shows."""
    known = [value for row in values for value in row if value is not None] or [0.0]
    extent = max(abs(min(known)), abs(max(known))) or 1.0
    has_both = min(known) < 0 < max(known)
    columns, rows = len(values[0]), len(values)
    cells: dict[str, Any] = {
        "type": "heatmap",
        "x": list(range(columns)),
        "y": list(range(rows)),
        "z": values,
        "zmin": -extent if has_both else min(known),
        "zmax": extent if has_both else max(known),
        "colorscale": TWO_SIGNS if has_both else ONE_SIGN,
        "colorbar": {"thickness": 12, "outlinewidth": 0, "tickfont": {"color": "--ht-muted", "size": 11}, "len": 1},
        "hoverongaps": False,
        "xgap": 1 if columns <= MOST_LABELS else 0,
        "ygap": 1 if rows <= MOST_LABELS else 0,
        "hovertemplate": "row %{y}, column %{x}: %{z:.5g}<extra></extra>",
    }
    if (x or y) and columns * rows <= MOST_NAMED:
        cells |= {
            "hovertemplate": "%{customdata}: %{z:.5g}<extra></extra>",
            "customdata": [[_place(y, row, x, column) for column in range(columns)] for row in range(rows)],
        }
    if columns * rows <= MOST_WRITTEN:
        cells |= {"texttemplate": "%{z:.3~g}", "textfont": {"size": 11}}
    return {
        "data": [cells],
        "layout": layout(
            height=min(max(rows * 24 + 60, 300), 720),
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 36},
            xaxis=titled("", showgrid=False, range=[-0.5, columns - 0.5], **_ticks(x, columns)),
            yaxis=titled("", showgrid=False, range=[rows - 0.5, -0.5], **_ticks(y, rows)),
        ),
    }


def _place(y: list[str] | None, row: int, x: list[str] | None, column: int) -> str:
    return plain(f"{y[row] if y else row}, {x[column] if x else column}")


def _ticks(names: list[str] | None, length: int) -> dict[str, Any]:
    if names is None:
        return {"tickmode": "auto", "nticks": 12}
    places = list(range(0, length, -(-length // MOST_LABELS)))
    return {"tickvals": places, "ticktext": [label(names[at], 20) for at in places]}
