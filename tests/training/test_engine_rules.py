"""A rule that is switched on really ends a real script, and the reason stays; flags come from the dispatcher's watcher."""

from __future__ import annotations

import pytest

from storage.flags import fetch_flags
from storage.requests import queue_again
from storage.rules import add_rule, rules_of, switch_rule
from tests.training.conftest import LocalRay, Workshop, processes_with, wait_until

pytestmark = pytest.mark.ray

# Every epoch is as good as the last for x = 1, and worse for others.
ACTION = """
for epoch in range(1, 10_000):
    hypertuner.log(loss=x * epoch, epoch=epoch)
    time.sleep(0.02)
    if x < 1 and epoch == 60: break
"""


def test_a_rule_ends_the_process_of_what_it_fires_on_and_of_nothing_else(engine: Workshop, local_ray: LocalRay) -> None:
    condition = {"comparison": ">", "metric": "loss", "value": 20.0, "times": 3}
    rule = add_rule(engine.store, engine.project.id, condition, {"do": "stop"}, "anna")
    switch_rule(engine.store, engine.project.id, rule, is_on=True)
    run = engine.launch(ACTION, [0.1, 2.0])
    engine.await_run(run)
    good, bad = engine.experiments(run)
    assert (good.state, good.reason) == ("finished", None)
    assert (bad.state, bad.reason) == ("stopped", "stopped by rule: loss > 20 for 3 epochs (at epoch 13)")
    assert bad.epoch is not None
    assert bad.epoch < 10_000
    wait_until(lambda: not processes_with(engine.spool_mark(bad)), what="the end of its process")
    assert rules_of(engine.store, engine.project.id)[0].fired == 1
    # Whoever queues it again overrules the rule.
    queue_again(engine.store, run.id, [bad.number])
    wait_until(lambda: (engine.experiments(run)[1].epoch or 0) > 30, what="another attempt beyond the rule")
    assert engine.experiments(run)[1].request is None
    switch_rule(engine.store, engine.project.id, rule, is_on=False)
    other = add_rule(engine.store, engine.project.id, condition, {"do": "stop"}, "anna")
    switch_rule(engine.store, engine.project.id, other, is_on=True)
    engine.await_run(run)
    assert engine.experiments(run)[1].state == "stopped"


def test_the_dispatcher_s_watcher_keeps_flags(engine: Workshop, local_ray: LocalRay) -> None:
    run = engine.launch("for epoch in (1, 2, 3): hypertuner.log(loss=float('nan') if epoch > 1 else 1.0, epoch=epoch)")
    [experiment] = engine.await_run(run)
    wait_until(lambda: fetch_flags(engine.store, [experiment.id]), what="a flag")
    [flag] = fetch_flags(engine.store, [experiment.id])[experiment.id]
    assert (flag.rule, flag.began) == ("not_finite", 2.0)
