"""Plain charts: elbow, heat map, lines and bars."""

from __future__ import annotations

from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.values import (
    finite,
    finite_rows,
    matrix,
    named,
    numbers,
    same_length,
    sequence,
    short,
    texts,
)
from hypertuner.views.values import number as one_number

# An elbow farther than this share of the chart's side from the line between its ends can be seen.
LEAST_BEND = 0.1


def elbow(ks: Any, inertias: Any, *, epoch: float | None = None, name: str = "elbow") -> None:
    """Attach the inertia (or any cost) by number of clusters, with the number at the bend where there is one.

    ks, inertias: one number each per model. The bend is the point farthest below the line between the two ends.
    """
    with harmless(name):
        numbers_of_clusters, costs = numbers("ks", ks), numbers("inertias", inertias)
        same_length("ks", numbers_of_clusters, "inertias", costs)
        (numbers_of_clusters, costs), left_out = finite_rows(numbers_of_clusters, costs)
        points = sorted(zip(numbers_of_clusters, costs))  # noqa: B905  `strict` is newer than Python 3.8.
        if not points:
            raise ViewError("there are no finite points")
        payload = {
            "x": [k for k, _ in points],
            "y": [cost for _, cost in points],
            "elbow": _bend(points),
            "left_out": left_out,
            "count": len(points),
        }
        attach(name, "elbow", payload, epoch)


def _bend(points: list[tuple[float, float]]) -> float | None:
    (left, top), (right, bottom) = points[0], points[-1]
    if len(points) < 3 or right <= left or top <= bottom:
        return None
    depths = [1 - (x - left) / (right - left) - (y - bottom) / (top - bottom) for x, y in points]
    deepest = max(range(len(points)), key=depths.__getitem__)
    return points[deepest][0] if depths[deepest] > LEAST_BEND else None


def heat_map(values: Any, *, x: Any = None, y: Any = None, epoch: float | None = None, name: str = "heat map") -> None:
    """Attach a matrix as colours; NaN and infinities stay empty.

    values: rows of numbers, the first one on top. x, y: the names of columns and rows; those of a data frame are taken.
    """
    with harmless(name):
        x = getattr(values, "columns", None) if x is None else x
        y = getattr(values, "index", None) if y is None and hasattr(values, "columns") else y
        rows = matrix("values", values)
        payload = {
            "values": [[finite(value) for value in row] for row in rows],
            "x": None if x is None else texts("x", x, len(rows[0])),
            "y": None if y is None else texts("y", y, len(rows)),
            "left_out": sum(finite(value) is None for row in rows for value in row),
            "count": len(rows) * len(rows[0]),
        }
        attach(name, "heat_map", payload, epoch)


def lines(
    x: Any,
    y: Any,
    *,
    x_title: str = "",
    y_title: str = "",
    epoch: float | None = None,
    name: str = "lines",
) -> None:
    """Attach one or several lines; NaN and infinities are gaps.

    x: numbers, or texts such as dates. y: numbers, or `{name: numbers}`; each as long as x.
    x_title, y_title: what stands at the axes.
    """
    with harmless(name):
        places = _places(x)
        drawn = named("y", y)
        for key, each in drawn:
            same_length("x", places, f"y of {short(key)}" if key else "y", each)
        if not places or not drawn:
            raise ViewError("there are no points")
        payload = {
            "x": places,
            "lines": [{"name": key, "y": [finite(value) for value in each]} for key, each in drawn],
            "x_title": str(x_title)[:200],
            "y_title": str(y_title)[:200],
            "left_out": sum(finite(value) is None for _, each in drawn for value in each),
            "count": sum(len(each) for _, each in drawn),
        }
        attach(name, "lines", payload, epoch)


def _places(x: Any) -> list[Any]:
    """Numbers where all are, else texts."""
    listed = sequence("x", x)
    if any(isinstance(value, str) or not hasattr(type(value), "__float__") for value in listed if value is not None):
        return texts("x", listed, len(listed))
    return [finite(one_number("x", value)) for value in listed]


def bars(labels: Any, values: Any, *, epoch: float | None = None, name: str = "bars") -> None:
    """Attach one bar per label, or several beside each other.

    labels: texts. values: numbers, or `{name: numbers}`; each as long as labels. NaN and infinities have no bar.
    """
    with harmless(name):
        drawn = named("values", values)
        listed = sequence("labels", labels)
        for key, each in drawn:
            same_length("labels", listed, f"values of {short(key)}" if key else "values", each)
        if not listed or not drawn:
            raise ViewError("there are no bars")
        payload = {
            "labels": texts("labels", listed, len(listed)),
            "series": [{"name": key, "values": [finite(value) for value in each]} for key, each in drawn],
            "left_out": sum(finite(value) is None for _, each in drawn for value in each),
            "count": sum(len(each) for _, each in drawn),
        }
        attach(name, "bars", payload, epoch)
