"""The experiments that every contestant shows: 6 hyperparameters and 4 metrics, the same for the same count."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.hyperparameters import Hyperparameter
from storage.projects import metric_ids, register_project
from storage.records import Run
from storage.runs import NewRun, create_run
from storage.store import Store

METRICS = ("accuracy", "loss", "validation_accuracy", "validation_loss")
OPTIMIZERS = ("adam", "sgd", "rmsprop")
CANDIDATES: Mapping[str, Any] = {
    "lr": {"low": 1e-5, "high": 1e-1, "is_log": True},
    "batch_size": [16, 32, 64, 128, 256, 512],
    "dropout": {"low": 0.0, "high": 0.7},
    "optimizer": list(OPTIMIZERS),
    "layers": [1, 2, 3, 4, 5, 6],
    "weight_decay": {"low": 1e-6, "high": 1e-2, "is_log": True},
}
HYPERPARAMETERS = (
    Hyperparameter("lr", "--lr", "float", 0.001),
    Hyperparameter("batch_size", "--batch_size", "int", 64),
    Hyperparameter("dropout", "--dropout", "float", 0.0),
    Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=OPTIMIZERS),
    Hyperparameter("layers", "--layers", "int", 2),
    Hyperparameter("weight_decay", "--weight_decay", "float", 0.0),
)
EPOCHS = 10

Columns = Mapping[str, list[Any]]


def columns_of(count: int) -> tuple[Columns, Columns]:
    """Hyperparameters and metrics as lists, one entry per experiment."""
    draw = np.random.default_rng(count)
    lr = 10 ** draw.uniform(-5, -1, count)
    dropout = draw.uniform(0, 0.7, count)
    layers = draw.integers(1, 7, count)
    quality = 1 - 0.08 * (np.log10(lr) + 3) ** 2 - 0.2 * (dropout - 0.3) ** 2 + 0.02 * layers
    accuracy = 1 / (1 + np.exp(-3 * quality + draw.normal(0, 0.4, count)))
    validation = accuracy - np.abs(draw.normal(0.02, 0.02, count))
    settings = {
        "lr": [float(f"{value:.6g}") for value in lr],
        "batch_size": (2 ** draw.integers(4, 10, count)).tolist(),
        "dropout": dropout.round(4).tolist(),
        "optimizer": [OPTIMIZERS[place] for place in draw.integers(0, 3, count)],
        "layers": layers.tolist(),
        "weight_decay": [float(f"{value:.6g}") for value in 10 ** draw.uniform(-6, -2, count)],
    }
    metrics = (accuracy, -np.log(accuracy), validation, -np.log(np.maximum(validation, 1e-3)))
    return settings, {name: values.tolist() for name, values in zip(METRICS, metrics, strict=True)}


def fill(store: Store, count: int) -> Run:
    """A run with that many finished experiments, written past the engine, in a project of its own."""
    settings, metrics = columns_of(count)
    known = [each.to_json() for each in HYPERPARAMETERS]
    project = register_project(
        store, f"Speed {count}", directory="/tmp", command=["python", "train.py"], hyperparameters=known,
        objective="validation_accuracy",
    )  # fmt: skip
    run = create_run(store, project, NewRun("python train.py", CANDIDATES, known, [], objective="validation_accuracy"))
    _copy(store, "experiment", _EXPERIMENT, _experiments(run, settings))
    with store.begin() as connection:
        query = f"SELECT id FROM experiment WHERE run_id = {run.id} ORDER BY number"
        owners = list(connection.exec_driver_sql(query).scalars())
    known_ids = metric_ids(store, project.id, list(METRICS))
    for name, values in metrics.items():
        rows = (
            (owner, known_ids[name], 1, EPOCHS, value, value, value)
            for owner, value in zip(owners, values, strict=True)
        )
        _copy(store, "metric_summary", _SUMMARY, rows)
    with store.begin() as connection:
        connection.exec_driver_sql(f"UPDATE run SET state = 'running', started_at = now() WHERE id = {run.id}")
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE experiment")
        connection.exec_driver_sql("VACUUM ANALYZE metric_summary")
    return run


_EXPERIMENT = """project_id, run_id, number, state, settings, fingerprint, attempt, exit_code, epoch, epochs,
    value_count, duration_s"""
_SUMMARY = 'experiment_id, metric_id, attempt, "count", "last", minimum, maximum'


def _experiments(run: Run, settings: Columns) -> Any:
    for place, values in enumerate(zip(*settings.values(), strict=True)):
        own = json.dumps(dict(zip(settings, values, strict=True)))
        head = (run.project_id, run.id, place + 1, "finished", own, str(place), 1, 0)
        yield (*head, EPOCHS, EPOCHS, EPOCHS * len(METRICS), 1.5 + place % 100)


def _copy(store: Store, table: str, columns: str, rows: Any) -> None:
    text = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
    with store.begin() as connection:
        connection.connection.cursor().copy_expert(f"COPY {table} ({columns}) FROM STDIN", text)
