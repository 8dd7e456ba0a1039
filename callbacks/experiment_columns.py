"""Experiments as columns: what the browser's experiment set (assets/experiments.js) is patched with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from storage.records import Experiment

Columns = dict[str, Any]

# More values than this per epoch, and a metric is reported by batch.
MOST_VALUES_PER_EPOCH = 1.5


def columns(
    experiments: Sequence[Experiment],
    hyperparameters: Sequence[str],
    metrics: Sequence[str],
    sources: Mapping[int, int] | None = None,
) -> Columns:
    """One list per column, one entry per experiment; JSON carries all of it.

    sources: the numbers of the experiments that some of these reuse, by their ids.
    """
    notes = ((row, _notes(experiment, sources or {})) for row, experiment in enumerate(experiments))
    return {
        "number": [experiment.number for experiment in experiments],
        "state": [experiment.state for experiment in experiments],
        "epoch": [_plain(experiment.epoch) for experiment in experiments],
        "epochs": [_plain(experiment.epochs) for experiment in experiments],
        "duration": [_plain(experiment.duration_s) for experiment in experiments],
        "hyperparameters": [
            {"name": name, "values": [_plain(experiment.settings.get(name)) for experiment in experiments]}
            for name in hyperparameters
        ],
        "metrics": [_metric_column(name, experiments) for name in metrics],
        "failures": [
            [row, _failure(experiment)]
            for row, experiment in enumerate(experiments)
            if experiment.state in {"failed", "stopped"}
        ],
        "notes": [[row, found] for row, found in notes if found],
    }


def _notes(experiment: Experiment, sources: Mapping[int, int]) -> dict[str, Any]:
    """What only some experiments have to say of themselves."""
    found: dict[str, Any] = {}
    if experiment.priority and experiment.state == "queued":
        found["priority"] = experiment.priority
    if experiment.repeat:
        found["repeat"] = experiment.repeat
    if experiment.reused_from is not None and experiment.reused_from in sources:
        found["source"] = sources[experiment.reused_from]
    if experiment.request == "stop" and experiment.state == "running":
        found["isStopping"] = True
    return found


def metric_names(known: Sequence[str], experiments: Sequence[Experiment]) -> list[str]:
    """The metrics known so far, then new ones in order of appearance."""
    names = dict.fromkeys(known)
    for experiment in experiments:
        names.update(dict.fromkeys(experiment.metrics))
    return list(names)


def _plain(value: Any) -> Any:
    """A value that JSON can carry; what is not finite is missing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _metric_column(name: str, experiments: Sequence[Experiment]) -> Columns:
    """The last values; what JSON cannot carry is null and named in `marked` as [row, word]."""
    summaries = [experiment.metrics.get(name) for experiment in experiments]
    last = [None if summary is None else summary.last for summary in summaries]
    return {
        "name": name,
        "values": [_plain(value) for value in last],
        "marked": [
            [row, _word(value)] for row, value in enumerate(last) if value is not None and not math.isfinite(value)
        ],
        "level": _level(name, experiments),
    }


def _word(value: float) -> str:
    if math.isnan(value):
        return "nan"
    return "+inf" if value > 0 else "-inf"


def _level(name: str, experiments: Sequence[Experiment]) -> str | None:
    """Whether a metric comes once per epoch or by batch; None where these experiments do not tell."""
    shares = [
        experiment.metrics[name].count / experiment.epoch
        for experiment in experiments
        if name in experiment.metrics and experiment.epoch
    ]
    if not shares:
        return None
    return "batch" if median(shares) > MOST_VALUES_PER_EPOCH else "epoch"


def _failure(experiment: Experiment) -> str:
    """Why an experiment has no full result."""
    code = "" if experiment.exit_code is None else f"exit code {experiment.exit_code}"
    reason = experiment.reason or ""
    if code and code not in reason:
        return f"{code}: {reason}" if reason else code
    return reason or "no reason given"
