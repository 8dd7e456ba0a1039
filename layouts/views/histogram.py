"""Histograms of one or several sets of numbers over shared bins."""

from __future__ import annotations

from itertools import pairwise

from dash.development.base_component import Component

from analysis.words import number as written
from layouts.figures import Figure, colour_of, layout
from layouts.views.picture import (
    Payload,
    Picture,
    count,
    counted,
    label,
    left_out,
    number,
    proper,
    records,
    sentence,
    side_table,
    swatched,
    titled,
)


def picture(payload: Payload) -> Picture:
    """payload: `{"edges", "series": [{"name", "counts", "mean", "median", "deviation"}], "count", "outside"}`.

    Raises ValueError.
    """
    edges = proper(payload, "edges")
    series = records(payload, "series")
    counts = [proper(each, "counts", len(edges) - 1) for each in series]
    outside = count(payload, "outside")
    about = _about(series[0]) if len(series) == 1 else ""
    return Picture(
        figure=figure(edges, [str(each.get("name", "")) for each in series], counts),
        component=_table(series, counts) if len(series) > 1 else None,
        summary=sentence(
            counted(count(payload), "value"),
            about,
            counted(len(edges) - 1, "bin"),
            f"{counted(outside, 'value')} outside of them" if outside else "",
            left_out(payload, "value"),
        ),
    )


def _about(each: Payload) -> str:
    known = [(word, number(each, key)) for word, key in _NUMBERS]
    return sentence(*(f"{word} {written(value)}" for word, value in known if value is not None))


_NUMBERS = (("mean", "mean"), ("median", "median"), ("standard deviation", "deviation"))


def _table(series: list[Payload], counts: list[list[float]]) -> Component:
    rows: list[list[Component | str]] = [
        [
            swatched(colour_of(at + 1), str(each.get("name", ""))),
            written(sum(counts[at])),
            *(
                "–" if (value := number(each, key)) is None else f"{value:.3g}".replace("-", "−")
                for key in ("mean", "deviation")
            ),
        ]
        for at, each in enumerate(series)
    ]
    return side_table(["", "values", "mean", "SD"], rows)


def figure(edges: list[float], names: list[str], counts: list[list[float]]) -> Figure:
    """One set as bars; several as outlines that are filled faintly, so that all of them are seen."""
    bins = list(pairwise(edges))
    centres = [(low + high) / 2 for low, high in bins]
    widths = [high - low for low, high in bins]
    ranges = [f"{low:.4g} – {high:.4g}" for low, high in bins]
    alone = len(counts) == 1
    data = [
        {
            "type": "bar",
            "name": label(names[at]),
            "x": centres,
            "width": widths,
            "y": each,
            "customdata": ranges,
            "marker": {
                "color": "--ht-accent/0.75" if alone else colour_of(at + 1),
                "opacity": 1 if alone else 0.5,
                "line": {"width": 1 if len(each) <= 80 else 0, "color": "--ht-surface"},
            },
            "hovertemplate": f"{'' if alone else '%{fullData.name}<br>'}%{{customdata}}: %{{y:,}}<extra></extra>",
        }
        for at, each in enumerate(counts)
    ]
    return {
        "data": data,
        "layout": layout(
            height=380,
            barmode="overlay",
            bargap=0,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 40},
            xaxis=titled("value", showgrid=False),
            yaxis=titled("count"),
        ),
    }
