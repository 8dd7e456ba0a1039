"""NaN or infinite: the metric stopped being a number."""

from __future__ import annotations

import numpy as np

from analysis.curves.base import Case, Flag
from analysis.curves.words import place, spoken


def not_finite(case: Case) -> Flag | None:
    """The first value that is NaN or infinite. Once raised it stays, unless the value at that place is logged anew."""
    curve = case.curve
    places = np.flatnonzero(~np.isfinite(curve.values))
    if not len(places):
        return None
    first, count = int(places[0]), len(places)
    what = "NaN" if np.isnan(curve.values[first]) else "infinite"
    name, where = spoken(curve.metric).capitalize(), place(curve.x[first], curve.unit)
    if count == len(curve.values) - first:
        sentence = (
            f"{name} is {what} from {where} on." if count > 1 else f"{name} is {what} at {where}, its last value."
        )
    else:
        sentence = f"{name} is {what} at {where}; {count} of {len(curve.values)} values are NaN or infinite."
    evidence = {"first": float(curve.x[first]), "count": float(count), "points": float(len(curve.values))}
    return Flag("not_finite", curve.metric, float(curve.x[first]), sentence, evidence)
