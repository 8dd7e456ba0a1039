"""The metrics of a run as they stood at each epoch: what its page replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.reductions import LAST, Reductions, read_reductions
from analysis.replay import Told, frames_of, reduced_at
from answers.curve_numbers import read_numbers
from storage.projects import find_project
from storage.replays import RunValues, TooManyValues, read_run_values
from storage.runs import find_run
from storage.store import Store

# A page waits for them, and the server holds them meanwhile: 24 bytes each.
MOST_VALUES = 5_000_000
# What a page gets of them: 8 bytes each.
MOST_CELLS = 4_000_000
MOST_FRAMES = 500
MOST_NUMBERS = 1_000_000


@dataclass(frozen=True)
class Question:
    """What a page asks: which number of each metric it shows, and of which experiments; None for all of the run."""

    reductions: Reductions
    numbers: Sequence[int] | None


def read_replay_question(asked: Any) -> Question:
    """A question from its JSON; what cannot be read asks for everything."""
    told = asked if isinstance(asked, Mapping) else {}
    numbers = told.get("numbers")
    return Question(
        read_reductions(told.get("reduce")), read_numbers(numbers, MOST_NUMBERS) if isinstance(numbers, str) else None
    )


def run_replay(store: Store, slug: str, number: int, question: Question) -> dict[str, Any] | None:
    """The frames of a run, or a sentence that says why there are none; None for a run that is not there.

    `epochs` are the frames, `of` how many epochs there were to choose from. Each of `metrics` has its `values`, frame
    by frame, one for each of `numbers`; NaN where an experiment has none yet. `still` are metrics that name no epoch.
    """
    project = find_project(store, slug)
    run = project and find_run(store, project.id, number)
    if run is None:
        return None
    try:
        found = list(read_run_values(store, run.id, question.numbers, MOST_VALUES))
    except TooManyValues as error:
        return {
            "said": f"These experiments reported {error.total:,} values, and a replay reads at most {MOST_VALUES:,}. "
            "Select some of them and press “Keep only”, then replay those."
        }
    moving = [each for each in found if np.isfinite(each.epochs).any()]
    if not moving:
        return {"said": "There is nothing to replay: no metric names its epoch (hypertuner.log(..., epoch=...))."}
    return _frames(moving, [each.metric for each in found if each not in moving], question.reductions)


def _frames(moving: Sequence[RunValues], still: Sequence[str], reductions: Reductions) -> dict[str, Any]:
    numbers = np.unique(np.concatenate([each.numbers for each in moving]))
    most = min(MOST_FRAMES, MOST_CELLS // (len(numbers) * len(moving)))
    epochs = np.unique(np.concatenate([np.unique(each.epochs[np.isfinite(each.epochs)]) for each in moving]))
    if most < 2:
        return {
            "said": f"{len(numbers):,} experiments of {len(moving):,} metrics are too many for a replay. "
            "Select some of them and press “Keep only”, then replay those."
        }
    frames = frames_of(epochs, most)
    return {
        "numbers": numbers.astype(np.int32),
        "epochs": frames,
        "of": len(epochs),
        "still": list(still),
        "metrics": [
            {"name": each.metric, "values": _reduced(each, numbers, frames, reductions).ravel()} for each in moving
        ],
    }


def _reduced(each: RunValues, numbers: Any, frames: Any, reductions: Reductions) -> Any:
    told = Told(np.searchsorted(numbers, each.numbers), each.epochs, each.values)
    return reduced_at(told, frames, len(numbers), reductions.get(each.metric, LAST))
