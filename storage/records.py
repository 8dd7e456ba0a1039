"""What leaves storage: frozen records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# A hyperparameter's value as it stands in settings.
Value = str | int | float | bool | None
Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Project:
    """One model-tuning task. `hyperparameters` are dictionaries as discovery wrote them."""

    id: int
    slug: str
    name: str
    directory: str
    command: Sequence[str]
    hyperparameters: Sequence[Mapping[str, Any]]
    objective: str | None
    goal: str
    data_paths: Sequence[str]
    shared_paths: Sequence[str]
    in_place: bool
    has_hooks: bool
    patterns: Sequence[str]
    locks: Mapping[str, Mapping[str, Any]]
    options_from: str | None
    takes_more: bool
    code_digest: str | None
    created_at: datetime


@dataclass(frozen=True)
class Run:
    """One batch of experiments. `candidates` holds lists of values, or intervals as dictionaries."""

    id: int
    project_id: int
    number: int
    state: str
    command_line: str
    command: Sequence[str]
    directory: str
    candidates: Mapping[str, Any]
    hyperparameters: Sequence[Mapping[str, Any]]
    objective: str | None
    goal: str
    snapshot_digest: str | None
    revision_digest: str | None
    code_digest: str | None
    data_digest: str | None
    strategy: Mapping[str, Any]
    metrics: Sequence[Mapping[str, str]]
    created_by: str | None
    decisions: Mapping[str, str]
    left_out: Sequence[Mapping[str, Any]]
    cpus: float
    gpus: float
    concurrency: int | None
    priority: int
    weight: float
    time_limit_s: float | None
    retries: int
    environment: Mapping[str, Any]
    has_terminal: bool
    shared_paths: Sequence[str]
    in_place: bool
    has_hooks: bool
    is_trial: bool
    request: str | None
    reason: str | None
    waiting: Mapping[str, Any] | None
    fence: int
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Experiment:
    """One setting executed once. `metrics` maps each metric's name to its summary."""

    id: int
    project_id: int
    run_id: int
    run_number: int
    number: int
    state: str
    settings: Settings
    repeat: int
    priority: int
    reused_from: int | None
    attempt: int
    request: str | None
    reason: str | None
    failure: str | None
    exit_code: int | None
    host: str | None
    epoch: float | None
    epochs: float | None
    value_count: int
    rejected_lines: int
    rejected_sample: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    metrics: Mapping[str, MetricSummary]


@dataclass(frozen=True)
class MetricSummary:
    """The values of one metric in one experiment, in short; minimum and maximum are over finite values."""

    count: int
    last: float
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Curve:
    """All values of one metric in one experiment's newest attempt, in arrival order; NaN and infinities included."""

    metric: str
    values: Sequence[float]
    epochs: Sequence[float | None]
    batches: Sequence[float | None]
    times: Sequence[float]


@dataclass(frozen=True)
class Claim:
    """The right to work on one attempt of an experiment; whoever loses it writes nothing more."""

    experiment_id: int
    project_id: int
    run_id: int
    number: int
    attempt: int
    fence: int
    owner: str
    settings: Settings
    # How often the script failed since a person last queued it.
    failures: int = 0
