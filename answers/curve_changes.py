"""What came to the curves of some experiments since their page asked last, with no more points than can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.axes import Floats
from analysis.curves.pairs import pairs
from analysis.places import batch_ends, epoch_places, partner_values, step_places
from analysis.thinning import thinned
from answers.curve_numbers import read_numbers
from storage.changes import has_news
from storage.curves import Held, Owner, Stretch, curves_since, fetch_stretches
from storage.projects import find_project
from storage.store import Store

# Points that a page draws and that an answer carries, shared among the curves; and what one curve gets of them.
MOST_POINTS = 400_000
MOST_PER_CURVE = 2_000
LEAST_PER_CURVE = 200
MOST_EPOCHS = 2_000
EPOCH, STEP, TIME, METRIC = "epoch", "step", "time", "m:"


@dataclass(frozen=True)
class HeldCurve:
    """What a page knows of one curve: how many values, where the last one lies, and the batches of an epoch."""

    count: int
    last: float
    ends: tuple[float, float] | None


@dataclass(frozen=True)
class HeldCurves:
    """What a page has of an experiment; `start_s` is the moment from which it counts time."""

    attempt: int
    start_s: float
    curves: Mapping[str, HeldCurve]


@dataclass(frozen=True)
class Question:
    """What a page asks. x: "epoch", "step", "time" or "m:" and a metric. seen: a cursor, "" at first.

    stretch: only values between these places, as close together as they are.
    """

    numbers: Sequence[int]
    x: str = EPOCH
    seen: str = ""
    held: Mapping[int, HeldCurves] = field(default_factory=dict)
    metrics: Sequence[str] = ()
    stretch: tuple[float, float] | None = None


# --- the question ---------------------------------------------------------------------------------------------------


def read_curves_question(asked: Any) -> Question:
    """A question from its JSON; what cannot be read asks for everything."""
    told = asked if isinstance(asked, Mapping) else {}
    held = told.get("held")
    entries = held.items() if isinstance(held, Mapping) else ()
    numbered = ((number, _read_held(each)) for number, each in entries if str(number).isdecimal())
    x, metrics = str(told.get("x") or EPOCH), told.get("metrics")
    return Question(
        read_numbers(str(told.get("numbers", ""))),
        x if x in (EPOCH, STEP, TIME) or x.startswith(METRIC) else EPOCH,
        str(told.get("seen") or ""),
        # Where another metric is the axis, old values may get a place only now.
        {} if x.startswith(METRIC) else {int(number): each for number, each in numbered if each},
        [str(name) for name in metrics] if isinstance(metrics, list) else (),
        _pair(told.get("stretch")),
    )


def _read_held(told: Any) -> HeldCurves | None:
    try:
        curves = {
            str(name): HeldCurve(_whole(each["count"]), float(each["last"]), _pair(each.get("ends")))
            for name, each in told["curves"].items()
        }
        return HeldCurves(_whole(told["attempt"]), float(told["start"]), curves)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _whole(told: Any) -> int:
    # As far as PostgreSQL's integer goes; a curve of more values than that is read again.
    return min(int(told), 2**31 - 1)


def _pair(told: Any) -> tuple[float, float] | None:
    if not isinstance(told, list) or len(told) != 2 or not all(isinstance(each, int | float) for each in told):
        return None
    low, high = float(told[0]), float(told[1])
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


# --- the answer -----------------------------------------------------------------------------------------------------


def curve_changes(store: Store, slug: str, question: Question) -> dict[str, Any] | None:
    """What changed, or a stretch in full; None where nothing did or there is no such project. See app/packing.py."""
    project = find_project(store, slug) if question.numbers else None
    if project is None:
        return None
    if question.stretch is not None:
        found = fetch_stretches(store, project.id, question.numbers, with_times=question.x == TIME)
        starts = {number: each.start_s for number, each in question.held.items()}
        return {"stretch": list(question.stretch), "curves": _curves(found, starts, question)}
    try:
        if question.seen:
            _, is_news = has_news(store, question.seen, slug=slug, numbers=question.numbers)
            if not is_news:
                return None
        answer = _changes(store, project.id, question)
    except ValueError:
        answer = _changes(store, project.id, Question(question.numbers, question.x))
    return answer | {"objective": project.objective}


def _changes(store: Store, project_id: int, question: Question) -> dict[str, Any]:
    held = {number: Held(each.attempt, _counts(each)) for number, each in question.held.items()}
    with_times = question.x == TIME
    found = curves_since(store, project_id, question.numbers, question.seen, held, with_times=with_times)
    stretches = _whole_where_needed(store, project_id, found.stretches, question)
    starts = _starts(found.owners, stretches, question)
    names = list(dict.fromkeys([*question.metrics, *(each.metric for each in stretches)]))
    curves = _curves(stretches, starts, question)
    return {
        "seen": found.cursor,
        "x": question.x,
        "experiments": [
            {
                "number": owner.number,
                "state": owner.state,
                "attempt": owner.attempt,
                "settings": dict(owner.settings),
                "start": starts[owner.number],
            }
            for owner in found.owners
        ],
        "curves": curves,
        "pairs": pairs(names),
        "epochs": _epochs(curves),
    }


def _counts(held: HeldCurves) -> dict[str, int]:
    return {name: curve.count for name, curve in held.curves.items()}


def _whole_where_needed(
    store: Store, project_id: int, stretches: Sequence[Stretch], question: Question
) -> list[Stretch]:
    """The same, with those whole whose new values would move the old ones: epochs that go back, a larger epoch."""
    unfit = {each.number for each in stretches if each.first > 0 and not _continues(each, question)}
    if not unfit:
        return list(stretches)
    again = fetch_stretches(store, project_id, sorted(unfit), with_times=question.x == TIME)
    return [*(each for each in stretches if each.number not in unfit), *again]


def _continues(stretch: Stretch, question: Question) -> bool:
    if question.x != EPOCH:
        return True
    held = question.held[stretch.number].curves[stretch.metric]
    ends = batch_ends(stretch.batches)
    if ends and (held.ends is None or ends[0] < held.ends[0] or ends[1] > held.ends[1]):
        return False
    x, _ = _placed(stretch, None, 0.0, EPOCH, held.ends)
    return bool(np.all(np.diff(np.append(held.last, x)) >= 0))


def _starts(owners: Sequence[Owner], stretches: Sequence[Stretch], question: Question) -> dict[int, float]:
    """Since when time is counted: clocks differ, and nothing is reported before its experiment began."""
    firsts: dict[int, float] = {}
    for each in stretches:
        if each.times is not None and len(each.times):
            firsts[each.number] = min(firsts.get(each.number, math.inf), float(each.times[0]))
    starts = {}
    for owner in owners:
        held = question.held.get(owner.number)
        known = [each for each in (owner.started_s, firsts.get(owner.number)) if each is not None]
        is_held = held is not None and held.attempt == owner.attempt
        starts[owner.number] = held.start_s if held and is_held else min(known, default=0.0)
    return starts


# --- curves ---------------------------------------------------------------------------------------------------------


def points_per_curve(curves: int) -> int:
    """How many points each of so many curves gets."""
    return max(LEAST_PER_CURVE, min(MOST_PER_CURVE, MOST_POINTS // max(1, curves)))


def _curves(stretches: Sequence[Stretch], starts: Mapping[int, float], question: Question) -> list[dict[str, Any]]:
    # A page that has curves already has room for as many as it will get in all.
    metrics = {*question.metrics, *(each.metric for each in stretches)}
    most = points_per_curve(len(question.numbers) * len(metrics))
    partners = {}
    if question.x.startswith(METRIC):
        name = question.x.removeprefix(METRIC)
        partners = {each.number: each for each in stretches if each.metric == name}
        stretches = [each for each in stretches if each.number in partners and each.metric != name]
    return [_curve(each, partners.get(each.number), starts.get(each.number, 0.0), question, most) for each in stretches]


def _curve(stretch: Stretch, partner: Stretch | None, start_s: float, question: Question, most: int) -> dict[str, Any]:
    held = question.held.get(stretch.number)
    before = held.curves.get(stretch.metric) if held and stretch.first > 0 else None
    ends = before.ends if before else batch_ends(stretch.batches)
    x, unit = _placed(stretch, partner, start_s, question.x, ends)
    epochs = _epochs_of(stretch, ends)
    places = np.flatnonzero(~np.isnan(x))
    if question.x == EPOCH and not bool(np.all(np.diff(x) >= 0)):
        places = places[np.argsort(x[places], kind="stable")]
    if question.stretch is not None:
        places = _within(x, places, question.stretch)
    before_thinning = len(places)
    places = places[thinned(stretch.values[places], most)]
    return {
        "experiment": stretch.number,
        "metric": stretch.metric,
        "first": stretch.first,
        "count": stretch.count,
        # How many points there are where so many are sent.
        "of": before_thinning,
        "unit": unit,
        "ends": ends,
        "x": x[places],
        "y": stretch.values[places],
        "epoch": None if epochs is None or (question.x == EPOCH and unit == "epoch") else epochs[places],
    }


def _placed(
    stretch: Stretch, partner: Stretch | None, start_s: float, x: str, ends: tuple[float, float] | None
) -> tuple[Floats, str]:
    order = stretch.first + np.arange(1, len(stretch.values) + 1, dtype=np.float64)
    if x == TIME and stretch.times is not None:
        return stretch.times - start_s, "s"
    if x == STEP:
        return step_places(order, stretch.epochs, stretch.batches)
    if partner is not None:
        keys, others = _keys(stretch), _keys(partner)
        return partner_values(keys, others, partner.values), partner.metric
    places, unit = epoch_places(len(order), stretch.epochs, stretch.batches, ends)
    return (places if unit != "report" else order), unit


def _keys(stretch: Stretch) -> Floats:
    return epoch_places(len(stretch.values), stretch.epochs, stretch.batches, batch_ends(stretch.batches))[0]


def _epochs_of(stretch: Stretch, ends: tuple[float, float] | None) -> Floats | None:
    places, unit = epoch_places(len(stretch.values), stretch.epochs, stretch.batches, ends)
    return places if unit == "epoch" else None


def _within(x: Floats, places: Any, stretch: tuple[float, float]) -> Any:
    """What lies between two places, and one neighbour on each side, so that lines leave the picture."""
    is_in = (x[places] >= stretch[0]) & (x[places] <= stretch[1])
    is_near = is_in.copy()
    is_near[:-1] |= is_in[1:]
    is_near[1:] |= is_in[:-1]
    return places[is_near]


def _epochs(curves: Sequence[Mapping[str, Any]]) -> Floats:
    """The epochs at which anything was reported, where a replay may stop."""
    columns = [each["epoch"] if each["unit"] != "epoch" or each["epoch"] is not None else each["x"] for each in curves]
    found = [np.unique(np.ceil(column[np.isfinite(column)])) for column in columns if column is not None]
    epochs: Floats = np.unique(np.concatenate(found)) if found else np.array([], np.float64)
    if len(epochs) <= MOST_EPOCHS:
        return epochs
    places = np.linspace(0, len(epochs) - 1, MOST_EPOCHS).round().astype(np.int64)
    return np.asarray(epochs[places])
