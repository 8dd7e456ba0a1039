"""The curves that every contestant shows: as many experiments as one asks for, the same for the same count."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from analysis.hyperparameters import Hyperparameter
from storage.projects import metric_ids, register_project
from storage.records import Run
from storage.runs import NewRun, create_run
from storage.store import Store

METRICS = ("train_loss", "validation_loss")
CHUNK = 1_000
STARTED_S = 1_700_000_000.0
KNOWN = (Hyperparameter("lr", "--lr", "float", 0.001), Hyperparameter("layers", "--layers", "int", 2))


def values_of(place: int, points: int, metric: str) -> np.ndarray:
    """A loss that falls, with noise; that of validation turns up again where the learning rate is high."""
    draw = np.random.default_rng([place, METRICS.index(metric)])
    steps = np.linspace(0, 1, points)
    speed, floor = 3 + 9 * (place % 7) / 7, 0.1 + 0.4 * (place % 11) / 11
    turn = 0.25 * (place % 5) / 5 * steps**2 if metric == METRICS[1] else 0
    return np.asarray(floor + 1.6 * np.exp(-speed * steps) + turn + draw.normal(0, 0.02, points))


def settings_of(place: int) -> dict[str, float]:
    """What the experiment at this place was run with."""
    return {"lr": float(f"{10 ** (-5 + 4 * (place % 97) / 97):.4g}"), "layers": 1 + place % 6}


def fill(store: Store, slug: str, count: int, points: int) -> Run:
    """A project with so many finished experiments of so many values per metric, written past the engine."""
    known = [each.to_json() for each in KNOWN]
    project = register_project(
        store, slug, directory="/tmp", command=["python", "train.py"], hyperparameters=known, objective=METRICS[1],
        goal="minimize",
    )  # fmt: skip
    candidates = {"lr": {"low": 1e-5, "high": 1e-1, "is_log": True}, "layers": [1, 2, 3, 4, 5, 6]}
    run = create_run(store, project, NewRun("python train.py", candidates, known, [], objective=METRICS[1]))
    heads = (
        (
            run.project_id,
            run.id,
            at + 1,
            "finished",
            json.dumps(settings_of(at)),
            at,
            1,
            0,
            points,
            points,
            2 * points,
            9,
        )
        for at in range(count)
    )
    _copy(store, "experiment", _EXPERIMENT, heads)
    with store.begin() as connection:
        query = f"SELECT id FROM experiment WHERE run_id = {run.id} ORDER BY number"
        owners = list(connection.exec_driver_sql(query).scalars())
        connection.exec_driver_sql(
            f"UPDATE experiment SET started_at = to_timestamp({STARTED_S}) WHERE run_id = {run.id}"
        )
        connection.exec_driver_sql(f"UPDATE run SET state = 'finished', started_at = now() WHERE id = {run.id}")
    ids = metric_ids(store, project.id, list(METRICS))
    for metric in METRICS:
        rows = [(owner, values_of(place, points, metric)) for place, owner in enumerate(owners)]
        chunks = (row for owner, values in rows for row in _chunks(owner, ids[metric], values))
        _copy(store, "metric_chunk", 'experiment_id, attempt, metric_id, first_seq, "values", epochs, times', chunks)
        summaries = ((owner, ids[metric], 1, points, values[-1], values.min(), values.max()) for owner, values in rows)
        _copy(store, "metric_summary", _SUMMARY, summaries)
    return run


_EXPERIMENT = """project_id, run_id, number, state, settings, fingerprint, attempt, exit_code, epoch, epochs,
    value_count, duration_s"""
_SUMMARY = 'experiment_id, metric_id, attempt, "count", "last", minimum, maximum'


def _chunks(owner: int, metric: int, values: np.ndarray) -> Iterator[tuple[Any, ...]]:
    for first in range(0, len(values), CHUNK):
        part = values[first : first + CHUNK]
        epochs = range(first + 1, first + 1 + len(part))
        yield (owner, 1, metric, first, _array(part), _array(epochs), _array(STARTED_S + epoch for epoch in epochs))


def _array(values: Iterable[float]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _copy(store: Store, table: str, columns: str, rows: Iterable[Any]) -> None:
    text = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
    with store.begin() as connection:
        connection.connection.cursor().copy_expert(f"COPY {table} ({columns}) FROM STDIN", text)
