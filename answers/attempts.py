"""What is kept of one attempt of an experiment: its curves as a picture, and all its values as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.axes import Floats
from analysis.places import batch_ends, epoch_places
from analysis.thinning import thinned
from layouts.charts import attempt as chart
from layouts.charts.attempt import AttemptCurve
from layouts.configuration import Try, attempt_words
from storage.configuration import fetch_attempts
from storage.curves import AttemptMetric, Stretch, attempt_curve, attempt_metrics, attempt_pages
from storage.experiments import find_experiment
from storage.projects import find_project
from storage.store import Store

# More panels nobody reads at once, and more points in one cannot be told apart.
MOST_PANELS = 24
MOST_POINTS = 2_000

Row = tuple[str, int, float | None, float | None, float | None, float]


@dataclass(frozen=True)
class Attempt:
    """One attempt of an experiment, and the metrics of which it has values."""

    slug: str
    number: int
    record: Try
    metrics: list[AttemptMetric]


def find_attempt(store: Store, slug: str, number: int, attempt: int) -> Attempt | None:
    """The attempt of an experiment of this project, or None where there is none."""
    project = find_project(store, slug)
    experiment = find_experiment(store, project.id, number) if project else None
    if experiment is None:
        return None
    records = [each for each in fetch_attempts(store, experiment.id) if each.attempt == attempt]
    if not records:
        return None
    return Attempt(slug, number, Try(**asdict(records[0])), attempt_metrics(store, experiment.id, attempt))


def attempt_answer(store: Store, slug: str, number: int, attempt: int) -> dict[str, Any] | None:
    """What the page shows of an attempt: words, where its CSV is, and a figure; None where there is none."""
    found = find_attempt(store, slug, number, attempt)
    if found is None:
        return None
    shown = found.metrics[:MOST_PANELS]
    # One by one, so that memory holds all values of one metric, and of the others what is drawn.
    parts = [_curve(attempt_curve(store, metric)) for metric in shown]
    curves = [curve for curve, _ in parts]
    number = found.record.attempt
    return {
        "attempt": number,
        "title": f"Attempt {number}: {attempt_words(found.record)}",
        "note": _note(sum(len(curve.y) for curve in curves), sum(count for _, count in parts), len(found.metrics)),
        "csv": f"/download/{found.slug}/experiments/{found.number}/attempts/{number}.csv",
        "figure": chart.figure(curves, key=f"{found.number}:{number}"),
    }


def attempt_rows(store: Store, found: Attempt) -> Iterator[Row]:
    """Every value of an attempt: metric, seq, epoch, batch, time, value; by metric, in the order of arrival."""
    for metric in found.metrics:
        for page in attempt_pages(store, metric):
            yield from _rows(page)


def _curve(stretch: Stretch) -> tuple[AttemptCurve, int]:
    """What is drawn of a curve, and how many values there are."""
    x, unit = epoch_places(len(stretch.values), stretch.epochs, stretch.batches, batch_ends(stretch.batches))
    order = np.argsort(x, kind="stable")
    places = order[thinned(stretch.values[order], MOST_POINTS)]
    curve = AttemptCurve(stretch.metric, unit, x[places].tolist(), stretch.values[places].tolist())
    return curve, len(stretch.values)


def _note(drawn: int, count: int, metrics: int) -> str:
    """What is not drawn, in words."""
    parts = []
    if metrics > MOST_PANELS:
        parts.append(f"the first {MOST_PANELS} of {metrics:,} metrics")
    if drawn < count:
        parts.append(f"{drawn:,} of {count:,} values")
    return f"Drawn: {', '.join(parts)}. The CSV has all." if parts else ""


def _rows(page: Stretch) -> Iterator[Row]:
    count = len(page.values)
    columns = zip(
        _known(page.epochs, count), _known(page.batches, count), _known(page.times, count), page.values.tolist(),
        strict=True,
    )  # fmt: skip
    for at, (epoch, batch, time, value) in enumerate(columns):
        yield page.metric, page.first + at, epoch, batch, time, value


def _known(column: Floats | None, count: int) -> list[float | None]:
    """A column with None where the script named nothing."""
    if column is None:
        return [None] * count
    return [None if math.isnan(each) else each for each in column.tolist()]
