"""An adaptive strategy at work: it learns from a run's experiments, and what it asks for becomes experiments.

All that it knows stands in the run's rows, so whoever owns the run next begins it anew and goes on. Nothing here knows
Ray.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from analysis.candidates import space_from_json
from analysis.hyperparameters import Hyperparameter
from analysis.identity import fingerprint
from analysis.program import program_of
from analysis.strategies import STRATEGIES, Search, Strategy, StrategyError, begin
from launch.choice import StrategyChoice, repeated, seed_hyperparameter
from storage.asked import Asked, add_asked, fetch_asked
from storage.records import Run, Settings, Value
from storage.runs import NewExperiment
from storage.store import Store

# The strategies that ask for settings while their run goes on; all others had theirs from the start.
ADAPTIVE = tuple(name for name, strategy in STRATEGIES.items() if strategy.is_adaptive)
# Most strategies answer within this time; one that takes longer thinks on while its owner goes about its work.
PATIENCE_S = 0.5
LONGEST_REASON = 300

Begin = Callable[[str, Search], Strategy]


class RunFailure(Exception):
    """Why a run cannot go on, in a sentence."""


@dataclass
class Tried:
    """The experiments of one setting: those still open, and what came of the others."""

    settings: Settings
    open: set[int] = field(default_factory=set)
    values: dict[int, float | None] = field(default_factory=dict)

    def learn(self, asked: Asked) -> bool:
        """Take note of how one of them stands; says whether that is new."""
        before = (asked.number in self.open, self.values.get(asked.number, math.nan))
        if asked.is_open:
            self.open.add(asked.number)
            self.values.pop(asked.number, None)
        else:
            self.open.discard(asked.number)
            self.values[asked.number] = asked.value
        return before != (asked.is_open, self.values.get(asked.number, math.nan))

    @property
    def mean(self) -> float | None:
        """The mean over the repeats that gave a value; None where none did."""
        known = [value for value in self.values.values() if value is not None]
        return statistics.fmean(known) if known else None


@dataclass(frozen=True)
class News:
    """What a strategy is to be told of a setting: that it is under way, or its value once all its repeats ended."""

    settings: Settings
    is_open: bool
    value: float | None


@dataclass(frozen=True)
class Thought:
    """What a strategy came to: as many settings as were wanted, or fewer where it has no more."""

    strategy: Strategy
    settings: Sequence[dict[str, Value]]
    is_last: bool


class Asking:
    """Asks the strategy of one run, as the run stands now, for as many settings as have a place.

    Guarantees that a run never has more settings than its strategy's count, whoever dies and whoever else adds some.
    """

    def __init__(self, store: Store, run: Run, *, begin: Begin = begin) -> None:
        """run: with the fence of its owner."""
        self._store = store
        self._run = run
        self._begin = begin
        self._choice = StrategyChoice.from_json(run.strategy)
        self._space = space_from_json(run.candidates)
        self._hyperparameters = [Hyperparameter.from_json(each) for each in run.hyperparameters]
        self._seed_option = seed_hyperparameter(self._hyperparameters, self._space)
        self._thinker = ThreadPoolExecutor(1, thread_name_prefix="strategy")
        self._thought: Future[Thought] | None = None
        self._strategy: Strategy | None = None
        self._is_exhausted = False
        # By what makes them the same, in the order of their first experiments.
        self._tried: dict[str, Tried] = {}
        self._asked = 0
        self._news: list[News] = []
        self._waiting: list[dict[str, Value]] = []

    @property
    def is_thinking(self) -> bool:
        """Whether the strategy was asked and has not answered yet."""
        return self._thought is not None

    @property
    def is_done(self) -> bool:
        """Whether it has asked for everything that it will ever ask for."""
        is_over = self._asked >= self._choice.count or (self._is_exhausted and not self._waiting)
        return is_over and not self.is_thinking

    @property
    def left(self) -> int:
        """How many experiments it may yet ask for."""
        settings = len(self._waiting) if self._is_exhausted else max(0, self._choice.count - self._asked)
        return settings * self._choice.repeats

    def look(self, room: int, *, patience_s: float = PATIENCE_S) -> int:
        """Ask for what fits besides the experiments that are open, and queue it; returns how many were queued.

        patience_s: how long an answer is waited for; a slower one is taken at a later look.
        Raises RunFailure where the strategy fails, and LeaseLost.
        """
        if self._thought is None and room > 0 and not self.is_done:
            self._read()
            wanted = min(math.ceil(room / self._choice.repeats), self._choice.count - self._asked) - len(self._waiting)
            if wanted > 0 and not self._is_exhausted:
                news, self._news = self._news, []
                self._thought = self._thinker.submit(self._think, self._strategy, news, wanted)
        if self._thought is not None and wait([self._thought], patience_s).done:
            self._take(self._thought)
        return self._queue()

    def close(self) -> None:
        """Ask no more."""
        self._thinker.shutdown(wait=False, cancel_futures=True)

    # --- what there is ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Learn what was added, started and ended since the last look."""
        heard: dict[str, Tried] = {}
        experiments = fetch_asked(self._store, self._run)
        for asked in experiments:
            plain = self._plain(asked.settings)
            key = _key(plain)
            tried = self._tried.setdefault(key, Tried(plain))
            if tried.learn(asked):
                heard[key] = tried
        self._asked = sum(asked.repeat == 0 for asked in experiments)
        self._news += [News(tried.settings, bool(tried.open), tried.mean) for tried in heard.values()]

    def _plain(self, settings: Settings) -> Settings:
        """Settings without the seed that tells repeats apart."""
        seed = self._seed_option.name if self._seed_option else None
        return {name: value for name, value in settings.items() if name != seed}

    # --- what is to come ----------------------------------------------------------------------------------------------

    def _think(self, strategy: Strategy | None, news: Sequence[News], wanted: int) -> Thought:
        """Runs in a thread of its own, and so touches nothing that changes."""
        if strategy is None:
            strategy = self._begin(
                self._choice.name, self._choice.search(self._space, self._run.goal, self._hyperparameters)
            )
        for each in news:
            if each.is_open:
                strategy.tell_running(each.settings)
            else:
                strategy.tell(each.settings, each.value)
        settings: list[dict[str, Value]] = []
        while len(settings) < wanted and (asked := strategy.ask()) is not None:
            settings.append(asked)
        return Thought(strategy, settings, len(settings) < wanted)

    def _take(self, thought: Future[Thought]) -> None:
        self._thought = None
        if error := thought.exception():
            raise RunFailure(self._sentence(error))
        result = thought.result()
        self._strategy, self._is_exhausted = result.strategy, result.is_last
        self._waiting += result.settings

    def _sentence(self, error: BaseException) -> str:
        if isinstance(error, StrategyError):
            return str(error)
        said = str(error).strip().partition("\n")[0]
        return f"{title_of(self._choice.name)} failed: {said or type(error).__name__}"[:LONGEST_REASON]

    def _queue(self) -> int:
        # The answer to an insertion may get lost; what arrived nevertheless was read in the meantime.
        self._waiting = [settings for settings in self._waiting if _key(settings) not in self._tried]
        if not self._waiting:
            return 0
        added = add_asked(
            self._store, self._run, [self._experiments(each) for each in self._waiting], most=self._choice.count
        )
        self._waiting = self._waiting[added:]
        return added * self._choice.repeats

    def _experiments(self, settings: Mapping[str, Value]) -> list[NewExperiment]:
        arguments = program_of(self._run.command).arguments
        return [
            NewExperiment(each, fingerprint(each, self._hyperparameters, arguments=arguments, repeat=repeat), repeat)
            for each, repeat in repeated(settings, self._choice.repeats, self._seed_option)
        ]


def _key(settings: Settings) -> str:
    return json.dumps(dict(settings), sort_keys=True)


def title_of(name: str) -> str:
    """A strategy's name as people know it."""
    return STRATEGIES[name].title if name in STRATEGIES else name
