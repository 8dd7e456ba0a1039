"""What the web keeps of runs that are being explained: their experiments, answers, and whose turn it is.

Nothing here is a person's state: another web process without it only takes longer.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from analysis.counting import is_counted
from analysis.metrics import usual_goal
from analysis.reductions import LAST, Reduction, Reductions
from analysis.surrogate import Goal
from layouts.run import RunSpec
from storage.changes import changes_since
from storage.columns import fetch_metrics
from storage.records import Experiment, Run
from storage.runs import find_run
from storage.store import Store

MOST_FRAMES = 3
MOST_ANSWERS = 40
MOST_PAGES = 1_000

Kept = TypeVar("Kept")


class Superseded(Exception):
    """A newer request of the same page came in."""


@dataclass(frozen=True)
class Counted:
    """Experiments that count: numbers, settings (with the defaults of what was not set), and values metric by metric.

    left_out: how many began and do not count, by their states. with_unfinished: a person wants them counted.
    """

    numbers: list[int]
    settings: list[dict[str, Any]]
    values: list[list[float]]
    left_out: dict[str, int]
    with_unfinished: bool = False


@dataclass
class Frame:
    """The experiments of one run in columns, as of `cursor`; `version` changes exactly when they do.

    A metric's column has NaN where there is no value. Rows are in order of arrival. `reduced` are columns of other
    numbers than the last, for as long as nothing changes.
    """

    goals: dict[str, Goal] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    cursor: str = ""
    version: int = 0
    numbers: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    reduced: dict[tuple[str, Reduction], list[float]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)

    def counted(
        self,
        numbers: set[int] | None,
        metrics: Sequence[str],
        reductions: Reductions,
        *,
        include_unfinished: bool = False,
    ) -> Counted:
        """Those among these (None for all) that count, with some metrics, reduced as the frame was read."""
        wanted = [row for row, number in enumerate(self.numbers) if numbers is None or number in numbers]
        begun = [row for row in wanted if self.states[row] != "queued"]
        rows = [row for row in begun if is_counted(self.states[row], include_unfinished=include_unfinished)]
        columns = [self._column(metric, reductions.get(metric, LAST)) for metric in metrics]
        others = [self.states[row] for row in begun if not include_unfinished and not is_counted(self.states[row])]
        return Counted(
            [self.numbers[row] for row in rows],
            [{name: column[row] for name, column in self.columns.items()} for row in rows],
            [[column[row] for row in rows] for column in columns],
            {state: others.count(state) for state in dict.fromkeys(sorted(others))},
            include_unfinished,
        )

    def _column(self, metric: str, reduction: Reduction) -> list[float]:
        nothing = [math.nan] * len(self.numbers)
        return (
            self.metrics.get(metric, nothing) if reduction == LAST else self.reduced.get((metric, reduction), nothing)
        )

    def reduce(self, store: Store, run_id: int, reductions: Reductions) -> None:
        """Read the columns that are not there yet."""
        missing = {name: each for name, each in reductions.items() if (name, each) not in self.reduced}
        if not missing:
            return
        found = fetch_metrics(store, run_id, missing)
        for column in found.metrics:
            values = self.reduced[column.name, missing[column.name]] = [math.nan] * len(self.numbers)
            for number, value in zip(found.numbers[column.rows].tolist(), column.values.tolist(), strict=True):
                # What came in between is read with the next question.
                if number in self.places:
                    values[self.places[number]] = value

    def put(self, experiment: Experiment) -> None:
        """Add an experiment, or write over what was known of it."""
        row = self.places.setdefault(experiment.number, len(self.numbers))
        if row == len(self.numbers):
            self._append(experiment.number)
        self.states[row] = experiment.state
        for name, value in experiment.settings.items():
            if name not in self.columns:
                self.columns[name] = [self.defaults.get(name)] * len(self.numbers)
            self.columns[name][row] = value
        for name, summary in experiment.metrics.items():
            if name not in self.metrics:
                self.metrics[name] = [math.nan] * len(self.numbers)
                self.goals.setdefault(name, _goal(usual_goal(name)))
            self.metrics[name][row] = summary.last

    def _append(self, number: int) -> None:
        self.numbers.append(number)
        self.states.append("queued")
        for name, column in self.columns.items():
            column.append(self.defaults.get(name))
        for metric in self.metrics.values():
            metric.append(math.nan)


class Desk:
    """Frames and answers, the latest used ones, for as many threads as there are; one computes at a time."""

    def __init__(self) -> None:
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._newest: OrderedDict[str, object] = OrderedDict()
        self._at_work = threading.Lock()
        self._reading = threading.Lock()

    @contextmanager
    def turn(self, page: str) -> Iterator[Callable[[], None]]:
        """Wait for one's turn; yields a function that raises Superseded once the same page has asked anew."""
        ticket = object()
        with self._reading:
            _keep(self._newest, page, ticket, MOST_PAGES)

        def proceed() -> None:
            # A page that was forgotten has long gone on.
            if self._newest.get(page) is not ticket:
                raise Superseded

        with self._at_work:
            proceed()
            yield proceed

    @contextmanager
    def reading(self, store: Store, spec: RunSpec, reductions: Reductions) -> Iterator[Frame]:
        """The run's experiments as they are now, for as long as nobody else brings them up to date."""
        with self._reading:
            frame = self._frames.get(spec["run_id"]) or _empty(find_run(store, spec["project_id"], spec["number"]))
            # Only what changed since the last time is read.
            changes = changes_since(store, spec["project_id"], frame.cursor, run_id=spec["run_id"])
            for experiment in changes.experiments:
                frame.put(experiment)
            if changes.experiments:
                frame.reduced.clear()
            frame.reduce(store, spec["run_id"], reductions)
            frame.cursor = changes.cursor
            frame.version += bool(changes.experiments)
            _keep(self._frames, spec["run_id"], frame, MOST_FRAMES)
            yield frame

    def answered(self, key: Hashable, answer: Callable[[], Kept]) -> Kept:
        """What was answered to `key` before, else the answer now. Call it in one's turn."""
        found: Kept = self._answers[key] if key in self._answers else answer()
        _keep(self._answers, key, found, MOST_ANSWERS)
        return found


# One desk per store, and gone with it.
_desks: WeakKeyDictionary[Store, Desk] = WeakKeyDictionary()


def desk_of(store: Store) -> Desk:
    """The desk of this store."""
    return _desks.setdefault(store, Desk())


def _empty(run: Run | None) -> Frame:
    if run is None:
        return Frame()
    goals = {metric["name"]: _goal(metric["goal"]) for metric in run.metrics if "goal" in metric}
    if run.objective:
        goals[run.objective] = _goal(run.goal)
    return Frame(goals, {str(each["name"]): each.get("default") for each in run.hyperparameters})


def _goal(word: str) -> Goal:
    return "maximize" if word == "maximize" else "minimize"


def _keep(kept: OrderedDict[Any, Any], key: Hashable, value: Any, most: int) -> None:
    """Put a value last, and forget the first ones."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
