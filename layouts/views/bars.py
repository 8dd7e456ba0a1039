"""Bars by label: upright where labels are short and few, else lying."""

from __future__ import annotations

from typing import Any

from layouts.figures import Figure, colour_of, layout
from layouts.views.picture import Payload, Picture, counted, label, left_out, numbers, records, sentence, texts, titled

MOST_UPRIGHT = 16
LONGEST_UPRIGHT = 12
MOST_WRITTEN = 24
MOST_NAMED = 24


def picture(payload: Payload) -> Picture:
    """payload: `{"labels": [text], "series": [{"name", "values"}], "left_out"}`. Raises ValueError."""
    names = texts(payload, "labels")
    if not names:
        raise ValueError("there are no labels")
    series = [(str(each.get("name", "")), numbers(each, "values", len(names))) for each in records(payload, "series")]
    return Picture(
        figure=figure(names, series), summary=sentence(counted(len(names), "label"), left_out(payload, "value"))
    )


def figure(names: list[str], series: list[tuple[str, list[float | None]]]) -> Figure:
    """Labels stand at whole numbers, so that two of the same name keep a bar each."""
    lies = len(names) > MOST_UPRIGHT or max(map(len, names)) > LONGEST_UPRIGHT
    places = list(range(len(names)))
    is_named = len(series) > 1 or bool(series[0][0])
    data = [
        _bars(name, values, places, at, lies=lies, alone=len(series) == 1) for at, (name, values) in enumerate(series)
    ]
    step = -(-len(names) // 60) if lies else 1
    ticks = {"tickvals": places[::step], "ticktext": [label(name, 28) for name in names[::step]]}
    of_labels = titled("", showgrid=False, **ticks)
    of_values = titled("", zeroline=True, zerolinecolor="--ht-border")
    reversed_range = {"range": [len(names) - 0.5, -0.5]}
    thickness = 20 if len(series) == 1 else 12 * len(series) + 6
    return {
        "data": data,
        "layout": layout(
            height=min(max(len(names) * thickness + 60, 220), 900) if lies else 380,
            barmode="group",
            bargap=0.25,
            hovermode="closest",
            margin={"l": 56, "r": 12, "t": 12, "b": 36},
            showlegend=is_named and len(series) <= MOST_NAMED,
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
            xaxis=of_values if lies else of_labels,
            yaxis={**of_labels, **reversed_range} if lies else of_values,
        ),
    }


def _bars(
    name: str, values: list[float | None], places: list[int], at: int, *, lies: bool, alone: bool
) -> dict[str, Any]:
    along, across = ("y", "x") if lies else ("x", "y")
    bars: dict[str, Any] = {
        "type": "bar",
        "orientation": "h" if lies else "v",
        "name": label(name),
        along: places,
        across: values,
        "marker": {"color": "--ht-accent/0.75" if alone else colour_of(at + 1)},
        "hovertemplate": f"%{{{along}}}: %{{{across}:.5g}}" + ("<extra></extra>" if alone else ""),
    }
    if len(places) <= MOST_WRITTEN and alone:
        bars |= {
            "texttemplate": f"%{{{across}:.4~g}}",
            "textposition": "outside",
            "cliponaxis": False,
            "textfont": {"size": 11},
        }
    return bars
