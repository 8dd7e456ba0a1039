"""The preview: how many experiments, what is known of each, what would be done with it, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component

from analysis.candidates import Candidates, Interval, Space
from analysis.hyperparameters import Value, text_of
from analysis.words import duration, number
from layouts import launch_ids as ids
from layouts.experiment_table import THEME
from layouts.launch.editor import interval_words
from layouts.launch.form import Form

ROWS_PER_BLOCK = 100
# What a group of each status is called.
STATUS_WORDS = {
    "new": "new",
    "done": "done with this code and data",
    "waiting": "queued or running now",
    "failed": "failed with this code",
    "other code": "done with other code",
    "other data": "done with other data",
}


@dataclass(frozen=True)
class Known:
    """The earlier experiment that a row is about."""

    number: int
    run: int
    state: str
    value: float | None
    at: datetime
    by: str | None


@dataclass(frozen=True)
class PlanRow:
    """One planned experiment as the table shows it."""

    place: int
    settings: Mapping[str, Value]
    repeat: int
    status: str
    action: str
    actions: Sequence[str]
    fingerprint: str
    known: Known | None
    curve: Sequence[float | None]
    duration_s: float | None


@dataclass(frozen=True)
class Totals:
    """What the preview says above its table."""

    total: int
    scheduled: int
    reused: int
    # (status, how many, what is decided, what could be)
    statuses: Sequence[tuple[str, int, str, Sequence[str]]]
    left_out: Sequence[Mapping[str, Any]]
    sizes: Sequence[int]
    duration_s: float | None
    at_once: int | None
    history: int
    cpus: float
    gpus: float
    is_adaptive: bool
    is_too_large: bool
    shown: int


# --- the panel ------------------------------------------------------------------------------------------------------


def panel(form: Form) -> list[Component]:
    """The preview's places; what stands in them follows every click."""
    return [
        html.Div(
            [
                html.Ul([html.Li(note) for note in form.notes]),
                html.Button(
                    "Show what changed",
                    id=ids.SHOW_DIFFERENCE,
                    type="button",
                    className="link-button",
                    hidden=not form.has_difference,
                ),
                html.Div(id=ids.DIFFERENCE, hidden=True),
            ],
            id=ids.CODE_NOTE,
            className="code-note",
            hidden=not form.notes,
        ),
        html.Div(id=ids.SUMMARY, className="plan-summary", role="status"),
        html.Div(id=ids.STATUSES, className="plan-statuses"),
        dcc.RadioItems(
            id=ids.SHOW, options=[{"label": "all", "value": ""}], value="", inline=True, className="segmented"
        ),
        html.Div(_table(), id=ids.TABLE_PLACE, className="plan-table"),
    ]


def _table() -> dag.AgGrid:
    return dag.AgGrid(
        id=ids.TABLE,
        columnDefs=[],
        rowModelType="infinite",
        getRowId="params.data.id",
        defaultColDef={"sortable": False, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions={
            "theme": {"function": THEME},
            "cacheBlockSize": ROWS_PER_BLOCK,
            "maxBlocksInCache": 20,
            "infiniteInitialRowCount": 1,
            "blockLoadDebounceMillis": 60,
            "animateRows": False,
            "suppressFieldDotNotation": True,
            # Few columns, of which the last would come only with a scroll.
            "suppressColumnVirtualisation": True,
            "tooltipShowDelay": 300,
            "suppressNoRowsOverlay": True,
        },
        style={"height": "100%", "width": "100%"},
    )


def columns(
    names: Mapping[str, int], *, count: int, has_repeats: bool, has_past: bool, objective: str | None
) -> list[dict[str, Any]]:
    """The columns of a table of `count` rows.

    names: the hyperparameters in the order of their fields h0, h1, ..., each with the length of its longest value.
    """
    right = {"type": "rightAligned"}
    shown: list[dict[str, Any]] = [
        {
            "field": "place",
            "headerName": "",
            "width": 22 + round(7.5 * len(f"{count:,}")),
            "pinned": "left",
            "cellClass": "muted",
            **right,
        },
        {
            "field": "action",
            "headerName": "do",
            "width": 76,
            "pinned": "left",
            "cellRenderer": "PlanAction",
            "headerTooltip": "run, skip, or reuse an earlier result",
        },
        *(
            {
                "field": f"h{place}",
                "headerName": name,
                "headerTooltip": name,
                "tooltipField": f"h{place}",
                "width": max(_width(name), min(160, 22 + round(7.5 * longest))),
                **right,
            }
            for place, (name, longest) in enumerate(names.items())
        ),
    ]
    if has_repeats:
        shown.append({"field": "repeat", "headerName": "repeat", "width": 76, **right})
    if has_past and objective:
        title = {"headerName": objective, "headerTooltip": f"{objective}, as it came out"}
        shown.append({"field": "value", "width": max(76, min(104, _width(objective))), **title, **right})
    shown.append({"field": "status", "headerName": "known of it", "tooltipField": "detail", "flex": 1, "minWidth": 172})
    expected = {"headerName": "takes", "headerTooltip": "Predicted from experiments that finished"}
    shown.append({"field": "expected", "width": 78, **expected, **right})
    if has_past and objective:
        course = {"headerName": "course", "headerTooltip": f"How {objective} went"}
        shown.append({"field": "curve", "width": 100, "cellRenderer": "PlanCurve", **course})
    return shown


def _width(name: str) -> int:
    return min(160, max(58, 30 + round(7.6 * len(name))))


def row(row_: PlanRow, names: Sequence[str], now: datetime) -> dict[str, Any]:
    """One row of the table as plain data."""
    known = row_.known
    return {
        "id": row_.fingerprint,
        "place": f"{row_.place:,}",
        "action": row_.action,
        "actions": list(row_.actions),
        "repeat": row_.repeat + 1,
        "status": status_text(row_, now),
        "detail": status_detail(row_),
        "value": "" if known is None or known.value is None else number(known.value),
        "curve": list(row_.curve),
        "expected": duration(row_.duration_s) if row_.action == "run" else "",
        **{f"h{place}": text_of(row_.settings.get(name)) for place, name in enumerate(names)},
    }


def status_text(row_: PlanRow, now: datetime) -> str:
    """What is known of a planned experiment, in a few words."""
    known = row_.known
    if known is None:
        return "new"
    where = f"#{known.number}"
    if row_.status == "waiting":
        return f"{known.state}: {where}"
    words = {"done": "done", "failed": "failed", "other code": "other code", "other data": "other data"}[row_.status]
    return f"{words}: {where}, {ago(known.at, now)}"


def status_detail(row_: PlanRow) -> str:
    """The same at length, for whoever asks."""
    known = row_.known
    if known is None:
        return "Never run with these settings"
    by = f", launched by {known.by}" if known.by else ""
    said = {
        "done": "finished with the same code, data and settings",
        "waiting": f"{known.state} with the same code, data and settings",
        "failed": "failed with the same code, data and settings",
        "other code": "finished with these settings, but the script was another one",
        "other data": "finished with these settings, but the data was another",
    }[row_.status]
    return f"Experiment {known.number} of run {known.run} {said}{by}, {known.at:%Y-%m-%d %H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in its largest unit."""
    seconds = max(0.0, (now - at).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


# --- sentences ------------------------------------------------------------------------------------------------------


def count_text(totals: Totals) -> str:
    """How many experiments, and how that comes about: `3 × 2 × 3 = 18 experiments`."""
    noun = "experiment" if totals.total == 1 else "experiments"
    product = f"{' × '.join(f'{size:,}' for size in totals.sizes)} = " if len(totals.sizes) > 1 else ""
    return f"{product}{totals.total:,} {noun}"


def summary(totals: Totals) -> list[Component]:
    """How many of how many are scheduled, why the others are not, and how long that takes."""
    if totals.is_too_large:
        return [
            html.Strong(f"{totals.total:,} combinations"),
            html.Span(
                f"are more than a run can have. The first {totals.shown:,} are shown; remove values, or choose a "
                "strategy that draws some of them.",
                className="field-error",
            ),
        ]
    parts: list[Component] = [html.Strong(f"{totals.scheduled:,} of {totals.total:,} scheduled")]
    if totals.reused:
        parts.append(html.Span(f"{totals.reused:,} reused"))
    parts += [html.Span(f"{each['count']:,} left out: {each['reason']}") for each in totals.left_out]
    parts.append(html.Span(_time(totals), title=_time_detail(totals)))
    return parts


def _time(totals: Totals) -> str:
    if not totals.scheduled:
        return ""
    if totals.duration_s is None:
        return "duration unknown: nothing of this project has finished yet"
    at_once = f", {totals.at_once:,} at once" if totals.at_once else ""
    return f"about {duration(totals.duration_s)}{at_once}"


def _time_detail(totals: Totals) -> str:
    if totals.duration_s is None:
        return ""
    work = totals.duration_s * (totals.at_once or 1)
    cost = [f"{work * totals.cpus / 3600:.2g} CPU hours"] if totals.cpus else []
    cost += [f"{work * totals.gpus / 3600:.2g} GPU hours"] if totals.gpus else []
    many = "experiment" if totals.history == 1 else "experiments"
    return f"Predicted from {totals.history:,} finished {many}; up to {' and '.join(cost)}"


def search_space(space: Space, advice: str) -> list[Component]:
    """What an adaptive strategy searches, where there are no settings to show yet."""
    rows = [html.Tr([html.Th(name), html.Td(_candidates_words(each))]) for name, each in space.items()]
    return [
        html.P(f"Settings follow from results, so none is known in advance. {advice}", className="hint"),
        html.Table(html.Tbody(rows), className="search-space"),
    ]


def _candidates_words(candidates: Candidates) -> str:
    if isinstance(candidates, Interval):
        return interval_words(candidates)
    shown = ", ".join(text_of(value) for value in candidates[:12])
    more = f" and {len(candidates) - 12:,} more" if len(candidates) > 12 else ""
    return f"{shown}{more}" if len(candidates) > 1 else f"{shown} (fixed)"


def refusal(message: str) -> list[Component]:
    """What stands in place of the sums while the form cannot be read; the table keeps what it showed."""
    return [html.Span(message, className="field-error")]


def statuses(totals: Totals) -> list[Component]:
    """For each status that is not simply new: what to do with all of them."""
    return [
        html.Div(
            [
                html.Span(f"{count:,} {STATUS_WORDS[status]}", className=f"plan-status is-{status.replace(' ', '-')}"),
                dcc.RadioItems(
                    id=ids.status_action(status),
                    options=[{"label": _action_label(status, action), "value": action} for action in allowed],
                    value=decided,
                    inline=True,
                    className="segmented",
                ),
            ],
            className="plan-status-row",
        )
        for status, count, decided, allowed in totals.statuses
        if status != "new"
    ]


def _action_label(status: str, action: str) -> str:
    if action == "run":
        return "run again"
    return "reuse the results" if action == "reuse" else "skip" if status != "failed" else "leave out"


def show_options(totals: Totals) -> list[dict[str, str]]:
    """Which rows can be shown alone."""
    several = [each for each in totals.statuses if each[1]]
    shown = [{"label": f"all {totals.shown:,}", "value": ""}]
    return [*shown, *({"label": f"{each[0]} {each[1]:,}", "value": each[0]} for each in several if len(several) > 1)]


def difference(lines: Sequence[str]) -> Component:
    """A unified diff, added and removed lines in their colours."""
    kinds = {"+": "is-added", "-": "is-removed", "@": "is-place"}
    return html.Pre(
        [
            html.Span(f"{line}\n", className="is-file" if line[:3] in ("+++", "---") else kinds.get(line[:1], ""))
            for line in lines
        ]
        or "No difference in the files that the script imports.",
        className="difference",
    )


def now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)
