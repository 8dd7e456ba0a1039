"""What the adaptive strategies share: which settings are known, and what to do when a wish is known already."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from itertools import islice
from typing import ClassVar

import numpy as np

from analysis.hyperparameters import Value
from analysis.strategies.base import Search, Settings, Strategy
from analysis.strategies.cube import Cube, Key, generator

# Among so many settings that were not asked for yet, the one nearest to the wish is taken.
NEIGHBOURS = 1_000
# Beyond, squares overflow in the models.
VALUE_LIMIT = 1e100


class Learner(Strategy):
    """Asks for what results suggest, while other experiments are still under way.

    A subclass says what it wishes for (`propose`) and hears what is under way and what came of it; it is started by
    the first question, when everything that is known of an interrupted run has been told.
    """

    is_adaptive = True
    # How often to wish anew when the wish is known already.
    tries: ClassVar[int] = 10

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.cube = Cube(search.space)
        self.most = self.count(search)
        self.known: set[Key] = set()
        self.seed = 0
        self._is_started = False

    @classmethod
    def count(cls, search: Search) -> int:
        return Cube(search.space).at_most(search.count)

    @abstractmethod
    def on_start(self, seed: int) -> None:
        """Begin to draw random numbers."""

    @abstractmethod
    def propose(self) -> Key:
        """The settings to try next; known ones are refused, and it is asked again."""

    @abstractmethod
    def on_running(self, key: Key) -> None:
        """Take account of settings under way, proposed or not."""

    @abstractmethod
    def on_result(self, key: Key, value: float | None) -> None:
        """Take account of a finite value, or of a failure."""

    def ask(self) -> Settings | None:
        if len(self.known) >= self.most:
            return None
        key = self._new_key()
        if key is None:
            return None
        self.known.add(key)
        self.on_running(key)
        return self.cube.settings_of(key)

    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:
        key = self.cube.key_of(settings)
        if key is None:
            return
        self.known.add(key)
        is_finite = value is not None and math.isfinite(value)
        self.on_result(key, max(-VALUE_LIMIT, min(value, VALUE_LIMIT)) if is_finite and value is not None else None)

    def tell_running(self, settings: Mapping[str, Value]) -> None:
        key = self.cube.key_of(settings)
        if key is not None and key not in self.known:
            self.known.add(key)
            self.on_running(key)

    def _new_key(self) -> Key | None:
        if not self._is_started:
            # What is known goes into the seed, or a restart would draw the same settings as the first start did.
            state = np.random.SeedSequence([abs(self.search.seed), int(self.search.seed < 0), len(self.known)])
            self.seed = int(state.generate_state(1)[0])
            self.on_start(self.seed)
            self._is_started = True
        for _ in range(self.tries):
            key = self.propose()
            if key not in self.known:
                return key
        return self._random_key() if self.cube.size is None else self._nearest_key(key)

    def _random_key(self) -> Key | None:
        numbers = generator(len(self.known))
        places = (numbers.random(len(self.cube.axes)).tolist() for _ in range(NEIGHBOURS))
        keys = (self.cube.key_of(self.cube.settings_at(place)) for place in places)
        return next((key for key in keys if key is not None and key not in self.known), None)

    def _nearest_key(self, wish: Key) -> Key | None:
        unknown = islice(self.cube.walk(len(self.known), but=self.known), NEIGHBOURS)
        return min(filter(None, map(self.cube.key_of, unknown)), key=lambda key: self.cube.distance(wish, key))
