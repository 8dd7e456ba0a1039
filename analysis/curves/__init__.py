"""Flags on curves: what a practitioner would remark on one experiment's metrics, one rule a file and a line below.

May import: the rest of `analysis/`, NumPy and SciPy. Start reading at `base.py`, then `trend.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.curves.base import Case, Curve, Flag, Rule, curve
from analysis.curves.divergence import divergence
from analysis.curves.improving import improving
from analysis.curves.noise import noise, noise_level
from analysis.curves.not_finite import not_finite
from analysis.curves.overfitting import overfitting
from analysis.curves.pairs import by_epoch, pairs
from analysis.curves.plateau import plateau
from analysis.curves.reported import Reported, reported

__all__ = ["RULES", "Case", "Curve", "Flag", "Reported", "Rule", "curve", "flags", "noise_level", "pairs", "reported"]

# In the order in which a screen lists them: what ends an experiment first.
RULES: tuple[Rule, ...] = (not_finite, divergence, overfitting, noise, plateau, improving)


def flags(
    curves: Sequence[Curve],
    levels: Mapping[str, Sequence[float]] | None = None,
    *,
    rules: Sequence[Rule] = RULES,
    metric: str | None = None,
) -> list[Flag]:
    """Everything that the rules say of one experiment's curves, metric by metric in the order of the rules.

    levels: by metric, the `noise_level` of other curves of the project; without them nothing is called noisy.
    metric: only what is said of this one, which spares the others.
    The same curves give the same flags, always; nothing raises or warns whatever the values are.
    """
    by_name = {each.metric: each for each in curves}
    cases = {name: Case(each, usual_noise=tuple((levels or {}).get(name, ()))) for name, each in by_name.items()}
    for validation, training in pairs(by_name).items():
        if by_name[validation].unit == by_name[training].unit:
            cases[validation] = replace(cases[validation], training=cases[training])
    for batches, epochs in by_epoch(by_name).items():
        cases[batches] = replace(cases[batches], by_epoch=cases[epochs])
    wanted = (case for name, case in cases.items() if metric in (None, name))
    found = (rule(case) for case in wanted for rule in rules)
    return [flag for flag in found if flag]
