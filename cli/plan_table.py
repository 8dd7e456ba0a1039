"""What a launch would do, as a terminal shows it, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from analysis.hyperparameters import text_of
from analysis.masks import masked_command
from analysis.words import duration
from cli.launch import Planned
from cli.terminal import printable
from launch.plan import MOST_EXPERIMENTS, Plan, Row

MOST_ROWS = 50
# Narrower columns cannot be read; what does not fit is left out, and said.
COLUMN_WIDTH = 14


def plan_table(plan: Plan, width: int) -> Table:
    """The first planned experiments, one row each, with as many hyperparameters as fit."""
    tuned = [name for name, each in plan.demand.space.items() if not isinstance(each, tuple) or len(each) > 1]
    names = tuned[: max(3, (width - 60) // COLUMN_WIDTH)]
    table = Table("", "do", *map(printable, names), "known of it", "takes about")
    for index, row in enumerate(plan.rows(range(min(len(plan.drawn.settings), MOST_ROWS)))):
        values = [printable(text_of(row.settings.get(name))) for name in names]
        table.add_row(str(index + 1), row.action, *values, printable(_known(row)), duration(row.duration_s))
    return table


def _known(row: Row) -> str:
    if row.past is None:
        return "new" if not row.repeat else f"new, repeat {row.repeat + 1}"
    value = "" if row.past.value is None or not math.isfinite(row.past.value) else f", {row.past.value:.4g}"
    return f"{row.status}: experiment {row.past.number} of run {row.past.run_number}{value}"


def plan_sentences(plan: Plan, at_once: int) -> Iterator[str]:
    """The sums below the table."""
    shown = min(len(plan.drawn.settings), MOST_ROWS)
    if plan.demand.is_adaptive:
        yield "Its settings follow from results, so none is known in advance."
    elif shown < plan.total:
        yield f"... and {plan.total - shown:,} more"
    yield f"{plan.scheduled:,} of {plan.total:,} scheduled" + (f", {plan.reused:,} reused" if plan.reused else "")
    yield from left_out_sentences(plan)
    if plan.is_too_large:
        yield f"A run has at most {MOST_EXPERIMENTS:,} experiments, so this cannot be launched."
    if (seconds := plan.duration(at_once)) is not None:
        yield f"About {duration(seconds)} with {at_once} at once, judged by {plan.history:,} finished experiments"


def left_out_sentences(plan: Plan) -> Iterator[str]:
    """How many are not scheduled, for each reason."""
    for each in plan.left_out:
        yield f"{each['count']:,} left out: {each['reason']}"


# --- as data ----------------------------------------------------------------------------------------------------------


def plan_json(planned: Planned) -> dict[str, Any]:
    """A plan as plain data: sums, and every experiment with what is known of it; what is no number is null."""
    plan = planned.plan
    return {
        "project": planned.project.slug,
        "command": masked_command(planned.request.order.command_line),
        "strategy": plan.demand.strategy.to_json(),
        "total": plan.total,
        "scheduled": plan.scheduled,
        "reused": plan.reused,
        "left_out": list(plan.left_out),
        "at_once": planned.at_once,
        "expected_s": plan.duration(planned.at_once),
        "notes": list(planned.notes),
        "experiments": list(map(_row_json, plan.rows(range(len(plan.drawn.settings))))),
    }


def _row_json(row: Row) -> dict[str, Any]:
    value = row.past.value if row.past else None
    return {
        "settings": dict(row.settings),
        "repeat": row.repeat,
        "status": row.status,
        "action": row.action,
        "run": row.past.run_number if row.past else None,
        "experiment": row.past.number if row.past else None,
        "objective": value if value is not None and math.isfinite(value) else None,
        "expected_s": row.duration_s,
    }
