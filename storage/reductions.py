"""Reduced metrics that only the values themselves tell: one statement per metric, of which only results are sent.

Only chunks of the attempt that the summary speaks of count; a reused experiment has those of its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from analysis.reductions import Reduction

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

# What needs chunks; all else stands in the summaries.
FROM_CHUNKS = frozenset({"mean", "epoch"})


@dataclass(frozen=True)
class Reduced:
    """The values of those experiments (by their ids) that have one; `has_epochs` is whether any names epochs."""

    owners: Rows
    values: Numbers
    has_epochs: bool | None = None


_FROM = """FROM (SELECT * FROM metric_summary WHERE metric_id = :metric AND {among}) AS summary
    JOIN experiment ON experiment.id = summary.experiment_id CROSS JOIN LATERAL ({parts}) AS part"""

_OWN = """chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
    AND chunk.attempt = summary.attempt AND chunk.metric_id = summary.metric_id"""

# Finite numbers whose sum may leave the range, which PostgreSQL refuses, are summed apart and smaller: by a power of
# two, which loses nothing, and which exceeds the number of values that may be asked for.
LARGE = 1e290
SCALE = 2.0**-20

# Chunks before the one in which the last ones begin are not read.
_LAST_ONES = f"""SELECT count(*) AS length, sum(value) FILTER (WHERE NOT is_large) AS plain,
        sum(value * {SCALE!r}) FILTER (WHERE is_large) AS large
    FROM (SELECT value, abs(value) >= {LARGE!r} AND abs(value) < 'Infinity' AS is_large
        FROM metric_chunk AS chunk,
            unnest(chunk."values"[greatest(1, summary."count" - :most - chunk.first_seq + 1):]) AS value
        WHERE {_OWN} AND chunk.first_seq >= coalesce(
            (SELECT max(first_seq) FROM metric_chunk AS chunk
            WHERE {_OWN} AND first_seq <= summary."count" - :most), 0)) AS last_ones"""

_MEAN = f"""SELECT string_agg(int8send(summary.experiment_id), ''),
        string_agg(float8send(CAST(part.length AS double precision)), ''),
        string_agg(float8send(coalesce(part.plain, 0)), ''), string_agg(float8send(coalesce(part.large, 0)), '')
    {_FROM.replace("{parts}", _LAST_ONES)} WHERE part.length > 0"""

_CHUNKS = f"""SELECT chunk.first_seq, chunk."values", chunk.epochs IS NOT NULL AS has_epochs,
        array_positions(chunk.epochs, CAST(:epoch AS double precision)) AS places
    FROM metric_chunk AS chunk WHERE {_OWN}"""

_AT_EPOCH = f"""SELECT string_agg(int8send(summary.experiment_id), '') FILTER (WHERE cardinality(places) > 0),
        string_agg(int8send(part.first_seq), '') FILTER (WHERE cardinality(places) > 0),
        string_agg(float8send(part."values"[places[cardinality(places)]]), '') FILTER (WHERE cardinality(places) > 0),
        bool_or(part.has_epochs)
    {_FROM.replace("{parts}", _CHUNKS)}"""


def reduce_chunks(
    connection: Connection, metric_id: int, reduction: Reduction, among: str, values: Mapping[str, Any]
) -> Reduced:
    """The means, or the values at an epoch, of experiments that meet a condition on `experiment_id`."""
    given = {**values, "metric": metric_id, "most": int(reduction.of or 0), "epoch": reduction.of}
    if reduction.by == "mean":
        return _means(*connection.execute(text(_MEAN.format(among=among)), given).one())
    return _at_epoch(*connection.execute(text(_AT_EPOCH.format(among=among)), given).one())


def _means(owners: Any, lengths: Any, plain: Any, large: Any) -> Reduced:
    length = unpacked(lengths)
    # Infinite and undefined means are values like any other.
    with np.errstate(all="ignore"):
        return Reduced(unpacked_whole(owners), unpacked(plain) / length + unpacked(large) / length / SCALE)


def _at_epoch(owners: Any, first_seqs: Any, values: Any, has_epochs: bool | None) -> Reduced:
    """An epoch may come again in a later chunk: its last value counts."""
    owner, first_seq = unpacked_whole(owners), unpacked_whole(first_seqs)
    order = np.lexsort((first_seq, owner))
    is_last = np.append(np.diff(owner[order]) != 0, True)[: len(order)]
    latest = order[is_last]
    return Reduced(owner[latest], unpacked(values)[latest], has_epochs)


def unpacked(sent: Any) -> Numbers:
    """Numbers in the byte order of the network."""
    return np.frombuffer(sent or b"", dtype=">f8").astype(np.float64)


def unpacked_whole(sent: Any) -> Rows:
    """The same of whole numbers."""
    return np.frombuffer(sent or b"", dtype=">i8").astype(np.int64)
