"""How often the flags on curves are right, on planted curves whose truth is known, and how long they take.

The rules were developed on the projects 0 to 599; what is reported comes from others, which begin at FIRST_SEED.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.curves import RULES, Curve, Flag, curve, flags, noise_level
from benchmarks.figures import Budget, arguments, present
from benchmarks.planted.curves import Planted, project

FIRST_SEED = 20_000
NAMES = tuple(rule.__name__ for rule in RULES)
# What may be said of a curve too short for anything else.
OF_SHORT = ("not_finite", "divergence")
PREFIXES = 25
BUDGETS = {
    **{f"{name}_precision": Budget(0.95, is_floor=True) for name in NAMES},
    **{f"{name}_recall": Budget(0.95, is_floor=True) for name in NAMES},
    **{f"{name}_false_on_healthy": Budget(0.01) for name in NAMES},
    "false_on_short": Budget(0.0),
    "overfitting_kept": Budget(0.95, is_floor=True),
    "cpu_s_per_1000_curves": Budget(1.0),
}


@dataclass
class Tally:
    """One rule: how often it was right and wrong, also on healthy curves alone, and how far off its beginnings were."""

    counts: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    healthy: Counter[bool] = field(default_factory=Counter)
    off: list[float] = field(default_factory=list)

    def add(self, planted: Planted, rule: str, flag: Flag | None) -> None:
        """Count one curve, unless its truth is arguable."""
        if rule not in planted.truth:
            return
        self.counts[planted.truth[rule], flag is not None] += 1
        if planted.story == "healthy" and not planted.truth[rule]:
            self.healthy[flag is not None] += 1
        if flag and planted.truth[rule] and rule in planted.began:
            self.off.append(abs(flag.began - planted.began[rule]) / len(planted.x))

    def figures(self) -> dict[str, float]:
        """Shares; beginnings are off by a share of the curve's length."""
        hit, missed, wrong = (self.counts[key] for key in ((True, True), (True, False), (False, True)))
        return {
            "plain": float(hit + missed),
            "precision": hit / max(hit + wrong, 1),
            "recall": hit / max(hit + missed, 1),
            "false_on_healthy": self.healthy[True] / max(self.healthy.total(), 1),
            "began_off_median": float(np.median(self.off)) if self.off else 0.0,
            "began_off_p90": float(np.quantile(self.off, 0.9)) if self.off else 0.0,
        }


def curves(planted: Planted, count: int | None = None) -> tuple[Curve, Curve]:
    """What training logged so far: validation and training."""
    x = planted.x[:count]
    return tuple(
        curve(name, x, values[:count], planted.goal)  # type: ignore[arg-type]
        for name, values in (("val_score", planted.validation), ("train_score", planted.training))
    )


def found(planted: Planted, levels: Sequence[float] = (), count: int | None = None) -> dict[str, Flag]:
    """The flags on validation, by rule."""
    both = flags(curves(planted, count), {"val_score": levels})
    return {flag.rule: flag for flag in both if flag.metric == "val_score"}


def flagged(seeds: Iterable[int]) -> Iterator[tuple[Planted, dict[str, Flag]]]:
    """Every experiment of these projects, each compared with the others of its own."""
    for seed in seeds:
        planted = project(seed)
        levels = [noise_level(curves(each)[0]) for each in planted]
        for at, each in enumerate(planted):
            yield each, found(each, [level for other, level in enumerate(levels) if level and other != at])


def false_on_short(seeds: Iterable[int]) -> float:
    """The share of experiments with up to 7 epochs, whatever happens in them, of which anything is said."""
    said = [
        any(rule not in OF_SHORT for rule in found(each, [1e-3] * 20))
        for seed in seeds
        for each in project(seed, 1 + seed % 7)
    ]
    return float(np.mean(said))


def while_growing(seeds: Iterable[int]) -> dict[str, float]:
    """Whether overfitting, once said, is said of all longer beginnings, too; and how often it is ever said wrongly.

    Counted apart where the learning rate restarts: there training itself gets worse for a while, which withdraws it.
    """
    kept: dict[bool, list[bool]] = {True: [], False: []}
    ever = []
    for planted in (each for seed in seeds for each in project(seed) if len(each.x) >= PREFIXES):
        truth = planted.truth.get("overfitting")
        if truth is None:
            continue
        places = np.unique(np.linspace(1, len(planted.x), PREFIXES).astype(int))
        said = ["overfitting" in found(planted, count=int(place)) for place in places]
        if truth and any(said):
            kept[planted.schedule == "restarts"].extend(said[said.index(True) :])
        if not truth:
            ever.append(any(said))
    return {
        "overfitting_kept": float(np.mean(kept[False])),
        "overfitting_kept_in_cycles": float(np.mean(kept[True])),
        "overfitting_ever_false": float(np.mean(ever)),
    }


def seconds_per_thousand() -> float:
    """All rules on 1,000 curves of 100 points, half of them of validation."""
    given = [curves(each) for seed in range(21) for each in project(FIRST_SEED + seed, 100)][:500]
    # Of one core: what else the machine does is no matter of the rules.
    began = time.process_time()
    for both in given:
        flags(both, {"val_score": (1e-3,) * 20})
    return time.process_time() - began


def main() -> None:
    """One row a rule."""
    projects = 120 if arguments(__doc__ or "").quick else 1_000
    tallies = {name: Tally() for name in NAMES}
    for planted, by_rule in flagged(range(FIRST_SEED, FIRST_SEED + projects)):
        for name, tally in tallies.items():
            tally.add(planted, name, by_rule.get(name))
    rows = {name: tally.figures() for name, tally in tallies.items()}
    figures = {f"{name}_{figure}": value for name, row in rows.items() for figure, value in row.items()}
    later = FIRST_SEED + projects
    figures["false_on_short"] = false_on_short(range(later, later + projects))
    figures |= while_growing(range(later, later + max(projects // 20, 8)))
    figures["cpu_s_per_1000_curves"] = seconds_per_thousand()
    table = [[name, *map(float, row.values())] for name, row in rows.items()]
    alone = [
        key
        for key in figures
        if not key.startswith(tuple(f"{name}_{figure}" for name in NAMES for figure in rows[name]))
    ]
    table += [[key, figures[key], *[""] * (len(rows[NAMES[0]]) - 1)] for key in alone]
    present("detectors", ["rule", *rows[NAMES[0]]], table, figures, BUDGETS)


if __name__ == "__main__":
    main()
