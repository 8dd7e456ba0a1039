"""What a rule would have done: counted, compared with the best tenth, and with the time that it would have saved."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.curves.reported import Reported
from analysis.dry_run import DryRun, Past, dry_run, words
from analysis.rule_forms import Action
from analysis.rules import Condition, Subject

STOP, LIGHT = Action("stop"), Action("highlight")
HIGH = Condition(">", "loss", 2.0)


def past(values: list[float], score: float, goal: str = "maximize", metric: str = "loss") -> Past:
    epochs = np.arange(1.0, len(values) + 1)
    one = Reported(metric, np.array(values), epochs, 10.0 * epochs)
    return Past(Subject([one], True, "accuracy", goal), 10.0 * len(values), score)


def test_counts_the_best_tenth_and_the_time() -> None:
    good = [past([1.0] * 10, 0.5 + 0.01 * place) for place in range(8)]
    bad = [past([3.0] + [1.0] * 9, 0.99), past([1.0] * 5 + [3.0] * 5, math.nan)]
    found = dry_run(HIGH, [*good, *bad])
    assert found == DryRun(total=10, reporting=10, fired=2, best=1, fired_best=1, saved=pytest.approx(130 / 1000))
    said = words(found, HIGH, STOP, is_all=True)
    assert said == (
        "Would have stopped 2 of 10 past experiments; 1 of them ended in the best 10 %; "
        "it would have saved 13 % of the time."
    )


def test_the_goal_decides_who_is_best() -> None:
    ones = [past([3.0], 0.1, "minimize"), *(past([1.0], 0.5, "minimize") for _ in range(9))]
    assert dry_run(HIGH, ones).fired_best == 1
    assert dry_run(HIGH, [past([3.0], 0.1), *(past([1.0], 0.5) for _ in range(9))]).fired_best == 0


@pytest.mark.parametrize(
    ("found", "action", "said"),
    [
        (DryRun(0, 0, 0, 0, 0, 0), STOP, "There is no past experiment to try it on yet."),
        (DryRun(9, 0, 0, 1, 0, 0), STOP, "No past experiment has reported “loss”: so far the rule would have done nothing."),
        (DryRun(9, 9, 0, 1, 0, 0), STOP, "Would have stopped none of 9 past experiments."),
        (DryRun(1, 1, 1, 0, 0, 0.5), STOP, "Would have stopped 1 of 1 past experiment; it would have saved 50 % of the time."),
        (DryRun(60, 60, 1, 6, 0, 0), LIGHT, "Would have highlighted 1 of 60 past experiments; it did not end in the best 10 %."),
        (DryRun(500, 60, 14, 6, 0, 0), Action("tag", "x"),
         "Would have tagged 14 of the newest 500 past experiments; none of them ended in the best 10 %."),
    ],
)  # fmt: skip
def test_it_is_said_in_a_sentence(found: DryRun, action: Action, said: str) -> None:
    assert words(found, HIGH, action, is_all=found.total != 500) == said


def test_no_experiment_and_no_value_are_no_trouble() -> None:
    assert dry_run(HIGH, []).fired == 0
    assert dry_run(HIGH, [past([], math.nan)]).saved == 0.0
