"""A confusion matrix as a heat map: hits in the accent colour, confusions in red, each with a scale of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from layouts.figures import Figure, axis, layout

# Above this many classes the counts would not fit into their cells.
MOST_WRITTEN = 24
LONGEST_LABEL = 24


def figure(payload: Mapping[str, Any]) -> Figure:
    """Rows are true classes, columns predicted ones; x and y of a cell are the indexes of its classes.

    payload: `{"labels": [str], "counts": [[int]]}`. Raises ValueError where counts and labels do not fit together.
    """
    labels, counts = _read(payload)
    places = list(range(len(labels)))
    is_written = len(labels) <= MOST_WRITTEN
    ticks = {"tickvals": places, "ticktext": [_short(label) for label in labels]}
    return {
        "data": [
            _cells(labels, counts, is_written, hits=False, colour="--ht-bad"),
            _cells(labels, counts, is_written, hits=True, colour="--ht-accent"),
        ],
        "layout": layout(
            margin={"l": 56, "r": 8, "t": 44, "b": 8},
            hovermode="closest",
            xaxis=axis(
                side="top", title=_title("predicted"), showgrid=False, constrain="domain", range=_range(places), **ticks
            ),
            yaxis=axis(
                title=_title("true"),
                showgrid=False,
                range=_range(places)[::-1],
                scaleanchor="x",
                constrain="domain",
                **ticks,
            ),
        ),
    }


def _read(payload: Mapping[str, Any]) -> tuple[list[str], list[list[float]]]:
    labels = [str(label) for label in payload.get("labels", ())]
    counts = payload.get("counts", ())
    if not labels or len(counts) != len(labels) or any(len(row) != len(labels) for row in counts):
        raise ValueError("This confusion matrix has not one row and one column per label.")
    return labels, [[float(count) for count in row] for row in counts]


def _cells(
    labels: Sequence[str], counts: Sequence[Sequence[float]], is_written: bool, *, hits: bool, colour: str
) -> dict[str, Any]:
    """Either the diagonal or everything else; the other cells stay empty and let the pointer through."""
    size = range(len(labels))
    shown = [[(row == column) is hits and (hits or counts[row][column] > 0) for column in size] for row in size]
    largest = max((counts[row][column] for row in size for column in size if shown[row][column]), default=0) or 1
    share = [[_share(counts[row], column) for column in size] for row in size]
    cells = {
        "type": "heatmap",
        "x": list(size),
        "y": list(size),
        # By root: one confusion among many hits is to be seen as well.
        "z": [[math.sqrt(counts[row][col] / largest) if shown[row][col] else None for col in size] for row in size],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, f"{colour}/0.06"], [1, f"{colour}/0.6"]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "text": [[f"{counts[row][col]:g}" if shown[row][col] else "" for col in size] for row in size],
        "customdata": [
            [f"true {_plain(labels[row])}, predicted {_plain(labels[col])}<br>{share[row][col]}" for col in size]
            for row in size
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    if is_written:
        cells |= {"texttemplate": "%{text}", "textfont": {"size": 11, "color": "--ht-text"}}
    return cells


def _share(row: Sequence[float], column: int) -> str:
    total = sum(row)
    return f"{row[column]:g} of {total:g}" + (f" ({row[column] / total:.1%})" if total else "")


def _range(places: Sequence[int]) -> list[float]:
    return [-0.5, len(places) - 0.5]


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"color": "--ht-muted", "size": 12}, "standoff": 6}


def _short(label: str) -> str:
    return _plain(label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…")


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
