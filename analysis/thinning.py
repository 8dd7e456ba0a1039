"""Which points of a long curve to show, so that it looks the same: per stretch the lowest and the highest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.axes import Floats

Places = NDArray[np.int64]


def thinned(values: Floats, most: int) -> Places:
    """Places of at most `most` values (6 at least), in order: first, last, extremes, and what is not finite.

    Of several values in a stretch that are not finite the first one is kept.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    is_finite = np.isfinite(values)
    per_stretch = 2 if is_finite.all() else 3
    size = -(-count // max(1, (most - 2) // per_stretch))
    # Missing values at the end are no extremes, and no place of theirs is kept.
    padding = -count % size
    finite = np.append(is_finite, np.zeros(padding, bool)).reshape(-1, size)
    padded = np.append(values, np.zeros(padding)).reshape(-1, size)
    starts = np.arange(len(padded)) * size
    is_any = finite.any(axis=1)
    kept = [
        np.array([0, count - 1]),
        (starts + np.where(finite, padded, np.inf).argmin(axis=1))[is_any],
        (starts + np.where(finite, padded, -np.inf).argmax(axis=1))[is_any],
    ]
    if per_stretch == 3:
        broken = ~finite
        broken[-1, size - padding :] = False
        kept.append((starts + broken.argmax(axis=1))[broken.any(axis=1)])
    return np.unique(np.concatenate(kept))
