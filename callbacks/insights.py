"""What matters in a run: read the experiments that count, explain them away from the quick path, keep the answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from dash import Input, Output, State, no_update

from analysis.counting import PARAMETER, is_included
from analysis.effects import Effects, effects
from analysis.importance import Ranking, TooFew, rank
from analysis.pareto import front
from analysis.reductions import LAST, Reductions, read_reductions, title_of
from analysis.surrogate import Goal, Sample, sample
from answers.insight_desk import Counted, Frame, Superseded, desk_of
from callbacks.group import CallbackGroup
from layouts import insight_ids as ids
from layouts import insights as layout
from layouts import run_ids
from layouts.charts import effect, importance, interaction, pareto
from layouts.run import RunSpec
from storage.store import Store, is_outage

callbacks = CallbackGroup()

# Dots behind an effect; more hide the line.
MOST_DOTS = 300
# An effect for each of more hyperparameters than this would be a download.
MOST_EFFECTS = importance.MOST_BARS
AWAY = "The database is away. Try again in a moment."

Request = Mapping[str, Any]


@callbacks.on(
    Output(ids.ANSWER, "data"),
    Input(ids.REQUEST, "data"),
    State(run_ids.SPEC, "data"),
    prevent_initial_call=True,
)
def explain(store: Store, request: Request | None, spec: RunSpec) -> Any:
    """Say what matters for one metric; a newer request of the same page ends an older one."""
    if not request:
        return no_update
    desk = desk_of(store)
    metric, numbers = str(request["metric"]), request.get("numbers")
    reductions = _reductions(request, [metric])
    title = _title(spec, metric, reductions)
    try:
        with desk.turn(f"{request.get('tab')}") as proceed:
            with desk.reading(store, spec, reductions) as frame:
                goal = frame.goals.get(metric, "minimize")
                is_wider = is_included(request.get(PARAMETER))
                key = (spec["run_id"], frame.version, metric, reductions.get(metric, LAST), numbers, is_wider)
                those = frame.counted(numbers_in(numbers), [metric], reductions, include_unfinished=is_wider)
            found = desk.answered(key, lambda: _explain(those, title, goal, _scales(spec), proceed))
    except Superseded:
        return no_update
    except Exception as error:
        if not is_outage(error):
            raise
        found = {"problem": AWAY, "said": ""}
    return {**found, "metric": metric, "at": request.get("at")}


def _reductions(request: Request, metrics: Sequence[str]) -> Reductions:
    """How the page reduces these metrics."""
    return {name: each for name, each in read_reductions(request.get("reduce")).items() if name in metrics}


def _title(spec: RunSpec, metric: str, reductions: Reductions) -> str:
    goal = spec["goal"] if metric == spec["objective"] else None
    return title_of(metric, reductions.get(metric, LAST), goal)


def _explain(
    those: Counted, metric: str, goal: Goal, scales: Mapping[str, bool], proceed: Callable[[], None]
) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    # Thousands of small matrices: more threads than one only wait for each other, and take the page's time.
    with threadpool_limits(limits=1, user_api="blas"):
        return _explained(those, metric, goal, scales, proceed)


def _explained(
    those: Counted, metric: str, goal: Goal, scales: Mapping[str, bool], proceed: Callable[[], None]
) -> dict[str, Any]:
    given = sample(those.settings, those.values[0], goal, is_log=scales)
    found = rank(given, proceed=proceed)
    if isinstance(found, TooFew):
        is_constant = given.size > 0 and float(np.ptp(given.y)) == 0
        problem = layout.too_few(found, varying=len(given.axes), is_constant=is_constant, kind=_kind(those))
        return {"problem": problem, "said": layout.basis(given, those.left_out, kind=_kind(those))}
    means = effects(given, [(pair.first, pair.second) for pair in found.pairs], proceed=proceed)
    said = layout.basis(given, those.left_out, means.quality, kind=_kind(those))
    return {"problem": None, "said": said, **_figures(given, found, means, _observed(those, goal), metric)}


def _kind(those: Counted) -> str:
    """What to call the experiments that count."""
    return "finished or unfinished " if those.with_unfinished else "finished "


def _figures(
    given: Sample, found: Ranking, means: Effects, observed: list[dict[str, Any]], metric: str
) -> dict[str, Any]:
    axes = {axis.name: axis for axis in given.axes}
    ranked = [each.name for each in found.importances]
    paired = [name for name in ranked if any(name in (pair.first, pair.second) for pair in found.pairs)]
    return {
        "importance": importance.figure(found.importances),
        "interaction": interaction.figure(paired, found.pairs) if found.pairs else None,
        "effects": {
            name: effect.figure(axes[name], means.lines[name], observed, metric=metric)
            for name in ranked[:MOST_EFFECTS]
        },
        "surfaces": [
            {
                "pair": list(pair),
                "figure": interaction.surface(
                    (axes[pair[0]], axes[pair[1]]), surface, observed, metric=metric, goal=given.goal
                ),
            }
            for pair, surface in means.surfaces.items()
        ],
    }


def _observed(those: Counted, goal: Goal) -> list[dict[str, Any]]:
    """The experiments to show as dots: the best ones and, evenly, of the others."""
    values = those.values[0]
    proper = [at for at, value in enumerate(values) if math.isfinite(value)]
    proper.sort(key=lambda at: values[at] if goal == "minimize" else -values[at])
    best, rest = proper[: MOST_DOTS // 3], proper[MOST_DOTS // 3 :]
    chosen = best + rest[:: max(1, math.ceil(len(rest) / (MOST_DOTS - MOST_DOTS // 3)))]
    return [{"settings": those.settings[at], "number": those.numbers[at], "value": values[at]} for at in chosen]


def _scales(spec: RunSpec) -> dict[str, bool]:
    """The scale on which hyperparameters were searched between two ends; a list of candidates says nothing of it."""
    return {each["name"]: bool(each["interval"]["isLog"]) for each in spec["hyperparameters"] if each["interval"]}


def numbers_in(compact: Any) -> set[int] | None:
    """The experiments that "1-5,9" names, or None for all."""
    if compact is None:
        return None
    numbers: set[int] = set()
    for part in str(compact).split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part, re.ASCII)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            # No project has more experiments than this, whatever an address says.
            numbers.update(range(first, min(last, first + 1_000_000) + 1))
    return numbers


# --- two metrics -----------------------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.PARETO_ANSWER, "data"),
    Input(ids.PARETO_REQUEST, "data"),
    State(run_ids.SPEC, "data"),
    running=[(Output(ids.PARETO_BUSY, "hidden"), False, True)],
    prevent_initial_call=True,
)
def draw_front(store: Store, request: Request | None, spec: RunSpec) -> Any:
    """The front of two metrics among the experiments that count."""
    if not request:
        return no_update
    names = (str(request["metrics"][0]), str(request["metrics"][1]))
    reductions = _reductions(request, names)
    titles = (_title(spec, names[0], reductions), _title(spec, names[1], reductions))
    try:
        with desk_of(store).reading(store, spec, reductions) as frame:
            goals: tuple[Goal, Goal] = (_goal(frame, request, 0), _goal(frame, request, 1))
            is_wider = is_included(request.get(PARAMETER))
            those = frame.counted(numbers_in(request.get("numbers")), names, reductions, include_unfinished=is_wider)
    except Exception as error:
        if not is_outage(error):
            raise
        return {"said": AWAY, "figure": None}
    return {**_front(those, titles, goals), "at": request.get("at")}


def _front(those: Counted, names: tuple[str, str], goals: tuple[Goal, Goal]) -> dict[str, Any]:
    pairs = list(zip(*those.values, strict=True))
    both = [at for at, pair in enumerate(pairs) if all(map(math.isfinite, pair))]
    values = ([pairs[at][0] for at in both], [pairs[at][1] for at in both])
    places = front(*values, goals)
    figure = pareto.figure([those.numbers[at] for at in both], values, places, names, goals) if both else None
    return {
        "figure": figure,
        "said": layout.on_pareto(len(places), len(both), len(pairs) - len(both), kind=_kind(those)),
    }


def _goal(frame: Frame, request: Request, at: int) -> Goal:
    """What a person chose, else what the run or the metric's name says."""
    chosen = request["goals"][at]
    if chosen in ("minimize", "maximize"):
        return "minimize" if chosen == "minimize" else "maximize"
    return frame.goals.get(str(request["metrics"][at]), "minimize")


# --- what the browser does -------------------------------------------------------------------------------------------

callbacks.in_browser(
    "insights.pick",
    Output(ids.PICK, "data"),
    Input(ids.ANSWER, "data"),
    Input(ids.IMPORTANCE, "clickData"),
    Input(ids.INTERACTION, "clickData"),
    State(ids.PICK, "data"),
)
callbacks.in_browser(
    "insights.draw",
    *(
        Output(name, part)
        for name in (ids.IMPORTANCE, ids.EFFECT, ids.INTERACTION, ids.SURFACE)
        for part in ("figure", "style")
    ),
    Output(ids.SAID, "children"),
    Output(ids.PROBLEM, "children"),
    Output(ids.PROBLEM, "hidden"),
    Output(ids.CONTENT, "hidden"),
    Input(ids.PICK, "data"),
    Input("theme", "data"),
    State(ids.ANSWER, "data"),
)
callbacks.in_browser(
    "insights.drawFront",
    Output(ids.PARETO, "figure"),
    Output(ids.PARETO, "style"),
    Output(ids.PARETO_SAID, "children"),
    Input(ids.PARETO_ANSWER, "data"),
    Input("theme", "data"),
)
callbacks.in_browser(
    "insights.open",
    Input(ids.PARETO, "clickData"),
    Input(ids.EFFECT, "clickData"),
    Input(ids.SURFACE, "clickData"),
)
