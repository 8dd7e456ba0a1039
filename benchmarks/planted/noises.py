"""What stands between the truth and a logged value: several kinds of noise, and what schedules do to both metrics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KINDS = ("gaussian", "shrinking", "remembering", "spiky", "counted")
SCHEDULES = ("constant", "steps", "restarts", "warm-up")


def noise(kind: str, deviations: Floats, chance: np.random.Generator) -> Floats:
    """Noise with these standard deviations, (points,); spikes come on top of them."""
    count = len(deviations)
    white = chance.normal(size=count)
    if kind == "remembering":
        return deviations * autocorrelated(white, chance.uniform(0.3, 0.8))
    if kind == "spiky":
        is_spike = chance.random(count) < 0.05
        return deviations * (white + is_spike * chance.choice([-1, 1], count) * chance.uniform(5, 15, count))
    return deviations * white


def autocorrelated(white: Floats, memory: float) -> Floats:
    """AR(1) of variance one."""
    made = white.copy()
    for at in range(1, len(white)):
        made[at] = memory * made[at - 1] + math.sqrt(1 - memory**2) * white[at]
    return made


def scheduled(decay: Floats, schedule: str, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """A decay from 1 to 0 under a schedule of the learning rate, and the bumps on it that leave no trace."""
    count = len(decay)
    t = np.arange(count) / max(count - 1, 1)
    bumps = np.zeros(count)
    if schedule == "steps":
        for place in np.sort(chance.uniform(0.25, 0.8, chance.integers(1, 3))):
            decay = np.where(t >= place, decay * chance.uniform(0.3, 0.7), decay)
    if schedule == "restarts" and count >= 20:
        cycles = int(chance.integers(2, 6))
        phase = t * cycles % 1
        bumps = np.where(t * cycles >= 1, (1 + np.cos(np.pi * phase)) / 2 * chance.uniform(0.02, 0.1), 0.0)
    if schedule == "warm-up":
        width = chance.uniform(0.02, 0.06)
        bumps = chance.uniform(0.1, 0.4) * np.exp(-(((t - width) / width) ** 2))
    return decay, bumps
