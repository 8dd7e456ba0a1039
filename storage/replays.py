"""Every value of a run that names its epoch, metric by metric, for the replay of the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text

from storage.curves import sent_numbers
from storage.reductions import Numbers, Rows, unpacked_whole
from storage.store import Store


@dataclass(frozen=True, eq=False)
class RunValues:
    """One metric. numbers: the experiment of each value; those of one are together, in arrival order.

    epochs: NaN where a value names none. count: how many values there are, with those in whose chunk none names one.
    """

    metric: str
    numbers: Rows
    epochs: Numbers
    values: Numbers


_AMONG = "experiment.run_id = :run AND (CAST(:numbers AS int[]) IS NULL OR experiment.number = ANY(:numbers))"

_METRICS = f"""SELECT metric.id, metric.name, CAST(sum("count") AS bigint) AS total
    FROM experiment JOIN metric_summary ON experiment_id = experiment.id JOIN metric ON metric.id = metric_id
    WHERE {_AMONG} GROUP BY metric.id ORDER BY metric.id"""

_CHUNKS = f"""SELECT string_agg(int8send(number), ''), string_agg(int8send(cardinality("values")), ''),
        string_agg(array_send("values"), ''), string_agg(array_send(array_replace(epochs, NULL, 'NaN')), '')
    FROM (SELECT experiment.number, chunk."values", chunk.epochs
        FROM experiment JOIN metric_summary AS summary ON summary.experiment_id = experiment.id
            JOIN metric_chunk AS chunk ON chunk.experiment_id = coalesce(experiment.reused_from, experiment.id)
                AND chunk.attempt = summary.attempt AND chunk.metric_id = summary.metric_id
        WHERE {_AMONG} AND summary.metric_id = :metric AND chunk.epochs IS NOT NULL AND cardinality(chunk."values") > 0
        ORDER BY experiment.number, chunk.first_seq) AS part"""


class TooManyValues(Exception):
    """There are more values than may be read at once."""

    def __init__(self, total: int) -> None:
        super().__init__(f"{total} values")
        self.total = total


def read_run_values(store: Store, run_id: int, numbers: Sequence[int] | None, most: int) -> Iterator[RunValues]:
    """The metrics of a run, of all its experiments or of these, one after the other in one snapshot.

    A metric that names no epoch has no values here. Raises TooManyValues where all together have more than `most`.
    """
    given = {"run": run_id, "numbers": None if numbers is None else list(numbers)}
    with store.begin() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        metrics = connection.execute(text(_METRICS), given).all()
        total = sum(row.total for row in metrics)
        if total > most:
            raise TooManyValues(total)
        for metric_id, name, _ in metrics:
            owners, lengths, values, epochs = connection.execute(text(_CHUNKS), {**given, "metric": metric_id}).one()
            counts = unpacked_whole(lengths)
            yield RunValues(
                name,
                np.repeat(unpacked_whole(owners), counts),
                sent_numbers(epochs, counts),
                sent_numbers(values, counts),
            )
