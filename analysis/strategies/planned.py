"""Strategies that know their settings in advance: those that list them, and those that draw them from the unit cube."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence

from analysis.hyperparameters import Value
from analysis.strategies.base import Search, Settings, Strategy
from analysis.strategies.cube import Cube, Key

# So many draws without anything new end the drawing: what is left of the space is then walked through.
FRUITLESS_DRAWS = 1_000


class Planned(Strategy):
    """Gives settings from a list that no result changes, without those that it was told of."""

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.cube = Cube(search.space)
        self.known: set[Key] = set()
        self._left = self.settings()

    @abstractmethod
    def settings(self) -> Iterator[Settings]:
        """All settings, each once, as lazily as can be."""

    def ask(self) -> Settings | None:
        for settings in self._left:
            key = self.cube.key_of(settings)
            assert key is not None
            if key not in self.known:
                self.known.add(key)
                return settings
        return None

    def tell(self, settings: Mapping[str, Value], value: float | None) -> None:  # noqa: ARG002
        self.tell_running(settings)

    def tell_running(self, settings: Mapping[str, Value]) -> None:
        key = self.cube.key_of(settings)
        if key is not None:
            self.known.add(key)


class Drawn(Planned):
    """Draws points of the unit cube until there are as many settings as wanted, or no more in the space.

    More settings begin with the same ones where the points do.
    """

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.most = self.count(search)

    @classmethod
    def count(cls, search: Search) -> int:
        return Cube(search.space).at_most(search.count)

    @abstractmethod
    def points(self, dimensions: int) -> Iterable[Sequence[float]]:
        """Points of the unit cube, without end."""

    def ask(self) -> Settings | None:
        return super().ask() if len(self.known) < self.most else None

    def settings(self) -> Iterator[Settings]:
        seen: set[Key] = set()
        fruitless = 0
        # Without an axis there is but one point, and nothing to draw.
        for point in self.points(len(self.cube.axes)) if self.cube.axes else ():
            settings = self.cube.settings_at(point)
            key = self.cube.key_of(settings)
            fruitless = fruitless + 1 if key in seen else 0
            if fruitless > FRUITLESS_DRAWS:
                break
            if not fruitless and key is not None:
                seen.add(key)
                yield settings
        if self.cube.size is not None:
            yield from self.cube.walk(self.search.seed, but=seen)
