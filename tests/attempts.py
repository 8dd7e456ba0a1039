"""An experiment that was lost once and then finished: what its first attempt reported stays with that attempt."""

from __future__ import annotations

import math

from storage.ingestion import Batch, Values, record
from storage.leases import release_lost
from storage.projects import metric_ids
from storage.store import Store
from tests.laboratory import Laboratory

# As its script wrote them; every digit counts.
ACCURACY = [0.1, 0.30000000000000004, math.nan]
LOSS = [2.0, math.inf, 5e-324, -0.0]
TIMES = [1_700_000_000.123456, 1_700_000_001.5, 1_700_000_002.0, 1_700_000_003.25]


def lost_once(store: Store) -> Laboratory:
    """Experiment 1 of the project digits: attempt 1 was lost at epoch 3, attempt 2 finished."""
    laboratory = Laboratory(store)
    laboratory.launch({"lr": [0.1]})
    claim = laboratory.start()
    ids = metric_ids(store, laboratory.project.id, ["accuracy", "loss"])
    epochs = [1.0, 2.0, 3.0]
    news = [
        Values(ids["accuracy"], 0, ACCURACY, epochs, [None] * 3, TIMES[:3]),
        Values(ids["loss"], 0, LOSS, [None] * 4, [1.0, 2.0, 3.0, 4.0], TIMES),
    ]
    record(store, claim, Batch({}, {"metrics": 10}, news, epoch=3.0))
    release_lost(store, owner="worker")
    laboratory.take()
    laboratory.report({"accuracy": [0.5, 0.9]})
    return laboratory
