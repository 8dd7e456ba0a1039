"""The curves of many experiments as columns: all of them, or what came since a page asked last.

Arrays leave PostgreSQL as it sends them itself, because turning a million numbers into text and back takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from storage.changes import IS_NEWS, read_cursor
from storage.records import Settings
from storage.reductions import Numbers, Rows
from storage.store import Store


@dataclass(frozen=True)
class Held:
    """What a page has of an experiment: how many values of each metric, and of which attempt."""

    attempt: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Owner:
    """An experiment whose curves are shown; `started_s` is a moment in seconds since 1970."""

    number: int
    state: str
    attempt: int
    settings: Settings
    started_s: float | None


@dataclass(frozen=True, eq=False)
class Stretch:
    """Values of one metric in arrival order from the `first` one on, counted from 0.

    epochs and batches are NaN where the script named none and None where it named none at all; times are None where
    nobody asked for them.
    """

    number: int
    metric: str
    first: int
    values: Numbers
    epochs: Numbers | None
    batches: Numbers | None
    times: Numbers | None

    @property
    def count(self) -> int:
        """How many values there are, with those before the first."""
        return self.first + len(self.values)


@dataclass(frozen=True)
class CurveChanges:
    """The experiments that changed, what came to their curves, and the cursor to ask with next."""

    cursor: str
    owners: Sequence[Owner]
    stretches: Sequence[Stretch]


_OWNERS = """SELECT experiment.number, experiment.state, experiment.attempt, experiment.settings,
        extract(epoch FROM coalesce(source.started_at, experiment.started_at)) AS started_s
    FROM experiment LEFT JOIN experiment AS source ON source.id = experiment.reused_from
    WHERE experiment.project_id = :project AND experiment.number = ANY(:numbers) {among} ORDER BY experiment.number"""

_CHUNKS = """SELECT experiment.number, metric.name, chunk.first_seq, coalesce(held.count, 0),
        array_send(chunk."values"), array_send(array_replace(chunk.epochs, NULL, 'NaN')),
        array_send(array_replace(chunk.batches, NULL, 'NaN')), {times}
    FROM experiment
        JOIN metric_chunk AS chunk ON chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
            AND chunk.attempt = experiment.attempt
        JOIN metric ON metric.id = chunk.metric_id
        LEFT JOIN unnest(CAST(:held_numbers AS int[]), CAST(:held_attempts AS int[]), CAST(:held_names AS text[]),
                CAST(:held_counts AS bigint[])) AS held (number, attempt, name, count)
            ON held.number = experiment.number AND held.attempt = experiment.attempt AND held.name = metric.name
    WHERE experiment.project_id = :project AND experiment.number = ANY(:numbers)
        AND (held.count IS NULL OR chunk.first_seq + cardinality(chunk."values") > held.count)
    ORDER BY experiment.number, metric.id, chunk.first_seq"""


def curves_since(
    store: Store, project_id: int, numbers: Sequence[int], cursor: str, held: Mapping[int, Held], *, with_times: bool
) -> CurveChanges:
    """Read what became visible after `cursor` ('' for everything) of these experiments; `held` is not read again.

    Raises ValueError where the cursor is none of ours.
    """
    since = read_cursor(cursor)
    among = f"AND {IS_NEWS.format(table='experiment')}" if cursor else ""
    values = {"project": project_id, "numbers": list(numbers), **(since if cursor else {})}
    with store.begin() as connection:
        # One snapshot for the cursor and for the rows, or a commit in between would be skipped.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        reached = str(connection.scalar(text("SELECT CAST(pg_current_snapshot() AS text)")))
        rows = connection.execute(text(_OWNERS.format(among=among)), values).all()
        owners = [Owner(row.number, row.state, row.attempt, row.settings, _seconds(row.started_s)) for row in rows]
        changed = [owner.number for owner in owners]
        stretches = _read(connection, project_id, changed, held, with_times) if changed else []
    return CurveChanges(reached, owners, stretches)


def fetch_stretches(
    store: Store, project_id: int, numbers: Sequence[int], *, with_times: bool = False
) -> list[Stretch]:
    """All curves of these experiments, whole."""
    with store.begin() as connection:
        return _read(connection, project_id, numbers, {}, with_times)


# --- one attempt ------------------------------------------------------------------------------------------------------

# So many chunks are read at a time; a chunk is what was read from a spool at once, mostly a second's values.
PAGE_CHUNKS = 200

_ATTEMPT_METRICS = """SELECT DISTINCT metric.id, metric.name FROM experiment
        JOIN metric_chunk AS chunk ON chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
        JOIN metric ON metric.id = chunk.metric_id
    WHERE experiment.id = :id AND chunk.attempt = :attempt ORDER BY metric.id"""

_ATTEMPT_CHUNKS = """SELECT experiment.number, CAST(:name AS text), chunk.first_seq, 0,
        array_send(chunk."values"), array_send(array_replace(chunk.epochs, NULL, 'NaN')),
        array_send(array_replace(chunk.batches, NULL, 'NaN')), {times}
    FROM experiment JOIN metric_chunk AS chunk ON chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
    WHERE experiment.id = :id AND chunk.attempt = :attempt AND chunk.metric_id = :metric AND chunk.first_seq >= :first
    ORDER BY chunk.first_seq LIMIT :most"""


@dataclass(frozen=True)
class AttemptMetric:
    """One metric of one attempt of an experiment, or of the experiment whose results it reuses."""

    experiment_id: int
    attempt: int
    metric_id: int
    name: str


def attempt_metrics(store: Store, experiment_id: int, attempt: int) -> list[AttemptMetric]:
    """The metrics of which values of an attempt are kept, whatever attempts came after it."""
    with store.read() as connection:
        rows = connection.execute(text(_ATTEMPT_METRICS), {"id": experiment_id, "attempt": attempt})
        return [AttemptMetric(experiment_id, attempt, *row) for row in rows]


def attempt_curve(store: Store, metric: AttemptMetric) -> Stretch:
    """All values of one metric of an attempt, without their times."""
    chunks = _attempt_chunks(store, metric, first=0, most=None, times="NULL")
    return _joined(chunks[0][0], metric.name, chunks)


def attempt_pages(store: Store, metric: AttemptMetric) -> Iterator[Stretch]:
    """The same with times, piece by piece: memory holds one piece, and nothing is held open between two."""
    first = 0
    while chunks := _attempt_chunks(store, metric, first=first, most=PAGE_CHUNKS, times="array_send(chunk.times)"):
        page = _joined(chunks[0][0], metric.name, chunks)
        yield page
        first = page.count


def _attempt_chunks(store: Store, metric: AttemptMetric, *, first: int, most: int | None, times: str) -> Sequence[Any]:
    which = {"id": metric.experiment_id, "attempt": metric.attempt, "metric": metric.metric_id, "name": metric.name}
    with store.read() as connection:
        statement = text(_ATTEMPT_CHUNKS.format(times=times))
        return connection.execute(statement, {**which, "first": first, "most": most}).all()


# --- how --------------------------------------------------------------------------------------------------------------


def _seconds(found: Any) -> float | None:
    return None if found is None else float(found)


def _read(
    connection: Connection, project_id: int, numbers: Sequence[int], held: Mapping[int, Held], with_times: bool
) -> list[Stretch]:
    known = [
        (number, each.attempt, name, count)
        for number in numbers
        if (each := held.get(number))
        for name, count in each.counts.items()
    ]
    columns = list(zip(*known, strict=True)) or [(), (), (), ()]
    values = {
        "project": project_id,
        "numbers": list(numbers),
        **{f"held_{part}": list(column) for part, column in zip(_HELD, columns, strict=True)},
    }
    statement = _CHUNKS.format(times="array_send(chunk.times)" if with_times else "NULL")
    rows = connection.execute(text(statement), values)
    return [_joined(*key, list(parts)) for key, parts in groupby(rows, key=lambda row: (row[0], row[1]))]


_HELD = ("numbers", "attempts", "names", "counts")


def _joined(number: int, metric: str, chunks: Sequence[Any]) -> Stretch:
    """One stretch of consecutive chunks, without the values that the page has."""
    begin, known = int(chunks[0][2]), int(chunks[0][3])
    skipped = max(0, known - begin)
    lengths = [len(_numbers(chunk[4])) for chunk in chunks]
    values, epochs, batches, times = (
        _column([chunk[place] for chunk in chunks], lengths, skipped) for place in range(4, 8)
    )
    return Stretch(number, metric, begin + skipped, _EMPTY if values is None else values, epochs, batches, times)


_EMPTY = np.array([], np.float64)


def _column(sent: Sequence[Any], lengths: Sequence[int], skipped: int) -> Numbers | None:
    if all(part is None for part in sent):
        return None
    parts = [
        np.full(length, np.nan) if part is None else _numbers(part) for part, length in zip(sent, lengths, strict=True)
    ]
    return np.concatenate(parts)[skipped:].astype(np.float64)


# An array of one dimension as PostgreSQL sends it: dimensions, flags, element type, length and lower bound, and then
# each element after its own length. None is null here: those were replaced.
_HEADER_BYTES = 20
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])


def sent_numbers(sent: Any, counts: Sequence[int] | Rows) -> Numbers:
    """Arrays of these lengths, none of them empty, that PostgreSQL sent one after the other."""
    ends = np.cumsum(_HEADER_BYTES + _ELEMENT.itemsize * np.asarray(counts, np.int64)).tolist()
    content = memoryview(sent or b"")
    parts = [content[begin + _HEADER_BYTES : end] for begin, end in zip([0, *ends], ends, strict=False)]
    return np.frombuffer(b"".join(parts), _ELEMENT)["value"].astype(np.float64)


def _numbers(sent: Any) -> Any:
    # An array without elements has no dimension, and ends before the header would.
    return np.frombuffer(sent, _ELEMENT, offset=_HEADER_BYTES)["value"] if len(sent) > _HEADER_BYTES else _EMPTY
