"""How well scores rank examples: ROC and precision-recall curves with their areas, exact and in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.classes import entries, index_of, ordered
from hypertuner.views.values import finite_rows, matrix, numbers, plain, rounded, same_length, short

# What a curve keeps; areas come from all of its points.
MOST_POINTS = 500
# Per bucket up to three points stay.
BUCKETS = 160


def roc(
    true: Any,
    scores: Any,
    *,
    labels: Any = None,
    positive: Any = None,
    epoch: float | None = None,
    name: str = "ROC",
) -> None:
    """Attach the ROC curve with its area: which share of the positives is found at which share of false alarms.

    true: one class per example, as indexes or names. scores: one number per example, larger for the positive class
    (probabilities, logits, distances), or one column per class for several classes: each is then told from the rest.
    labels: the classes' names, in the order of the columns. positive: which of two classes is the positive one; else
    the second.
    """
    with harmless(name):
        attach(name, "roc", _curves(true, scores, labels, positive, _roc_curve), epoch)


def precision_recall(
    true: Any,
    scores: Any,
    *,
    labels: Any = None,
    positive: Any = None,
    epoch: float | None = None,
    name: str = "precision-recall",
) -> None:
    """Attach the precision-recall curve with its average precision; arguments as for `roc`."""
    with harmless(name):
        attach(name, "precision_recall", _curves(true, scores, labels, positive, _precision_recall_curve), epoch)


# --- who is positive ----------------------------------------------------------------------------------------------


def _curves(
    true: Any, scores: Any, labels: Any, positive: Any, curve: Callable[[list[Any]], dict[str, Any]]
) -> dict[str, Any]:
    """The payload: one curve for two classes, else one per class against the rest."""
    classes = entries("true", true)
    columns = score_columns("scores", scores)
    same_length("true", classes, "scores", columns[0])
    (classes, *columns), left_out = finite_rows(classes, *columns)
    if not classes:
        raise ViewError("no example has finite scores" if left_out else "there are no examples")
    known = None if labels is None else list(plain(labels))
    payload: dict[str, Any] = {"count": len(classes), "left_out": left_out, "missing": []}
    if len(columns) <= 2:
        chosen = positive_class(classes, known, positive)
        steps = _steps(columns[-1], [value == chosen for value in classes])
        return {**payload, "curves": [{"name": _name(chosen, known), **curve(steps)}]}
    names, places = one_of_many(classes, known, len(columns))
    counts = [0] * len(columns)
    for place in places:
        counts[place] += 1
    payload["missing"] = [names[at] for at, count in enumerate(counts) if count in (0, len(places))]
    payload["curves"] = [
        {"name": names[at], **curve(_steps(column, [place == at for place in places]))}
        for at, column in enumerate(columns)
        if 0 < counts[at] < len(places)
    ]
    if not payload["curves"]:
        raise ViewError(f"true holds only the class {short(classes[0])}; a curve needs examples of two")
    return payload


def score_columns(role: str, scores: Any) -> list[list[float]]:
    """Scores by column: one for a flat sequence. Raises ViewError."""
    listed = plain(scores)
    first = listed[0] if isinstance(listed, list) and listed else None
    if hasattr(plain(first), "__len__") and not isinstance(first, (str, bytes)):
        return [list(column) for column in zip(*matrix(role, listed))]  # noqa: B905  `strict` is newer than 3.8.
    return [numbers(role, listed)]


def positive_class(classes: Sequence[Any], known: list[Any] | None, positive: Any) -> Any:
    """Which of two classes is the positive one. Raises ViewError where there are not two."""
    seen = set(classes)
    if len(seen) > 2:
        raise ViewError(f"true holds {len(seen)} classes, so scores must have one column for each of them")
    if len(seen) < 2:
        raise ViewError(f"true holds only the class {short(classes[0])}; a curve needs examples of two")
    if positive is not None:
        chosen = plain(positive)
        if chosen not in seen and known is not None and chosen in known:
            chosen = known.index(chosen)
        if chosen not in seen:
            raise ViewError(f"positive is {short(chosen)}, which true never holds")
        return chosen
    if known is not None and len(known) == 2 and seen <= set(known):
        return known[1]
    return ordered(seen)[1]


def _name(chosen: Any, known: list[Any] | None) -> str:
    if known is not None and chosen not in known and chosen in (0, 1) and len(known) == 2:
        return str(known[int(chosen)])
    return str(chosen)


def one_of_many(classes: Sequence[Any], known: list[Any] | None, count: int) -> tuple[list[str], list[int]]:
    """Names of the columns, and the column of each example's class."""
    seen = set(classes)
    if known is None:
        are_indexes = all(isinstance(value, int) and 0 <= value < count for value in seen)
        known = list(range(count)) if are_indexes else ordered(seen)
    if len(known) != count:
        raise ViewError(f"scores has {count} columns for {len(known)} classes; name them all with labels")
    index = index_of(known, seen)
    return [str(value) for value in known], [index[value] for value in classes]


# --- curves -------------------------------------------------------------------------------------------------------


def _steps(scores: Sequence[float], is_hit: Sequence[bool]) -> list[Any]:
    """One entry per different score, from the largest: (score, hits, misses) at or above it. Ties are one step."""
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    steps = []
    hits = misses = 0
    last = math.nan
    for at in order:
        score = scores[at]
        if score != last and hits + misses:
            steps.append((last, hits, misses))
        last = score
        if is_hit[at]:
            hits += 1
        else:
            misses += 1
    steps.append((last, hits, misses))
    return steps


def _roc_curve(steps: list[Any]) -> dict[str, Any]:
    _, positives, negatives = steps[-1]
    twice, before = 0, (0, 0)
    for _, hits, misses in steps:
        twice += (misses - before[1]) * (hits + before[0])
        before = (hits, misses)
    points = _thin_by_length(_corners([(None, 0, 0), *steps]), positives, negatives)
    return {
        "area": twice / (2 * positives * negatives),
        "positives": positives,
        "x": rounded(misses / negatives for _, _, misses in points),
        "y": rounded(hits / positives for _, hits, _ in points),
        "thresholds": [None if score is None else rounded([score])[0] for score, _, _ in points],
    }


def _corners(points: list[Any]) -> list[Any]:
    """Without the points on a straight line between their neighbours."""
    kept = points[:1]
    for at in range(1, len(points) - 1):
        (_, y0, x0), (_, y1, x1), (_, y2, x2) = kept[-1], points[at], points[at + 1]
        if (y1 - y0) * (x2 - x1) != (y2 - y1) * (x1 - x0):
            kept.append(points[at])
    return [*kept, points[-1]]


def _thin_by_length(points: list[Any], height: int, width: int) -> list[Any]:
    """At most MOST_POINTS points at even distances: both coordinates only rise, so their sum is the way along."""
    if len(points) <= MOST_POINTS:
        return points
    kept, reached = points[:1], 0.0
    for point in points[1:-1]:
        along = point[1] / height + point[2] / width
        if along >= reached:
            kept.append(point)
            reached = along + 2 / (MOST_POINTS - 4)
    return [*kept, points[-1]]


def _precision_recall_curve(steps: list[Any]) -> dict[str, Any]:
    _, positives, negatives = steps[-1]
    area, before = 0.0, 0
    for _, hits, misses in steps:
        area += (hits - before) / positives * hits / (hits + misses)
        before = hits
    points = _thin_by_recall([(score, hits / positives, hits / (hits + misses)) for score, hits, misses in steps])
    return {
        "area": area,
        "positives": positives,
        "share": positives / (positives + negatives),
        "x": rounded(recall for _, recall, _ in points),
        "y": rounded(precision for _, _, precision in points),
        "thresholds": rounded(score for score, _, _ in points),
    }


def _thin_by_recall(points: list[Any]) -> list[Any]:
    """At most MOST_POINTS points: of each bucket of recall the first, the lowest and the highest."""
    if len(points) <= MOST_POINTS:
        return points
    buckets: dict[int, list[Any]] = {}
    for point in points[:-1]:
        buckets.setdefault(int(point[1] * BUCKETS), []).append(point)
    kept = []
    for bucket in buckets.values():
        ends = {0, *(pick(range(len(bucket)), key=lambda at: bucket[at][2]) for pick in (min, max))}
        kept += [bucket[at] for at in sorted(ends)]
    return [*kept, points[-1]]
