"""What the dialog starts from: the last run, a draft, the brush, an experiment, or the locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.candidates import Span, Written, parse_value, read_span, space_from_json, written_as
from analysis.command_line import CommandLine, CommandLineError, format_command_line, given_in
from analysis.hyperparameters import Hyperparameter, Value, text_of, tidied
from analysis.numbers import CandidateError
from callbacks.launch.project import hyperparameters_in, hyperparameters_of, prefix_of, read_command
from launch.choice import StrategyChoice
from storage.experiments import find_experiment
from storage.overview import fetch_best
from storage.projects import metric_names
from storage.records import Project, Run
from storage.runs import fetch_runs, find_run
from storage.store import Store

# Where intervals come from a brush, a grid has nothing to enumerate.
DRAWING = "random"


@dataclass(frozen=True)
class Opened:
    """What the click that opened the dialog brought from its page."""

    mode: str = "new"
    run: int | None = None
    picked: Sequence[int] = ()
    brush: Mapping[str, Any] = field(default_factory=dict)
    selected: int = 0

    @classmethod
    def read(cls, data: Mapping[str, Any] | None) -> Opened:
        """From plain data of the browser, whatever it holds."""
        given = data or {}
        origin = given.get("origin") or {}
        mode = given.get("mode")
        run = origin.get("run")
        return cls(
            mode=mode if mode in ("new", "extend", "duplicate", "draft") else "new",
            run=run if isinstance(run, int) else None,
            picked=[number for number in origin.get("picked") or () if isinstance(number, int)],
            brush=origin.get("brush") or {},
            selected=int(origin.get("selected") or 0),
        )


@dataclass(frozen=True)
class Start:
    """What the form is filled with."""

    written: Mapping[str, Written]
    command: str
    hyperparameters: Sequence[Hyperparameter]
    strategy: StrategyChoice
    # The run whose resources, objective and metrics are taken over.
    like: Run | None


def choices(store: Store, project: Project, opened: Opened) -> list[tuple[str, str]]:
    """What the dialog can start from here, as (word, label), the most likely first."""
    found: list[tuple[str, str]] = []
    if opened.mode != "new" and opened.run:
        return [("run", f"{'Draft' if opened.mode == 'draft' else 'Run'} {opened.run}")]
    if opened.picked:
        found.append((f"experiment:{opened.picked[0]}", f"Experiment {opened.picked[0]}"))
    if opened.brush:
        found.append(("brush", f"Selection ({opened.selected:,})"))
    if project.locks:
        found.append(("locks", f"Locks ({len(project.locks)})"))
    runs = _launched(store, project)
    # On the page of a run that run is meant, as new as others may be.
    newest = opened.run or (runs[0].number if runs else None)
    found.append(("last", f"Run {newest}" if newest else "Defaults"))
    best = _best_number(store, project)
    if best is not None and best not in opened.picked:
        found.append((f"experiment:{best}", f"Best (experiment {best})"))
    return found


def start(store: Store, project: Project, opened: Opened, word: str) -> Start:
    """Fill the form from one of the choices; an unknown one gives the last run."""
    like = find_run(store, project.id, opened.run) if opened.run else None
    last = like or next(iter(_launched(store, project)), None)
    strategy = StrategyChoice.from_json(last.strategy) if last else StrategyChoice()
    line = _line_of(project, last)
    known = {each.name: each for each in (hyperparameters_in(project, line) if line else hyperparameters_of(project))}
    written = dict(line.written if line else _written_in(last, known))
    prefix = prefix_of(project)
    if word == "brush":
        # What the run fixed stays fixed; the brush speaks of what it tuned.
        fixed = {name: each for name, each in written.items() if _is_fixed(each)}
        written = fixed | read_parts(opened.brush, known)
    elif word == "locks":
        written |= read_parts(project.locks, known)
    elif word.startswith("experiment:") and (settings := _settings_of(store, project, word)):
        written = {name: Written((value,)) for name, value in settings.items() if name in known}
        strategy = StrategyChoice(seed=strategy.seed)
    # What is nothing to be seen stands in front.
    given = {*written, *given_in(project.command, known.values())}
    written = {name: Written(()) for name, each in known.items() if each.is_required and name not in given} | written
    if strategy.name == "grid" and any(each.span and each.span.is_interval for each in written.values()):
        strategy = replace(strategy, name=DRAWING)
    filled = {name: each for name, each in written.items() if each.candidates}
    command = format_command_line(prefix, filled, list(known.values()))
    return Start(written, command, list(known.values()), strategy, last)


def _is_fixed(written: Written) -> bool:
    return isinstance(written.candidates, tuple) and len(written.candidates) == 1


def read_parts(parts: Mapping[str, Any], known: Mapping[str, Hyperparameter]) -> dict[str, Written]:
    """Candidates from `{name: {"values": [...]} or {"range": [low, high]}}`; what the script does not take is left out.

    Values come as the page writes them, and are read as the script's own types.
    """
    found: dict[str, Written] = {}
    for name, part in parts.items():
        if name in known and (written := _read_part(part, known[name])):
            found[name] = written
    return found


def _read_part(part: Mapping[str, Any], hyperparameter: Hyperparameter) -> Written | None:
    try:
        if part.get("range"):
            low, high = (text_of(tidied(float(end))) for end in part["range"])
            if low == high:
                return Written((parse_value(low, hyperparameter),))
            span = Span(low, high)
            return Written(read_span(span, hyperparameter), span)
        values = tuple(dict.fromkeys(parse_value(text_of(value), hyperparameter) for value in part.get("values", ())))
    except (CandidateError, TypeError, ValueError):
        # The script's options may have changed since.
        return None
    return Written(values) if values else None


def _line_of(project: Project, run: Run | None) -> CommandLine | None:
    """What a run was launched with, if the program still takes it."""
    with suppress(CommandLineError):
        return read_command(project, run.command_line) if run else None
    return None


def _written_in(run: Run | None, known: Mapping[str, Hyperparameter]) -> Mapping[str, Written]:
    """What a run was launched with, as far as the script still takes it."""
    space = space_from_json(run.candidates) if run else {}
    return {name: written_as(each) for name, each in space.items() if name in known}


def _settings_of(store: Store, project: Project, word: str) -> Mapping[str, Value] | None:
    number = word.partition(":")[2]
    experiment = find_experiment(store, project.id, int(number)) if number.isdecimal() and len(number) < 10 else None
    return experiment.settings if experiment else None


def _launched(store: Store, project: Project) -> list[Run]:
    return [run for run in fetch_runs(store, project.id) if run.state != "draft"]


def _best_number(store: Store, project: Project) -> int | None:
    same = [best for best in fetch_best(store, project.id) if best.objective == project.objective]
    if not same:
        return None
    choose = min if project.goal == "minimize" else max
    return choose(same, key=lambda best: best.value).experiment


def known_metrics(store: Store, project: Project) -> list[str]:
    """Every metric that a person may want: reported ones, and those named before."""
    named = [str(each["name"]) for run in fetch_runs(store, project.id)[:5] for each in run.metrics]
    objective = [project.objective] if project.objective else []
    return list(dict.fromkeys([*objective, *metric_names(store, project.id), *named]))
