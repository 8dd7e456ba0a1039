"""What a view shows, and reading a payload: it was written by a script, so nothing in it is taken for granted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.figures import Figure, axis

LONGEST_LABEL = 40

Payload = Mapping[str, Any]


class NotShownError(ValueError):
    """A view that is as its kind needs it and yet is not shown; the message tells a person why."""


@dataclass(frozen=True)
class Picture:
    """A figure, a component, or a figure with a component beside it; `summary` is the sentence above them."""

    figure: Figure | None = None
    component: Component | None = None
    summary: str = ""


# --- reading: everything raises ValueError where the payload is not of its kind ------------------------------------


def numbers(payload: Payload, name: str, length: int | None = None) -> list[float | None]:
    """A list of numbers, None where one is missing or not finite."""
    values = payload.get(name)
    if not isinstance(values, list) or (length is not None and len(values) != length):
        raise ValueError(f"{name} is no list of {'numbers' if length is None else f'{length} numbers'}")
    return [_number(name, value) for value in values]


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} holds what is no number")
    return float(value) if math.isfinite(value) else None


def proper(payload: Payload, name: str, length: int | None = None) -> list[float]:
    """A list of numbers none of which is missing."""
    values = [value for value in numbers(payload, name, length) if value is not None]
    if len(values) != len(payload[name]):
        raise ValueError(f"{name} has gaps")
    return values


def number(payload: Payload, name: str) -> float | None:
    """A number, or None where it is missing or not finite."""
    return _number(name, payload.get(name))


def count(payload: Payload, name: str = "count") -> int:
    """A whole number, 0 where it is missing."""
    return int(number(payload, name) or 0)


def texts(payload: Payload, name: str, length: int | None = None) -> list[str]:
    """A list of texts."""
    values = payload.get(name)
    if not isinstance(values, list) or (length is not None and len(values) != length):
        raise ValueError(f"{name} is no list of {'texts' if length is None else f'{length} texts'}")
    return [str(value) for value in values]


def records(payload: Payload, name: str) -> list[Payload]:
    """A list of objects, at least one."""
    values = payload.get(name)
    if not isinstance(values, list) or not values or not all(isinstance(value, dict) for value in values):
        raise ValueError(f"{name} is no list of objects")
    return values


# --- writing --------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text that Plotly shows as it is: it reads a few tags, and `theme.paint` the names of colours."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"\u200b{escaped}" if escaped.startswith("--ht-") else escaped


def label(text: str, longest: int = LONGEST_LABEL) -> str:
    """A text short enough for an axis or a legend."""
    return plain(text if len(text) <= longest else text[: longest - 1] + "…")


def named(text: str, longest: int) -> str:
    """A class's name, short by its middle: what tells names apart often stands at their end."""
    if len(text) <= longest:
        return plain(text)
    head = (longest - 1) // 2
    return plain(f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}")


def titled(text: str, **more: Any) -> dict[str, Any]:
    """An axis with a quiet title."""
    shown = {"text": plain(text), "font": {"color": "--ht-muted", "size": 12}, "standoff": 6}
    return axis(title=shown, **more)


def sentence(*parts: str) -> str:
    """The parts of a summary that there are."""
    return " · ".join(part for part in parts if part)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 example`, `1,200 examples`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def left_out(payload: Payload, one: str = "example") -> str:
    """What was left out because it is NaN or infinite."""
    number_left_out = count(payload, "left_out")
    return f"{counted(number_left_out, one)} left out: NaN or infinite" if number_left_out > 0 else ""


def reference(x: Sequence[Any], y: Sequence[Any], **more: Any) -> dict[str, Any]:
    """A dashed line to compare with, such as the diagonal; the pointer passes through it."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "line": {"color": "--ht-muted/0.7", "width": 1.2, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,
        **more,
    }


def side_table(head: Sequence[str], rows: Sequence[Sequence[Component | str]]) -> Component:
    """A small table beside a figure: the first column names, the others are numbers."""
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
                html.Tbody([html.Tr([html.Th(row[0], scope="row"), *map(html.Td, row[1:])]) for row in rows]),
            ],
            className="values",
        ),
        className="view-table is-beside",
        tabIndex="0",
    )


def swatched(colour: str, text: str) -> Component:
    """A name with the colour of its line."""
    return html.Span(
        [html.Span(className="swatch", style={"background": colour}), html.Span(text, title=text)],
        className="view-name-of-line",
    )
