"""Reading again: what experiments printed, with patterns that their project learned later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sources.output.patterns import Pattern, read_patterns
from sources.output.reader import OutputReader
from sources.output.whole import Value, read_values
from storage.experiments import find_experiment
from storage.ingestion import Values, replace_values
from storage.logs import STREAMS, find_log, open_log
from storage.lookups import ended_numbers
from storage.projects import metric_ids
from storage.records import Project
from storage.store import Store

# A look at one stream, and what one request does.
TIME_LIMIT_S = 3.0
TURN_S = 1.5
# Of one metric of one experiment.
MOST_VALUES = 1_000_000


@dataclass(frozen=True)
class Progress:
    """How far reading again has come: `left` experiments after number `last`.

    done: how many were read, and changed: how many of them got values.
    """

    last: int
    left: int
    done: int
    changed: int


def read_again(store: Store, data_dir: Path, project: Project, *, after: int = 0, turn_s: float = TURN_S) -> Progress:
    """Read the kept output of ended experiments above a number with the project's patterns, for `turn_s` seconds.

    What the patterns name is put in the place of what was read before under that name; a script that logs by itself
    is left alone.
    """
    patterns = read_patterns(list(project.patterns))
    numbers = ended_numbers(store, project.id, after=after) if patterns else []
    until, changed = time.monotonic() + turn_s, 0
    for place, number in enumerate(numbers):
        changed += read_one(store, data_dir, project, number, patterns)
        if time.monotonic() > until:
            return Progress(number, len(numbers) - place - 1, place + 1, changed)
    return Progress(numbers[-1] if numbers else after, 0, len(numbers), changed)


def read_one(store: Store, data_dir: Path, project: Project, number: int, patterns: Sequence[Pattern]) -> bool:
    """Read what one experiment printed that has ended; says whether it has values by the patterns now."""
    experiment = find_experiment(store, project.id, number)
    place = find_log(store, project.slug, number)
    if experiment is None or place is None or place.attempt != experiment.attempt:
        return False
    wanted = {name for pattern in patterns for name in pattern.metrics}
    when = experiment.ended_at.timestamp() if experiment.ended_at else time.time()
    found: dict[str, list[Value]] = {}
    for stream in STREAMS:
        log = open_log(data_dir, place, stream, time_limit_s=TIME_LIMIT_S)
        with closing(log.pieces()) as pieces:
            mine: dict[str, list[Value]] = {}
            for value in read_values(pieces, OutputReader(patterns=patterns)):
                if value.name in wanted and len(mine.setdefault(value.name, [])) < MOST_VALUES:
                    mine[value.name].append(value)
        # As while it ran: a metric belongs to the stream that names it first.
        found = mine | found
    if not found:
        return False
    ids = metric_ids(store, project.id, list(found))
    parts = [
        Values(
            ids[name], 0, [each.value for each in values], [each.epoch for each in values],
            [each.step for each in values], [when] * len(values), "pattern",
        )
        for name, values in found.items()
    ]  # fmt: skip
    return replace_values(store, experiment.id, experiment.attempt, parts)
