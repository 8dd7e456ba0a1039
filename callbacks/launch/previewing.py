"""The preview: it follows every change of the form, and gives its table rows as they are scrolled to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dash import ALL, Input, Output, State, ctx, no_update

from analysis.candidates import Candidates, Interval
from analysis.hyperparameters import text_of
from analysis.masks import masked_command, masked_text
from analysis.strategies import STRATEGIES, StrategyError
from answers.fields import FormError, read_paths
from callbacks.group import CallbackGroup
from callbacks.launch.form import code_in, extended_run, form_inputs, read_form, request_of
from callbacks.launch.project import project_of
from launch.code import CodeError, code_difference, code_state
from launch.extension import review_extension
from launch.launch import Refusal, Review
from launch.launch import review as review_request
from launch.order import Order
from launch.plan import ACTIONS, STATUSES, Decisions, Demand, Plan, plan_of
from layouts import launch_ids as ids
from layouts.launch import frame, options, preview
from layouts.launch.preview import Known, PlanRow, Totals
from storage.past import Past, fetch_outlines
from storage.records import Project
from storage.runs import RunError, find_latest_run
from storage.store import Store

callbacks = CallbackGroup()

LONGEST_DRAWN = 9
MOST_MEASURED = 1_000
PLACES = ("command", "strategy", "resources", "data")


# --- the strategy's own form ------------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.STRATEGY_FORM, "children"),
    Output(ids.COUNT_PLACE, "hidden"),
    Input(ids.STRATEGY, "value"),
    prevent_initial_call=True,
)
def show_strategy(_store: Store, name: str | None) -> tuple[Any, Any]:
    """The options of the strategy that was chosen, with their defaults."""
    kind = STRATEGIES.get(str(name))
    return (options.strategy_form(kind.name, {}), kind.counts_itself) if kind else (no_update, no_update)


# --- the data that results depend on ----------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.CONTEXT, "data", allow_duplicate=True),
    Input(ids.DATA, "value"),
    State(ids.CONTEXT, "data"),
    prevent_initial_call=True,
)
def look_at_data(store: Store, written: str | None, context: Mapping[str, Any] | None) -> Any:
    """Other data makes what is done another: look at what is declared now, once per change."""
    project = project_of(store, context)
    if project is None or context is None or not context.get("is_here"):
        return no_update
    found = code_state(store, project, read_paths(written))
    anew = {**context, "data": found.data_digest, "problem": found.problem}
    return no_update if anew == context else anew


# --- what would run ---------------------------------------------------------------------------------------------------


@callbacks.on(
    output={
        "command": Output(ids.COMMAND_ERROR, "children"),
        "strategy": Output(ids.STRATEGY_ERROR, "children"),
        "resources": Output(ids.RESOURCES_ERROR, "children"),
        "data": Output(ids.DATA_ERROR, "children"),
        "count": Output(ids.COUNT, "children"),
        "summary": Output(ids.SUMMARY, "children"),
        "statuses": Output(ids.STATUSES, "children"),
        "show": Output(ids.SHOW, "options"),
        "plan": Output(ids.PLAN, "data"),
        "columns": Output(ids.TABLE, "columnDefs"),
        "no_table": Output(ids.TABLE_PLACE, "hidden"),
        "is_disabled": Output(ids.START, "disabled"),
        "label": Output(ids.START, "children"),
        "cannot_save": Output(ids.SAVE, "disabled"),
        "confirm": Output(ids.CONFIRM, "data"),
        "error": Output(ids.ERROR, "children", allow_duplicate=True),
    },
    inputs={
        "form": form_inputs(),
        "problems": Input(ids.PROBLEMS, "data"),
        "decisions": Input(ids.DECISIONS, "data"),
        "context": Input(ids.CONTEXT, "data"),
    },
    prevent_initial_call=True,
)
def review(
    store: Store,
    *,
    form: Mapping[str, Any],
    problems: list[str] | None,
    decisions: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Say what the form would launch, and whether it can."""
    project = project_of(store, context)
    if project is None or context is None:
        return dict.fromkeys(_answer({}), no_update)
    try:
        asked = read_form(project, form)
        request = request_of(store, project, asked, decisions, context)
        extended = extended_run(store, project, context)
    except FormError as error:
        return _refusal(error, str(form.get("command") or ""), context)
    except RunError as error:
        return _answer({"error": str(error)})
    if extended:
        reviewed = review_extension(store, project, extended, request)
    else:
        reviewed = review_request(store, project, request)
    if isinstance(reviewed, Refusal):
        return _refusal(FormError(reviewed.sentence, reviewed.part), "", context)
    shown = _shown(reviewed, asked.order, context, problems or [])
    # The code changed under the dialog: whoever said so has said why.
    return {**shown, "error": no_update} if ctx.triggered_id == ids.CONTEXT else shown


def _answer(given: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(PLACES, "")
    empty |= {"count": "", "summary": [], "statuses": [], "show": no_update, "plan": no_update, "columns": no_update}
    empty["no_table"] = no_update
    empty |= {"is_disabled": True, "label": no_update, "cannot_save": True, "confirm": None, "error": ""}
    return empty | dict(given)


def _refusal(error: FormError, command: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """A form that cannot be read: one sentence at its place; the preview keeps what it showed."""
    shown: Any = error.message
    if error.place == "command":
        shown = frame.command_error(command, error.message, error.column)
    label = frame.start_label(0, is_extension=context.get("mode") == "extend")
    summary = preview.refusal(
        f"Nothing can be launched until the {error.place} {'are' if error.place == 'resources' else 'is'} mended."
    )
    return _answer({error.place: shown, "label": label, "summary": summary, "statuses": no_update})


def _shown(reviewed: Review, order: Order, context: Mapping[str, Any], problems: Sequence[str]) -> dict[str, Any]:
    plan, obstacle = reviewed.plan, reviewed.obstacle
    totals = totals_of(plan, order, reviewed.at_once)
    names = shown_names(plan.demand)
    return _answer(
        {
            "resources": obstacle.sentence if obstacle and obstacle.part == "resources" else "",
            "error": obstacle.sentence if obstacle and obstacle.part == "run" else "",
            "count": preview.count_text(totals),
            "summary": preview.summary(totals),
            "statuses": preview.search_space(plan.demand.space, "")
            if plan.demand.is_adaptive
            else preview.statuses(totals),
            "no_table": plan.demand.is_adaptive,
            "show": preview.show_options(totals),
            "plan": {
                "form": {
                    "command": masked_command(order.command_line),
                    "strategy": plan.demand.strategy.to_json(),
                    "goal": plan.demand.goal,
                    "objective": order.objective,
                },
                "decisions": plan.decisions.to_json(),
                "shown": totals.shown,
            },
            "columns": preview.columns(
                {name: longest_value(plan.demand.space[name]) for name in names},
                count=totals.shown,
                has_repeats=plan.demand.strategy.repeats > 1,
                has_past=any(past for _, past in plan.known),
                objective=order.objective,
            ),
            "is_disabled": bool(problems or obstacle),
            "label": frame.start_label(
                0 if plan.is_too_large else plan.scheduled,
                plan.reused,
                is_extension=context.get("mode") == "extend",
            ),
            "cannot_save": bool(problems) or context.get("mode") == "extend",
        }
    )


def shown_names(demand: Demand) -> list[str]:
    """The hyperparameters that the table has a column for: the tuned ones, or all where none is."""
    fixed = [name for name, each in demand.space.items() if isinstance(each, tuple) and len(each) == 1]
    return [name for name in demand.space if name not in fixed] or fixed


def longest_value(candidates: Candidates) -> int:
    """How many characters the longest of some candidates has; an interval's values are as long as drawn numbers get."""
    if isinstance(candidates, Interval):
        return len(text_of(candidates.high)) if candidates.is_whole else LONGEST_DRAWN
    return max((len(text_of(value)) for value in candidates[:MOST_MEASURED]), default=0)


def totals_of(plan: Plan, order: Order, at_once: int | None) -> Totals:
    """What the preview says in sums."""
    demand = plan.demand
    sizes: list[int] = []
    if demand.strategy.name == "grid":
        sizes = [len(each) for each in demand.space.values() if not isinstance(each, Interval) and len(each) > 1]
        sizes += [demand.strategy.repeats] if demand.strategy.repeats > 1 else []
        sizes = sizes if math.prod(sizes) == plan.total else []
    elif demand.strategy.repeats > 1:
        sizes = [plan.total // demand.strategy.repeats, demand.strategy.repeats]
    statuses = [
        (status, plan.counts[status], plan.decisions.action(status, ""), ACTIONS[status])
        for status in STATUSES
        if plan.counts.get(status)
    ]
    return Totals(
        total=plan.total,
        scheduled=plan.scheduled,
        reused=plan.reused,
        statuses=statuses,
        left_out=plan.left_out,
        sizes=sizes,
        duration_s=plan.duration(at_once or order.concurrency or 1),
        at_once=at_once,
        history=plan.history,
        cpus=order.cpus,
        gpus=order.gpus,
        is_adaptive=demand.is_adaptive,
        is_too_large=plan.is_too_large,
        shown=len(plan.drawn.settings),
    )


# --- the table's rows -------------------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.TABLE, "getRowsResponse"),
    Input(ids.TABLE, "getRowsRequest"),
    State(ids.PLAN, "data"),
    State(ids.SHOW, "value"),
    State(ids.CONTEXT, "data"),
    prevent_initial_call=True,
)
def give_rows(
    store: Store,
    request: Mapping[str, Any] | None,
    planned: Mapping[str, Any] | None,
    show: str | None,
    context: Mapping[str, Any] | None,
) -> Any:
    """The rows that the table has scrolled to, with what is known of each."""
    project = project_of(store, context)
    if project is None or context is None or request is None:
        return no_update
    if not planned:
        return {"rowData": [], "rowCount": 0}
    form = planned["form"]
    flat = {name: form[name] for name in ("command", "goal", "objective")}
    try:
        asked = read_form(project, flat)
        demand = replace(asked.demand, strategy=type(asked.demand.strategy).from_json(form["strategy"]))
        decisions = Decisions.from_json(planned.get("decisions"))
        wanted = range(int(request.get("startRow") or 0), int(request.get("endRow") or preview.ROWS_PER_BLOCK))
        # All rows are looked up only where some statuses are left out.
        plan = plan_of(
            store, project, demand, code_in(context), objective=form["objective"], decisions=decisions,
            only=None if show else wanted,
        )  # fmt: skip
    except (FormError, StrategyError):
        return {"rowData": [], "rowCount": 0}
    found = [place for place, (status, _) in enumerate(plan.known) if not show or status == show]
    at = found[wanted.start : wanted.stop] if show else found
    count = len(found) if show else planned["shown"]
    first = 0 if show else wanted.start
    return {"rowData": rows(store, plan, at, first, form["objective"]), "rowCount": count}


def rows(store: Store, plan: Plan, at: Sequence[int], first: int, objective: str | None) -> list[dict[str, Any]]:
    """Rows of the table; `first` is the place of the plan's own first row."""
    names, now = shown_names(plan.demand), preview.now()
    past = list(zip(at, plan.rows(at), strict=True))
    ids_ = [row.past.id for _, row in past if row.past]
    curves = fetch_outlines(store, ids_, objective) if ids_ and objective else {}
    shown = []
    for index, row in past:
        curve = curves.get(row.past.id, []) if row.past else []
        shown.append(
            preview.row(
                PlanRow(
                    place=first + index + 1,
                    settings=row.settings,
                    repeat=row.repeat,
                    status=row.status,
                    action=row.action,
                    actions=ACTIONS[row.status],
                    fingerprint=row.fingerprint,
                    known=_known(row.past),
                    curve=[value if math.isfinite(value) else None for value in curve],
                    duration_s=row.duration_s,
                ),
                names,
                now,
            )
        )
    return shown


def _known(past: Past | None) -> Known | None:
    return Known(past.number, past.run_number, past.state, past.value, past.at, past.by) if past else None


# --- what changed in the code -----------------------------------------------------------------------------------------


@callbacks.on(
    Output(ids.DIFFERENCE, "children"),
    Output(ids.DIFFERENCE, "hidden"),
    Output(ids.SHOW_DIFFERENCE, "children"),
    Input(ids.SHOW_DIFFERENCE, "n_clicks"),
    State(ids.DIFFERENCE, "hidden"),
    State(ids.CONTEXT, "data"),
    prevent_initial_call=True,
)
def show_difference(
    store: Store, clicks: int | None, is_hidden: bool, context: Mapping[str, Any] | None
) -> tuple[Any, Any, Any]:
    """Open or close the difference between the newest run's code and the script as it is now."""
    project = project_of(store, context)
    if project is None or not clicks:
        return no_update, no_update, no_update
    if not is_hidden:
        return no_update, True, "Show what changed"
    return _difference(store, project), False, "Hide what changed"


def _difference(store: Store, project: Project) -> Any:
    newest = find_latest_run(store, project.id)
    if newest is None:
        return "Nothing was launched before."
    try:
        return preview.difference([masked_text(line) for line in code_difference(store, project, newest)])
    except CodeError as error:
        return str(error)


# --- in the browser ---------------------------------------------------------------------------------------------------

callbacks.in_browser(
    "launch.decideAll",
    Output(ids.DECISIONS, "data", allow_duplicate=True),
    Input(ids.status_action(ALL), "value"),
    State(ids.status_action(ALL), "id"),
    State(ids.DECISIONS, "data"),
    prevent_initial_call=True,
)
callbacks.in_browser(
    "launch.decideOne",
    Output(ids.DECISIONS, "data", allow_duplicate=True),
    Input(ids.TABLE, "cellValueChanged"),
    State(ids.DECISIONS, "data"),
    prevent_initial_call=True,
)
callbacks.in_browser(
    "launch.refreshRows",
    Output(ids.SHOW, "value"),
    Input(ids.PLAN, "data"),
    Input(ids.SHOW, "value"),
    State(ids.SHOW, "options"),
    prevent_initial_call=True,
)
callbacks.in_browser(
    "launch.addMetric",
    Output(ids.METRICS, "options"),
    Output(ids.METRICS, "value"),
    Output(ids.NEW_METRIC, "value"),
    Input(ids.ADD_METRIC, "n_clicks"),
    Input(ids.NEW_METRIC, "n_submit"),
    State(ids.NEW_METRIC, "value"),
    State(ids.METRICS, "options"),
    State(ids.METRICS, "value"),
    prevent_initial_call=True,
)
