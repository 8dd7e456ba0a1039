"""What a line says, and the small interface of everything that reads lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass
class Progress:
    """Where the training stands, as the last lines said."""

    epoch: float | None = None
    epochs: float | None = None
    batch: float | None = None

    def move(self, place: Progress) -> None:
        """Go on to what a line says; a new epoch begins without a batch."""
        if place.epoch is not None:
            if place.epoch != self.epoch:
                self.batch = None
            self.epoch = place.epoch
        self.epochs = self.epochs if place.epochs is None else place.epochs
        self.batch = self.batch if place.batch is None else place.batch


@dataclass
class Report:
    """The metrics of a line by their names, and where it says that the training stands."""

    metrics: dict[str, float] = field(default_factory=dict)
    place: Progress = field(default_factory=Progress)


class Form(Protocol):
    """One way to print numbers. It may remember earlier lines, such as the header of a table."""

    def read(self, text: str) -> Report | None:
        """What a line says; None where it is not of this form."""
        ...
