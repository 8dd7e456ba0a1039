"""What keeps experiments from running, in words: from the last signs of life of the launcher and the dispatcher."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.heartbeats import AWAY_AFTER_S, last_beats
from storage.store import Store

NOBODY_WORKS = "Nothing is running this queue: start `hypertuner up`."

Beat = tuple[float, Mapping[str, Any]] | None


@dataclass(frozen=True)
class Obstacle:
    """Something that is in the way: a sentence, for how many seconds it has been so, and the log that says more.

    is_wrong: it is not as it should be; a run that waits for its turn is.
    """

    text: str
    age_s: float | None = None
    log: str | None = None
    is_wrong: bool = True


def obstacle(store: Store) -> Obstacle | None:
    """What is wrong with the engine as a whole, or None."""
    return obstacle_of(*engine_beats(store))


def engine_beats(store: Store) -> tuple[Beat, Beat]:
    """When the dispatcher and the launcher were last heard of, and what they said."""
    beats = last_beats(store, ["dispatcher", "launcher"])
    return beats["dispatcher"], beats["launcher"]


def obstacle_of(dispatcher: Beat, launcher: Beat) -> Obstacle | None:
    """The same, from what was last heard of both: (seconds since, what it said)."""
    if dispatcher is not None and dispatcher[0] <= AWAY_AFTER_S:
        problem = dispatcher[1].get("problem")
        return Obstacle(f"{problem}; if it does not come back, it is started anew.") if problem else None
    if launcher is None or launcher[0] > AWAY_AFTER_S:
        return Obstacle(NOBODY_WORKS)
    parts = launcher[1].get("parts", {})
    for title, part in sorted(parts.items(), key=lambda item: item[1]["word"] != "broken"):
        if part["word"] == "broken":
            return Obstacle(
                f"{title} is broken: {part['reason']}. Start `hypertuner up` anew to try it again.", None, part["log"]
            )
        if part["word"] != "working":
            return Obstacle(f"{title} is being started", time.time() - part["since"], part["log"])
    return Obstacle("The dispatcher has not been heard of", dispatcher and dispatcher[0])


def waiting_of(waiting: Mapping[str, Any] | None) -> Obstacle | None:
    """What a run waits for, as the engine wrote it into its row."""
    if waiting is None:
        return None
    log, age_s = waiting.get("log"), max(0.0, time.time() - waiting["since"])
    # What has a log to look at is more than a turn to wait for.
    return Obstacle(f"This run {waiting['what']}", age_s, log, is_wrong=log is not None)
