"""Noise of a known size and memory, under trends and among outliers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.axes import Floats
from analysis.curves.comparison import difference
from analysis.curves.jitter import Jitter, jitter, memory_of


def remembering(count: int, memory: float, seed: int = 0) -> Floats:
    white = np.random.default_rng(seed).normal(size=count)
    made = white.copy()
    for at in range(1, count):
        made[at] = memory * made[at - 1] + math.sqrt(1 - memory**2) * white[at]
    return made


@pytest.mark.parametrize("trend", [0.0, 1.0])
def test_a_trend_does_not_count_as_noise(trend: float) -> None:
    t = np.linspace(0, 1, 400)
    y = trend * np.exp(-5 * t) + 0.01 * np.random.default_rng(1).normal(size=400)
    assert jitter(y).deviation == pytest.approx(0.01, rel=0.12)


def test_outliers_hardly_count() -> None:
    y = 0.01 * np.random.default_rng(2).normal(size=400)
    y[::25] += 1.0
    assert jitter(y).deviation < 0.02


@pytest.mark.parametrize("memory", [0.0, 0.4, 0.7])
def test_memory_is_seen_and_makes_means_less_certain(memory: float) -> None:
    y = 0.01 * remembering(2_000, memory)
    assert memory_of(y) == pytest.approx(memory, abs=0.12)
    assert jitter(y, memory).deviation == pytest.approx(0.01, rel=0.15)
    means = [0.01 * remembering(20, memory, seed).mean() for seed in range(400)]
    assert Jitter(0.01, memory, 9).error_of_mean(20) == pytest.approx(float(np.std(means)), rel=0.15)


def test_short_white_noise_is_not_said_to_remember() -> None:
    said = [memory_of(np.random.default_rng(seed).normal(size=20)) > 0.5 for seed in range(200)]
    assert np.mean(said) < 0.1


def test_values_on_a_grid_are_no_surer_than_the_grid() -> None:
    assert jitter(np.r_[np.zeros(30), 0.1]).deviation >= 0.1 / math.sqrt(12)
    assert jitter(np.ones(30)) == Jitter(0.0, 0.0, 14.0)
    assert jitter(np.ones(2)) == Jitter(0.0, 0.0, 1.0)


def test_a_difference_knows_its_chance() -> None:
    quiet = Jitter(1.0, 0.0, 1e6)
    zeros = np.zeros(2)
    assert difference(zeros, zeros, quiet, quiet).chance == pytest.approx(0.5)
    assert difference(zeros + 1.644854, zeros, quiet, quiet).chance == pytest.approx(0.05, rel=1e-3)
    assert difference(zeros, zeros, quiet, quiet).most(0.95) == pytest.approx(1.644854, rel=1e-3)
    silent = Jitter(0.0, 0.0, 1.0)
    assert difference(zeros + 1, zeros, silent, silent).chance == 0.0
    assert difference(zeros, zeros, silent, silent).chance == 1.0
