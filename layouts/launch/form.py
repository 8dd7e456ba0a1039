"""What the dialog starts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.candidates import Written
from analysis.hyperparameters import Hyperparameter, Value


@dataclass(frozen=True)
class Strategy:
    """A strategy as the form shows it, with what a person chose."""

    name: str = "grid"
    count: int = 20
    seed: int = 0
    repeats: int = 1
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """Everything that a person can change, before it was changed."""

    hyperparameters: Sequence[Hyperparameter]
    written: Mapping[str, Written]
    command: str
    strategy: Strategy
    objective: str | None
    goal: str
    # Names of all metrics that are known, and those that are wanted first.
    known_metrics: Sequence[str]
    metrics: Sequence[str]
    cpus: float
    gpus: float
    concurrency: int | None
    priority: int
    weight: float
    retries: int
    time_limit_s: float | None
    has_terminal: bool
    data_paths: Sequence[str]
    shared_paths: Sequence[str]
    in_place: bool
    has_hooks: bool
    # Resources, objective and data belong to the run that is extended.
    is_extension: bool = False
    # Sentences about the code, such as that it changed; and whether there is a difference to show.
    notes: Sequence[str] = ()
    has_difference: bool = False
    # Where the hyperparameters were read, in words.
    read_from: str = ""
