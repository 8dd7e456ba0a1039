"""What a launch would run, before it runs: every combination, what is known of it, and what would be done with it."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from itertools import chain, islice
from typing import Any, Literal, cast, get_args

from analysis.candidates import Space, space_from_json, space_to_json
from analysis.durations import predict_durations, total_duration
from analysis.hyperparameters import Hyperparameter, Value
from analysis.identity import Fingerprints
from analysis.masks import masked_words
from analysis.strategies import Search, StrategyError, check, count_of, draw, strategy
from launch.choice import StrategyChoice, repeated, seed_hyperparameter
from launch.code import CodeState
from storage.past import Past, fetch_durations, fetch_known, fetch_other_runs, fetch_past
from storage.records import Project
from storage.store import Store

MOST_EXPERIMENTS = 100_000
# Of a search that is larger than any run, so many can be looked at.
MOST_SHOWN_BEYOND = 1_000
MANY_EXPERIMENTS = 5_000
# By so many settings the duration of a search is judged that has none yet.
MOST_TYPICAL = 64

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

    def _search(self) -> Search:
        return self.strategy.search(self.space, self.goal, self.hyperparameters)

    def typical(self) -> list[dict[str, Value]]:
        """Some settings from all over the search space, by which to judge a search that has none yet."""
        search = replace(self._search(), count=MOST_TYPICAL, options={})
        return draw("random", search, MOST_TYPICAL)

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
    """Every experiment with its fingerprint; of a search beyond what a run can have, only some.

    Raises StrategyError.
    """
    parts = [space_to_json(demand.space), demand.strategy.to_json(), demand.goal, list(demand.arguments)]
    key = json.dumps([*parts, [each.to_json() for each in demand.hyperparameters]])
    return _small_drawing(key) if demand.total <= MANY_EXPERIMENTS else _large_drawing(key)


def _drawing(key: str) -> Drawing:
    space, chosen, goal, arguments, known = json.loads(key)
    hyperparameters = [Hyperparameter.from_json(each) for each in known]
    choice = StrategyChoice.from_json(chosen)
    demand = Demand(space_from_json(space), choice, goal, hyperparameters, arguments)
    most = MOST_EXPERIMENTS
    if demand.total > most:
        most = MOST_SHOWN_BEYOND
        # Some strategies draw all that they are asked for at once, and a person may ask for a billion.
        demand = replace(demand, strategy=replace(choice, count=min(choice.count, most)))
    seed_option = seed_hyperparameter(hyperparameters, demand.space)
    # Only what the settings name matters for the fingerprint, and a script may have hundreds of options.
    named = [each for each in hyperparameters if each.name in demand.space or each is seed_option]
    settings, repeats = _repeated(demand.settings(most), choice.repeats, seed_option, most)
    # Another key for the same service makes no result another.
    fingerprints = Fingerprints(named, masked_words(arguments))
    return Drawing(settings, repeats, list(map(fingerprints.of, settings, repeats)))


def _repeated(
    drawn: list[dict[str, Value]], repeats: int, seed_option: Hyperparameter | None, most: int
) -> tuple[list[dict[str, Value]], list[int]]:
    if repeats == 1:
        return drawn, [0] * len(drawn)
    pairs = list(islice(chain.from_iterable(repeated(each, repeats, seed_option) for each in drawn), most))
    return [settings for settings, _ in pairs], [repeat for _, repeat in pairs]


# What a person types is drawn once for the sums and again for every block of rows. A drawing of 100,000 takes about
# 50 MB, so few of these are kept.
_small_drawing = lru_cache(maxsize=64)(_drawing)
_large_drawing = lru_cache(maxsize=3)(_drawing)


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
        parts = [data.get(name) if isinstance(data, Mapping) else None for name in cls.__dataclass_fields__]
        known = [part if isinstance(part, Mapping) else {} for part in parts]
        return cls(*({str(key): str(value) for key, value in part.items()} for part in known))


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
    # By fingerprint, and how to look up the experiments by their ids.
    found: Mapping[str, tuple[Status, int]]
    find_pasts: Callable[[Sequence[int]], Mapping[int, Past]]
    code: CodeState
    decisions: Decisions
    # Of each planned experiment; of typical settings where none is known in advance.
    durations: Sequence[float]
    # From how many experiments durations are predicted.
    history: int

    @cached_property
    def known(self) -> Sequence[tuple[Status, int | None]]:
        """What is known of each planned experiment, and the id of the earlier one from which it is known."""
        new: tuple[Status, None] = ("new", None)
        return [self.found.get(print_, new) for print_ in self.drawn.fingerprints]

    @cached_property
    def actions(self) -> Sequence[Action]:
        """What would be done with each."""
        by_status = {status: self.decisions.action(status, "") for status in STATUSES}
        if not self.decisions.by_fingerprint:
            return [by_status[status] for status, _ in self.known]
        pairs = zip(self.known, self.drawn.fingerprints, strict=True)
        return [self.decisions.action(status, print_) for (status, _), print_ in pairs]

    def rows(self, places: Iterable[int]) -> list[Row]:
        """Planned experiments with all that is known of them; the earlier ones are looked up now."""
        at = list(places)
        ids = [id_ for place in at if (id_ := self.known[place][1])]
        pasts = self.find_pasts(ids) if ids else {}
        return [self._row(place, pasts) for place in at]

    def row(self, place: int) -> Row:
        """A single one of them; many are faster with `rows`."""
        return self.rows([place])[0]

    def _row(self, place: int, pasts: Mapping[int, Past]) -> Row:
        status, id_ = self.known[place]
        seconds = self.durations[place]
        return Row(
            self.drawn.settings[place],
            self.drawn.repeats[place],
            self.drawn.fingerprints[place],
            status,
            self.actions[place],
            pasts.get(id_) if id_ else None,
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
        return 0 if self.is_too_large else self.actions.count("reuse")

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many there are of each status."""
        return Counter(status for status, _ in self.known)

    @cached_property
    def left_out(self) -> Sequence[dict[str, Any]]:
        """Why planned experiments would not be scheduled: `[{"reason", "count"}]`, the most frequent first."""
        if self.is_too_large:
            return []
        pairs = zip(self.known, self.actions, strict=True)
        reasons = Counter(REASONS[status] for (status, _), action in pairs if action == "skip")
        return [{"reason": reason, "count": count} for reason, count in reasons.most_common()]

    def duration(self, at_once: int) -> float | None:
        """Seconds until all scheduled ones are done; None where nobody can tell, or nothing is scheduled."""
        if not self.scheduled or not self.durations or math.isnan(self.durations[0]):
            return None
        if self.demand.is_adaptive or self.is_too_large:
            whole = max(1, min(at_once, self.total))
            return statistics.fmean(self.durations) * math.ceil(self.total / whole)
        pairs = zip(self.durations, self.actions, strict=True)
        return total_duration([seconds for seconds, action in pairs if action == "run"], at_once)


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
    if demand.is_adaptive and not objective:
        title = strategy(demand.strategy.name).title
        raise StrategyError(f"{title} learns from results; name the objective, the metric that it is to judge by.")
    drawn = drawing(demand) if only is None else drawing(demand).part(only)
    history = fetch_durations(store, project.id)
    defaults = {each.name: each.default for each in demand.hyperparameters}
    settings = demand.typical() if demand.is_adaptive else drawn.settings
    return Plan(
        demand=demand,
        drawn=drawn,
        total=demand.total,
        found=_found(store, project, demand, drawn, code) if drawn.fingerprints else {},
        find_pasts=partial(fetch_past, store, objective=objective),
        code=code,
        decisions=decisions or Decisions(),
        durations=predict_durations(history, settings, defaults).tolist(),
        history=len(history),
    )


def _found(
    store: Store, project: Project, demand: Demand, drawn: Drawing, code: CodeState
) -> Mapping[str, tuple[Status, int]]:
    declared = fetch_other_runs(store, project.id, code.code_digest)
    found = fetch_known(
        store,
        project.id,
        drawn.fingerprints,
        code_digest=code.code_digest,
        data_digest=code.data_digest,
        others=[run for run, each in declared.items() if _are_comparable(each, demand.hyperparameters)],
    )
    return cast(Mapping[str, tuple[Status, int]], found)


def _are_comparable(before: Sequence[Mapping[str, Any]], now: Sequence[Hyperparameter]) -> bool:
    # Fingerprints leave out defaults: where one is another by now, an equal fingerprint means other settings.
    defaults = {each.name: each.default for each in now}
    return all(each.get("default") == defaults.get(str(each["name"]), each.get("default")) for each in before)
