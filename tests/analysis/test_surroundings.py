"""What an experiment ran with, as names and words."""

from __future__ import annotations

from analysis.surroundings import surroundings


def test_what_is_known_is_named_and_a_secret_is_not_shown() -> None:
    found = surroundings(
        "gpu-1",
        {"commit": "0123456789abcdef", "is_dirty": True},
        "fedcba987",
        {
            "python": "3.11.7",
            "cpus": 8,
            "gpus": [{"name": "H200", "driver": "570", "memory": "x"}],
            "packages": [["torch", "2.13.0"]],
        },
        {"OMP_NUM_THREADS": "2", "HF_TOKEN": None},
    )
    assert found == {
        "commit": "0123456789 with changes fedcba",
        "host": "gpu-1",
        "processors": "8",
        "Python": "3.11.7",
        "GPUs": "H200, driver 570",
        "package torch": "2.13.0",
        "variable OMP_NUM_THREADS": "2",
        "variable HF_TOKEN": "•••",
    }


def test_what_nobody_knows_is_left_out() -> None:
    assert surroundings(None, None, None, None, {}) == {}
