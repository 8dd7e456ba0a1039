"""A run as a PDF that is read without the page: what was tried, what came out best, what failed."""

from __future__ import annotations

import json
import math
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.counting import best_of, is_counted, is_finished, left_out_words, ranked
from analysis.masks import masked_command
from storage.records import Experiment, Project, Run, Value
from storage.schema import EXPERIMENT_STATES

# Of the typesetting alone, by the clock; it also limits its computing time itself.
TIME_LIMIT_S = 60

MOST_ROWS = 200
MOST_PANELS = 12
MOST_HYPERPARAMETER_COLUMNS = 5
MOST_METRIC_COLUMNS = 4
MOST_SETTINGS = 24
MOST_ENDINGS = 12

# What the typesetter needs of our environment: where programs, fonts and caches are. No secrets.
PASSED_ON = ("HOME", "LANG", "MPLCONFIGDIR", "PATH", "SYSTEMROOT", "TMPDIR", "XDG_CACHE_HOME")


class ReportError(Exception):
    """A report that could not be made; the message says why."""


def run_report(
    project: Project,
    run: Run,
    experiments: Sequence[Experiment],
    *,
    now: datetime,
    include_unfinished: bool = False,
) -> bytes:
    """Typeset a run's report as PDF; it takes about two seconds.

    Texts of users are data to the typesetter, never markup. It runs in a process of its own, with limits of time and
    memory and without our environment.
    Raises ReportError.
    """
    told = report_content(project, run, experiments, now=now, include_unfinished=include_unfinished)
    content = json.dumps(told).encode()
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # Without these, memory is reserved for every core.
    environment |= {"OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}
    command = [sys.executable, "-I", str(Path(__file__).with_name("report_pdf.py"))]
    try:
        ended = subprocess.run(
            command, input=content, env=environment, capture_output=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ReportError(f"The report took longer than {TIME_LIMIT_S} s and was given up.") from None
    if ended.returncode != 0 or not ended.stdout.startswith(b"%PDF"):
        last = ended.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        raise ReportError(f"The report could not be typeset: {last or f'exit code {ended.returncode}'}")
    return ended.stdout


def report_content(
    project: Project,
    run: Run,
    experiments: Sequence[Experiment],
    *,
    now: datetime,
    include_unfinished: bool = False,
) -> dict[str, Any]:
    """Everything that the report says, as plain data: texts ready to print, and numbers only for the figure.

    include_unfinished: a person wants them counted; see analysis/counting.py.
    """
    objective = run.objective
    rule = Rule(objective, run.goal, include_unfinished)
    names = _hyperparameters(run, experiments)
    tuned = [name for name in names if _is_tuned(run, experiments, name)]
    in_order = rule.ranked(experiments)
    best = rule.best(experiments)
    wanted = f"{'lowest' if run.goal == 'minimize' else 'highest'} {objective}" if objective else "none"
    return {
        "project": _plain(project.name, 120),
        "run": run.number,
        "created": f"{now.day} {now:%B %Y, %H:%M %Z}".strip(),
        "command": _plain(masked_command(run.command_line), 1000),
        "facts": [
            ["Experiments", f"{len(experiments):,}"],
            *_times(run, experiments, now),
            ["Each experiment", _resources(run)],
            ["Objective", _plain(wanted, 60)],
        ],
        "states": _states(experiments),
        "left_out": _left_out(experiments, rule),
        "best": _best(best, in_order, rule, names, tuned),
        "no_best": "" if best else _why_no_best(experiments, rule),
        "figure": _figure(in_order, rule, tuned, best),
        "table": _table(in_order, rule, tuned),
        "endings": _endings(experiments),
    }


# --- choosing and ranking -----------------------------------------------------------------------------------------


def _hyperparameters(run: Run, experiments: Sequence[Experiment]) -> list[str]:
    """The names that settings hold, in the order of the script's own options."""
    held = dict.fromkeys(name for experiment in experiments for name in experiment.settings)
    known = [str(entry["name"]) for entry in run.hyperparameters if entry.get("name") in held]
    return list(dict.fromkeys([*known, *held]))


def _is_tuned(run: Run, experiments: Sequence[Experiment], name: str) -> bool:
    return len(run.candidates.get(name, ())) > 1 or len({repr(each.settings.get(name)) for each in experiments}) > 1


def _last(experiment: Experiment, metric: str | None) -> float:
    summary = experiment.metrics.get(metric) if metric else None
    return summary.last if summary else math.nan


@dataclass(frozen=True)
class Rule:
    """Which experiments count in this report, and what makes one better than another."""

    objective: str | None
    goal: str
    include_unfinished: bool

    def value(self, experiment: Experiment) -> float:
        """The objective's last value, NaN for none."""
        return _last(experiment, self.objective)

    def counts(self, experiment: Experiment) -> bool:
        """Whether its value of the objective counts."""
        return is_counted(experiment.state, self.value(experiment), include_unfinished=self.include_unfinished)

    def ranked(self, experiments: Sequence[Experiment]) -> list[Experiment]:
        """Those that count, the best first, then the others."""
        return ranked(experiments, self.value, self.goal, include_unfinished=self.include_unfinished)

    def best(self, experiments: Sequence[Experiment]) -> Experiment | None:
        """The best of those that count."""
        return best_of(experiments, self.value, self.goal, include_unfinished=self.include_unfinished)


# --- sections -----------------------------------------------------------------------------------------------------


def _times(run: Run, experiments: Sequence[Experiment], now: datetime) -> list[list[str]]:
    facts = []
    if run.started_at:
        name = "Wall time" if run.ended_at else "Wall time so far"
        facts.append([name, duration_text(((run.ended_at or now) - run.started_at).total_seconds())])
    durations = [each.duration_s for each in experiments if each.duration_s is not None]
    if durations:
        facts.append(["Computing time", duration_text(sum(durations))])
    return facts


def _resources(run: Run) -> str:
    gpus = f", {run.gpus:g} GPU{'s' if run.gpus != 1 else ''}" if run.gpus else ""
    return f"{run.cpus:g} CPU{'s' if run.cpus != 1 else ''}{gpus}"


def _states(experiments: Sequence[Experiment]) -> list[dict[str, Any]]:
    seen = [each.state for each in experiments]
    return [
        {"state": state, "count": seen.count(state), "text": f"{seen.count(state):,} {state}"}
        for state in EXPERIMENT_STATES
        if state in seen
    ]


def _left_out(experiments: Sequence[Experiment], rule: Rule) -> str:
    """How many unfinished ones do not count, or do because a person wants so."""
    words = left_out_words(each.state for each in experiments)
    if not words:
        return ""
    if rule.include_unfinished:
        return f"Counted like finished experiments, as was asked for: {words}. Their values are in grey italics."
    return f"Left out of the best setting and of the figure: {words}. Their values are in grey italics."


def _best(
    best: Experiment | None,
    in_order: Sequence[Experiment],
    rule: Rule,
    names: Sequence[str],
    tuned: Sequence[str],
) -> dict[str, Any] | None:
    objective = rule.objective
    if best is None or objective is None:
        return None
    value = rule.value(best)
    ties = [each for each in in_order if rule.counts(each) and rule.value(each) == value]
    fixed = [name for name in names if name not in set(tuned)]

    def settings(chosen: Sequence[str]) -> list[list[str]]:
        pairs = [[name, value_text(best.settings.get(name))] for name in chosen[:MOST_SETTINGS]]
        return [[_plain(name, 40), _plain(value, 80)] for name, value in pairs]

    return {
        "experiment": best.number,
        "unfinished": "" if is_finished(best.state) else f"not finished: {best.state}",
        "objective": _plain(objective, 40),
        "value": number_text(value),
        "ties": f"also reached by {_number_list([each.number for each in ties[1:]])}" if len(ties) > 1 else "",
        "tuned": settings(tuned),
        "fixed": settings(fixed),
        "left_out": max(0, len(tuned) - MOST_SETTINGS) + max(0, len(fixed) - MOST_SETTINGS),
        "metrics": [
            [_plain(name, 40), number_text(summary.last)]
            for name, summary in _by_weight(best.metrics.items())
            if name != objective
        ][:MOST_SETTINGS],
    }


def _why_no_best(experiments: Sequence[Experiment], rule: Rule) -> str:
    objective = rule.objective
    if not experiments:
        return "This run has no experiments."
    if objective is None:
        return "This run names no objective, so no setting is called the best; experiments are listed by number."
    reported = list(dict.fromkeys(name for each in experiments for name in each.metrics))
    if objective not in reported:
        others = f" What was reported: {', '.join(reported[:8])}." if reported else " No metric was reported at all."
        return _plain(f"No experiment reported {objective}.{others}", 500)
    ended = "has" if rule.include_unfinished else "finished with"
    return _plain(f"No experiment {ended} a finite {objective}, so there is no best setting.", 300)


def _figure(
    in_order: Sequence[Experiment],
    rule: Rule,
    tuned: Sequence[str],
    best: Experiment | None,
) -> dict[str, Any] | None:
    """What the figure is drawn from: the values of those that count, of the objective and each tuned hyperparameter."""
    objective = rule.objective
    drawn = [each for each in in_order if rule.counts(each)]
    if objective is None or not tuned or len(drawn) < 2:
        return None
    missing = sum(not math.isfinite(rule.value(each)) for each in in_order)
    unfinished = len(in_order) - len(drawn) - missing
    notes = [
        f"{missing} of {len(in_order)} experiments have no finite value and are not drawn." if missing else "",
        f"{unfinished} that did not finish are left out." if unfinished else "",
        f"The first {MOST_PANELS} of {len(tuned)} tuned hyperparameters." if len(tuned) > MOST_PANELS else "",
    ]
    return {
        "objective": _plain(objective, 32),
        "values": [rule.value(each) for each in drawn],
        "best": drawn.index(best) if best else None,
        "panels": [
            {"name": _plain(name, 32), "values": [_panel_value(each.settings.get(name)) for each in drawn]}
            for name in tuned[:MOST_PANELS]
        ],
        "note": " ".join(filter(None, notes)),
    }


def _panel_value(value: Value) -> str | float:
    """Finite numbers as numbers, everything else as its text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else _plain(value_text(value), 40)  # type: ignore[arg-type]


def _table(in_order: Sequence[Experiment], rule: Rule, tuned: Sequence[str]) -> dict[str, Any]:
    objective = rule.objective
    summaries = [pair for each in in_order for pair in each.metrics.items()]
    others = list(dict.fromkeys(name for name, _ in _by_weight(summaries) if name != objective))
    metrics = [*([objective] if objective else []), *others]
    hyperparameters, shown_metrics = tuned[:MOST_HYPERPARAMETER_COLUMNS], metrics[:MOST_METRIC_COLUMNS]
    rows = in_order[:MOST_ROWS]
    columns = [
        _column("no.", [str(each.number) for each in rows], is_number=True),
        _column("state", [each.state for each in rows]),
        *(_setting_column(name, rows) for name in hyperparameters),
        *(_metric_column(name, rows, rule) for name in shown_metrics),
        _column("duration", [duration_text(each.duration_s) for each in rows], is_number=True),
    ]
    left_out = [*tuned[MOST_HYPERPARAMETER_COLUMNS:], *metrics[MOST_METRIC_COLUMNS:]]
    return {
        "columns": columns,
        "more": max(0, len(in_order) - MOST_ROWS),
        "sorted_by": _plain(objective, 60) if objective and any(map(rule.counts, in_order)) else "",
        "left_out": _plain(", ".join(left_out[:20]) + (" ..." if len(left_out) > 20 else ""), 800),
    }


def _by_weight(metrics: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    # What is reported once per epoch sums up more than what is reported at every batch.
    return sorted(metrics, key=lambda pair: pair[1].count)


def _column(name: str, cells: Sequence[str], *, is_number: bool = False, **more: Any) -> dict[str, Any]:
    # As wide as its longest piece that does not break; the template breaks at these characters, too.
    pieces = [piece for text in (name, *cells) for piece in re.split(r"[\s/,=_:-]", text)]
    weight = min(max(map(len, pieces)), 16) + 3
    return {"name": _plain(name, 60), "cells": cells, "is_number": is_number, "weight": weight, **more}


def _setting_column(name: str, rows: Sequence[Experiment]) -> dict[str, Any]:
    values = [each.settings.get(name) for each in rows]
    is_number = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return _column(name, [_plain(value_text(value, digits=4), 28) for value in values], is_number=is_number)


def _metric_column(name: str, rows: Sequence[Experiment], rule: Rule) -> dict[str, Any]:
    is_objective = name == rule.objective
    values = [each.metrics[name].last if name in each.metrics else None for each in rows]
    write = number_writer([value for value in values if value is not None])
    cells = ["" if value is None else write(value) for value in values]
    counted = [value if rule.counts(each) else None for each, value in zip(rows, values, strict=True)]
    return _column(
        name,
        cells,
        is_number=True,
        is_objective=is_objective,
        shares=_shares(counted) if is_objective else [],
        unfinished=[not is_finished(each.state) for each in rows],
    )


def _shares(values: Sequence[float | None]) -> list[float]:
    """How far each value lies between the smallest and the largest; -1 where there is no finite value."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0), max(finite, default=0)
    span = high - low
    return [
        -1 if value is None or not math.isfinite(value) else (value - low) / span if 0 < span < math.inf else 1
        for value in values
    ]


def _endings(experiments: Sequence[Experiment]) -> dict[str, Any]:
    """What failed or was stopped, by reason: the most frequent first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for each in experiments:
        if each.state in ("failed", "stopped"):
            code = f"exit code {each.exit_code}" if each.exit_code else "no reason was given"
            groups.setdefault((each.state, each.reason or code), []).append(each.number)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return {
        "groups": [
            {"state": state, "reason": _plain(reason, 500), "experiments": _number_list(numbers), "count": len(numbers)}
            for (state, reason), numbers in ordered[:MOST_ENDINGS]
        ],
        "more": max(0, len(ordered) - MOST_ENDINGS),
    }


# --- words --------------------------------------------------------------------------------------------------------


def _plain(text: str, most: int) -> str:
    """One line of at most so many characters; what cannot be printed becomes a replacement character."""
    line = " ".join(text[: most * 4].split())
    printable = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return printable if len(printable) <= most else f"{printable[: most - 1]}…"


def value_text(value: Value, digits: int = 6) -> str:
    """A setting as the report writes it; the CSV has every digit."""
    return format(value, f".{digits}g") if isinstance(value, float) else str(value)


def number_text(value: float) -> str:
    """A metric's value with four digits that count."""
    return number_writer([value])(value)


def number_writer(values: Sequence[float]) -> Callable[[float], str]:
    """How to write the values of one column: four digits that count in most, and as many decimals in all."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    power = math.floor(math.log10(statistics.median(sizes))) if sizes else 0
    decimals = max(0, 3 - power) if -4 < power < 7 else None

    def write(value: float) -> str:
        if not math.isfinite(value):
            return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
        # One that diverged must not make powers of ten of the others.
        is_plain = decimals is not None and abs(value) < 1e7
        return format(value, f",.{decimals}f" if is_plain else ".3e").replace("-", "−")

    return write


def duration_text(seconds: float | None) -> str:
    """Seconds as people say them: 3.2 s, 1 min 12 s, 2 h 05 min, 3 d 4 h."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    span = timedelta(seconds=round(seconds))
    minutes, rest = divmod(span.seconds, 60)
    if span < timedelta(hours=1):
        return f"{minutes} min {rest} s"
    if span < timedelta(days=1):
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{span.days} d {minutes // 60} h"


def _number_list(numbers: Sequence[int], most: int = 12) -> str:
    """Numbers in order, neighbours as ranges: 3, 5–9 and 14 more."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number])
    shown = ["–".join(map(str, part)) for part in ranges[:most]]
    left = sum(part[-1] - part[0] + 1 for part in ranges[most:])
    return ", ".join(shown) + (f" and {left} more" if left else "")


__all__: Sequence[str] = ["ReportError", "report_content", "run_report"]
