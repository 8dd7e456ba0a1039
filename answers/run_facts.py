"""What a run says of itself in words: how its settings are chosen, how many are planned, and its hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.candidates import space_from_json
from analysis.counting import COUNTED_STATES
from analysis.hyperparameters import Hyperparameter
from analysis.masks import masked_command
from analysis.strategies import STRATEGIES, StrategyError, count_of
from answers.flag_words import LOOKS
from launch.choice import StrategyChoice
from layouts.run import HyperparameterSpec, RunSpec
from storage.records import Run, Value


def spec_of(slug: str, run: Run) -> RunSpec:
    """What a run's page is about."""
    return {
        "slug": slug,
        "project_id": run.project_id,
        "run_id": run.id,
        "number": run.number,
        "objective": run.objective,
        "goal": run.goal,
        "command_line": masked_command(run.command_line),
        "hyperparameters": _hyperparameters(run),
        # The objective alone is no choice: every launch names it, and the page then shows what it shows anyway.
        "metrics": [metric["name"] for metric in run.metrics] if len(run.metrics) > 1 else [],
        "counted": list(COUNTED_STATES),
        "looks": [list(pair) for pair in LOOKS],
    }


def _hyperparameters(run: Run) -> list[HyperparameterSpec]:
    """The tuned hyperparameters first, in the script's order."""
    discovered = {str(found["name"]): found for found in run.hyperparameters}
    names = sorted(dict.fromkeys([*discovered, *run.candidates]), key=lambda name: not _is_tuned(run, name))
    return [
        {
            "name": name,
            "kind": _kind(run, name),
            "categories": [category_of(value) for value in listed(run, name)],
            "values": listed(run, name),
            "help": str(discovered.get(name, {}).get("help") or ""),
            "is_tuned": _is_tuned(run, name),
            "interval": _interval_of(run, name),
        }
        for name in names
    ]


def _is_tuned(run: Run, name: str) -> bool:
    """Whether it has more than one candidate; an interval has many."""
    return len(run.candidates.get(name, ())) > 1


def _interval_of(run: Run, name: str) -> dict[str, bool] | None:
    candidates = run.candidates.get(name, ())
    return {"isLog": bool(candidates.get("is_log"))} if isinstance(candidates, Mapping) else None


def listed(run: Run, name: str) -> list[Value]:
    """The candidates that a run names one by one; none of an interval."""
    candidates = run.candidates.get(name, ())
    return [] if isinstance(candidates, Mapping) else [value for value in candidates if value is not None]


def category_of(value: Value) -> str:
    """A value as the browser writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(run: Run, name: str) -> str:
    """Numbers where every candidate is one, whatever the script calls the type: `choices=[16, 32]` lies on an axis."""
    candidates = run.candidates.get(name, ())
    if isinstance(candidates, Mapping):
        return "number"
    if candidates:
        are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in candidates)
        return "number" if are_numbers else "category"
    types = {found["name"]: found["type"] for found in run.hyperparameters}
    return "number" if types.get(name) in {"int", "float"} else "category"


def strategy_words(strategy: Mapping[str, Any]) -> str:
    """How settings are chosen: "Random search, 20 settings, seed 3, 2 repeats each"; "" for a plain grid."""
    choice = StrategyChoice.from_json(strategy)
    kind = STRATEGIES.get(choice.name)
    words = [] if choice.name == "grid" else [kind.title if kind else choice.name]
    if kind and not kind.counts_itself:
        words[0] += " search"
        words += [f"{choice.count:,} setting{'' if choice.count == 1 else 's'}", f"seed {choice.seed}"]
    if choice.repeats > 1:
        words.append(f"{choice.repeats} repeats each")
    sentence = ", ".join(words)
    return sentence[:1].upper() + sentence[1:]


def planned_count(run: Run) -> int | None:
    """How many experiments a draft would start with everything in it, or None where that is not known yet."""
    choice = StrategyChoice.from_json(run.strategy)
    hyperparameters = [Hyperparameter.from_json(each) for each in run.hyperparameters]
    try:
        space = space_from_json(run.candidates)
        return count_of(choice.name, choice.search(space, run.goal, hyperparameters)) * choice.repeats
    except StrategyError:
        return None


def candidate_words(candidates: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The candidates of each hyperparameter as a list; an interval is one word."""
    return {
        name: [_interval(values)] if isinstance(values, Mapping) else list(values)
        for name, values in candidates.items()
    }


def _interval(interval: Mapping[str, Any]) -> str:
    return f"{interval['low']:g} to {interval['high']:g}{' (log)' if interval.get('is_log') else ''}"
