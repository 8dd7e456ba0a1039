"""Whether probabilities mean what they say: the reliability diagram."""

from __future__ import annotations

from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.classes import entries
from hypertuner.views.ranking import one_of_many, positive_class, score_columns
from hypertuner.views.values import finite_rows, plain, same_length

MOST_BINS = 100
# Sums of float32 leave the range by about this much.
TOLERANCE = 1e-5


def calibration(
    true: Any,
    probabilities: Any,
    *,
    bins: int = 10,
    labels: Any = None,
    positive: Any = None,
    epoch: float | None = None,
    name: str = "calibration",
) -> None:
    """Attach how often what was predicted with a probability came true, in bins of equal width.

    true: one class per example. probabilities: one per example, of the positive class (the second, or `positive`), or
    one column per class: then it is how often the likeliest class was right. labels: as for `roc`.
    """
    with harmless(name):
        classes, columns = entries("true", true), score_columns("probabilities", probabilities)
        same_length("true", classes, "probabilities", columns[0])
        (classes, *columns), left_out = finite_rows(classes, *columns)
        if not classes:
            raise ViewError("no example has finite probabilities" if left_out else "there are no examples")
        known = None if labels is None else list(plain(labels))
        if len(columns) <= 2:
            chosen = positive_class(classes, known, positive)
            stated, came_true = columns[-1], [value == chosen for value in classes]
        else:
            _, places = one_of_many(classes, known, len(columns))
            rows = list(zip(*columns))  # noqa: B905  `strict` is newer than Python 3.8.
            stated = [max(row) for row in rows]
            came_true = [row[place] == best for row, place, best in zip(rows, places, stated)]  # noqa: B905
        payload = _bins(_checked(stated), came_true, min(max(int(bins), 1), MOST_BINS))
        kind = "positive" if len(columns) <= 2 else "likeliest"
        attach(name, "calibration", {**payload, "of": kind, "count": len(classes), "left_out": left_out}, epoch)


def _checked(stated: list[float]) -> list[float]:
    low, high = min(stated), max(stated)
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise ViewError(f"probabilities must be between 0 and 1; they go from {low:.4g} to {high:.4g}")
    return [min(max(value, 0.0), 1.0) for value in stated]


def _bins(stated: list[float], came_true: list[bool], count: int) -> dict[str, Any]:
    sums, hits, sizes = [0.0] * count, [0] * count, [0] * count
    for value, is_hit in zip(stated, came_true):  # noqa: B905  `strict` is newer than Python 3.8.
        at = min(int(value * count), count - 1)
        sums[at] += value
        hits[at] += is_hit
        sizes[at] += 1
    filled = [at for at in range(count) if sizes[at]]
    return {
        "bins": [
            {"from": at / count, "to": (at + 1) / count, "stated": sums[at] / sizes[at], "seen": hits[at] / sizes[at],
             "count": sizes[at]}
            for at in filled
        ],
        "error": sum(abs(sums[at] - hits[at]) for at in filled) / len(stated),
        "brier": sum((value - is_hit) ** 2 for value, is_hit in zip(stated, came_true)) / len(stated),  # noqa: B905
    }  # fmt: skip
