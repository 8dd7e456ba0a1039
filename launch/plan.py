"""What a launch would run, before it runs: every combination, what is known of it, and what would be done with it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

from analysis.candidates import Space, space_from_json, space_to_json
from analysis.durations import predict_durations, total_duration
from analysis.hyperparameters import Hyperparameter, Value
from analysis.identity import fingerprint
from analysis.strategies import check, count_of, draw, strategy
from launch.choice import StrategyChoice, repeated, seed_hyperparameter
from launch.code import CodeState
from storage.past import Past, fetch_durations, fetch_past
from storage.records import Project
from storage.store import Store

MOST_EXPERIMENTS = 100_000
# Of a search that is larger than any run, so many can be looked at.
MOST_SHOWN_BEYOND = 1_000

Status = Literal["new", "done", "waiting", "failed", "other code", "other data"]
Action = Literal["run", "skip", "reuse"]
STATUSES: tuple[Status, ...] = get_args(Status)
# What can be done with each, the usual first.
ACTIONS: Mapping[Status, tuple[Action, ...]] = {
    "new": ("run", "skip"),
    "done": ("skip", "reuse", "run"),
    "waiting": ("skip", "run"),
    "failed": ("run", "skip"),
    "other code": ("run", "skip", "reuse"),
    "other data": ("run", "skip", "reuse"),
}
REASONS: Mapping[Status, str] = {
    "new": "left out by hand",
    "done": "done before with the same code and data",
    "waiting": "queued or running already",
    "failed": "failed before with the same code and data",
    "other code": "done before with other code",
    "other data": "done before with other data",
}


@dataclass(frozen=True)
class Demand:
    """What a person asks for: everything that decides which settings there are."""

    space: Space
    strategy: StrategyChoice
    goal: str
    hyperparameters: Sequence[Hyperparameter]
    arguments: Sequence[str] = ()

    def check(self) -> None:
        """Raise StrategyError where the strategy cannot search these candidates."""
        check(self.strategy.name, self._search())

    @property
    def is_adaptive(self) -> bool:
        """Whether settings follow from results, so that none is known in advance."""
        return strategy(self.strategy.name).is_adaptive

    @property
    def total(self) -> int:
        """How many experiments there are, repeats included, known without drawing them. Raises StrategyError."""
        return count_of(self.strategy.name, self._search()) * self.strategy.repeats

    def _search(self) -> Any:
        return self.strategy.search(self.space, self.goal, self.hyperparameters)

    def settings(self, most: int) -> list[dict[str, Value]]:
        """The first settings, without repeats. Raises StrategyError."""
        if self.is_adaptive:
            return []
        return draw(self.strategy.name, self._search(), most)


@dataclass(frozen=True)
class Drawing:
    """The experiments of a demand in the order in which they would start: three lists of one length."""

    settings: Sequence[Mapping[str, Value]]
    repeats: Sequence[int]
    fingerprints: Sequence[str]

    def part(self, places: range) -> Drawing:
        """Only some of them."""
        at = slice(places.start, places.stop)
        return Drawing(self.settings[at], self.repeats[at], self.fingerprints[at])


def drawing(demand: Demand) -> Drawing:
    """Every experiment with its fingerprint; of a search beyond what a run can have, only the first ones.

    Raises StrategyError.
    """
    key = [space_to_json(demand.space), demand.strategy.to_json(), demand.goal, list(demand.arguments)]
    return _drawing(json.dumps([*key, [each.to_json() for each in demand.hyperparameters]]))


@lru_cache(maxsize=16)
def _drawing(key: str) -> Drawing:
    space, chosen, goal, arguments, known = json.loads(key)
    hyperparameters = [Hyperparameter.from_json(each) for each in known]
    demand = Demand(space_from_json(space), StrategyChoice.from_json(chosen), goal, hyperparameters, arguments)
    most = MOST_EXPERIMENTS if demand.total <= MOST_EXPERIMENTS else MOST_SHOWN_BEYOND
    seed_option = seed_hyperparameter(hyperparameters, demand.space)
    # Only what the settings name matters for the fingerprint, and a script may have hundreds of options.
    named = [each for each in hyperparameters if each.name in demand.space or each is seed_option]
    pairs = [
        pair for settings in demand.settings(most) for pair in repeated(settings, demand.strategy.repeats, seed_option)
    ][:most]
    prints = [fingerprint(settings, named, arguments=arguments, repeat=repeat) for settings, repeat in pairs]
    return Drawing([settings for settings, _ in pairs], [repeat for _, repeat in pairs], prints)


@dataclass(frozen=True)
class Decisions:
    """What to do with planned experiments: by status, and for single ones by fingerprint."""

    by_status: Mapping[str, str] = field(default_factory=dict)
    by_fingerprint: Mapping[str, str] = field(default_factory=dict)

    def action(self, status: Status, print_: str) -> Action:
        """What is decided, or else usual; a decision that the status does not allow counts for nothing."""
        allowed = ACTIONS[status]
        for decided in (self.by_fingerprint.get(print_), self.by_status.get(status)):
            if decided in allowed:
                return decided
        return allowed[0]

    def to_json(self) -> dict[str, Any]:
        """As plain data, for a draft and for the page."""
        return {"by_status": dict(self.by_status), "by_fingerprint": dict(self.by_fingerprint)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Decisions:
        """Back from plain data, which may have come from anywhere."""
        parts = [(data or {}).get(name) for name in cls.__dataclass_fields__]
        return cls(*({str(key): str(value) for key, value in (part or {}).items()} for part in parts))


@dataclass(frozen=True)
class Row:
    """One planned experiment; `past` is the earlier one that its status is about."""

    settings: Mapping[str, Value]
    repeat: int
    fingerprint: str
    status: Status
    action: Action
    past: Past | None
    duration_s: float | None


@dataclass(frozen=True)
class Plan:
    """All planned experiments; `total` is larger than their number where a run cannot have so many."""

    demand: Demand
    drawn: Drawing
    total: int
    pasts: Mapping[str, Sequence[Past]]
    code: CodeState
    decisions: Decisions
    durations: Sequence[float]
    # From how many experiments durations are predicted.
    history: int

    @cached_property
    def known(self) -> Sequence[tuple[Status, Past | None]]:
        """What is known of each planned experiment."""
        return [self._status(self.pasts.get(print_, ())) for print_ in self.drawn.fingerprints]

    @cached_property
    def actions(self) -> Sequence[Action]:
        """What would be done with each."""
        pairs = zip(self.known, self.drawn.fingerprints, strict=True)
        return [self.decisions.action(status, print_) for (status, _), print_ in pairs]

    def _status(self, pasts: Sequence[Past]) -> tuple[Status, Past | None]:
        found: dict[Status, Past] = {}
        for past in pasts:
            found.setdefault(self._status_of(past), past)
        for status in ("done", "waiting", "other data", "other code", "failed"):
            if status in found:
                return status, found[status]
        return "new", None

    def _status_of(self, past: Past) -> Status:
        # What ran before code was looked at, or from where nobody can tell, is taken for other code.
        if past.code_digest != self.code.code_digest or past.code_digest is None:
            return "other code" if past.state == "finished" else "new"
        if past.data_digest != self.code.data_digest:
            return "other data" if past.state == "finished" else "new"
        return {"finished": "done", "failed": "failed"}.get(past.state, "waiting")  # type: ignore[return-value]

    def row(self, index: int) -> Row:
        """One planned experiment with all that is known of it."""
        status, past = self.known[index]
        seconds = self.durations[index]
        return Row(
            self.drawn.settings[index],
            self.drawn.repeats[index],
            self.drawn.fingerprints[index],
            status,
            self.actions[index],
            past,
            None if math.isnan(seconds) else seconds,
        )

    @property
    def is_too_large(self) -> bool:
        """Whether no run can have so many experiments."""
        return self.total > MOST_EXPERIMENTS

    @cached_property
    def scheduled(self) -> int:
        """How many experiments would run."""
        if self.demand.is_adaptive or self.is_too_large:
            return self.total
        return self.actions.count("run")

    @property
    def reused(self) -> int:
        """How many would show an earlier one's results."""
        return self.actions.count("reuse")

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many there are of each status."""
        return Counter(status for status, _ in self.known)

    @cached_property
    def left_out(self) -> Sequence[dict[str, Any]]:
        """Why planned experiments would not be scheduled: `[{"reason", "count"}]`, the most frequent first."""
        pairs = zip(self.known, self.actions, strict=True)
        reasons = Counter(REASONS[status] for (status, _), action in pairs if action == "skip")
        return [{"reason": reason, "count": count} for reason, count in reasons.most_common()]

    def duration(self, at_once: int) -> float | None:
        """Seconds until all scheduled ones are done; None where nobody can tell."""
        if self.demand.is_adaptive or self.is_too_large:
            seconds = [self.durations[0]] * min(self.total, MOST_EXPERIMENTS) if len(self.durations) else []
        else:
            pairs = zip(self.durations, self.actions, strict=True)
            seconds = [duration for duration, action in pairs if action == "run"]
        if not seconds or any(map(math.isnan, seconds)):
            return None
        total = total_duration(seconds, at_once)
        return total * self.total / len(seconds) if self.is_too_large else total


def plan_of(
    store: Store,
    project: Project,
    demand: Demand,
    code: CodeState,
    *,
    objective: str | None,
    decisions: Decisions | None = None,
    only: range | None = None,
) -> Plan:
    """Draw a demand and look up what is known of it; `only`: as if it had no more than these of its experiments.

    Raises StrategyError.
    """
    demand.check()
    drawn = drawing(demand) if only is None else drawing(demand).part(only)
    history = fetch_durations(store, project.id)
    defaults = {each.name: each.default for each in demand.hyperparameters}
    # An adaptive search has no settings yet; what ran before tells how long one of them takes.
    shown = drawn.settings or [{}]
    durations = predict_durations(
        [({**defaults, **settings}, seconds) for settings, seconds in history],
        [{**defaults, **settings} for settings in shown],
    )
    pasts = fetch_past(store, project.id, drawn.fingerprints, objective) if drawn.fingerprints else {}
    return Plan(
        demand=demand,
        drawn=drawn,
        total=demand.total,
        pasts=pasts,
        code=code,
        decisions=decisions or Decisions(),
        durations=[float(seconds) for seconds in durations],
        history=len(history),
    )
