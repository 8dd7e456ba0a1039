"""How many experiments fit on a cluster."""

import pytest

from analysis.resources import cannot_place, places

TWO = [{"CPU": 8, "GPU": 2}, {"CPU": 4}]


@pytest.mark.parametrize(
    ("cpus", "gpus", "fit"),
    [
        (1, 0, 12),
        (3, 0, 3),
        (5, 0, 1),
        (9, 0, 0),
        (1, 1, 2),
        (1, 0.25, 8),
        (0.1, 0, 120),
        (0, 0, 12),
        (8, 2, 1),
        (1, 3, 0),
    ],
)
def test_experiments_fit_on_single_nodes(cpus: float, gpus: float, fit: int) -> None:
    assert places(TWO, cpus, gpus) == fit


@pytest.mark.parametrize(
    ("cpus", "gpus", "said"),
    [
        (1, 3, "Each experiment wants 3 GPUs; no node of the cluster has more than 2."),
        (9, 0, "Each experiment wants 9 CPUs; no node of the cluster has more than 8."),
    ],
)
def test_what_fits_nowhere_is_explained(cpus: float, gpus: float, said: str) -> None:
    assert cannot_place(TWO, cpus, gpus) == said
    assert cannot_place([{"CPU": 1}], 1, 1) == "Each experiment wants 1 GPU; the cluster has none."
