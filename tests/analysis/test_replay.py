"""The frames of a run's replay, against the same thing said slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reductions import Reduction
from analysis.replay import Told, frames_of, reduced_at

NAN, INF = math.nan, math.inf


def reduction(written: str) -> Reduction:
    found = Reduction.read(written)
    assert found is not None
    return found


def told(*series: list[tuple[float, float]]) -> Told:
    """One list of (epoch, value) for each experiment."""
    owners = [owner for owner, points in enumerate(series) for _ in points]
    points = [point for points in series for point in points]
    return Told(
        np.array(owners, np.intp), np.array([point[0] for point in points]), np.array([point[1] for point in points])
    )


def slowly(points: list[tuple[float, float]], frame: float, written: str) -> float:
    """What a column shows at a frame, by the words of the design."""
    by, _, of = written.partition(" ")
    reached = [place for place, (epoch, _) in enumerate(points) if epoch <= frame]
    if not reached:
        return NAN
    values = [value for _, value in points]
    if by == "epoch":
        there = [place for place in reached if points[place][0] == float(of)]
        return values[there[-1]] if there else NAN
    if by == "mean":
        chosen = values[max(0, reached[-1] + 1 - int(of)) : reached[-1] + 1]
        return sum(chosen) / len(chosen)
    finite = [values[place] for place in reached if math.isfinite(values[place])]
    if by == "last" or not finite:
        return values[reached[-1]]
    return min(finite) if by == "smallest" else max(finite)


EPOCHS = st.one_of(st.integers(0, 6).map(float), st.just(NAN))
VALUES = st.one_of(st.floats(-100, 100), st.sampled_from([NAN, INF, -INF]))
WRITTEN = st.sampled_from(["last", "smallest", "largest", "mean 1", "mean 3", "epoch 2"])


@given(st.lists(st.lists(st.tuples(EPOCHS, VALUES), max_size=8), min_size=1, max_size=4), WRITTEN)
def test_frames_say_what_was_known_at_each_epoch(series: list[list[tuple[float, float]]], written: str) -> None:
    given_ = told(*series)
    frames = frames_of(given_.epochs, 100)
    found = reduced_at(given_, frames, len(series), reduction(written))
    assert found.shape == (len(frames), len(series))
    expected = [[slowly(points, frame, written) for points in series] for frame in frames]
    np.testing.assert_allclose(found, np.array(expected).reshape(found.shape), rtol=1e-9, atol=1e-9)


def test_epochs_that_go_back_show_what_came_last() -> None:
    twice = told([(1, 0.1), (2, 0.2), (1, 0.5), (2, 0.6)])
    assert reduced_at(twice, np.array([1.0, 2.0]), 1, reduction("last")).ravel().tolist() == [0.5, 0.6]


def test_means_of_very_large_numbers_stay_in_range() -> None:
    large = told([(1, 1e308), (2, 1e308), (3, 1e308)])
    found = reduced_at(large, np.array([3.0]), 1, reduction("mean 3"))
    assert found[0, 0] == pytest.approx(1e308)


def test_very_many_epochs_are_left_out_evenly_but_never_the_ends() -> None:
    frames = frames_of(np.arange(10_000.0), 100)
    assert len(frames) == 100
    assert (frames[0], frames[-1]) == (0, 9999)
    assert np.diff(frames).max() <= 102
    assert frames_of(np.array([NAN, 3, INF, 1, 3]), 2).tolist() == [1, 3]
    assert frames_of(np.array([]), 2).tolist() == []
