"""What a custom view gets: an experiment with its curves and views, and the experiments of its whole run.

A custom view is a file in the folder `views/` beside the script, with one function `view(data)`; see docs/views.md.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

REQUEST, VALUES, PAYLOADS = "view.json", "values.bin", "payloads.bin"
BYTES_PER_VALUE = 8


@dataclass(frozen=True)
class _Stretch:
    """Bytes of a file that are read only when somebody wants them."""

    path: str
    start: int
    size: int

    def read(self) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read(self.size)


@dataclass(frozen=True)
class Curve:
    """The values of one metric in the order in which they came, NaN and infinities among them."""

    metric: str
    count: int
    _columns: Mapping[str, _Stretch]

    @cached_property
    def values(self) -> list[float]:
        return self._read("values") or []

    @cached_property
    def epochs(self) -> list[float] | None:
        """The epoch of each value, NaN where the script named none; None where it named none at all."""
        return self._read("epochs")

    @cached_property
    def batches(self) -> list[float] | None:
        """The batch of each value, as for epochs."""
        return self._read("batches")

    @property
    def steps(self) -> list[int]:
        """1, 2, ... for each value."""
        return list(range(1, self.count + 1))

    def frame(self) -> Any:
        """The same as a pandas data frame. Raises ImportError where there is no pandas."""
        import pandas

        columns: dict[str, Any] = {"step": self.steps, "value": self.values}
        named = {"epoch": self.epochs, "batch": self.batches}
        return pandas.DataFrame({**columns, **{name: found for name, found in named.items() if found is not None}})

    def _read(self, column: str) -> list[float] | None:
        stretch = self._columns.get(column)
        return None if stretch is None else array("d", stretch.read()).tolist()


@dataclass(frozen=True)
class AttachedView:
    """A view that the script attached."""

    name: str
    kind: str
    epoch: float | None
    _content: _Stretch | None

    @cached_property
    def payload(self) -> dict[str, Any]:
        """What it is made of. Raises ValueError where all views together are too large and this is an older one."""
        if self._content is None:
            raise ValueError(f"the view {self.name!r} at epoch {self.epoch} was left out: all together are too large")
        payload: dict[str, Any] = json.loads(self._content.read())
        return payload


@dataclass(frozen=True)
class Listed:
    """An experiment of the run. metrics: the last value of each. is_shown: whether its curves are on the page."""

    number: int
    state: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    epoch: float | None
    duration_s: float | None
    is_shown: bool


@dataclass(frozen=True)
class ViewData:
    """What a view is made of. metrics: curves by name. views: by name, in order of arrival, the newest one last.

    experiments: those of the run, by number. goal: "maximize" or "minimize", of the objective.
    """

    project: str
    run: int
    number: int
    state: str
    settings: Mapping[str, Any]
    objective: str | None
    goal: str
    metrics: Mapping[str, Curve]
    views: Mapping[str, Sequence[AttachedView]]
    experiments: Sequence[Listed]

    def frame(self) -> Any:
        """The run's experiments as a pandas data frame: settings and metrics are columns by their names.

        Where a hyperparameter and a metric share a name, the column is the metric's. Raises ImportError where there is
        no pandas.
        """
        import pandas

        rows = [
            {
                "number": each.number,
                "state": each.state,
                "is_shown": each.is_shown,
                "duration_s": each.duration_s,
                **each.settings,
                **each.metrics,
            }
            for each in self.experiments
        ]
        return pandas.DataFrame(rows)


def read(folder: str) -> ViewData:
    """Read what the web wrote into a folder: see sources/custom_view_run.py."""
    with open(os.path.join(folder, REQUEST), encoding="utf-8") as file:
        written = json.load(file)
    views: dict[str, list[AttachedView]] = {}
    for view in _views(written["views"], os.path.join(folder, PAYLOADS)):
        views.setdefault(view.name, []).append(view)
    curves = _curves(written["curves"], os.path.join(folder, VALUES))
    return ViewData(
        **written["facts"],
        metrics={curve.metric: curve for curve in curves},
        views=views,
        experiments=[Listed(**each) for each in written["experiments"]],
    )


def _curves(written: Sequence[Mapping[str, Any]], path: str) -> Iterator[Curve]:
    start = 0
    for curve in written:
        size = curve["count"] * BYTES_PER_VALUE
        columns = {}
        for column in curve["columns"]:
            columns[column] = _Stretch(path, start, size)
            start += size
        yield Curve(curve["metric"], curve["count"], columns)


def _views(written: Sequence[Mapping[str, Any]], path: str) -> Iterator[AttachedView]:
    start = 0
    for view in written:
        size = view["size"]
        content = None if size is None else _Stretch(path, start, size)
        yield AttachedView(view["name"], view["kind"], view["epoch"], content)
        start += size or 0
