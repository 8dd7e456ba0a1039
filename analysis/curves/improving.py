"""Still improving: training ended, or stands, before the metric had come to rest."""

from __future__ import annotations

from analysis.curves.base import Case, Flag
from analysis.curves.words import moved, numbers, place, spoken


def improving(case: Case) -> Flag | None:
    """The last third of the curve gains steadily, more than chance would and enough to be seen.

    It is withdrawn when the metric comes to rest: this one speaks of the end only.
    """
    trend = case.trend
    end = case.ending
    if end is None or not end.is_improving:
        return None
    began, until = float(trend.x[end.start]), float(trend.x[-1])
    levels = trend.level(end.start), trend.level(-1)
    first, last = numbers(*levels)
    sentence = (
        f"{spoken(case.curve.metric).capitalize()} still improves: it {moved(*levels)} from about {first}"
        f" at {place(began, case.curve.unit)} to {last} at {place(until, case.curve.unit)}."
    )
    evidence = {"first": levels[0], "first_at": began, "last": levels[1], "last_at": until}
    return Flag("improving", case.curve.metric, began, sentence, evidence)
